"""Everything around the model, in eleven rooms. Each room imports only the rooms below it.

experiments   what is trained or tested, and what is written: one record and one module each
live          a trained model that runs in a browser window
figures       figures, those of the paper and others: their runs, layouts and numbers
gallery       a page over all runs of a folder
runs          jobs, training, checkpoints, run directories, sampled videos
workers       several processes that train together: how they start, meet and end
metrics       scores, measures, baselines
data          clips, masks, frames
pictures      videos, pictures and their layout
options       the options, the command line
system        files, signals, threads, TensorFlow's start, errors
"""
