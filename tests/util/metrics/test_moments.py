"""Moments over time: clips by hand and loops over pixels in float64."""

import math

import numpy as np
import pytest

from util.metrics.moments import delta_std, mean, std

MOMENTS = [mean, std, delta_std]


def flat(*values):
    """Grey frames, each of one value, uint8 [T, 2, 2, 3]."""
    return np.tile(np.reshape(np.array(values, np.uint8), (-1, 1, 1, 1)), (1, 2, 2, 3))


def noise(length, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (length, 4, 5, 3), dtype=np.uint8)


def test_brighter_video_differs_by_the_shift_in_the_mean_and_in_nothing_else():
    dark, light = flat(50, 60, 40), flat(90, 100, 80)
    assert mean(light, dark, 30) == pytest.approx(40 / 127.5)
    assert std(light, dark, 30) == 0.0
    assert delta_std(light, dark, 30) == 0.0


def test_std_is_told_in_the_scale_of_the_model():
    """100, 110 deviate by 5 from their mean, 100, 140 by 20."""
    assert std(flat(100, 140), flat(100, 110), 30) == pytest.approx(15 / 127.5)


def test_delta_std_looks_at_the_steps():
    """Steps 10, -10 deviate by 10, steps 2, 6, 2, 6 by 2."""
    jumping, uneven = flat(100, 110, 100), flat(100, 102, 108, 110, 116)
    assert delta_std(jumping, uneven, 30) == pytest.approx(8 / 127.5)


def test_moments_equal_loops_over_pixels_of_videos_of_other_lengths():
    made, real = noise(7), noise(11, seed=1)

    def moments_of(video, place):
        series = [float(frame[place]) / 127.5 - 1.0 for frame in video]
        steps = [after - before for before, after in zip(series, series[1:], strict=False)]
        mean_of = sum(series) / len(series)
        deviations = []
        for numbers in (series, steps):
            middle = sum(numbers) / len(numbers)
            squares = sum((number - middle) ** 2 for number in numbers)
            deviations.append(math.sqrt(squares / len(numbers)))
        return [mean_of, *deviations]

    differences = [
        np.subtract(moments_of(made, place), moments_of(real, place))
        for place in np.ndindex(4, 5, 3)
    ]
    expected = np.sqrt(np.mean(np.square(differences), axis=0))
    assert [moment(made, real, 30) for moment in MOMENTS] == pytest.approx(list(expected))


def test_differences_of_pixels_do_not_cancel():
    """The mean picture is lighter in one pixel and darker in another by as much."""
    real = np.full((3, 1, 2, 3), 100, np.uint8)
    made = real.copy()
    made[:, 0, 0] += 30
    made[:, 0, 1] -= 30
    assert mean(made, real, 30) == pytest.approx(30 / 127.5)


@pytest.mark.filterwarnings("error")
def test_too_few_frames_have_no_deviation():
    video = noise(5)
    for one, other in ((video[:1], video), (video, video[:1])):
        assert math.isnan(std(one, other, 30))
    for one, other in ((video[:2], video), (video, video[:2])):
        assert math.isnan(delta_std(one, other, 30))
        assert std(one, other, 30) > 0.0
    assert mean(video[:1], video, 30) > 0.0
