"""What is put in the place of missing pixels, by the model or by baselines, and how well."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from util.data.clips import Clips
from util.data.frames import to_bytes
from util.metrics.baselines import RANK, linear_interpolation, low_rank_imputation, temporal_mean
from util.metrics.scores import Scores, score

BASELINES = {
    "temporal mean": temporal_mean,
    "linear interpolation": linear_interpolation,
    f"imputation of rank {RANK}": low_rank_imputation,
}


class Recovered(NamedTuple):
    """The clips with their missing pixels filled in, uint8 [N, T, H, W, 3] each.

    Fields:
        last: by the reconstruction of the last iteration, one sample of the posterior.
        average: by the mean of the reconstructions of the last iterations, the posterior mean.
    """

    last: np.ndarray
    average: np.ndarray


class Recovery:
    """Remembers how the missing pixels were reconstructed in the last iterations.

    Attributes:
        samples: uint8 [K, M, 3], the values of the M missing pixels after each of the last K
            iterations, the oldest first.
    """

    def __init__(self, clips: Clips, average_last: int, samples: np.ndarray | None = None):
        """Begin, or go on from the `samples` of an earlier run."""
        self._clips = clips
        self._average_last = average_last
        empty = np.zeros((0, np.count_nonzero(clips.missing), 3), np.uint8)
        self.samples = empty if samples is None else samples

    def add(self, reconstruction: np.ndarray) -> None:
        """Take in the reconstruction of an iteration, [N, T, H, W, 3] in [-1, 1]."""
        sample = to_bytes(reconstruction[self._clips.missing[..., 0]])
        self.samples = np.concatenate([self.samples, sample[np.newaxis]])[-self._average_last :]

    def recovered(self) -> Recovered:
        """The clips as the iterations so far, of which there must be one, fill them in."""
        mean = np.rint(self.samples.mean(axis=0, dtype=np.float64)).astype(np.uint8)
        return Recovered(self._filled(self.samples[-1]), self._filled(mean))

    def _filled(self, values: np.ndarray) -> np.ndarray:
        frames = to_bytes(self._clips.frames)
        frames[self._clips.missing[..., 0]] = values
        return frames


def filled_by_baselines(clips: Clips) -> dict[str, np.ndarray]:
    """The clips as each baseline fills them in, uint8 [N, T, H, W, 3]; none for unknown truth."""
    if clips.truth is None:
        return {}
    sequences = list(zip(clips.frames, clips.missing, strict=True))
    return {
        name: to_bytes(np.stack([fill(frames, missing) for frames, missing in sequences]))
        for name, fill in BASELINES.items()
    }


def scores_of(ways: Mapping[str, np.ndarray], clips: Clips) -> dict[tuple[int | None, str], Scores]:
    """The scores of each way to recover the clips, by the sequence's number and the way's name.

    Those over all sequences, if there are several, come last and have None for a number. There
    are none of a sequence of which nothing is missing, and none at all where nobody knows the
    truth.

    Args:
        ways: uint8 [N, T, H, W, 3] each, by name.
    """
    if clips.truth is None:
        return {}
    parts: dict[int | None, slice] = {
        index: slice(index, index + 1) for index in range(len(clips.names))
    }
    if len(parts) > 1:
        parts[None] = slice(None)
    return {
        (index, way): score(frames[part], clips.truth[part], clips.missing[part])
        for index, part in parts.items()
        if clips.missing[part].any()
        for way, frames in ways.items()
    }
