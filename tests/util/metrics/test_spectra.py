"""Power spectra: sinusoids, noise, SciPy's implementation of Welch's method, made textures."""

import math

import numpy as np
import pytest
from scipy.signal import welch

from util.metrics.measures import MEASURES
from util.metrics.principal_components import principal_components
from util.metrics.ratios import motion
from util.metrics.references import REFERENCES
from util.metrics.spectra import (
    WINDOW,
    fast_motion,
    log_spectrum,
    pixel_spectrum,
    power_spectrum,
    slow_motion,
)

ROUNDING = (1 / 127.5) ** 2 / 12  # variance of a uniform error of one byte, in [-1, 1]
OF_SPECTRA = ("log_spectrum", "pixel_spectrum", "slow_motion", "fast_motion")


def least(power):
    """The power that is added on both sides before the logarithm, for an observed `power`."""
    return ROUNDING + 0.001 * power.mean()


def log_distance(made, real):
    return np.mean(np.abs(np.log((made + least(real)) / (real + least(real)))))


def from_series(series, side=3):
    """Grey frames, uint8 [T, side, side, 3], whose pixels all have the byte values `series`."""
    values = np.array(series).astype(np.uint8)
    return np.tile(values.reshape(-1, 1, 1, 1), (1, side, side, 3))


def welch_spectrum(values):
    """Two-sided power at the frequencies 1/12 … 6/12 by SciPy; [frequencies, …]."""
    density = welch(values, window="hann", nperseg=12, noverlap=6, axis=0, return_onesided=False)[1]
    return density[1:7]


def to_bytes(values):
    return np.uint8(np.rint(np.clip(values, 0, 255)))


def noisy(clip, deviation):
    return to_bytes(clip + np.random.default_rng(0).normal(0, deviation, clip.shape))


# --- The spectrum ---


@pytest.mark.parametrize("length", [75, 30, 12])
def test_spectrum_is_that_of_the_method_of_welch(length):
    series = np.random.default_rng(0).standard_normal((length, 5)).cumsum(axis=0)
    np.testing.assert_allclose(power_spectrum(series), welch_spectrum(series))


def test_sinusoid_has_its_power_at_its_frequency_and_a_quarter_beside_it():
    """With a Hann taper of n frames, a sin has the power a² n / 6 at its frequency."""
    series = 3.0 * np.sin(2 * np.pi * 4 / 12 * np.arange(90) + 0.4)
    found = power_spectrum(series[:, np.newaxis])[:, 0]
    expected = np.zeros(6)
    expected[[2, 3, 4]] = np.array([0.25, 1.0, 0.25]) * 9.0 * 12 / 6  # frequencies 3, 4, 5
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_noise_has_its_variance_at_every_frequency_and_five_sixths_of_it_at_the_lowest():
    series = np.random.default_rng(0).normal(0, 2, (30_000, 3))
    expected = [4.0 * 5 / 6, 4.0, 4.0, 4.0, 4.0, 4.0]
    np.testing.assert_allclose(power_spectrum(series).mean(axis=1), expected, rtol=0.06)


# --- What both differences share ---


def halves_of(series):
    """Two-sided power of a series, averaged over its halves."""
    middle = len(series) // 2
    return (welch_spectrum(series[:middle]) + welch_spectrum(series[middle:])) / 2


def test_variation_twice_as_strong_has_four_times_the_power():
    steps = np.random.default_rng(0).integers(-30, 31, 80)
    real, made = from_series(127 + steps), from_series(127 + 2 * steps)
    power = welch_spectrum(steps / 127.5)
    expected = log_distance(4 * power, power)
    assert expected == pytest.approx(math.log(4), rel=0.02)
    assert pixel_spectrum(made, real, 30) == pytest.approx(expected, rel=1e-5)
    expected = log_distance(power, 4 * power)
    assert pixel_spectrum(real, made, 30) == pytest.approx(expected, rel=1e-5)
    # The only component is the mean of the 27 values of a frame times √27.
    power = 27 * halves_of(steps / 127.5)
    assert log_spectrum(made, real, 30) == pytest.approx(log_distance(4 * power, power), rel=1e-4)


