"""The transition that is matched to how the frames of a clip move.

With a velocity in the state, sampled videos go on in one direction for some frames. That is right
for clips whose frames do so as well, and wrong for clips that flicker, or jump from frame to frame.
What tells them apart is the correlation of successive steps of their frames. Smaller frames move by
fewer pixels, so they keep their direction longer. Noise and repeated frames lower the correlation.
"""

from collections.abc import Iterable

import numpy as np

from model.sequence_steps import correlation_of_steps

MATCHED = "matched"  # the value of --dynamic_mode
STEADY = "momentum"  # the transition for clips whose frames keep their direction
UNSTEADY = "nonlinear"  # and for clips that flicker or jump
MATCHES = (STEADY, UNSTEADY)
STEADY_FROM = 0.3  # the correlation of successive steps from which on they do; found by trials


def matched_transition(
    sequences: Iterable[np.ndarray], visible: Iterable[np.ndarray] | None = None
) -> str:
    """The name of the transition in `TRANSITIONS` that is matched to clips.

    Args:
        sequences, visible: see `relative_step`. If their correlation is not known, the result is
            the transition of the paper.
    """
    return STEADY if correlation_of_steps(sequences, visible) >= STEADY_FROM else UNSTEADY
