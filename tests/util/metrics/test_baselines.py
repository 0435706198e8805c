"""Filling in without the model, on videos whose missing pixels are known."""

import numpy as np
import pytest

from util.metrics.baselines import linear_interpolation, low_rank_imputation, temporal_mean

BASELINES = [temporal_mean, linear_interpolation, low_rank_imputation]


def one_pixel(*values):
    """A video of one grey pixel, and where it is missing: at every None."""
    missing = np.array([value is None for value in values]).reshape(-1, 1, 1, 1)
    numbers = [np.nan if value is None else value for value in values]
    return np.repeat(np.reshape(numbers, (-1, 1, 1, 1)), 3, axis=3).astype(np.float32), missing


def filled(fill, *values):
    """The values of a grey pixel after filling in."""
    found = fill(*one_pixel(*values))
    np.testing.assert_array_equal(found[..., 0], found[..., 2])
    return found[:, 0, 0, 0].tolist()


def draw_video(length=7, side=6, seed=0):
    """A video, float32 [T, side, side, 3] in [-1, 1], and a mask with a pixel never visible."""
    random = np.random.default_rng(seed)
    frames = random.uniform(-1.0, 1.0, (length, side, side, 3)).astype(np.float32)
    missing = random.uniform(size=(length, side, side, 1)) < 0.4
    missing[:, 2, 3] = True
    return frames, missing


def rank_two(length=20, side=8):
    """A video that is its mean and two pictures times two courses in time."""
    random = np.random.default_rng(0)
    time = np.arange(length)[:, np.newaxis]
    courses = np.concatenate([np.sin(0.7 * time), np.cos(0.31 * time)], axis=1)
    pictures = random.uniform(-0.3, 0.3, (2, side * side * 3))
    mean = random.uniform(-0.3, 0.3, side * side * 3)
    return (mean + courses @ pictures).reshape(length, side, side, 3).astype(np.float32)


def jumping_squares(length=20, side=8, width=3):
    missing = np.zeros((length, side, side, 1), bool)
    places = np.random.default_rng(1).integers(0, side - width + 1, (length, 2))
    for frame, (top, left) in zip(missing, places, strict=True):
        frame[top : top + width, left : left + width] = True
    return missing


# --- All of them ---


@pytest.mark.parametrize("fill", BASELINES)
def test_visible_pixels_stay_and_all_others_are_filled(fill):
    frames, missing = draw_video()
    found = fill(frames, missing)
    assert found.shape == frames.shape
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found[~missing[..., 0]], frames[~missing[..., 0]])
    assert np.isfinite(found).all()


@pytest.mark.parametrize("fill", BASELINES)
@pytest.mark.parametrize("filling", [-1.0, np.nan])
def test_what_is_under_the_mask_has_no_say(fill, filling):
    frames, missing = draw_video()
    expected = fill(frames, missing)
    found = fill(np.where(missing, np.float32(filling), frames), missing)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("fill", BASELINES)
def test_still_video_is_recovered_exactly(fill):
    still, missing = np.broadcast_to(draw_video()[0][:1], (7, 6, 6, 3)), draw_video()[1]
    missing[:, 2, 3] = False
    missing[0, 2, 3] = missing[:, 0, 0] = True
    missing[3, 0, 0] = False
    np.testing.assert_allclose(fill(still, missing), still, atol=1e-6)


@pytest.mark.parametrize("fill", BASELINES)
def test_arguments_are_left_as_they_are(fill):
    frames, missing = draw_video()
    fill(frames, missing)
    np.testing.assert_array_equal(frames, draw_video()[0])
    np.testing.assert_array_equal(missing, draw_video()[1])


# --- Temporal mean ---


def test_temporal_mean_is_that_of_the_visible_frames():
    assert filled(temporal_mean, 0.0, None, 0.25, 0.5, None) == [0.0, 0.25, 0.25, 0.5, 0.25]


