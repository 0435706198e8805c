"""Runs: jobs, training, checkpoints, run directories, and sampled videos."""
