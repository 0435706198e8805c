"""Measures of synthesized videos, scores of recovered ones, and baselines."""