@pytest.mark.parametrize("fill", [temporal_mean, linear_interpolation])
def test_pixel_that_is_never_visible_takes_the_mean_of_the_nearest(fill):
    frames, missing = np.zeros((2, 3, 5, 3), np.float32), np.zeros((2, 3, 5, 1), bool)
    frames[0], frames[1] = 0.25, 0.75
    frames[:, :, 3] = -0.5
    missing[:, :, :3] = missing[:, 2, :] = True
    missing[:, 1, 0] = False
    found = fill(frames, missing)
    np.testing.assert_array_equal(found[:, 2, 3], np.full((2, 3), -0.5))  # below column 3
    np.testing.assert_array_equal(found[:, 0, 0], np.full((2, 3), 0.5))  # above the visible one
    np.testing.assert_array_equal(found[:, 1, 1], np.full((2, 3), 0.5))  # beside it
    np.testing.assert_array_equal(found[:, 0, 2], np.full((2, 3), -0.5))
    np.testing.assert_array_equal(found[:, 2, 4], np.full((2, 3), 0.5))


# --- Linear interpolation ---


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.0, None, None, None, 1.0), [0.0, 0.25, 0.5, 0.75, 1.0]),
        ((None, None, 0.5, 0.25, None), [0.5, 0.5, 0.5, 0.25, 0.25]),
        ((0.5, None, 1.0, None, 0.0), [0.5, 0.75, 1.0, 0.5, 0.0]),
        ((None, 0.5, None), [0.5, 0.5, 0.5]),
        ((0.0, 0.5), [0.0, 0.5]),
    ],
)
def test_linear_interpolation_between_the_nearest_visible_frames(values, expected):
    assert filled(linear_interpolation, *values) == expected


def test_video_linear_in_time_is_recovered_between_visible_frames():
    random = np.random.default_rng(2)
    start, slope = random.uniform(-0.5, 0.5, (2, 6, 6, 3))
    frames = (start + slope * np.arange(9).reshape(-1, 1, 1, 1) / 9).astype(np.float32)
    missing = random.uniform(size=(9, 6, 6, 1)) < 0.6
    missing[[0, -1]] = False
    missing[4] = True
    np.testing.assert_allclose(linear_interpolation(frames, missing), frames, atol=1e-6)
    assert np.abs(temporal_mean(frames, missing) - frames).max() > 0.1


# --- Imputation of low rank ---


def test_imputation_recovers_a_video_of_its_rank():
    frames, missing = rank_two(), jumping_squares()
    found = low_rank_imputation(frames, missing, rank=2, rounds=100)
    hidden = missing[..., 0]
    np.testing.assert_allclose(found[hidden], frames[hidden], atol=1e-3)
    assert np.abs(temporal_mean(frames, missing) - frames)[hidden].max() > 0.3


def test_each_round_of_imputation_comes_closer():
    frames, missing = rank_two(), jumping_squares()
    errors = [
        np.abs(low_rank_imputation(frames, missing, 2, rounds) - frames).mean()
        for rounds in (0, 1, 2, 5, 20)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.1 * errors[0]


def test_one_round_is_the_projection_on_the_leading_singular_vectors():
    """Against NumPy's decomposition of the whole matrix of frames."""
    frames, missing = draw_video()
    start = temporal_mean(frames, missing).reshape(7, -1).astype(np.float64)
    mean = start.mean(axis=0)
    left, values, right = np.linalg.svd(start - mean, full_matrices=False)
    expected = (mean + left[:, :3] * values[:3] @ right[:3]).reshape(frames.shape)
    found = low_rank_imputation(frames, missing, rank=3, rounds=1)
    np.testing.assert_allclose(found, np.where(missing, expected, frames), atol=1e-6)


def test_frame_that_is_missing_entirely_keeps_the_mean():
    frames, missing = rank_two(), np.zeros((20, 8, 8, 1), bool)
    missing[5] = True
    found, mean = (fill(frames, missing) for fill in (low_rank_imputation, temporal_mean))
    np.testing.assert_allclose(found, mean, atol=1e-6)


def test_video_of_fewer_frames_than_the_rank_keeps_the_mean():
    frames, missing = draw_video(length=4)
    found, mean = (fill(frames, missing) for fill in (low_rank_imputation, temporal_mean))
    np.testing.assert_allclose(found, mean, atol=1e-6)
