"""The correlation of successive steps in closed form, and the transition that is matched to it."""

import numpy as np
import pytest

from model.matched_transition import STEADY_FROM, correlation_of_steps, matched_transition
from model.transition import TRANSITIONS


def sinusoids(angle, number=8, num_frames=40):
    """Sinusoids [number, T, 1] that turn by `angle` in each frame, with evenly spread phases."""
    phases = 2 * np.pi * np.arange(number)[:, np.newaxis] / number
    return np.sin(phases + angle * np.arange(num_frames))[..., np.newaxis]


def in_loops(sequences, visible):
    """The correlation of successive steps, value by value; `visible` has the same shape."""
    products, squares = [], []
    for sequence, shown in zip(sequences.astype(np.float64), visible, strict=True):
        for place in np.ndindex(sequence.shape[1:]):
            values, seen = sequence[(slice(None), *place)], shown[(slice(None), *place)]
            for time in range(1, len(values) - 1):
                if seen[time - 1 : time + 2].all():
                    before = values[time] - values[time - 1]
                    after = values[time + 1] - values[time]
                    products.append(before * after)
                    squares.append((before**2 + after**2) / 2)
    return np.sum(products) / np.sum(squares)


# --- The correlation ---


@pytest.mark.parametrize("angle", [0.1, 1.0, np.pi / 2, 2.5])
def test_correlation_of_a_sinusoid_is_the_cosine_of_its_angle(angle):
    """x(t + 1) − x(t) = 2 sin(ω/2) cos(ω (t + 1/2)), a sinusoid of the same angle."""
    assert correlation_of_steps(sinusoids(angle)) == pytest.approx(np.cos(angle), rel=1e-9)


def test_motion_in_one_direction_has_correlation_1_and_there_and_back_minus_1():
    line = np.arange(5.0).reshape(1, 5, 1)
    assert correlation_of_steps(line) == pytest.approx(1.0)
    assert correlation_of_steps(line % 2) == pytest.approx(-1.0)


def test_correlation_of_random_frames():
    """Independent frames −1/2, a random walk 0, a velocity that keeps 0.6 of itself 0.6.

    To the error of a sample of 24,000 steps.
    """
    noise = np.random.default_rng(0).standard_normal((4, 500, 12))
    velocity = np.zeros_like(noise)
    for time in range(1, 500):
        velocity[:, time] = 0.6 * velocity[:, time - 1] + noise[:, time]
    for frames, expected in (
        (noise, -0.5),
        (noise.cumsum(axis=1), 0.0),
        (velocity.cumsum(axis=1), 0.6),
    ):
        assert correlation_of_steps(frames) == pytest.approx(expected, abs=0.02)


def test_sequences_count_by_the_size_of_their_steps():
    """As one sequence after the other, whatever their lengths; the larger steps count more."""
    steady, jumpy = np.arange(9.0)[:, np.newaxis], 0.5 * (np.arange(6.0) % 2)[:, np.newaxis]
    # 7 products of 1 · 1, and 4 of 1/2 · −1/2.
    assert correlation_of_steps([steady, jumpy]) == pytest.approx((7 - 1) / (7 + 1))


@pytest.mark.parametrize(
    "video",
    [np.full((2, 5, 3), 0.25), np.random.default_rng(0).standard_normal((3, 2, 4))],
    ids=["constant", "two frames"],
)
@pytest.mark.filterwarnings("error")
def test_correlation_does_not_exist_without_two_steps(video):
    assert np.isnan(correlation_of_steps(video))


@pytest.mark.parametrize("hidden", [np.nan, 1e6])
@pytest.mark.filterwarnings("error")
def test_missing_pixels_do_not_count(hidden):
    """A mask for all colours of a pixel; what it hides may be anything."""
    random = np.random.default_rng(0)
    video = random.standard_normal((2, 9, 3, 4, 3)).cumsum(axis=1).astype(np.float32)
    visible = random.uniform(size=(2, 9, 3, 4, 1)) < 0.7
    every_colour = np.repeat(visible, 3, axis=-1)
    expected = in_loops(video, every_colour)
    assert expected != pytest.approx(in_loops(video, np.ones_like(every_colour)), abs=1e-3)
    video[~every_colour] = hidden
    assert correlation_of_steps(video, visible) == pytest.approx(expected, abs=1e-5)


# --- The transition ---


@pytest.mark.parametrize(
    ("correlation", "expected"),
    [(STEADY_FROM + 0.01, "momentum"), (STEADY_FROM - 0.01, "nonlinear"), (-0.5, "nonlinear")],
)
def test_momentum_is_matched_to_clips_that_keep_their_direction(correlation, expected):
    assert matched_transition(sinusoids(np.arccos(correlation))) == expected
    assert expected in TRANSITIONS


def test_transition_of_the_paper_where_the_correlation_is_not_known():
    video = sinusoids(0.1)
    every_second = (np.arange(40) % 2 == 0)[np.newaxis, :, np.newaxis]
    assert matched_transition(video) == "momentum"
    assert matched_transition(video, np.repeat(every_second, 8, axis=0)) == "nonlinear"