@pytest.mark.filterwarnings("error")
def test_frozen_video_has_a_finite_distance():
    steps = np.random.default_rng(0).integers(-30, 31, 80)
    real, frozen = from_series(127 + steps), from_series(np.full(80, 127))
    power = welch_spectrum(steps / 127.5)
    assert pixel_spectrum(frozen, real, 30) == pytest.approx(log_distance(0.0, power), rel=1e-5)
    power = 27 * halves_of(steps / 127.5)
    assert log_spectrum(frozen, real, 30) == pytest.approx(log_distance(0.0, power), rel=1e-4)


def test_noise_of_a_grey_level_hardly_matters_where_the_observed_stands_still():
    """Slow waves have almost no power at high frequencies."""
    rows = np.sin(2 * np.pi * (np.arange(90)[:, None] / 12 + np.arange(24) / 24))
    real = np.uint8(127.5 + 60 * np.tile(rows[:, :, None, None], (1, 1, 24, 3)))
    fainter = np.uint8(127.5 + 0.5 * (real - 127.5))
    assert log_spectrum(noisy(real, 1), real, 30) < 0.1 * log_spectrum(fainter, real, 30)


@pytest.mark.filterwarnings("error")
def test_what_does_not_exist_is_nan(texture):
    clip = texture(40, 8, 0)
    still = np.repeat(clip[:1], 40, axis=0)
    for name in OF_SPECTRA:
        shortest = 2 * WINDOW if name == "log_spectrum" else WINDOW
        measure = MEASURES[name].value
        for one, other in ((clip[: shortest - 1], clip), (clip, clip[: shortest - 1])):
            assert math.isnan(measure(one, other, 30)), name
        assert measure(clip[:shortest], clip, 30) > 0.0, name
        assert measure(clip, clip[:shortest], 30) > 0.0, name
        assert math.isnan(measure(clip, still, 30)) == (name != "pixel_spectrum"), name


def test_windows_have_one_length_whatever_the_lengths_of_the_videos_are():
    """A wave has the same power in each window."""
    wave = np.sin(2 * np.pi * np.arange(12) / 12)
    real = from_series(127 + np.tile(np.rint(60 * wave), 10))
    made = from_series(127 + np.tile(np.rint(40 * wave), 20))
    for name in OF_SPECTRA:
        measure = MEASURES[name].value
        value = measure(made[:24], real[:24], 30)
        for made_frames, real_frames in ((240, 120), (24, 120), (240, 24)):
            again = measure(made[:made_frames], real[:real_frames], 30)
            assert again == pytest.approx(value, rel=1e-4), name


# --- log_spectrum ---


