"""The measures of steps, in closed form and against plain loops."""

import numpy as np
import pytest
from support.sinusoids import sinusoids

from model.sequence_steps import correlation_of_steps, relative_step


def relative_step_in_loops(sequences, visible):
    """The relative step, pixel by pixel, in float64; `visible` is bool and of the same shape."""
    steps, deviations = [], []
    for sequence, shown in zip(sequences.astype(np.float64), visible, strict=True):
        for place in np.ndindex(sequence.shape[1:]):
            values, seen = sequence[(slice(None), *place)], shown[(slice(None), *place)]
            if seen.any():
                deviations += list((values[seen] - values[seen].mean()) ** 2)
            for time in range(1, len(values)):
                if seen[time] and seen[time - 1]:
                    steps.append((values[time] - values[time - 1]) ** 2)
    return np.sqrt(np.mean(steps) / (2 * np.mean(deviations)))


def correlation_in_loops(sequences, visible):
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


# --- The relative step ---


def test_relative_step_of_independent_frames_is_1():
    """To the error of a sample of 16 000 values."""
    frames = np.random.default_rng(0).standard_normal((4, 500, 2, 2, 2))
    assert relative_step(frames) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("periods", [1, 2, 10])
def test_relative_step_of_a_sinusoid_is_the_chord_of_its_angle(periods):
    """x(t + 1) − x(t) = 2 sin(ω/2) cos(ω (t + 1/2)), and the variance of x is 1/2."""
    angle = 2 * np.pi * periods / 60
    expected = np.sqrt(2.0) * np.sin(angle / 2)
    assert relative_step(sinusoids(angle)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("frames", [2, 3])
def test_relative_step_of_frames_that_alternate_is_the_square_root_of_2(frames):
    """±a: each step is 2a, the variance is a²."""
    pixels = np.array([1.0, 3.0, -2.0])
    video = np.array([1.0, -1.0] * frames)[np.newaxis, :, np.newaxis] * pixels
    assert relative_step(video) == pytest.approx(np.sqrt(2.0))


def test_two_frames_do_not_tell_how_fast_a_clip_changes():
    """It would be √2, however small the change is."""
    short = np.array([0.0, 0.001]).reshape(1, 2, 1, 1)
    assert np.isnan(relative_step(short))
    clip = sinusoids(0.3)
    assert relative_step([*clip, short[0]]) == relative_step(clip)


def test_relative_step_depends_neither_on_contrast_nor_on_the_mean_frame():
    video = sinusoids(0.3 * np.pi)
    means = np.linspace(-3, 3, 8)[:, np.newaxis, np.newaxis]
    assert relative_step(means + 0.01 * video) == pytest.approx(relative_step(video))


@pytest.mark.parametrize(
    "video",
    [np.full((2, 5, 3), 0.25), np.random.default_rng(0).standard_normal((3, 1, 4))],
    ids=["constant", "one frame"],
)
@pytest.mark.filterwarnings("error")
def test_relative_step_does_not_exist_where_nothing_moves(video):
    assert np.isnan(relative_step(video))


@pytest.mark.filterwarnings("error")
def test_relative_step_does_not_exist_where_nothing_is_seen_in_two_frames_on_end():
    video = np.random.default_rng(0).standard_normal((2, 6, 3))
    every_second = np.stack(2 * [np.arange(6) % 2 == 0])[..., np.newaxis]
    assert np.isnan(relative_step(video, every_second))
    assert np.isnan(relative_step(video, np.zeros((2, 6, 1), bool)))


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


# --- What is missing ---

EACH_MEASURE = pytest.mark.parametrize(
    ("measure", "in_loops"),
    [(relative_step, relative_step_in_loops), (correlation_of_steps, correlation_in_loops)],
)


@EACH_MEASURE
@pytest.mark.parametrize("hidden", [np.nan, 1e6])
@pytest.mark.filterwarnings("error")
def test_missing_pixels_do_not_count(measure, in_loops, hidden):
    """A mask for all colours of a pixel; what it hides may be anything."""
    random = np.random.default_rng(0)
    video = random.standard_normal((2, 9, 3, 4, 3)).cumsum(axis=1).astype(np.float32)
    visible = random.uniform(size=(2, 9, 3, 4, 1)) < 0.65
    visible[0, :, 1, 1] = False  # a pixel that is never seen
    every_colour = np.repeat(visible, 3, axis=-1)
    expected = in_loops(video, every_colour)
    assert expected != pytest.approx(in_loops(video, np.ones_like(every_colour)), abs=1e-3)
    video[~every_colour] = hidden
    assert measure(video, visible) == pytest.approx(expected, abs=1e-5)


@EACH_MEASURE
def test_everything_visible_is_as_no_mask(measure, in_loops):
    video = np.random.default_rng(0).standard_normal((2, 9, 3, 4, 3)).cumsum(axis=1)
    visible = np.ones((2, 9, 3, 4, 1), bool)
    expected = in_loops(video, np.repeat(visible, 3, axis=-1))
    assert measure(video) == pytest.approx(expected, abs=1e-9)
    assert measure(video, visible) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("measure", [relative_step, correlation_of_steps])
def test_each_sequence_needs_its_mask(measure):
    with pytest.raises(ValueError, match="shorter"):
        measure(np.zeros((3, 4, 2)), np.ones((2, 4, 2), bool))
