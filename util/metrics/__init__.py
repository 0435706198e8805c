"""Measures of synthesized videos, scores of recovered videos, and baselines."""
