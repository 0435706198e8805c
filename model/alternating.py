"""Alternating back-propagation through time, the algorithm of the paper.

One epoch visits all batches of sequences, and some chunks of each batch in time order. For each
chunk it infers the latents by Langevin dynamics (inferential back-propagation). Then it takes one
Adam step on the weights (learning back-propagation). Each chunk starts from the last state of the
previous chunk, as in the paper. Chunks that begin anywhere start from the state that the present
latents give to the frame before them.

With simultaneous updates, the Langevin step and the Adam step share one forward and one backward
pass: both start from the same latents and weights. This is not in the paper. It needs 3 passes
instead of 5.

With an encoder (animation of still images), the encoder maps one frame of each sequence to the
appearance vector and the start state. Only the innovations and the motion type are inferred.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from model.chunks import CHUNK_STARTS, Chunk, chunk_anywhere, fixed_chunks
from model.dynamic_generator import DynamicGenerator
from model.inference import ALTERNATING, Sampled
from model.kept_frames import Keeper
from model.latents import Latents, of_sequences, split_range
from model.random_keys import Stream, random_generator, random_key
from model.read_ahead import read_ahead
from model.sampling import reconstruct, states_of
from model.workers import ALONE, Workers


class EpochReport(NamedTuple):
    """Figures of one epoch. The figures of each chunk are computed before its weight step.

    Fields:
        squared_error: mean squared error of the reconstructed frames, over visible pixels and
            colours, for pixel values in [-1, 1]. Frames outside the epoch's chunks are not part
            of it. Of a frame in several chunks, the last counts.
        prior, likelihood: the two parts of the energy U, sum over chunks, mean over sequences.
            The prior terms of a and m are counted once for each chunk.
        alpha_gradient, beta_gradient: gradient norms of the weights, mean over weight steps.
        active_share: share of active hidden units of the transition, mean over weight steps.
        diagnostics: scalars of the sampler by name, mean over weight steps.
    """

    squared_error: float
    prior: float
    likelihood: float
    alpha_gradient: float
    beta_gradient: float
    active_share: float
    diagnostics: dict[str, float]


class SquaredErrors:
    """The squared errors of an epoch, summed as its chunks come: two numbers for each frame."""

    def __init__(self, num_sequences: int, num_frames: int):
        self._sums = np.zeros((num_sequences, num_frames))
        self._counts = np.zeros((num_sequences, num_frames))

    def add(
        self, chunk: Chunk, observed: np.ndarray, frames: np.ndarray, visible: np.ndarray | None
    ) -> None:
        """Compare a chunk, [n, length, H, W, 3], with its reconstruction, where it is visible."""
        where = np.broadcast_to(True if visible is None else visible, frames.shape)
        place, picture = (chunk.rows, chunk.times), (2, 3, 4)
        squares = np.square(observed - frames)
        self._sums[place] = squares.sum(axis=picture, dtype=np.float64, where=where)
        self._counts[place] = where.sum(axis=picture)

    def total(self) -> tuple[float, float]:
        """The sum over all values that were compared, and their number."""
        return self._sums.sum(), self._counts.sum()


def batches(num_sequences: int, batch_size: int, order: np.random.Generator) -> Iterator:
    """Yield the sorted sequence indices, int [n], of each batch; batches are drawn at random."""
    shuffled = order.permutation(num_sequences)
    for span in split_range(num_sequences, batch_size):
        yield np.sort(shuffled[span])


def slice_chunk(latents: Latents, chunk: Chunk, state: np.ndarray) -> Latents:
    """The latents of a chunk that starts from `state` [n, state_size]."""
    rows = chunk.rows[:, 0]
    return Latents(
        latents.innovations[chunk.rows, chunk.times],
        state,
        latents.appearance[rows],
        latents.motion_type[rows],
    )


def write_chunk(latents: Latents, chunk: Chunk, inferred: Latents) -> None:
    """Write the inferred latents of a chunk into the latents of all sequences, in place."""
    rows = chunk.rows[:, 0]
    latents.innovations[chunk.rows, chunk.times] = inferred.innovations
    latents.appearance[rows] = inferred.appearance
    latents.motion_type[rows] = inferred.motion_type
    if chunk.begins_sequence:
        latents.initial_state[rows] = inferred.initial_state


def state_before(
    generator: DynamicGenerator, latents: Latents, frame: int, chunk_length: int
) -> np.ndarray:
    """The state [n, state_size] from which frame number `frame`, from 0, continues."""
    if frame == 0:
        return latents.initial_state
    return states_of(generator, latents, chunk_length)[:, frame - 1]


def planned_chunks(
    shape: Sequence[int],
    batch_size: int,
    chunk_length: int,
    order: np.random.Generator,
    encoded_frame: str,
    chunk_starts: str,
) -> list[list[Chunk]]:
    """The chunks of an epoch, for each batch in time order; see `alternate`.

    Args:
        shape: N, T, …, the shape of all frames.
    """
    num_sequences, num_frames = shape[:2]
    if encoded_frame == "random":
        return [
            [chunk_anywhere(rows, num_frames, chunk_length, order)]
            for rows in batches(num_sequences, batch_size, order)
        ]
    return [
        CHUNK_STARTS[chunk_starts](rows, num_frames, chunk_length, order)
        for rows in batches(num_sequences, batch_size, order)
    ]


def rows_of(planned: Sequence[Sequence[Chunk]], num_sequences: int) -> np.ndarray:
    """Whether a sequence is in the chunks, bool [N]."""
    found = np.zeros(num_sequences, bool)
    for chunks in planned:
        found[chunks[0].rows] = True
    return found


def frames_in(planned: Sequence[Sequence[Chunk]], shape: Sequence[int]) -> np.ndarray:
    """Whether a frame is in the chunks, bool [N, T]; `shape` as in `planned_chunks`."""
    found = np.zeros(shape[:2], bool)
    for chunks in planned:
        for chunk in chunks:
            found[chunk.rows, chunk.times] = True
    return found


def read_chunk(
    frames: Any, visible: Any | None, chunk: Chunk
) -> tuple[np.ndarray, np.ndarray | None]:
    """The frames of a chunk, and where they are visible; see `alternate`."""
    seen = None if visible is None else visible[chunk.rows, chunk.times]
    return frames[chunk.rows, chunk.times], seen


def alternate(
    generator: DynamicGenerator,
    *,
    frames: Any,
    latents: Latents,
    batch_size: int,
    chunk_length: int,
    learning_rate: float,
    seed: int,
    epoch: int,
    visible: Any | None = None,
    encoded_frame: str = "",
    chunk_starts: str = "fixed",
    keepers: Sequence[Keeper] = (),
    tell_progress: Callable[[int, int], None] = lambda done, total: None,
    workers: Workers = ALONE,
) -> EpochReport:
    """Run one epoch of alternating back-propagation; change `latents` and weights in place.

    The frames of a chunk are read while the chunk before it is worked on.

    Args:
        frames: the observed sequences, [N, T, H, W, 3]: an array, or anything with a `shape` that
            gives float32 in [-1, 1] where it is indexed, so that all frames need not be in memory.
        latents: the latents of all N sequences, which are the persistent chains of the sampler.
        learning_rate: the learning rate of this epoch.
        epoch: number of this epoch, from 0. `seed` and `epoch` determine all random numbers.
        visible: bool [N, T, H, W, 1], like `frames`; false where a pixel is missing. None if no
            pixel is missing.
        encoded_frame: which frame of each sequence the encoder maps: "first" or "random"; "" for
            a model without an encoder. With "random", each batch has only one chunk in this
            epoch, and the chunk begins at the encoded frame.
        chunk_starts: where the chunks begin, a name in `CHUNK_STARTS`.
        keepers: they get the reconstruction of each chunk. In a model without an encoder, they
            also get those of the frames outside the chunks, computed at the end of the epoch.
        tell_progress: called after each chunk with the numbers of done and of all chunks.
        workers: the workers that learn together. All of them call this function with the same
            values, and each infers its rows of every batch. In the end, all have all latents.
    """
    num_sequences, num_frames = frames.shape[:2]
    errors = SquaredErrors(num_sequences, num_frames)
    energies = np.zeros(2)
    figures: list[tuple[float, float, float]] = []
    diagnostics: list[dict[str, float]] = []
    order = random_generator(seed, Stream.BATCH_ORDER, epoch)
    of_all = planned_chunks(
        frames.shape, batch_size, chunk_length, order, encoded_frame, chunk_starts
    )
    parts = [workers.part(len(chunks[0].rows)) for chunks in of_all]
    planned = [
        chunks if part is None else [chunk.of_rows(part.span) for chunk in chunks]
        for chunks, part in zip(of_all, parts, strict=True)
    ]
    every = [chunk for chunks in planned for chunk in chunks]
    reading = read_ahead(partial(read_chunk, frames, visible, chunk) for chunk in every)
    with contextlib.closing(reading):
        for batch, (chunks, part, whole) in enumerate(zip(planned, parts, of_all, strict=True)):
            rows = chunks[0].rows[:, 0]
            images = None
            if encoded_frame:
                images = frames[rows, chunks[0].times[:, 0] if encoded_frame == "random" else 0]
                encoded = generator.encode(images)
                latents.appearance[rows] = encoded.appearance
                latents.initial_state[rows] = encoded.initial_state
            reached, state = 0, latents.initial_state[rows]
            for number, chunk in enumerate(chunks):
                start = 0 if chunk.begins_sequence else whole[number].times[0, 0]
                if start != reached:
                    state = state_before(
                        generator, of_sequences(latents, rows), start, chunk_length
                    )
                if images is not None and number > 0:  # the weights have changed since
                    latents.appearance[rows] = generator.encode(images).appearance
                observed, seen = next(reading)
                key = random_key(seed, Stream.LANGEVIN, epoch, batch, number)
                sampled = Sampled(slice_chunk(latents, chunk, state), {})
                if generator.settings.updates == ALTERNATING:
                    sampled = generator.infer(
                        observed, sampled.latents, chunk.begins_sequence, key, seen, part
                    )
                learned = generator.learn(
                    observed,
                    sampled.latents,
                    chunk.begins_sequence,
                    learning_rate,
                    seen,
                    images,
                    part,
                    key,
                )
                write_chunk(latents, chunk, learned.sampled.latents)
                reached, state = start + observed.shape[1], learned.last_state
                errors.add(chunk, observed, learned.frames, seen)
                for keeper in keepers:
                    keeper.keep(chunk, learned.frames)
                energies += [learned.energy.prior.sum(), learned.energy.likelihood.sum()]
                figures.append(
                    (learned.alpha_gradient, learned.beta_gradient, learned.active_share)
                )
                diagnostics.append({**sampled.diagnostics, **learned.sampled.diagnostics})
                tell_progress(len(figures), len(every))
    mine = rows_of(planned, num_sequences)
    for values in latents:
        workers.gather(values, mine)
    for keeper in keepers:
        keeper.gather(workers, mine)
    if not encoded_frame:
        in_chunks = frames_in(of_all, frames.shape)
        keep_the_rest(keepers, generator, latents, batch_size, chunk_length, in_chunks)
    squares, count, *parts_of_energy = workers.total([*errors.total(), *energies])
    prior, likelihood = (float(value / num_sequences) for value in parts_of_energy)
    alpha_gradient, beta_gradient, active_share = np.mean(figures, axis=0).tolist()
    return EpochReport(
        squared_error=float(squares / count) if count else float("nan"),
        prior=prior,
        likelihood=likelihood,
        alpha_gradient=alpha_gradient,
        beta_gradient=beta_gradient,
        active_share=active_share,
        diagnostics={
            name: float(np.mean([one[name] for one in diagnostics])) for name in diagnostics[0]
        },
    )


def keep_the_rest(
    keepers: Sequence[Keeper],
    generator: DynamicGenerator,
    latents: Latents,
    batch_size: int,
    chunk_length: int,
    reconstructed: np.ndarray,
) -> None:
    """Pass on the frames outside the chunks of an epoch, of the sequences that are wanted whole.

    Args:
        reconstructed: bool [N, T], whether a chunk of the epoch has had the frame.
    """
    num_kept = max((keeper.num_kept for keeper in keepers), default=0)
    for span in split_range(len(reconstructed), batch_size):
        rows = np.arange(span.start, min(span.stop, num_kept))
        if reconstructed[rows].all():
            continue
        whole = reconstruct(generator, of_sequences(latents, span), chunk_length, batch_size)
        for row, video in zip(rows, whole, strict=False):
            times = np.flatnonzero(~reconstructed[row])
            chunk = Chunk(np.array([[row]]), times[np.newaxis], begins_sequence=False)
            for keeper in keepers:
                if row < keeper.num_kept:
                    keeper.keep(chunk, video[np.newaxis, times])


def infer_onwards(
    generator: DynamicGenerator,
    *,
    frames: Any,
    latents: Latents,
    batch_size: int,
    chunk_length: int,
    seed: int,
    repeats: int,
) -> None:
    """Infer innovations and motion types in place, without learning.

    This function is for a model with an encoder: appearance vectors and start states do not
    change. Each chunk starts from the last state of the previous chunk, after its inference. The
    sampler runs `repeats` times on a chunk. Its steps become shorter from run to run. The last ones
    are as long as at the end of the training.

    Args:
        frames: see `alternate`.
        repeats: number of sampler runs on each chunk.
    """
    for batch, span in enumerate(split_range(frames.shape[0], batch_size)):
        rows = np.arange(span.start, span.stop)
        state = latents.initial_state[rows]
        for number, chunk in enumerate(fixed_chunks(rows, frames.shape[1], chunk_length)):
            observed = frames[chunk.rows, chunk.times]
            current = slice_chunk(latents, chunk, state)
            for repeat in generator.with_falling_steps(repeats):
                key = random_key(seed, Stream.AFTER_TRAINING, repeat, batch, number)
                current = generator.infer(observed, current, chunk.begins_sequence, key).latents
            write_chunk(latents, chunk, current)
            state = generator.states(current)[:, -1]
