"""Chunks: the frames over which one learning step back-propagates (truncated learning).

`CHUNK_STARTS` is the table of the ways to divide sequences into chunks. Its names are the values of
--chunk_starts.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from model.latents import split_range


class Chunk(NamedTuple):
    """Consecutive frames of some sequences, as indices into arrays [N, T, ...].

    Fields:
        rows: int [n, 1], indices of the sequences.
        times: int [n, length], indices of the frames in each sequence.
        begins_sequence: whether the chunk starts from s_0, which then is latent.
    """

    rows: np.ndarray
    times: np.ndarray
    begins_sequence: bool

    def of_rows(self, span: slice) -> "Chunk":
        """The chunk of some of its sequences."""
        return self._replace(rows=self.rows[span], times=self.times[span])


def chunk_at(rows: np.ndarray, start: int, stop: int) -> Chunk:
    """The frames `start` to `stop` of the sequences `rows`, int [n]."""
    times = np.tile(np.arange(start, stop), (len(rows), 1))
    return Chunk(rows[:, np.newaxis], times, begins_sequence=start == 0)


def fixed_chunks(
    rows: np.ndarray, num_frames: int, chunk_length: int, _: np.random.Generator | None = None
) -> list[Chunk]:
    """All chunks of the sequences `rows`, int [n], of `num_frames` frames, in time order."""
    spans = split_range(num_frames, chunk_length)
    return [chunk_at(rows, span.start, span.stop) for span in spans]


def chunks_anywhere(
    rows: np.ndarray, num_frames: int, chunk_length: int, order: np.random.Generator
) -> list[Chunk]:
    """As many chunks as `fixed_chunks` gives, at random places, in time order.

    They come in pairs: one begins at a random frame, the other is its mirror image, as far from
    the end as the first is from the beginning. Where their number is odd, the last one has no
    mirror image. Frames near both ends of the sequence, and s_0, are in fewer chunks than others.
    """
    latest = num_frames - chunk_length
    if latest <= 0:
        return fixed_chunks(rows, num_frames, chunk_length)
    starts: list[int] = []
    number = len(split_range(num_frames, chunk_length))
    while len(starts) < number:
        start = int(order.integers(latest + 1))
        starts += [start, latest - start]
    return [chunk_at(rows, start, start + chunk_length) for start in sorted(starts[:number])]


def chunk_anywhere(
    rows: np.ndarray, num_frames: int, chunk_length: int, order: np.random.Generator
) -> Chunk:
    """One chunk that begins at a random frame, drawn separately for each sequence.

    It starts from the encoded state of this frame, as if the sequence began here. The chunk has
    `chunk_length` frames, or all frames of a shorter sequence.
    """
    length = min(chunk_length, num_frames)
    starts = order.integers(num_frames - length + 1, size=(len(rows), 1))
    return Chunk(rows[:, np.newaxis], starts + np.arange(length), begins_sequence=True)


CHUNK_STARTS: dict[str, Callable[[np.ndarray, int, int, np.random.Generator], list[Chunk]]] = {
    "fixed": fixed_chunks,
    "anywhere": chunks_anywhere,
}
