"""Calibrated statistics: what the emission network normalises by in tests.

In training, each chunk is normalised by its own statistics. A sampled video should not be: a frame
would depend on the other frames of its chunk and on the other sequences, and the video would jump
where the next chunk begins. The moving averages of training do not help. They mix the statistics of
many versions of the weights, and they come from layers whose inputs were normalised by chunks.

Calibrated statistics are the mean and the variance over all frames of a long sampled video, its
first chunk included. They are taken layer by layer: each layer is measured when the layers before
it already normalise by their own calibrated statistics. (Wu and Johnson, *Rethinking "Batch" in
BatchNorm*, 2021, call statistics over a whole population precise statistics.)

The first frames of a video need their own. Start states are far from the states that the
transition leads to, so by the statistics of a long sample the first frames get a wrong contrast.
The first frame is therefore normalised by the statistics of first chunks, as in training. The
frames after it are normalised by a mix with less and less of them:

    (1 − w_t) · beginning + w_t · later,   w_t = (t − 1) / T,   t = 1 … T
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from model.dynamic_generator import DynamicGenerator
from model.emission import Moments, Statistics
from model.latents import Latents

FRAMES_AT_ONCE = 64  # chunks are put together as long as they have no more frames


class Calibrated(NamedTuple):
    """Calibrated statistics of a model.

    Fields:
        beginning: of the first chunks of many videos.
        later: of a long sample.
    """

    beginning: Statistics
    later: Statistics


def calibrate(generator: DynamicGenerator, chunks: Sequence[Latents]) -> list[Moments]:
    """The statistics of every normalised layer over all frames of the given chunks.

    Args:
        chunks: latents of sampled chunks, see `unrolled`. They decide how many frames are in
            memory at a time.
    """
    chunks = side_by_side(chunks)
    counts = [chunk.innovations.shape[0] * chunk.innovations.shape[1] for chunk in chunks]
    # The statistics of later layers are not used; they only need the right shapes.
    statistics = list(generator.moving_statistics())
    for layer in range(len(statistics)):
        moments = [generator.moments(chunk, layer, statistics) for chunk in chunks]
        statistics[layer] = pooled(moments, counts)
    return statistics


def going_over(
    beginning: Statistics, later: Statistics, times: np.ndarray, duration: int
) -> list[Moments]:
    """The statistics of frames at the beginning of a video, each [T, channels].

    Args:
        beginning, later: the statistics of first chunks and of a long sample, each [channels].
        times: [T], the numbers of the frames, from 1.
        duration: after so many frames, the statistics are those of a long sample.
    """
    weight = np.minimum((times - 1) / duration, 1).astype(np.float32)[:, np.newaxis]
    return [
        Moments(*((1 - weight) * first + weight * last for first, last in zip(*pair, strict=True)))
        for pair in zip(beginning, later, strict=True)
    ]


def side_by_side(chunks: Sequence[Latents]) -> list[Latents]:
    """The same chunks, short ones of equal length as one batch: fewer runs of the graph."""
    groups: list[list[Latents]] = []
    for chunk in chunks:
        together = [*groups[-1], chunk] if groups else []
        frames = sum(one.innovations.shape[0] * one.innovations.shape[1] for one in together)
        lengths = {one.innovations.shape[1] for one in together}
        if len(lengths) == 1 and frames <= FRAMES_AT_ONCE:
            groups[-1].append(chunk)
        else:
            groups.append([chunk])
    return [Latents(*map(np.concatenate, zip(*group, strict=True))) for group in groups]


def pooled(moments: Sequence[Moments], counts: Sequence[int]) -> Moments:
    """Mean and variance of the union of samples with the given moments.

    Args:
        moments: means [channels] and variances [channels] of the samples.
        counts: proportional to the sizes of the samples.
    """
    means = np.stack([one.mean for one in moments]).astype(np.float64)
    variances = np.stack([one.variance for one in moments]).astype(np.float64)
    mean = np.average(means, axis=0, weights=counts)
    variance = np.average(variances + (means - mean) ** 2, axis=0, weights=counts)
    return Moments(mean.astype(np.float32), variance.astype(np.float32))
