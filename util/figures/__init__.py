"""Figures, those of the paper and others: their runs, layouts, and numbers beside expected ones."""
