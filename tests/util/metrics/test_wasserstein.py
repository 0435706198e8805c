"""Sliced Wasserstein distance: closed forms for Gaussians, SciPy, and changed clips."""

import math

import numpy as np
import pytest
from scipy.special import gamma
from scipy.stats import wasserstein_distance

from util.metrics.wasserstein import (
    DIRECTIONS,
    PATCHES,
    random_directions,
    sampled_patches,
    sliced_distance,
    wasserstein,
)


def directions_of(dimension, count, seed=0):
    drawn = np.random.default_rng(seed).standard_normal((dimension, count))
    return drawn / np.linalg.norm(drawn, axis=0)


def mean_of_component(dimension):
    """The mean of |θ_1| for a uniform direction θ."""
    return gamma(dimension / 2) / (math.sqrt(math.pi) * gamma((dimension + 1) / 2))


def test_distance_is_the_mean_over_the_directions_of_that_on_the_line():
    random = np.random.default_rng(0)
    some, others = random.standard_normal((200, 4)), random.exponential(1.0, (200, 4))
    directions = directions_of(4, 9)
    expected = np.mean([wasserstein_distance(some @ axis, others @ axis) for axis in directions.T])
    assert sliced_distance(some, others, directions) == pytest.approx(expected)


def test_two_gaussians_that_differ_by_a_shift():
    """On a direction θ, the distance of N(0, I) and N(m, I) is |θ·m|."""
    some, others = np.random.default_rng(0).standard_normal((2, 50_000, 6))
    shift = np.array([1.0, -2.0, 0.0, 0.5, 3.0, -1.0])
    directions = directions_of(6, 50)
    expected = np.mean(np.abs(shift @ directions))
    assert sliced_distance(some, others + shift, directions) == pytest.approx(expected, rel=0.02)


def test_two_gaussians_of_different_widths():
    """On every direction, the widths are 1 and 3: the distance is (3 - 1) √(2/π)."""
    some, others = np.random.default_rng(0).standard_normal((2, 50_000, 3))
    found = sliced_distance(some, 3.0 * others, directions_of(3, 50))
    assert found == pytest.approx(2 * math.sqrt(2 / math.pi), rel=0.02)


def test_directions_are_uniform_on_the_sphere():
    directions = random_directions(np.random.default_rng(0), 5)
    many = np.concatenate(
        [random_directions(np.random.default_rng(seed), 5) for seed in range(100)], axis=1
    )
    assert directions.shape == (5, DIRECTIONS)
    np.testing.assert_allclose(np.linalg.norm(many, axis=0), 1.0, rtol=1e-5)
    np.testing.assert_allclose(many @ many.T / many.shape[1], np.eye(5) / 5, atol=0.02)
    assert np.abs(many).mean() == pytest.approx(mean_of_component(5), rel=0.03)


def test_lighter_video_is_as_far_as_the_shift_of_the_middle_frames():
    """Independent pixels: a patch of 441 numbers, of which 147, the middle frame, are shifted."""
    random = np.random.default_rng(0)
    values = random.normal(100, 20, (40, 20, 20, 3)).clip(0, 200)
    real = np.uint8(values)
    deviation = real.std()
    expected = math.sqrt(147) * 30 / deviation * mean_of_component(200) * math.sqrt(200 / 441)
    # The mean over 64 directions deviates by about 10 %.
    assert wasserstein(real + 30, real, 30) == pytest.approx(expected, rel=0.3)


def test_frozen_noise_lacks_the_steps():
    """The projected width falls from 1 to √(147/441), as two thirds of the numbers are steps."""
    real = np.random.default_rng(0).integers(0, 256, (60, 20, 20, 3), dtype=np.uint8)
    frozen = np.repeat(real[:1], 60, axis=0)
    expected = (1 - math.sqrt(1 / 3)) * math.sqrt(2 / math.pi)
    assert wasserstein(frozen, real, 30) == pytest.approx(expected, rel=0.25)


