"""Distances to the nearest frame: clips by hand and loops in float64."""

import numpy as np
import pytest

from util.metrics.nearest_frames import coverage, nearest_frame, squared_distances


def noise(length, seed, height=5):
    return np.random.default_rng(seed).integers(0, 256, (length, height, 4, 3), dtype=np.uint8)


@pytest.mark.parametrize("height", [5, 40])
def test_distances_equal_loops_over_pairs_of_frames(height):
    some, others = noise(4, 0, height), noise(6, 1, height)
    expected = [[np.mean((one / 127.5 - other / 127.5) ** 2) for other in others] for one in some]
    np.testing.assert_allclose(squared_distances(some, others), expected, rtol=1e-12)


def test_copies_in_any_order_have_exactly_0():
    clip = noise(9, 0)
    shuffled = np.random.default_rng(2).permutation(clip)
    assert nearest_frame(shuffled, clip, 30) == 0.0
    assert coverage(shuffled, clip, 30) == 0.0


def test_what_a_video_leaves_out_counts_for_coverage_only():
    """Of frames of 0, 51 and 255 it shows the first two: the third is 204 away from 51."""
    clip = np.zeros((3, 2, 2, 3), np.uint8) + np.uint8([0, 51, 255]).reshape(-1, 1, 1, 1)
    assert nearest_frame(clip[:2], clip, 30) == 0.0
    assert coverage(clip[:2], clip, 30) == pytest.approx(204 / 127.5 / 3)


def test_what_was_never_observed_counts_for_nearest_frame_only():
    clip = np.zeros((3, 2, 2, 3), np.uint8) + np.uint8([0, 51, 255]).reshape(-1, 1, 1, 1)
    assert nearest_frame(clip, clip[:2], 30) == pytest.approx(204 / 127.5 / 3)
    assert coverage(clip, clip[:2], 30) == 0.0


def test_distance_is_the_root_of_the_mean_square_of_a_frame():
    """One pixel of four is 40 away: √(40² / 4) = 20."""
    clip = np.full((2, 2, 2, 3), 100, np.uint8)
    made = clip.copy()
    made[:, 0, 0] = 140
    assert nearest_frame(made, clip, 30) == pytest.approx(20 / 127.5)
