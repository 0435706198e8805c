"""Power spectra over time: differences, 0 for equal videos, and ratios, 1 for equal videos.

The power spectrum is estimated as by Welch, *The Use of Fast Fourier Transform for the Estimation
of Power Spectra*, IEEE Transactions on Audio and Electroacoustics 1967. The video is cut into
windows that overlap by half. From each window the mean is subtracted, and a Hann taper is applied.
The periodograms are averaged. Noise of variance v has the power v at every frequency but the
lowest, from which the mean of the window takes a sixth. The frequency 0 is left out: it tells about
the mean, not about motion.

The windows of all videos have the same length, so the spectra of a clip, of its halves and of a
longer video have the same frequencies. A shorter video has fewer windows, and its spectrum is more
uncertain.

The differences are mean absolute differences of natural logarithms. To both sides, the power of
rounding to bytes is added, and a thousandth of the mean power of the observed video. A video that
stands still therefore has a finite measure, and frequencies at which the observed video hardly
moves do not decide it: a clip may have 99 % of its power at 2 of 6 frequencies. The ratios add
the same power, so the fast motion of a smooth clip is not divided by almost nothing.
Videos are uint8 [T, H, W, 3]; they may differ in length.
"""

import math

import numpy as np

from util.data.frames import to_model_range
from util.metrics.principal_components import PrincipalComponents, principal_components
from util.metrics.rounding import ROUNDING_VARIANCE

WINDOW = 12  # frames; even a quarter of a clip of 48 frames has such a window, see `log_spectrum`
SLOW = slice(0, WINDOW // 6)  # the slower third of the frequencies: periods of 6 frames or more
FAST = slice(WINDOW // 4, None)  # the faster half of the frequencies: periods below 4 frames
COMPONENTS = 10
BLOCK = 8  # pixels
NEGLIGIBLE = 1e-3  # of the mean power of the observed video
FRAMES_AT_ONCE = 50  # limits the memory of a long video


def log_spectrum(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Difference of the log spectra of the first principal components of the OBSERVED video.

    A clip has more power in its own components than any other video of the same process, because
    they are fitted to its frames. So they are fitted to other frames (cross-fitting): each half of
    both videos is projected on the components of the other half of the observed video. The power of
    the first component is averaged over both halves, and so on. The mean is over components and
    frequencies. It is NaN if a video is shorter than two windows, or if a half of the observed
    video does not move.
    """
    if min(len(synthesized), len(observed)) < 2 * WINDOW:
        return math.nan
    components = [
        principal_components(to_model_range(half).reshape(len(half), -1), COMPONENTS)
        for half in halves(observed)
    ]
    count = min(of_half.directions.shape[1] for of_half in components)
    if not count:
        return math.nan
    made, real = (
        np.mean(
            [
                power_spectrum(projected(half, of_other))[:, :count]
                for half, of_other in zip(halves(video), reversed(components), strict=True)
            ],
            axis=0,
        )
        for video in (synthesized, observed)
    )
    return log_difference(made, real)


def halves(video: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the second half of a video; the second may be one frame longer."""
    middle = len(video) // 2
    return video[:middle], video[middle:]


def projected(video: np.ndarray, components: PrincipalComponents) -> np.ndarray:
    """A video minus the mean frame, projected on the directions; float32 [T, n]."""
    parts = (
        to_model_range(video[start : start + FRAMES_AT_ONCE])
        for start in range(0, len(video), FRAMES_AT_ONCE)
    )
    return np.concatenate([components.project(part.reshape(len(part), -1)) for part in parts])


def pixel_spectrum(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Difference of the logs of the spectra of pixels, each averaged over a block of 8×8 pixels.

    At the right and at the lower border, blocks may be smaller. The mean is over frequencies and
    blocks. It is NaN if a video is shorter than a window.
    """
    if min(len(synthesized), len(observed)) < WINDOW:
        return math.nan
    return log_difference(in_blocks(pixel_power(synthesized)), in_blocks(pixel_power(observed)))


def slow_motion(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """How strong slow motion is, relative to the observed video; see `strength`."""
    return strength(synthesized, observed, SLOW)


def fast_motion(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """How strong fast motion is, relative to the observed video; see `strength`."""
    return strength(synthesized, observed, FAST)


def strength(synthesized: np.ndarray, observed: np.ndarray, band: slice) -> float:
    """Root of the ratio of the powers of single pixels in a band of frequencies.

    The power is averaged over pixels and colours. The ratio is NaN if a video is shorter than a
    window, or if the observed video does not move.
    """
    if min(len(synthesized), len(observed)) < WINDOW or np.all(observed == observed[0]):
        return math.nan
    made, real = (pixel_power(video).mean(axis=(1, 2)) for video in (synthesized, observed))
    added = least(real)
    return math.sqrt((made[band].mean() + added) / (real[band].mean() + added))


def pixel_power(video: np.ndarray) -> np.ndarray:
    """Power spectrum of each pixel, averaged over its colours, [frequencies, H, W]."""
    total = np.zeros((WINDOW // 2, video[0].size))
    starts = starts_of_windows(len(video))
    for start in starts:  # one window after the other limits the memory of a long video
        frames = to_model_range(video[start : start + WINDOW])
        total += periodogram(frames.reshape(WINDOW, -1))
    return (total / len(starts)).reshape(-1, *video.shape[1:]).mean(axis=-1)


def in_blocks(power: np.ndarray) -> np.ndarray:
    """Mean of [frequencies, H, W] over each block of pixels, [frequencies, blocks]."""
    _, height, width = power.shape
    means = [
        power[:, top : top + BLOCK, left : left + BLOCK].mean(axis=(1, 2))
        for top in range(0, height, BLOCK)
        for left in range(0, width, BLOCK)
    ]
    return np.stack(means, axis=1)


def power_spectrum(series: np.ndarray) -> np.ndarray:
    """Power at the frequencies 1/12 … 6/12 per frame of series [T, n]; [frequencies, n]."""
    starts = starts_of_windows(len(series))
    return np.mean([periodogram(series[start : start + WINDOW]) for start in starts], axis=0)


def starts_of_windows(length: int) -> range:
    """The first frame of each window of a video of so many frames."""
    return range(0, length - WINDOW + 1, WINDOW // 2)


def periodogram(values: np.ndarray) -> np.ndarray:
    """Power of one window [WINDOW, n]; [frequencies, n].

    The Fourier transform is a product with few waves, which is faster than its fast form here.
    """
    times, frequencies = np.arange(WINDOW), np.arange(1, WINDOW // 2 + 1) / WINDOW
    taper = np.hanning(WINDOW + 1)[:-1]
    waves = taper * np.exp(-2j * np.pi * np.outer(frequencies, times))
    waves -= waves.mean(axis=1, keepdims=True)  # so the mean of the window has no power
    waves /= np.sqrt(np.square(taper).sum())
    cosines, sines = waves.real.astype(values.dtype), waves.imag.astype(values.dtype)
    return np.square(cosines @ values) + np.square(sines @ values)


def log_difference(synthesized: np.ndarray, observed: np.ndarray) -> float:
    """Mean absolute difference of the logs of two powers [frequencies, n]."""
    added = least(observed)
    return float(np.mean(np.abs(np.log(synthesized + added) - np.log(observed + added))))


def least(observed: np.ndarray) -> float:
    """The power that is added to both sides; see the top of this module."""
    return ROUNDING_VARIANCE + NEGLIGIBLE * float(observed.mean())
