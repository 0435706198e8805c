"""The transition and the first latents that are matched to how the frames of a clip move.

What tells clips apart is the correlation of successive steps of their frames:

- steady: the frames keep their direction. With a velocity in the state, sampled videos do so, too.
- wandering: the steps are hardly correlated. First states that follow the clip help here. Videos of
  steady clips move too fast with such states.
- flickering: successive frames are nearly independent. States of few numbers cannot follow them.

Smaller frames move by fewer pixels, so they keep their direction longer. Noise and repeated frames
lower the correlation.
"""

from model.initial_motion import FROM_CLIPS, FROM_PRIOR

MATCHED = "matched"  # the value of --dynamic_mode and of --initial_latents
STEADY = "momentum"  # the transition for steady clips
UNSTEADY = "nonlinear"  # and for all others
# What `matched` may become, by the option.
MATCHES = {"dynamic_mode": (STEADY, UNSTEADY), "initial_latents": (FROM_PRIOR, FROM_CLIPS)}
# The correlation from which on clips are steady, and below which they flicker; found by trials.
STEADY_FROM, FLICKERING_BELOW = 0.3, -0.25


def matched_transition(correlation: float) -> str:
    """The transition in `TRANSITIONS` that is matched to clips.

    Args:
        correlation: see `correlation_of_steps`. If it is NaN, the result is the transition of the
            paper.
    """
    return STEADY if correlation >= STEADY_FROM else UNSTEADY


def matched_latents(correlation: float) -> str:
    """The value of --initial_latents that is matched to clips; see `matched_transition`."""
    return FROM_CLIPS if FLICKERING_BELOW <= correlation < STEADY_FROM else FROM_PRIOR
