"""Power spectra: sinusoids, noise, and SciPy's implementation of Welch's method."""

import math

import numpy as np
import pytest
from scipy.signal import welch

from util.metrics.principal_components import principal_components
from util.metrics.spectra import (
    log_spectrum,
    mean_pixel_spectrum,
    pixel_spectrum,
    power_spectrum,
    window_length,
)

ROUNDING = (1 / 127.5) ** 2 / 12  # variance of a uniform error of one byte, in [-1, 1]


def least(power):
    """The power that is added on both sides before the logarithm, for an observed `power`."""
    return ROUNDING + 0.001 * power.mean()


def from_series(series, side=3):
    """Grey frames, uint8 [T, side, side, 3], whose pixels all have the byte values `series`."""
    values = np.array(series).astype(np.uint8)
    return np.tile(values.reshape(-1, 1, 1, 1), (1, side, side, 3))


def welch_spectrum(values, window):
    """Two-sided power at the frequencies 1/window … 1/2 by SciPy; [frequencies, …]."""
    density = welch(
        values,
        window="hann",
        nperseg=window,
        noverlap=window - window // 2,
        axis=0,
        return_onesided=False,
    )[1]
    return density[1 : window // 2 + 1]


@pytest.mark.parametrize("window", [30, 13, 4])
def test_spectrum_is_that_of_the_method_of_welch(window):
    series = np.random.default_rng(0).standard_normal((75, 5)).cumsum(axis=0)
    np.testing.assert_allclose(power_spectrum(series, window), welch_spectrum(series, window))


def test_sinusoid_has_its_power_at_its_frequency_and_a_quarter_beside_it():
    """With a Hann taper of n frames, a sin has the power a² n / 6 at its frequency."""
    series = 3.0 * np.sin(2 * np.pi * 7 / 30 * np.arange(90) + 0.4)
    found = power_spectrum(series[:, np.newaxis], 30)[:, 0]
    expected = np.zeros(15)
    expected[[5, 6, 7]] = np.array([0.25, 1.0, 0.25]) * 9.0 * 30 / 6  # frequencies 6, 7, 8
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_noise_has_its_variance_at_every_frequency():
    series = np.random.default_rng(0).normal(0, 2, (30_000, 3))
    np.testing.assert_allclose(power_spectrum(series, 30).mean(axis=1)[1:], 4.0, rtol=0.06)


def test_windows_are_shorter_in_shorter_clips():
    frames = np.zeros((200, 1))
    lengths = (200, 60, 59, 20, 8, 7, 1)
    assert [window_length(frames, frames[:n]) for n in lengths] == [30, 30, 29, 10, 4, 0, 0]
    assert window_length(frames[:20], frames) == 10


def test_pixel_spectrum_of_a_video_is_the_mean_of_the_spectra_of_its_pixels():
    video = np.random.default_rng(0).integers(0, 256, (40, 3, 4, 3), dtype=np.uint8)
    expected = welch_spectrum(video / 127.5 - 1.0, 20).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(mean_pixel_spectrum(video, 20), expected, rtol=1e-5)


def test_variation_twice_as_strong_has_four_times_the_power():
    steps = np.random.default_rng(0).integers(-30, 31, 80)
    real, made = from_series(127 + steps), from_series(127 + 2 * steps)
    power = welch_spectrum(steps / 127.5, 30)
    added = least(power)
    expected = np.mean(np.log((4 * power + added) / (power + added)))
    assert expected == pytest.approx(math.log(4), rel=0.02)
    assert pixel_spectrum(made, real, 30) == pytest.approx(expected, rel=1e-5)
    added = least(4 * power)
    expected = np.mean(np.log((4 * power + added) / (power + added)))
    assert pixel_spectrum(real, made, 30) == pytest.approx(expected, rel=1e-5)
    # The only component is the mean of the 27 values of a frame times √27.
    added = least(27 * power)
    expected = np.mean(np.log((4 * 27 * power + added) / (27 * power + added)))
    assert log_spectrum(made, real, 30) == pytest.approx(expected, rel=1e-4)


@pytest.mark.filterwarnings("error")
def test_frozen_video_has_a_finite_distance():
    steps = np.random.default_rng(0).integers(-30, 31, 80)
    real, frozen = from_series(127 + steps), from_series(np.full(80, 127))
    power = welch_spectrum(steps / 127.5, 30)
    expected = np.mean(np.log((power + least(power)) / least(power)))
    assert pixel_spectrum(frozen, real, 30) == pytest.approx(expected, rel=1e-5)
    expected = np.mean(np.log((27 * power + least(27 * power)) / least(27 * power)))
    assert log_spectrum(frozen, real, 30) == pytest.approx(expected, rel=1e-4)


def test_log_spectrum_projects_both_on_the_components_of_the_observed(texture):
    made, real = texture(70, 12, 1), texture(50, 12, 2)
    flat = [(video / 127.5 - 1.0).reshape(len(video), -1) for video in (made, real)]
    mean = flat[1].mean(axis=0)
    axes = np.linalg.svd(flat[1] - mean, full_matrices=False)[2][:10].T
    powers = [welch_spectrum((values - mean) @ axes, 25) for values in flat]
    logs = [np.log(power + least(powers[1])) for power in powers]
    expected = np.mean(np.abs(logs[0] - logs[1]))
    assert log_spectrum(made, real, 30) == pytest.approx(expected, rel=1e-3)


def test_noise_of_a_grey_level_hardly_matters_where_the_observed_stands_still():
    """Slow waves have almost no power at high frequencies."""
    rows = np.sin(2 * np.pi * (np.arange(90)[:, None] / 30 + np.arange(24) / 24))
    real = np.uint8(127.5 + 60 * np.tile(rows[:, :, None, None], (1, 1, 24, 3)))
    noise = np.random.default_rng(0).normal(0, 1, real.shape)
    made = np.uint8(np.clip(np.round(real + noise), 0, 255))
    fainter = np.uint8(127.5 + 0.5 * (real - 127.5))
    assert log_spectrum(made, real, 30) < 0.1 * log_spectrum(fainter, real, 30)


def test_what_the_observed_never_does_is_seen_by_pixels_and_not_by_components():
    """The left half flickers in the observed video; in the other one the right half too."""
    steps = np.random.default_rng(0).integers(-30, 31, 80).reshape(-1, 1, 1, 1)
    real = np.full((80, 4, 4, 3), 127, np.int64)
    real[:, :, :2] += steps
    made = real.copy()
    made[:, :, 2:] += steps[::-1]
    made, real = np.uint8(made), np.uint8(real)
    assert principal_components(real.reshape(80, -1) / 127.5, 10).directions.shape[1] == 1
    assert log_spectrum(made, real, 30) == pytest.approx(0.0, abs=1e-5)
    assert pixel_spectrum(made, real, 30) > 0.3


@pytest.mark.filterwarnings("error")
def test_short_or_still_videos_have_no_log_spectrum(texture):
    clip = texture(20, 8, 0)
    for one, other in ((clip[:7], clip), (clip, clip[:7])):
        assert math.isnan(log_spectrum(one, other, 30))
        assert math.isnan(pixel_spectrum(one, other, 30))
    assert math.isnan(log_spectrum(clip, np.repeat(clip[:1], 20, axis=0), 30))
    assert log_spectrum(clip[:8], clip, 30) > 0.0
