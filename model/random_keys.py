"""Every random number is a function of the one seed and of where in the program it is drawn.

Nothing carries a generator's state along, so a resumed run draws what the uninterrupted run
would have drawn. Each stream has its own fixed number of positions.
"""

import enum

import numpy as np


class Stream(enum.IntEnum):
    """What the random numbers are for. The values are part of a run's identity: only append."""

    WEIGHTS = 0
    INITIAL_LATENTS = 1
    BATCH_ORDER = 2
    LANGEVIN = 3
    PREVIEW = 4
    SYNTHESIS = 5
    START = 6
    PREVIEW_START = 7
    MASK = 8
    AFTER_TRAINING = 9


def random_generator(seed: int, stream: Stream, *position: int) -> np.random.Generator:
    """A NumPy generator for one place of the program, e.g. (epoch, batch); all integers ≥ 0."""
    return np.random.default_rng([seed, stream, *position])


def random_key(seed: int, stream: Stream, *position: int) -> np.ndarray:
    """A key, int32 [2], for TensorFlow's stateless random numbers at one place of the program."""
    return np.random.SeedSequence([seed, stream, *position]).generate_state(2).view(np.int32)
