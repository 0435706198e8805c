"""Space-time patches of videos, and image pyramids.

The pyramids follow Burt and Adelson, *The Laplacian Pyramid as a Compact Image Code*, IEEE
Transactions on Communications 1983. They halve height and width, not time. Frames are float
[..., H, W, 3].
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import convolve1d

SIDE = 7  # pixels
FRAMES = 3
BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0


def can_be_cut(video: np.ndarray) -> bool:
    """Whether a video [T, H, W, 3] has at least one patch."""
    return len(video) >= FRAMES and min(video.shape[1:3]) >= SIDE


def patch_windows(video: np.ndarray) -> np.ndarray:
    """All patches as a view, [T - 2, H - 6, W - 6, 3, FRAMES, SIDE, SIDE]."""
    return sliding_window_view(video, (FRAMES, SIDE, SIDE), axis=(0, 1, 2))


def laplacian_pyramid(frames: np.ndarray, smallest: int) -> list[np.ndarray]:
    """The band-pass levels, finest first, and the last low-pass level.

    Height and width are halved as long as both stay at least `smallest`.
    """
    levels = []
    while min(frames.shape[-3:-1]) >= 2 * smallest:
        coarse = halve(frames)
        levels.append(frames - double(coarse, frames.shape))
        frames = coarse
    return [*levels, frames]


def halve(frames: np.ndarray) -> np.ndarray:
    """Smooth, and keep every second row and column."""
    return smooth(smooth(frames, -3)[..., ::2, :, :], -2)[..., ::2, :]


def double(frames: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Interpolate frames that were halved from frames of the given shape."""
    for axis in (-3, -2):
        wide = list(frames.shape)
        wide[axis] = shape[axis]
        spread = np.zeros(wide, frames.dtype)
        np.moveaxis(spread, axis, 0)[::2] = np.moveaxis(frames, axis, 0)
        frames = 2.0 * smooth(spread, axis)
    return frames


def smooth(frames: np.ndarray, axis: int) -> np.ndarray:
    # "mirror" repeats the rows of even number at even places, as the interpolation needs.
    return convolve1d(frames, BINOMIAL, axis=axis, mode="mirror")
