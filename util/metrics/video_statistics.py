"""Measures that compare a synthesized video with the observed video.

Each measure is a row in `MEASURES`. Training, tests and TensorBoard all use this table. To add a
measure, add a function and a row to this file.
"""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from util.system.atomic import write_text

MOST_FRAMES = 1000  # a longer video is measured only up to this frame

Comparison = Mapping[str, float]  # the values of all measures, by name


def sharpness(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Mean absolute spatial gradient, divided by its value in the observed video."""
    return ratio(spatial_gradient(synthesized), spatial_gradient(observed))


def motion(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Standard deviation of frame differences over time, divided by its value in `observed`.

    The standard deviation is averaged over pixels and colours. It is 0 for a frozen video.
    """
    return ratio(variation(synthesized), variation(observed))


def seams(synthesized: np.ndarray, _: np.ndarray, chunk_length: int) -> float:
    """Mean absolute frame difference between two chunks, divided by its value inside chunks.

    It is 1 if the borders between chunks cannot be seen, and NaN if there is only one chunk.
    """
    frames = synthesized.astype(np.float64)
    steps = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))
    at_cut = np.arange(1, len(synthesized)) % chunk_length == 0
    if not at_cut.any() or at_cut.all():
        return math.nan
    return ratio(float(steps[at_cut].mean()), float(steps[~at_cut].mean()))


Measure = Callable[[np.ndarray, np.ndarray, int], float]

# A measure is a function of the synthesized video, the observed video and the number of frames in
# a chunk. Videos are uint8 or float [T, H, W, 3] in one scale and of any length. A measure that
# does not exist is NaN.
MEASURES: dict[str, Measure] = {"sharpness": sharpness, "motion": motion, "seams": seams}


def compare(synthesized: np.ndarray, observed: np.ndarray, chunk_length: int) -> Comparison:
    """All measures of a synthesized video; see `MEASURES` for the arguments."""
    measured = synthesized[:MOST_FRAMES]
    return {name: measure(measured, observed, chunk_length) for name, measure in MEASURES.items()}


def in_words(comparison: Comparison) -> str:
    """The measures that exist, in one line."""
    values = [f"{name} {value:.2f}" for name, value in comparison.items() if not math.isnan(value)]
    if not values:
        return "no measure exists for a clip in which nothing moves and nothing has an edge"
    return f"{', '.join(values)} (1 is like the observed clip)"


def write_comparisons(path: Path, comparisons: Mapping[str, Comparison]) -> None:
    """Write the measures of each video as JSON, by its name; null if a measure does not exist."""
    figures = {
        video: {name: None if math.isnan(value) else value for name, value in comparison.items()}
        for video, comparison in comparisons.items()
    }
    write_text(path, json.dumps(figures, indent=2) + "\n")


def ratio(value: float, reference: float) -> float:
    """value / reference; NaN if the reference is 0, for example in a clip without motion."""
    return value / reference if reference else math.nan


def spatial_gradient(video: np.ndarray) -> float:
    """Mean absolute difference of neighbouring pixels, vertical and horizontal."""
    video = video.astype(np.float64)
    return float(np.abs(np.diff(video, axis=1)).mean() + np.abs(np.diff(video, axis=2)).mean()) / 2


def variation(video: np.ndarray) -> float:
    """Standard deviation of frame differences over time, mean over pixels and colours."""
    if len(video) < 2:
        return math.nan
    return float(np.diff(video.astype(np.float64), axis=0).std(axis=0).mean())
