"""Continuation: a video goes on from the state of its last observed frame.

    s_{T+1}, s_{T+2}, … from s_T with new innovations,   x_t = G_β([a, s_t]) + w_t r

s_T, a and m are inferred from the observed frames x_1 … x_T. The residual of the last of them,
r = x_T − G_β([a, s_T]), is what the model does not explain. Without it, the video would jump by r
at the first new frame. Its weight w_t falls linearly from 1 at frame T to 0 at frame T + `FADED`,
so that each step has only a small part of it.

A clip that the model was not trained on is inferred first, by Langevin dynamics with fixed weights.
"""

import numpy as np

from model.alternating import slice_chunk, write_chunk
from model.chunks import fixed_chunks
from model.dynamic_generator import DynamicGenerator
from model.latents import Latents, copied
from model.random_keys import Stream, random_key
from model.sampling import reconstruct, states_of

FADED = 5  # frames; short, because the residual belongs to a shape that moves on


def after_last_frame(generator: DynamicGenerator, latents: Latents, chunk_length: int) -> Latents:
    """The same latents, but with the state of the last frame as start state."""
    states = states_of(generator, latents, chunk_length)
    return latents._replace(initial_state=states[:, -1])


def with_residual(frames: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """New frames, with the fading residual of the last observed frame.

    Args:
        frames: [T, H, W, 3] in [-1, 1], the first frames after the last observed one.
        residual: [H, W, 3], observed minus reconstructed.
    """
    share = 1 - np.arange(1, len(frames) + 1, dtype=np.float32) / FADED
    weight = np.maximum(share, 0).reshape(-1, 1, 1, 1)
    return np.clip(frames + weight * residual, -1, 1)


def infer_clip(
    generator: DynamicGenerator,
    frames: np.ndarray,
    latents: Latents,
    chunk_length: int,
    seed: int,
    sweeps: int,
) -> Latents:
    """Infer the latents of one clip with fixed weights.

    A sweep visits all chunks in time order. Each chunk starts from the last state of the previous
    one, as in training. The steps of the sampler become shorter from sweep to sweep. The last
    ones are as long as at the end of the training.

    Args:
        frames: [1, T, H, W, 3] in [-1, 1].
        latents: where the chains start. They are not changed.
        sweeps: number of sweeps; each runs the sampler once on every chunk.
    """
    latents = copied(latents)
    visible = None
    if generator.settings.training_mode == "incomplete":
        visible = np.ones((*frames.shape[:-1], 1), bool)
    chunks = list(fixed_chunks(np.arange(1), frames.shape[1], chunk_length))
    for sweep in generator.with_falling_steps(sweeps):
        state = latents.initial_state
        for number, chunk in enumerate(chunks):
            key = random_key(seed, Stream.CONTINUED_CLIP, sweep, number)
            seen = None if visible is None else visible[chunk.rows, chunk.times]
            observed = frames[chunk.rows, chunk.times]
            current = slice_chunk(latents, chunk, state)
            sampled = generator.infer(observed, current, chunk.begins_sequence, key, seen)
            write_chunk(latents, chunk, sampled.latents)
            state = generator.states(sampled.latents)[:, -1]
    return latents


def nearest_sequence(
    generator: DynamicGenerator, frames: np.ndarray, latents: Latents, chunk_length: int
) -> Latents:
    """The latents of the training sequence whose reconstruction is nearest to a clip.

    Args:
        frames: [1, T, H, W, 3] in [-1, 1], not longer than the training sequences.
        latents: of all training sequences.
    """
    best, smallest = 0, np.inf
    beginning = latents._replace(innovations=latents.innovations[:, : frames.shape[1]])
    for row in range(len(latents.innovations)):
        one = Latents(*(values[[row]] for values in beginning))
        distance = float(np.abs(reconstruct(generator, one, chunk_length, 1) - frames).mean())
        if distance < smallest:
            best, smallest = row, distance
    return Latents(*(values[[best]] for values in beginning))
