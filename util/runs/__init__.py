"""Runs: jobs, training, checkpoints, run directories, and what is sampled from a model."""
