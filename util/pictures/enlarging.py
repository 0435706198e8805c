"""Enlarging frames by nearest neighbour, so that small frames can be seen."""

import math
from collections.abc import Sequence

import numpy as np

LEAST_SIDE = 256  # pixels of an enlarged frame
# The frames of an enlarged sheet together have at most so many pixels; twice as many in height and
# in width if the user gives a factor.
HIGHEST, WIDEST = 4000, 2000


def enlargement(asked: int, heights: Sequence[int], widths: Sequence[int]) -> int:
    """The factor by which the frames of a sheet are enlarged: a whole number, at least 1.

    Args:
        asked: --enlarge; 0 stands for the smallest factor that gives `LEAST_SIDE` pixels.
        heights: the heights in pixels of the frames of each row, not enlarged.
        widths: the widths of the frames of each column.
    """
    wanted = asked or math.ceil(LEAST_SIDE / min(*heights, *widths))
    scale = 2 if asked else 1
    highest, widest = scale * HIGHEST // sum(heights), scale * WIDEST // sum(widths)
    return max(1, min(wanted, highest, widest))


def enlarged(frame: np.ndarray, factor: int) -> np.ndarray:
    """A frame [H, W, 3], each pixel of which becomes factor × factor pixels."""
    return frame.repeat(factor, axis=0).repeat(factor, axis=1)
