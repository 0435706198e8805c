"""Steps between frames: is the step at one place as large as elsewhere?

Videos are uint8 [T, H, W, 3].
"""

import math
from typing import NamedTuple

import numpy as np

from util.metrics.ratios import ratio


class Seam(NamedTuple):
    """The step from the last frame of a loop to its first.

    Fields:
        step: the size of the step over the mean of the steps inside the loop.
        largest: the largest step inside the loop over their mean.
    """

    step: float
    largest: float


def steps(video: np.ndarray) -> np.ndarray:
    """The mean absolute difference of each frame to the next, float64 [T - 1], in bytes."""
    return np.asarray([size(*pair) for pair in zip(video, video[1:], strict=False)])


def size(frame: np.ndarray, following: np.ndarray) -> float:
    """The mean absolute difference of two frames, or of two videos, uint8 [..., 3], in bytes."""
    return float(np.abs(following.astype(np.int16) - frame).mean(dtype=np.float64))


def mean_step(video: np.ndarray) -> float:
    """The mean step of a video, in bytes; NaN for one frame."""
    every = steps(video)
    return float(every.mean()) if every.size else math.nan


def first_step(video: np.ndarray) -> float:
    """The step from the first frame to the second, over the mean of those after it.

    It is NaN for two frames, and if nothing moves after it.
    """
    return ratio(size(video[0], video[1]), mean_step(video[1:]))


def seam(loop: np.ndarray) -> Seam:
    """The seam of a loop of at least two frames; NaN if nothing moves inside it."""
    inside = steps(loop)
    mean = float(inside.mean())
    return Seam(ratio(size(loop[-1], loop[0]), mean), ratio(float(inside.max()), mean))


def from_ordinary_step(loop: np.ndarray) -> np.ndarray:
    """The same loop, begun at another frame: the step from its last frame to it is a median one.

    A loop has no first frame. Players may hesitate where a file begins again, which is seen least
    in neither a large nor a small step.
    """
    around = np.append(steps(loop), size(loop[-1], loop[0]))
    typical = np.argmin(np.abs(around - np.median(around)))
    return np.roll(loop, -1 - int(typical), axis=0)