@pytest.mark.parametrize("lengths", [(71, 50), (24, 27)])
def test_each_half_is_projected_on_the_components_of_the_other_half_of_the_observed(
    texture, lengths
):
    made, real = (texture(length, 12, seed) for seed, length in enumerate(lengths, 1))
    parts = [
        [part.reshape(len(part), -1) / 127.5 - 1.0 for part in np.split(video, [len(video) // 2])]
        for video in (made, real)
    ]
    powers = np.zeros((2, 6, 10))
    for half in (0, 1):
        other = parts[1][1 - half]
        axes = np.linalg.svd(other - other.mean(axis=0), full_matrices=False)[2][:10].T
        for video in (0, 1):
            powers[video] += welch_spectrum(parts[video][half] @ axes) / 2
    expected = log_distance(*powers)
    assert log_spectrum(made, real, 30) == pytest.approx(expected, rel=1e-3)


def test_halves_with_different_numbers_of_components_share_the_first_ones():
    """The second half has one component, and the first half has two."""
    random = np.random.default_rng(0)
    one, two = random.integers(-30, 31, (2, 60))
    real = np.full((60, 4, 4, 3), 127)
    real[:, :2] += one.reshape(-1, 1, 1, 1)
    real[:30, 2:, :1] += two[:30].reshape(-1, 1, 1, 1)
    real = np.uint8(real)
    ranks = [
        principal_components(half.reshape(30, -1) / 127.5, 10).directions.shape[1]
        for half in np.split(real, 2)
    ]
    assert ranks == [2, 1]
    assert log_spectrum(real, real, 30) == 0.0
    assert log_spectrum(from_series(np.full(60, 127), 4), real, 30) > 1.0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("still", [slice(0, 30), slice(30, 60)])
def test_clip_of_which_one_half_stands_still_has_no_log_spectrum(texture, still):
    clip = texture(60, 8, 0)
    clip[still] = clip[30]
    assert math.isnan(log_spectrum(texture(60, 8, 1), clip, 30))


def test_independent_sample_is_nearer_than_the_linear_system_and_frozen_is_farthest(texture):
    """The linear system makes the components of the clip stronger than the process does."""
    sample, linear, frozen = [], [], []
    for seed in range(5):
        real = texture(60, 24, 10 + seed)
        sample.append(log_spectrum(texture(120, 24, 50 + seed), real, 30))
        row, random = REFERENCES["linear system"], np.random.default_rng(seed)
        videos = [row.make(real, random, 20, 120).video for _ in range(row.samples)]
        linear.append(np.mean([log_spectrum(video, real, 30) for video in videos]))
        frozen.append(log_spectrum(np.repeat(real[:1], 60, axis=0), real, 30))
    assert np.mean(sample) < np.mean(linear)
    assert 5 * max(sample + linear) < min(frozen)


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


# --- pixel_spectrum ---


@pytest.mark.parametrize(("height", "width"), [(8, 16), (3, 4), (9, 20)])
def test_pixel_spectrum_is_the_mean_over_blocks_of_8_pixels(height, width):
    random = np.random.default_rng(0)
    made, real = (
        random.integers(low, 256, (40, height, width, 3), dtype=np.uint8) for low in (60, 0)
    )
    powers = [welch_spectrum(video / 127.5 - 1.0) for video in (made, real)]
    corners = [(top, left) for top in range(0, height, 8) for left in range(0, width, 8)]
    blocks = [
        np.array([power[:, y : y + 8, x : x + 8].mean(axis=(1, 2, 3)) for y, x in corners])
        for power in powers
    ]
    assert pixel_spectrum(made, real, 30) == pytest.approx(log_distance(*blocks), rel=1e-5)


def flicker(strength_left, strength_right):
    """Noise of these standard deviations, in bytes, in the halves of a picture of 16×16 pixels."""
    noise = np.random.default_rng(0).normal(0, 1, (80, 16, 16, 3))
    noise[:, :, :8] *= strength_left
    noise[:, :, 8:] *= strength_right
    return to_bytes(127 + noise)


def test_flicker_that_moves_to_the_other_half_counts():
    real, moved = flicker(30, 10), flicker(10, 30)
    assert pixel_spectrum(real.copy(), real, 30) == 0.0
    assert pixel_spectrum(moved, real, 30) == pytest.approx(math.log(9), rel=0.1)
    for measure in (slow_motion, fast_motion):  # they do not see where it is
        assert measure(moved, real, 30) == pytest.approx(1.0, abs=0.05)


def test_pixel_spectrum_grows_with_the_strength_of_flicker_in_the_wrong_place():
    real = flicker(30, 10)
    values = [pixel_spectrum(flicker(30, strength), real, 30) for strength in (10, 12, 15, 20, 30)]
    assert values[0] == 0.0
    assert values == sorted(set(values))


# --- slow_motion and fast_motion ---


@pytest.mark.parametrize(("measure", "band"), [(slow_motion, [0, 1]), (fast_motion, [3, 4, 5])])
def test_strength_is_the_root_of_the_ratio_of_powers_in_its_band(texture, measure, band):
    made, real = texture(60, 9, 1), texture(40, 9, 2)
    powers = [welch_spectrum(video / 127.5 - 1.0).mean(axis=(1, 2, 3)) for video in (made, real)]
    in_band = [power[band].mean() + least(powers[1]) for power in powers]
    assert measure(made, real, 30) == pytest.approx(np.sqrt(in_band[0] / in_band[1]), rel=1e-5)


@pytest.mark.parametrize(("period", "slow", "fast"), [(12, 2, 1), (8, 2, 1), (3, 1, 2), (2, 1, 2)])
def test_waves_of_eight_frames_and_more_are_slow_and_of_three_and_fewer_fast(period, slow, fast):
    """One wave is twice as strong as in the observed video; white noise has all frequencies."""
    noise = np.random.default_rng(0).normal(0, 3, (120, 8, 8, 3))
    wave = np.cos(2 * np.pi * np.arange(120) / period).reshape(-1, 1, 1, 1)
    made, real = (to_bytes(127 + noise + height * wave) for height in (60, 30))
    assert slow_motion(made, real, 30) == pytest.approx(slow, rel=0.02 if slow == 2 else 0.3)
    assert fast_motion(made, real, 30) == pytest.approx(fast, rel=0.02 if fast == 2 else 0.3)


def test_copy_has_1_and_frozen_almost_nothing(texture):
    clip = texture(60, 16, 0)
    frozen = np.repeat(clip[:1], 60, axis=0)
    for measure in (slow_motion, fast_motion):
        assert measure(clip.copy(), clip, 30) == 1.0
    assert slow_motion(frozen, clip, 30) < 0.05
    assert fast_motion(frozen, clip, 30) < 0.2


@pytest.mark.parametrize(("speed", "jitter"), [(0.75, 19.5), (0.5, 23.5), (0.25, 26.5)])
def test_slower_video_that_jitters_is_told_where_motion_alone_stays_1(texture, speed, jitter):
    """The slower video loses slow and fast motion. The noise gives back only fast motion."""
    clip = texture(60, 32, 0)
    place = speed * np.arange(len(clip))
    before, part = place.astype(int), (place % 1).reshape(-1, 1, 1, 1)
    slower = to_bytes((1 - part) * clip[before] + part * clip[before + 1])
    jittering = noisy(slower, jitter)
    assert motion(jittering, clip, 30) == pytest.approx(1.0, abs=0.03)
    assert slow_motion(jittering, clip, 30) < 0.92
    assert fast_motion(jittering, clip, 30) > 1.07
    assert slow_motion(slower, clip, 30) < 0.9
    assert fast_motion(slower, clip, 30) < 0.55


def test_fast_motion_of_a_smooth_clip_is_not_divided_by_almost_nothing():
    """The clip has fast motion only by rounding. Noise of one grey level does not count."""
    wave = np.sin(2 * np.pi * np.arange(96) / 12)
    real = from_series(127 + 60 * wave, 16)
    assert fast_motion(noisy(real, 1), real, 30) == pytest.approx(1.0, abs=0.3)
    assert fast_motion(from_series(np.full(96, 127), 16), real, 30) > 0.1
    assert 3 < fast_motion(noisy(real, 10), real, 30) < 10
    # In a clip that hardly moves, the power of rounding is added.
    faint = from_series(127 + (np.arange(96) == 50), 16)
    power = welch_spectrum((np.arange(96) == 50) / 127.5)
    made = from_series(np.full(96, 127), 16)
    expected = np.sqrt(least(power) / (power[3:].mean() + least(power)))
    assert fast_motion(made, faint, 30) == pytest.approx(expected, rel=1e-4)
    assert expected > 0.5
