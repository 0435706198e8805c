"""How sequences move: how long their steps are, and whether the steps keep their direction.

A step is the difference between successive vectors, d_t = x_t − x_{t-1}: of frames of a clip, or of
states. Only visible entries count. Both measures are NaN where they are not known.
"""

import itertools
from collections.abc import Iterable, Iterator

import numpy as np


def relative_step(
    sequences: Iterable[np.ndarray], visible: Iterable[np.ndarray] | None = None
) -> float:
    """The length of the steps of N sequences [N, T, ...], compared with independent vectors.

    It is the root mean square step, over its value for independent vectors of the same variance,
    which is √2 standard deviations: near 0 for a slow sequence, 1 for independent vectors. It is
    NaN if nothing moves. Sequences of fewer than 3 frames do not count: with two frames, the
    relative step is always √2.

    Args:
        sequences: they are taken one by one, so that they need not be in memory together.
        visible: bool, each broadcast to its sequence; only visible entries count.
    """
    squares, counts = np.zeros(2), np.zeros(2)
    for sequence, shown in _with_visible(sequences, visible):
        if len(sequence) < 3:
            continue
        mean = sequence.sum(axis=0, dtype=np.float64) / np.maximum(shown.sum(axis=0), 1)
        deviations = np.square(sequence - mean)[shown]
        steps = np.square(np.diff(sequence, axis=0))[shown[1:] & shown[:-1]]
        squares += [steps.sum(dtype=np.float64), deviations.sum(dtype=np.float64)]
        counts += [steps.size, deviations.size]
    if not counts.all() or not squares[1]:
        return float("nan")
    step, deviation = squares / counts
    return float(np.sqrt(step / (2.0 * deviation)))


def correlation_of_steps(
    sequences: Iterable[np.ndarray], visible: Iterable[np.ndarray] | None = None
) -> float:
    """Whether the steps of N sequences [N, T, ...] keep their direction, from -1 to 1.

    It is the correlation of successive steps,

        2 ⟨d_t, d_{t+1}⟩ / (⟨d_t, d_t⟩ + ⟨d_{t+1}, d_{t+1}⟩),

    where ⟨·, ·⟩ is the mean over all frames and pixels. It is near 1 for a slow and smooth motion,
    0 for a random walk, −1/2 for independent frames. It is NaN if nothing moves, or if no value is
    seen in three successive frames.

    Args:
        sequences, visible: see `relative_step`.
    """
    products = squares = 0.0
    for sequence, shown in _with_visible(sequences, visible):
        steps = np.diff(sequence, axis=0)
        counts = shown[2:] & shown[1:-1] & shown[:-2]
        before, after = steps[:-1][counts], steps[1:][counts]
        products += np.sum(before * after, dtype=np.float64)
        # Of both steps, so that the value is a correlation whatever is missing.
        squares += (np.square(before) + np.square(after)).sum(dtype=np.float64) / 2
    return float(products / squares) if squares else float("nan")


def _with_visible(
    sequences: Iterable[np.ndarray], visible: Iterable[np.ndarray] | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each sequence with 0 where it is hidden, and a bool array [T, ...] of what is visible."""
    everything = itertools.repeat(np.array(True))
    for sequence, seen in zip(
        sequences, everything if visible is None else visible, strict=visible is not None
    ):
        shown = np.broadcast_to(seen, sequence.shape)
        yield np.where(shown, sequence, 0.0), shown
