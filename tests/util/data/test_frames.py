"""Frames as bytes and in [-1, 1]."""

import numpy as np

from util.data.frames import to_bytes, to_model_range

BYTES = np.arange(256, dtype=np.uint8)


def test_bytes_survive_the_way_there_and_back():
    np.testing.assert_array_equal(to_bytes(to_model_range(BYTES)), BYTES)
    assert to_bytes(to_model_range(BYTES)).dtype == np.uint8


def test_scale_is_linear_and_its_ends_are_exact():
    """Against a straight line in float64."""
    scaled = to_model_range(BYTES)
    assert scaled.dtype == np.float32
    assert scaled[0] == -1.0
    assert scaled[255] == 1.0
    np.testing.assert_allclose(scaled, np.linspace(-1.0, 1.0, 256), atol=2e-7)


def test_ends_and_middle_of_the_range_become_their_bytes():
    np.testing.assert_array_equal(to_bytes(np.array([-1.0, 0.001, 1.0])), [0, 128, 255])


def test_the_nearest_byte_is_taken():
    value = to_model_range(np.array([100], np.uint8)).astype(np.float64)
    just_under_half = 0.49 / 127.5
    assert to_bytes(value + just_under_half) == 100
    assert to_bytes(value - just_under_half) == 100
    assert to_bytes(value + 0.51 / 127.5) == 101


def test_beyond_the_range_is_clipped():
    np.testing.assert_array_equal(to_bytes(np.array([-7.0, -1.01, 1.01, 7.0])), [0, 0, 255, 255])


def test_shape_is_kept():
    clip = np.zeros((2, 3, 4, 5, 3), np.uint8)
    assert to_bytes(to_model_range(clip)).shape == clip.shape
