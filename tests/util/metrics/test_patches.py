"""Patches and pyramids: against loops and plain matrices."""

import numpy as np
import pytest

from util.metrics.patches import can_be_cut, double, halve, laplacian_pyramid, patch_windows

KERNEL = np.array([1, 4, 6, 4, 1]) / 16


def smoothing_matrix(size):
    """Row i holds the kernel around i; beyond the border the picture is mirrored."""
    matrix = np.zeros((size, size))
    for row in range(size):
        for offset, weight in zip(range(-2, 3), KERNEL, strict=True):
            column = abs(row + offset)
            matrix[row, column if column < size else 2 * (size - 1) - column] += weight
    return matrix


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize(("height", "width"), [(16, 20), (17, 21)])
def test_halving_smooths_and_keeps_every_second_pixel(height, width):
    frames = noise(2, height, width, 3)
    down, across = (smoothing_matrix(size)[::2] for size in (height, width))
    expected = np.einsum("yh,xw,thwc->tyxc", down, across, frames)
    np.testing.assert_allclose(halve(frames), expected, atol=1e-12)


@pytest.mark.parametrize(("height", "width"), [(16, 20), (17, 21)])
def test_doubling_interpolates_between_the_kept_pixels(height, width):
    coarse = noise(2, -(-height // 2), -(-width // 2), 3)
    up, along = (2 * smoothing_matrix(size)[:, ::2] for size in (height, width))
    expected = np.einsum("hy,wx,tyxc->thwc", up, along, coarse)
    np.testing.assert_allclose(double(coarse, (2, height, width, 3)), expected, atol=1e-12)


def test_even_picture_stays_even():
    np.testing.assert_allclose(halve(np.full((1, 9, 12, 3), 0.3)), 0.3)
    np.testing.assert_allclose(double(np.full((1, 5, 6, 3), 0.3), (1, 9, 12, 3)), 0.3)


@pytest.mark.parametrize("side", [64, 37])
def test_levels_add_up_to_the_frames(side):
    frames = noise(2, side, side, 3)
    levels = laplacian_pyramid(frames, 16)
    assert [level.shape[1] for level in levels] == {64: [64, 32, 16], 37: [37, 19]}[side]
    total = levels[-1]
    for level in reversed(levels[:-1]):
        total = level + double(total, level.shape)
    np.testing.assert_allclose(total, frames, atol=1e-12)


def test_only_the_last_level_has_the_brightness():
    frames = noise(2, 32, 32, 3)
    fine, coarse = laplacian_pyramid(frames, 16)
    lighter_fine, lighter_coarse = laplacian_pyramid(frames + 0.5, 16)
    np.testing.assert_allclose(lighter_fine, fine, atol=1e-12)
    np.testing.assert_allclose(lighter_coarse, coarse + 0.5, atol=1e-12)


def test_a_patch_is_three_frames_of_seven_pixels_square_in_all_colours():
    video = noise(6, 9, 10, 3)
    windows = patch_windows(video)
    assert windows.shape == (4, 3, 4, 3, 3, 7, 7)
    for time, row, column in np.ndindex(4, 3, 4):
        patch = video[time : time + 3, row : row + 7, column : column + 7]
        np.testing.assert_array_equal(windows[time, row, column], np.moveaxis(patch, 3, 0))


@pytest.mark.parametrize(
    ("shape", "can"),
    [((3, 7, 7, 3), True), ((2, 7, 7, 3), False), ((3, 6, 9, 3), False), ((3, 9, 6, 3), False)],
)
def test_smaller_videos_have_no_patch(shape, can):
    assert can_be_cut(np.zeros(shape)) == can
