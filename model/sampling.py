"""Ancestral sampling: draw innovations, unroll the transition, emit.

ξ_t ~ N(0, I); s_t = tanh(s_{t-1} + r_α([m, ξ_t, s_{t-1}])); x_t = G_β([a, s_t]), chunk after chunk,
so that memory does not grow with the length of the video.
"""

from collections.abc import Callable, Iterator

import numpy as np

from model.dynamic_generator import DynamicGenerator
from model.latents import Latents, of_sequences, spans


def generate_chunks(
    generator: DynamicGenerator,
    start: Latents,
    innovations_of: Callable[[int], np.ndarray],
    num_chunks: int,
    normalization: str,
) -> Iterator[np.ndarray]:
    """Yield frames [n, T, H, W, 3] in [-1, 1], chunk by chunk.

    Args:
        start: initial state, appearance and motion type; its innovations are not used.
        innovations_of: the innovations [n, T, z_size] of chunk 0, 1, ….
        normalization: "batch" (statistics of the chunk) or "moving" (averages of training).
    """
    state = start.initial_state
    for chunk in range(num_chunks):
        current = start._replace(innovations=innovations_of(chunk), initial_state=state)
        frames, state = generator.generate(current, normalization)
        yield frames


def reconstruct(
    generator: DynamicGenerator, latents: Latents, chunk_length: int, batch_size: int
) -> np.ndarray:
    """Frames [N, T, H, W, 3] in [-1, 1] from inferred latents, normalised as in training."""
    num_sequences, num_frames = latents.innovations.shape[:2]
    chunk_spans = spans(num_frames, chunk_length)
    videos = []
    for rows in spans(num_sequences, batch_size):
        batch = of_sequences(latents, rows)
        chunks = generate_chunks(
            generator,
            batch,
            lambda chunk, batch=batch: batch.innovations[:, chunk_spans[chunk]],
            len(chunk_spans),
            normalization="batch",
        )
        videos.append(np.concatenate(list(chunks), axis=1))
    return np.concatenate(videos)


def synthesize(
    generator: DynamicGenerator,
    start: Latents,
    chunk_length: int,
    num_chunks: int,
    normalization: str,
    noise: Callable[[int], np.random.Generator],
) -> Iterator[np.ndarray]:
    """Yield sampled frames [n, chunk_length, H, W, 3] in [-1, 1], chunk by chunk.

    Args:
        start: for dynamic textures the s_0 and appearance inferred for the training sequences,
            and a drawn motion type; its innovations are not used.
        noise: the random generator of chunk 0, 1, ….
    """
    num_sequences, _, z_size = start.innovations.shape
    return generate_chunks(
        generator,
        start,
        lambda chunk: noise(chunk).standard_normal(
            (num_sequences, chunk_length, z_size), dtype=np.float32
        ),
        num_chunks,
        normalization,
    )


def with_drawn_motion_type(latents: Latents, noise: np.random.Generator) -> Latents:
    """The latents with motion types from the prior, one for each sequence."""
    shape = latents.motion_type.shape
    return latents._replace(motion_type=noise.standard_normal(shape, dtype=np.float32))
