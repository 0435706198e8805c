"""Missing pixels filled in by the model and by baselines, and the scores of both."""

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
        last: from the reconstruction of the last iteration, one sample of the posterior.
        average: from the mean of the last reconstructions, an estimate of the posterior mean.
    """

    last: np.ndarray
    average: np.ndarray


class Recovery:
    """Remembers how the missing pixels were reconstructed in the last iterations.

    Attributes:
        missing: bool [N, T, H, W, 1], as in the clips.
        samples: uint8 [K, M, 3], the values of the M missing pixels after each of the last K
            iterations, the oldest first.
    """

    def __init__(self, clips: Clips, average_last: int, samples: np.ndarray | None = None):
        """Begin, or continue from the `samples` of an earlier run.

        Raises:
            ValueError: nothing is missing in the clips.
        """
        if clips.missing is None:
            raise ValueError("nothing is missing in these clips")
        self.missing = clips.missing
        self._frames = clips.frames
        self._average_last = average_last
        empty = np.zeros((0, int(np.count_nonzero(clips.missing)), 3), np.uint8)
        self.samples = empty if samples is None else samples

    def add(self, reconstruction: np.ndarray) -> None:
        """Add the reconstruction of an iteration, [N, T, H, W, 3] in [-1, 1]."""
        sample = to_bytes(reconstruction[self.missing[..., 0]])
        self.samples = np.concatenate([self.samples, sample[np.newaxis]])[-self._average_last :]

    def recovered(self) -> Recovered:
        """The clips with missing pixels from the iterations so far; there must be one."""
        mean = np.rint(self.samples.mean(axis=0, dtype=np.float64)).astype(np.uint8)
        return Recovered(self._filled(self.samples[-1]), self._filled(mean))

    def _filled(self, values: np.ndarray) -> np.ndarray:
        frames = to_bytes(self._frames)
        frames[self.missing[..., 0]] = values
        return frames


def filled_by_baselines(clips: Clips) -> dict[str, np.ndarray]:
    """The clips filled in by each baseline, uint8 [N, T, H, W, 3]; none if the truth is unknown."""
    if clips.truth is None or clips.missing is None:
        return {}
    sequences = list(zip(clips.frames, clips.missing, strict=True))
    return {
        name: to_bytes(np.stack([fill(frames, missing) for frames, missing in sequences]))
        for name, fill in BASELINES.items()
    }


def scores_of(ways: Mapping[str, np.ndarray], clips: Clips) -> dict[tuple[int | None, str], Scores]:
    """The scores of each way to recover the clips, by the sequence's number and the way's name.

    With several sequences the scores over all of them come last, under the number None. A sequence
    with nothing missing has no scores. Nothing is scored where nobody knows the truth.

    Args:
        ways: uint8 [N, T, H, W, 3] each, by name.
    """
    truth, missing = clips.truth, clips.missing
    if truth is None or missing is None:
        return {}
    parts: dict[int | None, slice] = {
        index: slice(index, index + 1) for index in range(len(clips.names))
    }
    if len(parts) > 1:
        parts[None] = slice(None)
    return {
        (index, way): score(frames[part], truth[part], missing[part])
        for index, part in parts.items()
        if missing[part].any()
        for way, frames in ways.items()
    }
