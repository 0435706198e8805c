"""Scores that compare recovered pixels with the truth."""

import math
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


def score(recovered: np.ndarray, truth: np.ndarray, missing: np.ndarray) -> Scores:
    """Compare videos, uint8 [..., H, W, 3], where `missing`, bool [..., H, W, 1], is true.

    If no pixel is missing, all scores are NaN.
    """
    if not missing.any():
        return Scores(math.nan, math.nan, math.nan)
    missing_pixels = missing[..., 0]
    difference = recovered[missing_pixels].astype(np.float64) - truth[missing_pixels]
    mean_square = float(np.mean(np.square(difference)))
    affected = missing_pixels.any(axis=(-2, -1))
    return Scores(
        float(np.mean(np.abs(difference))),
        10.0 * math.log10(255.0**2 / mean_square) if mean_square else math.inf,
        structural_similarity(recovered[affected], truth[affected]),
    )


def structural_similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Mean SSIM of frames, uint8 [T, H, W, 3], at most 1; see `Scores`.

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
    return float(np.mean(each))
