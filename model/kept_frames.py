"""What is kept of the reconstruction of an epoch. The frames of all sequences need not fit into
memory, so each chunk is passed on as it comes, and only the frames that are shown are kept.
"""

from typing import Protocol

import numpy as np

from model.chunks import Chunk
from model.workers import Workers


class Keeper(Protocol):
    """Takes the reconstruction of an epoch, chunk by chunk.

    Fields:
        num_kept: the first so many sequences are wanted whole, with the frames outside the chunks.
    """

    num_kept: int

    def keep(self, chunk: Chunk, frames: np.ndarray) -> None:
        """Take the reconstruction of a chunk, [n, length, H, W, 3] in [-1, 1].

        Chunks of any sequences come. A frame that comes again replaces its earlier value.
        """

    def gather(self, workers: Workers, mine: np.ndarray) -> None:
        """Give every worker what all have kept in an epoch; `mine` as in `Workers.gather`."""


class KeptFrames:
    """Keeps the reconstruction of the first sequences.

    Attributes:
        frames: [n, T, H, W, 3] in [-1, 1]; black where no chunk has come.
    """

    def __init__(self, num_kept: int, shape: tuple[int, ...]):
        """Begin for the first `num_kept` of sequences with the shape [N, T, H, W, 3]."""
        self.num_kept = min(num_kept, shape[0])
        self.frames = np.full((self.num_kept, *shape[1:]), -1.0, np.float32)

    def keep(self, chunk: Chunk, frames: np.ndarray) -> None:
        """See `Keeper`."""
        kept = chunk.rows[:, 0] < self.num_kept
        self.frames[chunk.rows[kept], chunk.times[kept]] = frames[kept]

    def gather(self, workers: Workers, mine: np.ndarray) -> None:
        """See `Keeper`."""
        workers.gather(self.frames, mine[: self.num_kept])
