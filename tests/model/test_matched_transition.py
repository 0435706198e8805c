"""The transition that is matched to the correlation of the steps of clips."""

import numpy as np
import pytest
from support.sinusoids import sinusoids

from model.matched_transition import STEADY_FROM, matched_transition
from model.transition import TRANSITIONS


@pytest.mark.parametrize(
    ("correlation", "expected"),
    [(STEADY_FROM + 0.01, "momentum"), (STEADY_FROM - 0.01, "nonlinear"), (-0.5, "nonlinear")],
)
def test_momentum_is_matched_to_clips_that_keep_their_direction(correlation, expected):
    assert matched_transition(sinusoids(np.arccos(correlation))) == expected
    assert expected in TRANSITIONS


def test_transition_of_the_paper_where_the_correlation_is_not_known():
    video = sinusoids(0.1)
    every_second = (np.arange(60) % 2 == 0)[np.newaxis, :, np.newaxis]
    assert matched_transition(video) == "momentum"
    assert matched_transition(video, np.repeat(every_second, 8, axis=0)) == "nonlinear"
