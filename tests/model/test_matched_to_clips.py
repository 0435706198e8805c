"""What is matched to the correlation of the steps of clips."""

import numpy as np
import pytest
from support.sinusoids import sinusoids

from model.initial_motion import INITIAL_LATENTS
from model.matched_to_clips import (
    FLICKERING_BELOW,
    MATCHES,
    STEADY_FROM,
    matched_latents,
    matched_transition,
)
from model.sequence_steps import correlation_of_steps
from model.transition import TRANSITIONS


@pytest.mark.parametrize(
    ("correlation", "transition", "latents"),
    [
        (STEADY_FROM + 0.01, "momentum", "prior"),
        (STEADY_FROM - 0.01, "nonlinear", "clips"),
        (FLICKERING_BELOW + 0.01, "nonlinear", "clips"),
        (FLICKERING_BELOW - 0.01, "nonlinear", "prior"),
    ],
)
def test_momentum_is_for_steady_clips_and_states_follow_wandering_ones(
    correlation, transition, latents
):
    found = correlation_of_steps(sinusoids(np.arccos(correlation)))
    assert (matched_transition(found), matched_latents(found)) == (transition, latents)


def test_model_of_the_paper_where_the_correlation_is_not_known():
    video = sinusoids(0.1)
    every_second = (np.arange(60) % 2 == 0)[np.newaxis, :, np.newaxis]
    assert matched_transition(correlation_of_steps(video)) == "momentum"
    found = correlation_of_steps(video, np.repeat(every_second, 8, axis=0))
    assert (matched_transition(found), matched_latents(found)) == ("nonlinear", "prior")


def test_matches_are_values_of_the_options():
    assert set(MATCHES["dynamic_mode"]) < set(TRANSITIONS)
    assert set(MATCHES["initial_latents"]) == set(INITIAL_LATENTS)
