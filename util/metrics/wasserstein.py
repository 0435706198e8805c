"""Sliced Wasserstein distance of space-time patches; 0 for equal videos.

The distributions of the patches of two videos are compared at every level of a Laplacian pyramid.
The sliced Wasserstein distance projects both on random directions. In one dimension, the distance
of two samples of equal size is the mean absolute difference of the sorted values. The mean over the
directions is the distance (Rabin, Peyré, Delon, Bernot, *Wasserstein Barycenter and Its Application
to Texture Mixing*, SSVM 2011). Karras, Aila, Laine and Lehtinen compare images in this way
(*Progressive Growing of GANs for Improved Quality, Stability, and Variation*, ICLR 2018). Here
patches also extend in time. Videos are uint8 [T, H, W, 3]; they may differ in length.
"""

import math
from typing import NamedTuple

import numpy as np

from model.latents import evenly
from util.data.frames import to_model_range
from util.metrics.patches import FRAMES, SIDE, can_be_cut, laplacian_pyramid, patch_windows
from util.metrics.rounding import ROUNDING_VARIANCE

SMALLEST_SIDE = 16  # pixels, of the coarsest level
PATCHES = 8192  # per level and video
DIRECTIONS = 64  # per level
MOST_STARTS = 128  # first frames of patches; limits the memory of a long video


def wasserstein(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Mean over the levels of the sliced Wasserstein distance of patches.

    A patch is described by its middle frame and by the steps to its first and to its last frame.
    At each level, frames and steps are divided by their standard deviations in the observed
    patches. All levels therefore count alike, and a slow motion counts as much as a strong edge.
    The random places of the patches and the random directions have fixed seeds. The places are the
    same in videos of the same size. Two long clips of the same texture keep a distance of about
    0.02, because their samples differ. The measure is NaN if a video has fewer than 3 frames or a
    side below 7 pixels.
    """
    if not (can_be_cut(synthesized) and can_be_cut(observed)):
        return math.nan
    random = np.random.default_rng(0)
    distances = []
    # More samples than places would only repeat the patches of a small video.
    count = min(PATCHES, max(number_of_patches(synthesized), number_of_patches(observed)))
    sampled = (sampled_patches(video, count) for video in (synthesized, observed))
    for made, real in zip(*sampled, strict=True):
        units = [deviation(part) for part in real]
        some, others = (
            np.concatenate([part / unit for part, unit in zip(parts, units, strict=True)], axis=1)
            for parts in (made, real)
        )
        distances.append(sliced_distance(some, others, random_directions(random, some.shape[1])))
    return float(np.mean(distances))


class Patches(NamedTuple):
    """Patches of a level, float32 each, with their colours.

    Fields:
        frames: [count, values], the middle frames.
        steps: [count, 2 values], the first and the last frames minus the middle frames.
    """

    frames: np.ndarray
    steps: np.ndarray


def number_of_patches(video: np.ndarray) -> int:
    """How many different patches a video has."""
    length, height, width, _ = video.shape
    return (length - FRAMES + 1) * (height - SIDE + 1) * (width - SIDE + 1)


def sampled_patches(video: np.ndarray, count: int) -> list[Patches]:
    """`count` random patches of each level."""
    last = len(video) - FRAMES
    starts = evenly(last + 1, MOST_STARTS)
    needed = np.unique(starts[:, np.newaxis] + np.arange(FRAMES))
    pyramid = laplacian_pyramid(to_model_range(video[needed]), SMALLEST_SIDE)
    starts = np.searchsorted(needed, starts)
    random = np.random.default_rng(1)
    sampled = []
    for level in pyramid:
        windows = patch_windows(level)
        places = random.random((3, count))
        sizes = (len(starts), *windows.shape[1:3])
        start, row, column = (
            (place * size).astype(int) for place, size in zip(places, sizes, strict=True)
        )
        before, middle, after = np.moveaxis(windows[starts[start], row, column], 2, 0)
        steps = np.stack([before - middle, after - middle], axis=1)
        sampled.append(Patches(middle.reshape(count, -1), steps.reshape(count, -1)))
    return sampled


def deviation(values: np.ndarray) -> np.float32:
    """Standard deviation of all values, at least that of rounding to bytes."""
    return np.float32(math.sqrt(max(values.var(dtype=np.float64), ROUNDING_VARIANCE)))


def random_directions(random: np.random.Generator, size: int) -> np.ndarray:
    """Uniform directions, float32 [size, DIRECTIONS], columns of length 1."""
    directions = random.standard_normal((size, DIRECTIONS))
    return (directions / np.linalg.norm(directions, axis=0)).astype(np.float32)


def sliced_distance(some: np.ndarray, others: np.ndarray, directions: np.ndarray) -> float:
    """The mean over directions of the Wasserstein distance of the projections.

    Args:
        some: float [N, d], a sample.
        others: float [N, d], a sample of the same size.
        directions: float [d, n], columns of length 1.
    """
    sorted_values = [np.sort(directions.T @ sample.T, axis=1) for sample in (some, others)]
    return float(np.abs(sorted_values[0] - sorted_values[1]).mean(dtype=np.float64))
