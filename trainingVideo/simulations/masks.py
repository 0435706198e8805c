"""Masks of missing pixels for learning from incomplete video: the two kinds in the paper.

Source: Xie, Gao, Zheng, Zhu and Wu, Learning Dynamic Generator Model by Alternating
Back-Propagation Through Time, AAAI 2019 (the experiments on learning from incomplete data).
"""

import numpy as np

SIDE = 150  # height and width of a mask in pixels; the program resizes the clips to this size
REGION = 60  # height and width of a missing region in pixels


def region(seed, frames):
    """Yield `frames` masks, bool [SIDE, SIDE], true in a square of missing pixels.

    The place of the square is random in each frame. `seed` is anything that
    `numpy.random.default_rng` accepts.
    """
    rng = np.random.default_rng(seed)
    for top, left in rng.integers(0, SIDE - REGION, (frames, 2), endpoint=True):
        missing = np.zeros((SIDE, SIDE), bool)
        missing[top : top + REGION, left : left + REGION] = True
        yield missing


def missing_frames(seed, frames):
    """Yield `frames` masks, bool [SIDE, SIDE]: half of the masks, drawn at random, are all true.

    `seed` is anything that `numpy.random.default_rng` accepts. If the number of frames is odd, the
    smaller half is missing.
    """
    for rank in np.random.default_rng(seed).permutation(frames):
        yield np.full((SIDE, SIDE), rank < frames // 2)
