"""Masks of missing pixels for learning from incomplete video, of the two kinds of the paper.

Source: Xie, Gao, Zheng, Zhu and Wu, Learning Dynamic Generator Model by Alternating
Back-Propagation Through Time, AAAI 2019 (the experiments on learning from incomplete data).
"""

import numpy as np

SIDE = 150  # height and width of a mask in pixels, to which the program resizes the clips
REGION = 60  # height and width of a missing region in pixels


def region(seed, frames):
    """Yield `frames` masks, bool [SIDE, SIDE]: of each frame a square somewhere is missing.

    The place of the square, which is true, is drawn anew for each frame. `seed` is anything
    `numpy.random.default_rng` takes.
    """
    rng = np.random.default_rng(seed)
    for top, left in rng.integers(0, SIDE - REGION, (frames, 2), endpoint=True):
        missing = np.zeros((SIDE, SIDE), bool)
        missing[top : top + REGION, left : left + REGION] = True
        yield missing


def missing_frames(seed, frames):
    """Yield `frames` masks, bool [SIDE, SIDE]: half of them, drawn at random, all true.

    `seed` is anything `numpy.random.default_rng` takes; of an odd number of frames, the smaller
    half is missing.
    """
    for rank in np.random.default_rng(seed).permutation(frames):
        yield np.full((SIDE, SIDE), rank < frames // 2)
