"""Recovery of missing pixels by the model and by baselines, and the scores of both."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from model.chunks import Chunk
from model.workers import Workers
from util.data.clips import Clips
from util.data.frames import to_bytes
from util.data.pieces import Indexable, OneByOne
from util.metrics.baselines import RANK, linear_interpolation, low_rank_imputation, temporal_mean
from util.metrics.scores import Differences, Scores, differences, score

# Each takes frames [T, H, W, 3] and missing [T, H, W, 1].
BASELINES = {
    "temporal mean": temporal_mean,
    "linear interpolation": linear_interpolation,
    f"imputation of rank {RANK}": low_rank_imputation,
}


class Recovered(NamedTuple):
    """The clips with missing pixels filled in, uint8 [N, T, H, W, 3] each, one by one.

    Fields:
        last: filled in by the reconstruction of the last epoch, one sample of the posterior.
        average: filled in by the mean of the last reconstructions, an estimate of the posterior
            mean.
    """

    last: Indexable
    average: Indexable


class Recovery:
    """The reconstructions of the missing pixels in the last epochs.

    All other values of a reconstruction are dropped as it comes, chunk by chunk.

    Attributes:
        num_kept: the number of sequences; see `Keeper`.
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
        self.num_kept = len(clips.names)
        self.missing = clips.missing
        self._frames = clips.frames
        self._average_last = average_last
        counts = [np.count_nonzero(missing, axis=(1, 2, 3)) for missing in clips.missing]
        self._counts = np.sum(counts, axis=1)  # of each sequence
        # The place of the first missing pixel of each frame [N, T] among all of them.
        self._places = np.append(0, np.cumsum(counts))[:-1].reshape(np.shape(counts))
        self._present = np.zeros((int(np.sum(counts)), 3), np.uint8)
        self.samples = self._present[np.newaxis, :][:0] if samples is None else samples

    def keep(self, chunk: Chunk, frames: np.ndarray) -> None:
        """Take the reconstruction of a chunk, [n, length, H, W, 3] in [-1, 1]; see `Keeper`."""
        missing = self.missing[chunk.rows, chunk.times][..., 0]
        places = self._places[chunk.rows, chunk.times]
        for place in np.ndindex(places.shape):
            values = to_bytes(frames[place][missing[place]])
            self._present[places[place] :][: len(values)] = values

    def gather(self, workers: Workers, mine: np.ndarray) -> None:
        """See `Keeper`."""
        workers.gather(self._present, np.repeat(mine, self._counts))

    def end_epoch(self) -> None:
        """Add what has been kept since the last epoch as a sample."""
        samples = np.concatenate([self.samples, self._present[np.newaxis]])
        self.samples = samples[-self._average_last :]

    def recovered(self) -> Recovered:
        """The recovered clips. At least one epoch must have ended. Later epochs change nothing."""
        samples = self.samples

        def mean(part: slice) -> np.ndarray:
            return np.rint(samples[:, part].mean(axis=0, dtype=np.float64)).astype(np.uint8)

        return Recovered(self._filled(lambda part: samples[-1, part]), self._filled(mean))

    def _filled(self, values_of: Callable[[slice], np.ndarray]) -> Indexable:
        """The clips, with missing pixels filled in; `values_of` gives those of a slice of M."""
        ends = [*self._places[1:, 0], len(self._present)]

        def fill(index: int) -> np.ndarray:
            frames, missing = to_bytes(self._frames[index]), self.missing[index][..., 0]
            frames[missing] = values_of(slice(self._places[index, 0], ends[index]))
            return frames

        return OneByOne(fill, self._frames.shape)


def filled_by_baselines(clips: Clips) -> dict[str, Indexable]:
    """The clips filled in by each baseline, uint8 [N, T, H, W, 3], one by one.

    The result is {} if the truth is unknown.
    """
    missing = clips.missing
    if clips.truth is None or missing is None:
        return {}

    def filled(fill: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Indexable:
        return OneByOne(
            lambda index: to_bytes(fill(clips.frames[index], missing[index])), clips.frames.shape
        )

    return {name: filled(fill) for name, fill in BASELINES.items()}


def scores_of(ways: Mapping[str, Indexable], clips: Clips) -> dict[tuple[int | None, str], Scores]:
    """The scores of each recovery method, by the number of the sequence and the method's name.

    With several sequences, the scores over all sequences come last, with the number None. A
    sequence without missing pixels has no scores. The result is {} if the truth is unknown.

    Args:
        ways: the clips recovered by each method, uint8 [N, T, H, W, 3], by the method's name.
    """
    if clips.truth is None or clips.missing is None:
        return {}
    parts: dict[tuple[int, str], Differences] = {}
    for index, (truth, missing) in enumerate(zip(clips.truth, clips.missing, strict=True)):
        if missing.any():
            for way, frames in ways.items():
                parts[index, way] = differences(frames[index], truth, missing)
    scores: dict[tuple[int | None, str], Scores] = {
        place: score([part]) for place, part in parts.items()
    }
    if parts and len(clips.names) > 1:
        for name in ways:
            scores[None, name] = score([part for (_, way), part in parts.items() if way == name])
    return scores
