"""The transition that is matched to how the frames of a clip move.

With a velocity in the state, sampled videos go on in one direction for some frames. That is right
for clips whose frames do so as well, and wrong for clips that flicker, or jump from frame to frame.
What tells them apart is the correlation of successive steps d_t = x_t − x_{t-1},

    2 ⟨d_t, d_{t+1}⟩ / (⟨d_t, d_t⟩ + ⟨d_{t+1}, d_{t+1}⟩),

with means over all frames and pixels. It is near 1 for a slow and smooth motion, 0 for a random
walk, and −1/2 for independent frames. Smaller frames move by fewer pixels, so they keep their
direction longer. Noise and repeated frames lower the correlation.
"""

import itertools
from collections.abc import Iterable

import numpy as np

MATCHED = "matched"  # the value of --dynamic_mode
STEADY = "momentum"  # the transition for clips whose frames keep their direction
OTHERS = "nonlinear"  # and for all others
MATCHES = (STEADY, OTHERS)
STEADY_FROM = 0.3  # the correlation of successive steps from which on they do; found by trials


def matched_transition(
    sequences: Iterable[np.ndarray], visible: Iterable[np.ndarray] | None = None
) -> str:
    """The name of the transition in `TRANSITIONS` that is matched to clips.

    Args:
        sequences, visible: see `correlation_of_steps`. If their correlation is not known, the
            transition is that of the paper.
    """
    return STEADY if correlation_of_steps(sequences, visible) >= STEADY_FROM else OTHERS


def correlation_of_steps(
    sequences: Iterable[np.ndarray], visible: Iterable[np.ndarray] | None = None
) -> float:
    """The correlation of successive steps of N sequences [N, T, ...], from -1 to 1.

    It is NaN if nothing moves, or no value is seen in three successive frames.

    Args:
        sequences: they are taken one by one, so that they need not be in memory together.
        visible: bool, each broadcast to its sequence; only visible entries count.
    """
    products = squares = 0.0
    for sequence, seen in zip(
        sequences,
        itertools.repeat(np.array(True)) if visible is None else visible,
        strict=visible is not None,
    ):
        shown = np.broadcast_to(seen, sequence.shape)
        steps = np.diff(np.where(shown, sequence, 0.0), axis=0)
        counts = shown[2:] & shown[1:-1] & shown[:-2]
        before, after = steps[:-1][counts], steps[1:][counts]
        products += np.sum(before * after, dtype=np.float64)
        # Of both steps, so that the value is a correlation whatever is missing.
        squares += (np.square(before) + np.square(after)).sum(dtype=np.float64) / 2
    return float(products / squares) if squares else float("nan")