def test_levels_count_alike(texture):
    """Half the contrast: all projected widths halve, at every level."""
    real = texture(40, 32, 0)
    made = np.uint8(np.rint(127 + (real.astype(float) - 127) / 2))
    single = [np.abs(np.percentile(part, [25, 75])).sum() for part in (made - 127.0, real - 127.0)]
    assert single[0] / single[1] == pytest.approx(0.5, abs=0.02)
    found = wasserstein(made, real, 30)
    assert 0.3 < found < 0.5  # Gaussian: (1 - 0.5) √(2/π) = 0.40


def test_patches_come_from_everywhere_and_are_three_frames_of_the_video():
    """Each pixel tells its place: colours are frame, row and column."""
    frames, rows, columns = np.indices((30, 12, 14))
    video = np.stack([frames, rows, columns], axis=-1).astype(np.uint8)
    (patches,) = sampled_patches(video, PATCHES)
    places = np.rint((patches.frames.reshape(PATCHES, 3, 7, 7) + 1.0) * 127.5)
    first = places[:, :, 0, 0]  # middle frame, first row, first column
    for axis, numbers in enumerate((range(1, 29), range(6), range(8))):
        shares = [np.mean(first[:, axis] == number) for number in numbers]
        assert sum(shares) == 1.0
        assert min(shares) > 0.7 / len(numbers)
    for axis, along in zip((1, 2), np.indices((7, 7)), strict=True):
        relative = places[:, axis] - first[:, axis].reshape(-1, 1, 1)
        assert np.all(relative == along)
    steps = np.rint(patches.steps.reshape(PATCHES, 2, 3, 7, 7) * 127.5)
    np.testing.assert_array_equal(steps[:, 0, 0], -1.0)
    np.testing.assert_array_equal(steps[:, 1, 0], 1.0)
    np.testing.assert_array_equal(steps[:, :, 1:], 0.0)


def test_patches_of_a_long_video_are_three_frames_from_all_its_parts():
    """The first two colours tell the number of the frame."""
    numbers = np.arange(700)
    colours = np.stack([numbers % 256, numbers // 256, 0 * numbers], axis=-1).astype(np.uint8)
    video = np.tile(colours.reshape(-1, 1, 1, 3), (1, 7, 7, 1))
    (patches,) = sampled_patches(video, PATCHES)
    middle = np.rint((patches.frames.reshape(PATCHES, 3, 49) + 1.0) * 127.5)
    places = np.unique(middle[:, 0] + 256 * middle[:, 1])
    assert (places.min(), places.max(), len(places)) == (1, 698, 128)
    assert np.diff(places).max() <= 6
    steps = np.rint(patches.steps.reshape(PATCHES, 2, 3, 49) * 127.5)
    steps = steps[:, :, 0] + 256 * steps[:, :, 1]
    assert np.all(steps[:, 0] == -1)
    assert np.all(steps[:, 1] == 1)


def test_measure_is_the_same_every_time_and_0_only_for_equal_videos(texture):
    real, made = texture(20, 24, 0), texture(20, 24, 1)
    assert wasserstein(made, real, 30) == wasserstein(made.copy(), real, 30) > 0.0
    assert wasserstein(real.copy(), real, 30) == 0.0


@pytest.mark.filterwarnings("error")
def test_video_that_shows_nothing_is_0_against_itself_and_far_from_others():
    nothing = np.full((5, 8, 8, 3), 9, np.uint8)
    other = nothing.copy()
    other[2:] = 40
    assert wasserstein(nothing, nothing, 30) == 0.0
    assert wasserstein(other, nothing, 30) > 1.0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(2, 8, 8, 3), (5, 6, 8, 3), (5, 8, 6, 3)])
def test_video_without_a_patch_has_no_measure(shape):
    video = np.zeros((5, 8, 8, 3), np.uint8)
    small = video[: shape[0], : shape[1], : shape[2]]
    assert math.isnan(wasserstein(small, small, 30))
    assert math.isnan(wasserstein(small, video, 30))
