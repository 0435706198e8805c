"""Alternating back-propagation through time: the paper's algorithm.

One iteration: for each batch of sequences, for each chunk in time, infer the latents by Langevin
(inferential back-propagation), then move the weights by one Adam step (learning back-propagation).
Each chunk starts from the state that the chunk before ended in.

With an encoder, for still images that are to be animated, appearance and start state of a sequence
are what it makes of one frame, and only what drives the motion from there on is inferred.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from model.dynamic_generator import DynamicGenerator
from model.latents import Latents, spans
from model.random_keys import Stream, random_generator, random_key


class EpochReport(NamedTuple):
    """What one epoch saw; every figure is from before the weight step of its chunk.

    Fields:
        squared_error: mean over what was reconstructed of sequences, frames, visible pixels and
            colours, in units of [-1, 1].
        prior, likelihood: the parts of U, summed over chunks, mean over sequences; that of
            a and m counts once a chunk.
        alpha_gradient, beta_gradient: gradient norms of the weights, mean over iterations.
        likelihood_gradient: ‖∂U/∂ξ‖ of the likelihood part at the last Langevin step, mean over
            iterations.
        active_share: share of active hidden units of the transition, mean over iterations.
        reconstruction: [N, T, H, W, 3] in [-1, 1]; black where the epoch had no chunk.
    """

    squared_error: float
    prior: float
    likelihood: float
    alpha_gradient: float
    beta_gradient: float
    likelihood_gradient: float
    active_share: float
    reconstruction: np.ndarray


def batches(num_sequences: int, batch_size: int, order: np.random.Generator) -> Iterator:
    """Indices of the sequences of each batch, each int [n], in random order."""
    shuffled = order.permutation(num_sequences)
    for span in spans(num_sequences, batch_size):
        yield np.sort(shuffled[span])


class Chunk(NamedTuple):
    """Some sequences' frames from one to another: indices for arrays of all [N, T, ...].

    Fields:
        rows: int [n, 1], the sequences.
        times: int [n, length], of each the frames.
    """

    rows: np.ndarray
    times: np.ndarray


def chunks_of(rows: np.ndarray, num_frames: int, chunk_length: int) -> list[Chunk]:
    """All chunks of sequences of `num_frames` frames, in turn."""
    return [
        Chunk(rows[:, np.newaxis], np.tile(np.arange(span.start, span.stop), (len(rows), 1)))
        for span in spans(num_frames, chunk_length)
    ]


def chunk_anywhere(
    rows: np.ndarray, num_frames: int, chunk_length: int, order: np.random.Generator
) -> Chunk:
    """Of each sequence one whole chunk, which begins at a random frame of its own."""
    length = min(chunk_length, num_frames)
    starts = order.integers(num_frames - length + 1, size=(len(rows), 1))
    return Chunk(rows[:, np.newaxis], starts + np.arange(length))


def of_chunk(latents: Latents, chunk: Chunk, state: np.ndarray) -> Latents:
    """The latents of a chunk, which starts from the states given."""
    rows = chunk.rows[:, 0]
    return Latents(
        latents.innovations[chunk], state, latents.appearance[rows], latents.motion_type[rows]
    )


def put_chunk(latents: Latents, chunk: Chunk, inferred: Latents, begins_sequence: bool) -> None:
    """Take what was inferred from a chunk over into the latents of all sequences, in place."""
    rows = chunk.rows[:, 0]
    latents.innovations[chunk] = inferred.innovations
    latents.appearance[rows] = inferred.appearance
    latents.motion_type[rows] = inferred.motion_type
    if begins_sequence:
        latents.initial_state[rows] = inferred.initial_state


def alternate(
    generator: DynamicGenerator,
    frames: np.ndarray,
    latents: Latents,
    batch_size: int,
    chunk_length: int,
    seed: int,
    epoch: int,
    visible: np.ndarray | None = None,
    learning_rate: float | None = None,
    encoded_frame: str = "",
) -> EpochReport:
    """One epoch of alternating back-propagation; moves `latents` in place and the weights.

    Args:
        frames: [N, T, H, W, 3] in [-1, 1], the observed sequences.
        latents: of all N sequences, the persistent Langevin chains.
        epoch: 0 for the first; it and `seed` determine every random number drawn.
        visible: bool [N, T, H, W, 1], false where a pixel is missing; None where none is.
        learning_rate: of this epoch; where it is None, that of the settings.
        encoded_frame: for a model that encodes, which frame it sees of a sequence: "first", or a
            "random" one of its own, which the iteration's only chunk then begins with.
    """
    reconstruction = np.full_like(frames, -1.0)
    reconstructed = np.zeros((*frames.shape[:2], 1, 1, 1), bool)
    energies = np.zeros(2)
    norms = []
    order = random_generator(seed, Stream.BATCH_ORDER, epoch)
    for batch, rows in enumerate(batches(len(frames), batch_size, order)):
        if encoded_frame == "random":
            chunks = [chunk_anywhere(rows, frames.shape[1], chunk_length, order)]
        else:
            chunks = chunks_of(rows, frames.shape[1], chunk_length)
        images = None
        if encoded_frame:
            images = frames[rows, chunks[0].times[:, 0]]
            latents.appearance[rows], latents.initial_state[rows] = generator.encode(images)
        state = latents.initial_state[rows]
        for number, chunk in enumerate(chunks):
            observed, begins_sequence = frames[chunk], number == 0
            seen = None if visible is None else visible[chunk]
            current = of_chunk(latents, chunk, state)
            key = random_key(seed, Stream.LANGEVIN, epoch, batch, number)
            current, likelihood_gradient = generator.infer(
                observed, current, begins_sequence, key, seen
            )
            put_chunk(latents, chunk, current, begins_sequence)
            learned = generator.learn(
                observed, current, begins_sequence, seen, learning_rate, images
            )
            state = learned.last_state
            reconstruction[chunk] = learned.frames
            reconstructed[chunk] = True
            energies += [learned.energy.prior.sum(), learned.energy.likelihood.sum()]
            norms.append(
                (
                    learned.alpha_gradient,
                    learned.beta_gradient,
                    likelihood_gradient,
                    learned.active_share,
                )
            )
    compared = reconstructed if visible is None else reconstructed & visible
    squared_error = float(
        np.mean(np.square(frames - reconstruction), dtype=np.float64, where=compared)
    )
    prior, likelihood = map(float, energies / len(frames))
    return EpochReport(
        squared_error, prior, likelihood, *np.mean(norms, axis=0).tolist(), reconstruction
    )


def infer_onwards(
    generator: DynamicGenerator,
    frames: np.ndarray,
    latents: Latents,
    batch_size: int,
    chunk_length: int,
    seed: int,
    repeats: int,
) -> None:
    """Langevin without learning: the innovations that lead on from given starts to the frames.

    For a model that encodes: appearance and start state stay; the innovations move in place, and
    so do the motion types. Each chunk starts from the state that the finished one before ends in.

    Args:
        frames: [N, T, H, W, 3] in [-1, 1].
        repeats: how often the settings' Langevin steps are taken on each chunk.
    """
    for batch, span in enumerate(spans(len(frames), batch_size)):
        rows = np.arange(span.start, span.stop)
        state = latents.initial_state[rows]
        for number, chunk in enumerate(chunks_of(rows, frames.shape[1], chunk_length)):
            current = of_chunk(latents, chunk, state)
            for repeat in range(repeats):
                key = random_key(seed, Stream.AFTER_TRAINING, repeat, batch, number)
                current, _ = generator.infer(frames[chunk], current, number == 0, key)
            put_chunk(latents, chunk, current, number == 0)
            state = generator.generate(current).last_state
