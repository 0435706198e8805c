"""Ancestral sampling: draw innovations, unroll the transition, emit frames.

    ξ_t ~ N(0, I),   s_t = F_α(s_{t-1}, [m, ξ_t]),   x_t = G_β([a, s_t])

ξ_t can also have another distribution that was fitted to the inferred ones (`model.innovations`).
Sampling goes chunk by chunk, so that memory does not grow with the length of the video.
"""

from collections.abc import Callable, Collection, Iterator

import numpy as np

from model.calibration import going_over
from model.dynamic_generator import DynamicGenerator
from model.emission import Statistics
from model.innovations import Innovations
from model.latents import Latents, of_sequences, split_range

# The latents that a sampled video can take from the prior, in the order in which they are drawn.
MOTION_TYPE, START_STATE = "motion_type", "initial_state"
MAY_BE_DRAWN = (MOTION_TYPE, START_STATE)


def unrolled(
    generator: DynamicGenerator, latents: Latents, chunk_length: int
) -> Iterator[tuple[Latents, np.ndarray]]:
    """Yield the latents of successive chunks, and their states [n, T, state_size].

    Each chunk starts from the last state of the previous chunk.

    Args:
        latents: latents of n sequences of any length.
    """
    state = latents.initial_state
    for times in split_range(latents.innovations.shape[1], chunk_length):
        innovations = latents.innovations[:, times]
        chunk = latents._replace(innovations=innovations, initial_state=state)
        states = generator.states(chunk)
        state = states[:, -1]
        yield chunk, states


def states_of(generator: DynamicGenerator, latents: Latents, chunk_length: int) -> np.ndarray:
    """The states [n, T, state_size] of n sequences of T frames, unrolled chunk by chunk."""
    parts = [states for _, states in unrolled(generator, latents, chunk_length)]
    return np.concatenate(parts, axis=1)


def generate_chunks(
    generator: DynamicGenerator,
    start: Latents,
    innovations_of: Callable[[int], np.ndarray],
    num_chunks: int,
    statistics: Statistics | None,
    beginning: Statistics | None = None,
    pulled: Callable[[DynamicGenerator, Latents], Latents] = lambda _, latents: latents,
) -> Iterator[np.ndarray]:
    """Yield frames [n, T, H, W, 3] in [-1, 1], chunk by chunk.

    Args:
        start: start state, appearance vector and motion type. Its innovations are not used.
        innovations_of: maps the chunk number 0, 1, … to its innovations [n, T, z_size].
        statistics: all chunks are normalised by these statistics. None normalises each chunk by
            its own.
        beginning: the statistics of the first frame, which go over into `statistics` during the
            first chunk; see `model.calibration`. None for a video that begins anywhere else.
        pulled: changes the innovations of a chunk by its states; see `Innovations.pulled`.
    """
    state = start.initial_state
    for chunk in range(num_chunks):
        drawn = start._replace(innovations=innovations_of(chunk), initial_state=state)
        current = pulled(generator, drawn)
        given = statistics
        if chunk == 0 and beginning is not None and statistics is not None:
            length = current.innovations.shape[1]
            given = going_over(beginning, statistics, np.arange(1, length + 1), length)
        generated = generator.generate(current, given)
        state = generated.states[:, -1]
        yield generated.frames


def reconstruct(
    generator: DynamicGenerator,
    latents: Latents,
    chunk_length: int,
    batch_size: int,
    statistics: Statistics | None = None,
    beginning: Statistics | None = None,
) -> np.ndarray:
    """Frames [N, T, H, W, 3] in [-1, 1] from inferred latents; see `generate_chunks`.

    Without `statistics`, each chunk is normalised as in training.
    """
    num_sequences, num_frames = latents.innovations.shape[:2]
    times = split_range(num_frames, chunk_length)
    videos = []
    for rows in split_range(num_sequences, batch_size):
        batch = of_sequences(latents, rows)
        innovations = [batch.innovations[:, frames] for frames in times]
        chunks = generate_chunks(
            generator, batch, innovations.__getitem__, len(times), statistics, beginning
        )
        videos.append(np.concatenate(list(chunks), axis=1))
    return np.concatenate(videos)


def synthesize(
    generator: DynamicGenerator,
    start: Latents,
    innovations: Innovations,
    chunk_length: int,
    num_chunks: int,
    statistics: Statistics | None,
    noise: Callable[[int], np.random.Generator],
    beginning: Statistics | None = None,
) -> Iterator[np.ndarray]:
    """Yield sampled frames [n, chunk_length, H, W, 3] in [-1, 1], chunk by chunk.

    All sequences get the same innovations, before their states pull them. The states of a sequence
    therefore do not depend on the other sequences.

    Args:
        start: see `drawn_start`. Its innovations are not used.
        innovations: the distribution of the innovations.
        statistics, beginning: see `generate_chunks`.
        noise: maps the chunk number 0, 1, … to its random generator.
    """
    num_sequences, z_size = len(start.innovations), start.innovations.shape[2]
    drawn, shape = (chunk_length, z_size), (num_sequences, chunk_length, z_size)
    return generate_chunks(
        generator,
        start,
        lambda chunk: np.broadcast_to(innovations.draw(noise(chunk), drawn), shape),
        num_chunks,
        statistics,
        beginning,
        innovations.pulled,
    )


def drawn_start(
    latents: Latents, noise: np.random.Generator, drawn: Collection[str], same_for_all: bool = True
) -> Latents:
    """The start of a sampled video: the inferred latents, some of them from the prior instead.

    Args:
        drawn: names in `MAY_BE_DRAWN`.
        same_for_all: whether all sequences get the same values.
    """

    def from_prior(values: np.ndarray) -> np.ndarray:
        shape = values.shape[1:] if same_for_all else values.shape
        return np.broadcast_to(noise.standard_normal(shape, dtype=np.float32), values.shape)

    return latents._replace(
        **{name: from_prior(getattr(latents, name)) for name in MAY_BE_DRAWN if name in drawn}
    )


def between(latents: Latents, first: int, second: int, num_steps: int) -> Iterator[Latents]:
    """Yield latents on the straight line between the appearance vectors of two sequences.

    Each of the `num_steps` latents is for one video, with start state and motion type of the first
    sequence. The appearance vectors at the ends equal the vectors of the two sequences bit by bit.
    """
    one = of_sequences(latents, [first])
    ends = one.appearance, latents.appearance[[second]]
    for share in np.linspace(0.0, 1.0, num_steps, dtype=np.float32):
        yield one._replace(appearance=(1 - share) * ends[0] + share * ends[1])
