"""Steps between frames, by hand."""

import math

import numpy as np
import pytest

from util.metrics.steps import first_step, from_ordinary_step, mean_step, seam, steps


def grey(*levels):
    """A video of frames of one grey each."""
    return np.asarray(levels, np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, 2, 2, 3), np.uint8)


def test_steps_are_mean_absolute_differences_also_downwards():
    assert steps(grey(10, 250, 0)).tolist() == [240, 250]


def test_mean_step_needs_two_frames():
    assert mean_step(grey(10, 250, 0)) == 245
    assert math.isnan(mean_step(grey(10)))


def test_first_step_is_relative_to_the_mean_after_it():
    assert first_step(grey(10, 16, 18, 22)) == pytest.approx(6 / 3)
    assert math.isnan(first_step(grey(10, 16, 16)))
    assert math.isnan(first_step(grey(10, 16)))


def test_seam_is_relative_to_the_mean_step_inside():
    found = seam(grey(10, 12, 16, 11))
    assert found.step == pytest.approx(1 / (11 / 3))
    assert found.largest == pytest.approx(5 / (11 / 3))


def test_seam_of_a_frozen_loop_does_not_exist():
    assert all(map(math.isnan, seam(grey(7, 7, 7))))


def test_loop_begins_after_its_median_step_and_keeps_its_order():
    loop = grey(0, 9, 10, 14, 12)  # steps 9, 1, 4, 2, and 12 over the seam: 4 is the median
    assert from_ordinary_step(loop)[:, 0, 0, 0].tolist() == [14, 12, 0, 9, 10]
