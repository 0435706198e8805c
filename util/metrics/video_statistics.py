"""The former names of measures, until their callers use `measures` and `tables`."""

import math
from collections.abc import Callable

import numpy as np

from util.metrics.measures import MOST_FRAMES, Comparison
from util.metrics.ratios import cut_step, motion, sharpness
from util.metrics.tables import write_comparisons

MEASURES: dict[str, Callable[[np.ndarray, np.ndarray, int], float]] = {
    "sharpness": sharpness,
    "motion": motion,
    "seams": cut_step,
}

__all__ = ["MEASURES", "MOST_FRAMES", "Comparison", "compare", "in_words", "write_comparisons"]


def compare(synthesized: np.ndarray, observed: np.ndarray, chunk_length: int) -> Comparison:
    measured = synthesized[:MOST_FRAMES]
    return {name: measure(measured, observed, chunk_length) for name, measure in MEASURES.items()}


def in_words(comparison: Comparison) -> str:
    values = [f"{name} {value:.2f}" for name, value in comparison.items() if not math.isnan(value)]
    if not values:
        return "no measure exists for a clip in which nothing moves and nothing has an edge"
    return f"{', '.join(values)} (1 is like the observed clip)"
