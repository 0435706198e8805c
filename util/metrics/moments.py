"""Differences of the temporal mean and of temporal standard deviations; 0 for equal videos.

Each is the root mean square over pixels and colours of the difference between the two videos, in
the scale of the model, where pixel values lie in [-1, 1]. The sums over time are exact integers.
Videos are uint8 [T, H, W, 3]; they may differ in length.
"""

import math

import numpy as np


def mean(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Difference of the temporal means."""
    return distance(temporal_mean(synthesized), temporal_mean(observed))


def std(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Difference of the temporal standard deviations; NaN if a video has one frame."""
    if min(len(synthesized), len(observed)) < 2:
        return math.nan
    return distance(temporal_deviation(synthesized), temporal_deviation(observed))


def delta_std(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Difference of the standard deviations of frame differences; NaN below three frames."""
    if min(len(synthesized), len(observed)) < 3:
        return math.nan
    return distance(deviation_of_differences(synthesized), deviation_of_differences(observed))


def temporal_mean(video: np.ndarray) -> np.ndarray:
    """Mean over time of each pixel and colour, float64 [H, W, 3] in [0, 255]."""
    return video.mean(axis=0, dtype=np.float64)


def temporal_deviation(video: np.ndarray) -> np.ndarray:
    """Standard deviation over time of integers [T, H, W, 3], float64 [H, W, 3] in their unit."""
    length = len(video)
    total = video.sum(axis=0, dtype=np.int64)
    squares = np.einsum("t...,t...->...", video, video, dtype=np.int64)
    return np.sqrt(length * squares - total**2) / length


def deviation_of_differences(video: np.ndarray) -> np.ndarray:
    """Standard deviation over time of the differences between frames, in bytes, [H, W, 3]."""
    return temporal_deviation(np.diff(video.astype(np.int16), axis=0))


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square of the difference of two pictures in bytes, in the scale [-1, 1]."""
    return math.sqrt(np.mean(np.square(one - other))) / 127.5
