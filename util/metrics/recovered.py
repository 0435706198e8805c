"""Recovery of missing pixels by the model and by baselines, and the scores of both."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from util.data.clips import Clips
from util.data.frames import to_bytes
from util.metrics.baselines import RANK, linear_interpolation, low_rank_imputation, temporal_mean
from util.metrics.scores import Scores, score

# Each takes frames [T, H, W, 3] and missing [T, H, W, 1].
BASELINES = {
    "temporal mean": temporal_mean,
    "linear interpolation": linear_interpolation,
    f"imputation of rank {RANK}": low_rank_imputation,
}


class Recovered(NamedTuple):
    """The clips with missing pixels filled in, uint8 [N, T, H, W, 3] each.

    Fields:
        last: filled in by the reconstruction of the last epoch, one sample of the posterior.
        average: filled in by the mean of the last reconstructions, an estimate of the posterior
            mean.
    """

    last: np.ndarray
    average: np.ndarray


class Recovery:
    """The reconstructions of the missing pixels in the last epochs.

    Attributes:
        missing: bool [N, T, H, W, 1], as in the clips.
        samples: uint8 [K, M, 3], the values of the M missing pixels in each of the last K epochs,
            oldest first. K is at most `average_last`.
    """

    def __init__(self, clips: Clips, average_last: int, samples: np.ndarray | None = None):
        """Begin, or continue from the `samples` of an earlier run.

        Raises:
            ValueError: no pixel is missing in the clips.
        """
        if clips.missing is None:
            raise ValueError("nothing is missing in these clips")
        self.missing = clips.missing
        self._frames = clips.frames
        self._average_last = average_last
        empty = np.zeros((0, int(np.count_nonzero(clips.missing)), 3), np.uint8)
        self.samples = empty if samples is None else samples

    def add(self, reconstruction: np.ndarray) -> None:
        """Add the reconstruction of an epoch, [N, T, H, W, 3] in [-1, 1]."""
        sample = to_bytes(reconstruction[self.missing[..., 0]])
        self.samples = np.concatenate([self.samples, sample[np.newaxis]])[-self._average_last :]

    def recovered(self) -> Recovered:
        """The recovered clips. At least one reconstruction must have been added."""
        mean = np.rint(self.samples.mean(axis=0, dtype=np.float64)).astype(np.uint8)
        return Recovered(self._filled(self.samples[-1]), self._filled(mean))

    def _filled(self, values: np.ndarray) -> np.ndarray:
        frames = to_bytes(self._frames)
        frames[self.missing[..., 0]] = values
        return frames


def filled_by_baselines(clips: Clips) -> dict[str, np.ndarray]:
    """The clips filled in by each baseline, uint8 [N, T, H, W, 3]; {} if the truth is unknown."""
    if clips.truth is None or clips.missing is None:
        return {}
    sequences = list(zip(clips.frames, clips.missing, strict=True))
    return {
        name: to_bytes(np.stack([fill(frames, missing) for frames, missing in sequences]))
        for name, fill in BASELINES.items()
    }


def scores_of(ways: Mapping[str, np.ndarray], clips: Clips) -> dict[tuple[int | None, str], Scores]:
    """The scores of each recovery method, by the number of the sequence and the method's name.

    With several sequences, the scores over all sequences come last, with the number None. A
    sequence without missing pixels has no scores. The result is {} if the truth is unknown.

    Args:
        ways: the clips recovered by each method, uint8 [N, T, H, W, 3], by the method's name.
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
