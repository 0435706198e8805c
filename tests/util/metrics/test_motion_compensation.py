"""Motion compensation by ffmpeg, on frames whose motion is known."""

import numpy as np
import pytest
from support.command_line import refusal

from util.metrics import motion_compensation
from util.metrics.motion_compensation import LEAST_SIDE, motion_compensated
from util.system.errors import RunError

SIDE = 64


def moving_square(times):
    """A textured square that moves 4 pixels to the right in a unit of time, on grey."""
    texture = np.random.default_rng(0).integers(0, 255, (6, 6, 3), np.uint8)
    texture = texture.repeat(4, axis=0).repeat(4, axis=1)
    frames = np.full((len(times), SIDE, SIDE, 3), 128, np.uint8)
    for frame, time in zip(frames, times, strict=True):
        left = 8 + round(4 * time)
        frame[20:44, left : left + 24] = texture
    return frames


@pytest.mark.parametrize("factor", [2, 4])
def test_square_is_moved_to_where_it_lies_in_between(factor):
    observed = moving_square(range(6))
    made = motion_compensated(observed, factor)
    truth = moving_square(np.arange(5 * factor + 1) / factor)
    assert made.shape == truth.shape
    np.testing.assert_allclose(made[::factor].astype(int), observed, atol=3)
    inside = slice(factor, 4 * factor)  # there the filter knows frames on both sides
    error = np.abs(made[inside].astype(int) - truth[inside]).mean()
    held = np.abs(observed.repeat(factor, axis=0)[inside].astype(int) - truth[inside]).mean()
    assert error < 0.25 * held


def test_frames_too_small_for_the_filter_give_none():
    with pytest.raises(RunError):
        motion_compensated(np.zeros((3, LEAST_SIDE - 1, 64, 3), np.uint8), 2)
    assert len(motion_compensated(np.zeros((3, LEAST_SIDE, 64, 3), np.uint8), 2)) == 5


def test_two_frames_are_enough():
    assert motion_compensated(moving_square(range(2)), 4).shape == (5, SIDE, SIDE, 3)


def test_ffmpeg_that_fails_is_named(monkeypatch):
    monkeypatch.setattr(motion_compensation, "ffmpeg_program", lambda: "false")
    line = refusal(motion_compensated, moving_square(range(3)), 2)
    assert line == "ffmpeg's minterpolate failed: no frames"
