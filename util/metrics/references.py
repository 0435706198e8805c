"""Reference rows: what the measures are for videos that everybody knows.

Each row of `REFERENCES` makes a video from the observed clip. The rows show how large a measure is
for the real texture and for plain mistakes.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from util.data.frames import to_bytes, to_model_range
from util.metrics import linear_system

BLUR = 1.5  # pixels, standard deviation


class Reference(NamedTuple):
    """A video to be measured, and the video that it is measured against, uint8 [T, H, W, 3]."""

    video: np.ndarray
    observed: np.ndarray


def floor(observed: np.ndarray, *_: object) -> Reference:
    """The second half of the clip against its first half.

    This is how near real frames come. The floor is high for a short clip or one that changes over
    time. Halves are short, so a synthesized video, which is longer, may come nearer than the floor.
    The spectra of short videos are averages over few windows, and more uncertain.
    """
    half = max(len(observed) // 2, 1)
    return Reference(observed[-half:], observed[:half])


def frozen(observed: np.ndarray, *_: object) -> Reference:
    """The first frame, repeated."""
    return Reference(np.repeat(observed[:1], len(observed), axis=0), observed)


def shuffled(observed: np.ndarray, random: np.random.Generator, *_: object) -> Reference:
    """The frames in random order."""
    return Reference(random.permutation(observed), observed)


def blurred(observed: np.ndarray, *_: object) -> Reference:
    """Each frame, blurred by a Gaussian."""
    frames = gaussian_filter(to_model_range(observed), (0.0, BLUR, BLUR, 0.0))
    return Reference(to_bytes(frames), observed)


def linear(
    observed: np.ndarray, random: np.random.Generator, states: int, length: int
) -> Reference:
    """A synthesis of the linear dynamical system of the clip; see `linear_system`."""
    values = to_model_range(observed).reshape(len(observed), -1)
    frames = linear_system.sample(linear_system.fit(values, states), length, random)
    return Reference(to_bytes(frames).reshape(length, *observed.shape[1:]), observed)


class Row(NamedTuple):
    """A reference row.

    Fields:
        make: function of the observed video, of a random generator, and of the number of states and
            of frames of the linear dynamical system.
        samples: the number of times that it is made. The row has the means of their measures.
    """

    make: Callable[[np.ndarray, np.random.Generator, int, int], Reference]
    samples: int = 1


REFERENCES = {
    "floor": Row(floor),
    "frozen": Row(frozen),
    "shuffled": Row(shuffled),
    "blurred": Row(blurred),
    "linear system": Row(linear, linear_system.SAMPLES),
}
