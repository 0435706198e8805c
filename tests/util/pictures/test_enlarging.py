"""The factor of enlarged frames, and the frames."""

import numpy as np
import pytest

from util.pictures.enlarging import enlarged, enlargement


@pytest.mark.parametrize(
    "side, factor", [(8, 32), (64, 4), (100, 3), (128, 2), (150, 2), (256, 1), (10**4, 1)]
)
def test_a_frame_alone_gets_at_least_256_pixels(side, factor):
    assert enlargement(0, [side], [side]) == factor


@pytest.mark.parametrize(
    "rows, columns, side, factor",
    [
        (1, 3, 64, 4),  # observed and two synthesized
        (1, 15, 64, 2),  # a row of a contact sheet: 1,920 pixels
        (1, 20, 64, 1),
        (1, 40, 64, 1),  # never below 1
        (1, 15, 8, 16),
        (12, 2, 64, 4),
        (100, 2, 64, 1),
    ],
)
def test_a_sheet_does_not_become_huge(rows, columns, side, factor):
    assert enlargement(0, [side] * rows, [side] * columns) == factor


@pytest.mark.parametrize(
    "asked, columns, factor", [(1, 1, 1), (3, 1, 3), (8, 3, 8), (64, 15, 4), (64, 1, 62)]
)
def test_a_factor_that_is_asked_for_holds_within_twice_the_size(asked, columns, factor):
    assert enlargement(asked, [64], [64] * columns) == factor


def test_shorter_side_counts_where_frames_are_not_square():
    assert enlargement(0, [64], [96]) == 4
    assert enlargement(0, [64, 32], [96]) == 8


def test_each_pixel_becomes_a_square():
    frame = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    expected = np.kron(frame.transpose(2, 0, 1), np.ones((4, 4), np.uint8)).transpose(1, 2, 0)
    np.testing.assert_array_equal(enlarged(frame, 4), expected)
