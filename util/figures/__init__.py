"""Figures of the paper: their runs, their layouts, and their numbers beside the expected ones."""
