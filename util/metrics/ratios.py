"""Measures that are ratios; 1 is ideal.

Videos are uint8 [T, H, W, 3]; they may differ in length.
"""

import math

import numpy as np

from util.metrics.moments import deviation_of_differences


def sharpness(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Mean absolute spatial gradient, divided by its value in the observed video.

    Blur lowers it. Noise raises it.
    """
    return ratio(spatial_gradient(synthesized), spatial_gradient(observed))


def motion(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Standard deviation of frame differences over time, divided by its value in `observed`.

    The standard deviation is averaged over pixels and colours. The measure is 0 for a frozen video
    and NaN if a video has fewer than three frames.
    """
    if min(len(synthesized), len(observed)) < 3:
        return math.nan
    made, real = deviation_of_differences(synthesized), deviation_of_differences(observed)
    return ratio(float(made.mean()), float(real.mean()))


def cut_step(synthesized: np.ndarray, _: np.ndarray, chunk_length: int) -> float:
    """Mean absolute frame difference between two chunks, divided by its value inside chunks.

    This measure looks at the synthesized video alone. It is 1 if the borders between chunks cannot
    be seen, and NaN if there is only one chunk, if chunks have one frame, or if nothing moves
    inside chunks.
    """
    differences = np.abs(np.diff(synthesized.astype(np.int16), axis=0))
    steps = differences.mean(axis=(1, 2, 3), dtype=np.float64)
    at_cut = np.arange(1, len(synthesized)) % chunk_length == 0
    if not at_cut.any() or at_cut.all():
        return math.nan
    return ratio(float(steps[at_cut].mean()), float(steps[~at_cut].mean()))


def ratio(value: float, reference: float) -> float:
    """value / reference; NaN if the reference is 0, for example in a clip without motion."""
    return value / reference if reference else math.nan


def spatial_gradient(video: np.ndarray) -> float:
    """Mean absolute difference of neighbouring pixels, vertical and horizontal, in bytes."""
    video = video.astype(np.int16)
    down, across = (np.abs(np.diff(video, axis=axis)).mean(dtype=np.float64) for axis in (1, 2))
    return float(down + across) / 2
