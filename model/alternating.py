"""Alternating back-propagation through time, the algorithm of the paper.

One epoch visits all batches of sequences, and some chunks of each batch in time order. For each
chunk it infers the latents by Langevin dynamics (inferential back-propagation). Then it takes one
Adam step on the weights (learning back-propagation). Each chunk starts from the last state of the
previous chunk, as in the paper. Chunks that begin anywhere start from the state that the present
latents give to the frame before them.

With an encoder (animation of still images), the encoder maps one frame of each sequence to the
appearance vector and the start state. Only the innovations and the motion type are inferred.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from model.chunks import CHUNK_STARTS, Chunk, chunk_anywhere, fixed_chunks
from model.dynamic_generator import DynamicGenerator
from model.latents import Latents, of_sequences, split_range
from model.random_keys import Stream, random_generator, random_key
from model.sampling import reconstruct, states_of


class EpochReport(NamedTuple):
    """Figures of one epoch. The figures of each chunk are computed before its weight step.

    Fields:
        squared_error: mean squared error of the reconstructed frames, over visible pixels and
            colours, for pixel values in [-1, 1].
        prior, likelihood: the two parts of the energy U, sum over chunks, mean over sequences.
            The prior terms of a and m are counted once for each chunk.
        alpha_gradient, beta_gradient: gradient norms of the weights, mean over weight steps.
        active_share: share of active hidden units of the transition, mean over weight steps.
        diagnostics: scalars of the sampler by name, mean over weight steps.
        reconstruction: [N, T, H, W, 3] in [-1, 1]. Frames outside the epoch's chunks are not
            part of the squared error. They are black in a model with an encoder; otherwise they
            are reconstructed at the end of the epoch.
    """

    squared_error: float
    prior: float
    likelihood: float
    alpha_gradient: float
    beta_gradient: float
    active_share: float
    diagnostics: dict[str, float]
    reconstruction: np.ndarray


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


def alternate(
    generator: DynamicGenerator,
    *,
    frames: np.ndarray,
    latents: Latents,
    batch_size: int,
    chunk_length: int,
    learning_rate: float,
    seed: int,
    epoch: int,
    visible: np.ndarray | None = None,
    encoded_frame: str = "",
    chunk_starts: str = "fixed",
) -> EpochReport:
    """Run one epoch of alternating back-propagation; change `latents` and weights in place.

    Args:
        frames: [N, T, H, W, 3] in [-1, 1], the observed sequences.
        latents: the latents of all N sequences, which are the persistent chains of the sampler.
        learning_rate: the learning rate of this epoch.
        epoch: number of this epoch, from 0. `seed` and `epoch` determine all random numbers.
        visible: bool [N, T, H, W, 1], false where a pixel is missing; None if no pixel is missing.
        encoded_frame: which frame of each sequence the encoder maps: "first" or "random"; "" for
            a model without an encoder. With "random", each batch has only one chunk in this
            epoch, and the chunk begins at the encoded frame.
        chunk_starts: where the chunks begin, a name in `CHUNK_STARTS`.
    """
    reconstruction = np.full_like(frames, -1.0)
    reconstructed = np.zeros((*frames.shape[:2], 1, 1, 1), bool)
    energies = np.zeros(2)
    figures: list[tuple[float, float, float]] = []
    diagnostics: list[dict[str, float]] = []
    order = random_generator(seed, Stream.BATCH_ORDER, epoch)
    for batch, rows in enumerate(batches(len(frames), batch_size, order)):
        if encoded_frame == "random":
            chunks = [chunk_anywhere(rows, frames.shape[1], chunk_length, order)]
        else:
            chunks = CHUNK_STARTS[chunk_starts](rows, frames.shape[1], chunk_length, order)
        images = None
        if encoded_frame:
            images = frames[rows, chunks[0].times[:, 0] if encoded_frame == "random" else 0]
            encoded = generator.encode(images)
            latents.appearance[rows] = encoded.appearance
            latents.initial_state[rows] = encoded.initial_state
        reached, state = 0, latents.initial_state[rows]
        for number, chunk in enumerate(chunks):
            start = 0 if chunk.begins_sequence else chunk.times[0, 0]
            if start != reached:
                state = state_before(generator, of_sequences(latents, rows), start, chunk_length)
            observed = frames[chunk.rows, chunk.times]
            seen = None if visible is None else visible[chunk.rows, chunk.times]
            key = random_key(seed, Stream.LANGEVIN, epoch, batch, number)
            current = slice_chunk(latents, chunk, state)
            sampled = generator.infer(observed, current, chunk.begins_sequence, key, seen)
            write_chunk(latents, chunk, sampled.latents)
            learned = generator.learn(
                observed, sampled.latents, chunk.begins_sequence, learning_rate, seen, images
            )
            reached, state = start + observed.shape[1], learned.last_state
            reconstruction[chunk.rows, chunk.times] = learned.frames
            reconstructed[chunk.rows, chunk.times] = True
            energies += [learned.energy.prior.sum(), learned.energy.likelihood.sum()]
            figures.append((learned.alpha_gradient, learned.beta_gradient, learned.active_share))
            diagnostics.append(sampled.diagnostics)
    if not encoded_frame and not reconstructed.all():
        rest = reconstruct(generator, latents, chunk_length, batch_size)
        np.copyto(reconstruction, rest, where=~reconstructed)
    compared = reconstructed if visible is None else reconstructed & visible
    prior, likelihood = map(float, energies / len(frames))
    alpha_gradient, beta_gradient, active_share = np.mean(figures, axis=0).tolist()
    return EpochReport(
        squared_error=float(
            np.mean(np.square(frames - reconstruction), dtype=np.float64, where=compared)
        ),
        prior=prior,
        likelihood=likelihood,
        alpha_gradient=alpha_gradient,
        beta_gradient=beta_gradient,
        active_share=active_share,
        diagnostics={
            name: float(np.mean([one[name] for one in diagnostics])) for name in diagnostics[0]
        },
        reconstruction=reconstruction,
    )


def infer_onwards(
    generator: DynamicGenerator,
    *,
    frames: np.ndarray,
    latents: Latents,
    batch_size: int,
    chunk_length: int,
    seed: int,
    repeats: int,
) -> None:
    """Infer innovations and motion types in place, without learning.

    This function is for a model with an encoder: appearance vectors and start states do not
    change. Each chunk starts from the last state of the previous chunk, after its inference.

    Args:
        frames: [N, T, H, W, 3] in [-1, 1].
        repeats: number of sampler runs on each chunk.
    """
    for batch, span in enumerate(split_range(len(frames), batch_size)):
        rows = np.arange(span.start, span.stop)
        state = latents.initial_state[rows]
        for number, chunk in enumerate(fixed_chunks(rows, frames.shape[1], chunk_length)):
            observed = frames[chunk.rows, chunk.times]
            current = slice_chunk(latents, chunk, state)
            for repeat in range(repeats):
                key = random_key(seed, Stream.AFTER_TRAINING, repeat, batch, number)
                current = generator.infer(observed, current, chunk.begins_sequence, key).latents
            write_chunk(latents, chunk, current)
            state = generator.states(current)[:, -1]
