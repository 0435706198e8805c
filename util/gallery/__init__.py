"""The gallery: one page over all runs of a folder, which links what the runs have written."""
