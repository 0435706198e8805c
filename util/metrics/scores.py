"""Scores that compare recovered pixels with the truth."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

SSIM_WINDOW = 11  # pixels


class Scores(NamedTuple):
    """The scores of a recovered video.

    Fields:
        absolute_error: mean absolute error over missing pixels and colours, in [0, 255].
        psnr: peak signal-to-noise ratio of the missing pixels, in decibel.
        ssim: structural similarity (Wang, Bovik, Sheikh, Simoncelli, IEEE Transactions on Image
            Processing 2004), at most 1. It is computed on whole frames and is the mean over the
            frames with missing pixels.
    """

    absolute_error: float
    psnr: float
    ssim: float

    def __str__(self) -> str:
        return f"error {self.absolute_error:.2f}, PSNR {self.psnr:.1f} dB, SSIM {self.ssim:.3f}"


class Differences(NamedTuple):
    """What the scores of a part of a video, or of several videos, are computed from.

    Fields:
        absolute, square: sums over missing pixels and colours.
        values: the number of these values.
        similarity: float32 [frames with missing pixels], the structural similarity of each.
    """

    absolute: float
    square: float
    values: int
    similarity: np.ndarray


def differences(recovered: np.ndarray, truth: np.ndarray, missing: np.ndarray) -> Differences:
    """Compare videos, uint8 [..., H, W, 3], where `missing`, bool [..., H, W, 1], is true."""
    missing_pixels = missing[..., 0]
    difference = recovered[missing_pixels].astype(np.float64) - truth[missing_pixels]
    affected = missing_pixels.any(axis=(-2, -1))
    return Differences(
        float(np.sum(np.abs(difference))),
        float(np.sum(np.square(difference))),
        difference.size,
        structural_similarity(recovered[affected], truth[affected]),
    )


def score(parts: Sequence[Differences]) -> Scores:
    """The scores of all parts together. If no pixel is missing, all scores are NaN."""
    count = sum(part.values for part in parts)
    if not count:
        return Scores(math.nan, math.nan, math.nan)
    mean_square = sum(part.square for part in parts) / count
    return Scores(
        sum(part.absolute for part in parts) / count,
        10.0 * math.log10(255.0**2 / mean_square) if mean_square else math.inf,
        float(np.mean(np.concatenate([part.similarity for part in parts]))),
    )


def structural_similarity(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The SSIM of each frame of two videos, uint8 [T, H, W, 3], at most 1; see `Scores`.

    The Gaussian window has 11×11 pixels, or fewer if the frames are smaller.
    """
    window = min(SSIM_WINDOW, *one.shape[1:3])
    with tf.Graph().as_default(), tf.Session() as session:
        frames = [tf.placeholder(tf.uint8, [None, *one.shape[1:]]) for _ in range(2)]
        similarity = tf.image.ssim(*frames, max_val=255, filter_size=window)
        each = [
            session.run(similarity, dict(zip(frames, pair, strict=True)))
            for pair in zip(one[:, np.newaxis], other[:, np.newaxis], strict=True)
        ]
    return np.concatenate([np.zeros(0, np.float32), *each])
