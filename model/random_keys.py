"""Every random number is a function of the seed and of its place in the program.

No generator state is kept. A resumed run therefore draws the same numbers as a run without
interruption. Two places of a stream never differ by zeros at their end alone, because NumPy ignores
these.
"""

import enum

import numpy as np


class Stream(enum.IntEnum):
    """The purposes of random numbers. The numbers of a run depend on these values: only append."""

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
    CALIBRATION = 10
    POSTERIOR_CHECK = 11
    BASELINE = 12
    INITIAL_SCALE = 13
    LOOP = 14
    CONTINUATION = 15
    CONTINUED_CLIP = 16
    LIVE = 17
    BEGINNING = 18
    INITIAL_MOTION = 19
    TRANSITION_IN_TEST = 20
    ENCODER_FIT = 21


def random_generator(seed: int, stream: Stream, *position: int) -> np.random.Generator:
    """A NumPy generator for one place in the program, e.g. (epoch, batch); all integers ≥ 0."""
    return np.random.default_rng([seed, stream, *position])


def random_key(seed: int, stream: Stream, *position: int) -> np.ndarray:
    """A key, int32 [2], for TensorFlow's stateless random numbers at one place in the program."""
    return np.random.SeedSequence([seed, stream, *position]).generate_state(2).view(np.int32)
