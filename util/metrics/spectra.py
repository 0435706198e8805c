"""Differences of power spectra over time; 0 for equal videos.

The power spectrum is estimated as by Welch, *The Use of Fast Fourier Transform for the Estimation
of Power Spectra*, IEEE Transactions on Audio and Electroacoustics 1967. The video is cut into
windows that overlap by half. From each window the mean is subtracted, and a Hann taper is applied.
The periodograms are averaged. Noise of variance v has the power v at every frequency but the
lowest, from which the mean of the window takes a sixth. Both videos use the same windows: WINDOW
frames, or half the shorter video if it has fewer frames than two windows. The frequency 0 is left
out: it tells about the mean, not about motion.

The measure is the mean absolute difference of natural logarithms. To both sides, the power of
rounding to bytes is added, and a thousandth of the mean power of the observed video. A video that
stands still therefore has a finite measure, and frequencies at which the observed video hardly
moves do not decide it: a clip may have 99.9 % of its power at 4 of 15 frequencies.
Videos are uint8 [T, H, W, 3]; they may differ in length.
"""

import math

import numpy as np

from util.data.frames import to_model_range
from util.metrics.principal_components import PrincipalComponents, principal_components
from util.metrics.rounding import ROUNDING_VARIANCE

WINDOW = 30  # frames
SHORTEST_WINDOW = 4  # frames; a shorter window has no frequency between the mean and the fastest
COMPONENTS = 10
NEGLIGIBLE = 1e-3  # of the mean power of the observed video
FRAMES_AT_ONCE = 50  # limits the memory of a long video


def log_spectrum(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Difference of the log spectra of the first principal components of the OBSERVED video.

    Both videos are projected on these components. The mean is over components and frequencies. It
    is NaN if a video is shorter than 8 frames or if the observed video does not move.
    """
    window = window_length(synthesized, observed)
    if not window:
        return math.nan
    flat = to_model_range(observed).reshape(len(observed), -1)
    components = principal_components(flat, COMPONENTS)
    if not components.directions.size:
        return math.nan
    return log_difference(
        power_spectrum(projected(synthesized, components), window),
        power_spectrum(projected(observed, components), window),
    )


def projected(video: np.ndarray, components: PrincipalComponents) -> np.ndarray:
    """A video minus the mean frame, projected on the directions; float32 [T, n]."""
    parts = (
        to_model_range(video[start : start + FRAMES_AT_ONCE])
        for start in range(0, len(video), FRAMES_AT_ONCE)
    )
    return np.concatenate([components.project(part.reshape(len(part), -1)) for part in parts])


def pixel_spectrum(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Difference of the logs of the spectra of pixels, each averaged over pixels and colours.

    The mean is over frequencies. It is NaN if a video is shorter than 8 frames.
    """
    window = window_length(synthesized, observed)
    if not window:
        return math.nan
    return log_difference(
        mean_pixel_spectrum(synthesized, window), mean_pixel_spectrum(observed, window)
    )


def window_length(*videos: np.ndarray) -> int:
    """The length of the windows in frames; 0 if a video is too short."""
    length = min(WINDOW, *(len(video) // 2 for video in videos))
    return length if length >= SHORTEST_WINDOW else 0


def mean_pixel_spectrum(video: np.ndarray, window: int) -> np.ndarray:
    """Mean power spectrum over pixels and colours, [frequencies]."""
    rows = (to_model_range(video[:, row]) for row in range(video.shape[1]))
    return np.mean(
        [power_spectrum(row.reshape(len(row), -1), window).mean(axis=1) for row in rows], axis=0
    )


def power_spectrum(series: np.ndarray, window: int) -> np.ndarray:
    """Power at the frequencies 1/window … 1/2 per frame of series [T, n]; [frequencies, n]."""
    taper = np.hanning(window + 1)[:-1, np.newaxis].astype(series.dtype)
    total = np.zeros((window // 2, series.shape[1]))
    starts = range(0, len(series) - window + 1, window // 2)
    for start in starts:
        part = series[start : start + window]
        transform = np.fft.rfft(taper * (part - part.mean(axis=0)), axis=0)[1:]
        total += np.square(np.abs(transform))
    return total / (len(starts) * np.square(taper).sum())


def log_difference(synthesized: np.ndarray, observed: np.ndarray) -> float:
    """Mean absolute difference of the logs of two powers, [frequencies] or [frequencies, n]."""
    least = ROUNDING_VARIANCE + NEGLIGIBLE * observed.mean()
    return float(np.mean(np.abs(np.log(synthesized + least) - np.log(observed + least))))
