"""Loops: videos that end where they began.

The innovations of one round, ξ_1 … ξ_T, are drawn once and drive the transition again and again:

    s_t = F_α(s_{t-1}, [m, ξ_{1 + (t-1) mod T}])

A learned transition forgets: two start states that get the same innovations lead to the same
states. The states then settle to the period T, s_{t+T} = s_t, and one round of them is a loop
without a seam. Its innovations are drawn as for any sampled video (`model.innovations`).

Some innovations do not settle, for example if the states repeat only every second round. New
innovations are drawn then. A loop is therefore a sampled video, given that it closes.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from model.dynamic_generator import DynamicGenerator
from model.latents import Latents
from model.sampling import states_of

CLOSED = 1e-2  # the largest gap of a loop, relative to its ordinary step
MOST_ROUNDS = 60  # rounds in which the states may settle
MOST_DRAWS = 20


class Loop(NamedTuple):
    """A loop of one sequence.

    Fields:
        latents: its innovations [1, T, z_size], the state before the first frame, a and m.
        gap: the distance of the state after the last frame from the state before the first, over
            the mean step ‖s_t − s_{t−1}‖; 0 if nothing moves.
    """

    latents: Latents
    gap: float


def settled(generator: DynamicGenerator, latents: Latents, chunk_length: int) -> Loop:
    """Repeat the innovations of one sequence until the loop closes, at most `MOST_ROUNDS` times.

    Args:
        latents: one sequence of T frames. Its start state is where the first round begins.
        chunk_length: a number of frames for which the generator was built.
    """
    length = latents.innovations.shape[1]
    whole = latents._replace(innovations=in_whole_chunks(latents.innovations, chunk_length))
    gap = np.inf
    for _ in range(MOST_ROUNDS):
        begin = whole.initial_state
        states = states_of(generator, whole, chunk_length)[:, :length]
        path = np.concatenate([begin[:, np.newaxis], states], axis=1)
        step = float(np.linalg.norm(np.diff(path, axis=1), axis=-1).mean())
        distance = float(np.linalg.norm(path[:, -1] - path[:, 0]))
        gap = distance / step if step else 0.0
        if gap <= CLOSED:
            break
        whole = whole._replace(initial_state=states[:, -1])
    return Loop(latents._replace(initial_state=begin), gap)


def drawn_loop(
    generator: DynamicGenerator,
    start: Latents,
    innovations: Callable[[int], np.ndarray],
    chunk_length: int,
) -> Loop:
    """The first loop that closes, or after `MOST_DRAWS` draws the one with the smallest gap.

    Args:
        start: start state, appearance vector and motion type of one sequence.
        innovations: maps the number of the draw 0, 1, … to innovations [T, z_size].
    """
    best = None
    for draw in range(MOST_DRAWS):
        drawn = innovations(draw)[np.newaxis]
        loop = settled(generator, start._replace(innovations=drawn), chunk_length)
        if best is None or loop.gap < best.gap:
            best = loop
        if best.gap <= CLOSED:
            break
    assert best is not None  # because MOST_DRAWS is not 0
    return best


def in_whole_chunks(innovations: np.ndarray, chunk_length: int) -> np.ndarray:
    """Innovations [n, T, z_size] of a loop, continued by its next rounds to whole chunks."""
    length = innovations.shape[1]
    total = -(-length // chunk_length) * chunk_length
    return innovations[:, np.arange(total) % length]
