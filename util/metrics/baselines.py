"""Baselines for recovery: they fill in missing pixels without the model.

Each baseline takes a video, float [T, H, W, 3] of any range, and `missing`, bool [T, H, W, 1], true
where a pixel is missing. It ignores the values of missing pixels. It returns the video with the
missing pixels filled in, float64 of the same shape. Visible pixels keep their values.
"""

import numpy as np
from scipy.ndimage import distance_transform_edt

RANK = 10
ROUNDS = 30


def temporal_mean(frames: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Fill in the mean of each pixel over the frames in which it is visible.

    A pixel that is never visible gets the mean of the nearest pixel that is visible in some frame.
    """
    times_visible = (~missing).sum(axis=0)
    mean = np.where(missing, 0.0, frames).sum(axis=0) / np.maximum(times_visible, 1)
    never = times_visible[..., 0] == 0
    if never.any():
        rows, columns = distance_transform_edt(never, return_distances=False, return_indices=True)
        mean = mean[rows, columns]
    return np.where(missing, mean, frames)


def linear_interpolation(frames: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Interpolate between the nearest frames before and after in which the pixel is visible.

    Before its first visible frame, a pixel has its value in that frame; likewise after its last
    visible frame. A pixel that is never visible is filled in by `temporal_mean`.
    """
    length = len(frames)
    time = np.arange(length).reshape(-1, 1, 1, 1)
    before = np.maximum.accumulate(np.where(missing, -1, time), axis=0)
    after = np.minimum.accumulate(np.where(missing, length, time)[::-1], axis=0)[::-1]
    never = missing.all(axis=0)
    # If one side has no visible frame, both sides use the frame on the other side.
    first = np.where(before < 0, after, before) % length
    second = np.where(after == length, before, after) % length
    share = (time - first) / np.maximum(second - first, 1)
    at_first, at_second = (
        np.take_along_axis(frames, np.broadcast_to(which, frames.shape), axis=0)
        for which in (first, second)
    )
    filled = (1.0 - share) * at_first + share * at_second
    filled = np.where(never, temporal_mean(frames, missing), filled)
    return np.where(missing, filled, frames)


def low_rank_imputation(
    frames: np.ndarray, missing: np.ndarray, rank: int = RANK, rounds: int = ROUNDS
) -> np.ndarray:
    """Fill in with the output matrix and the states of a linear dynamical system.

    The first estimate is the temporal mean. Each round computes the singular value decomposition of
    the filled-in video minus its mean. This gives the output matrix C and the states s_t of the
    system (Doretto, Chiuso, Wu, Soatto, *Dynamic Textures*, IJCV 2003). The round then fills in
    mean + C s_t. The dynamics of s_t are not used, so a frame that is missing entirely stays near
    the temporal mean. A clip of at most rank + 1 frames also keeps the temporal mean, because its
    states reproduce the filled-in video exactly.
    """
    missing_values = np.broadcast_to(missing, frames.shape).reshape(len(frames), -1)
    filled = temporal_mean(frames, missing).reshape(len(frames), -1).astype(np.float64)
    for _ in range(rounds):
        mean = filled.mean(axis=0)
        centred = filled - mean
        # The leading left singular vectors are eigenvectors of the small matrix frames × frames.
        states = np.linalg.eigh(centred @ centred.T)[1][:, -rank:]
        filled = np.where(missing_values, mean + states @ (states.T @ centred), filled)
    return filled.reshape(frames.shape)
