"""Filling in missing pixels without the model: what its recovery is measured against.

Each takes a video, float [T, H, W, 3] of any range, and what is missing of it, bool [T, H, W, 1]
(the frames hold anything there), and returns the video with the missing pixels filled in, of the
same shape, in float64. Visible pixels are returned as they are.
"""

import numpy as np
from scipy.ndimage import distance_transform_edt

RANK = 10
ROUNDS = 30


def temporal_mean(frames: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Each pixel's mean over the frames in which it is visible.

    A pixel that never is takes the mean of the nearest one that is.
    """
    times_visible = (~missing).sum(axis=0)
    mean = np.where(missing, 0.0, frames).sum(axis=0) / np.maximum(times_visible, 1)
    never = times_visible[..., 0] == 0
    if never.any():
        rows, columns = distance_transform_edt(never, return_distances=False, return_indices=True)
        mean = mean[rows, columns]
    return np.where(missing, mean, frames)


def linear_interpolation(frames: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Between the nearest frames before and after in which the pixel is visible.

    Before its first and after its last visible frame a pixel stays as it is there; one that is
    never visible is filled in as by `temporal_mean`.
    """
    length = len(frames)
    time = np.arange(length).reshape(-1, 1, 1, 1)
    before = np.maximum.accumulate(np.where(missing, -1, time), axis=0)
    after = np.minimum.accumulate(np.where(missing, length, time)[::-1], axis=0)[::-1]
    never = missing.all(axis=0)
    # Where there is no frame on one side, the one on the other side stands on both.
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
    """What the output matrix and states of a linear dynamical system make of what is visible.

    From the temporal mean, round after round: the singular value decomposition of the filled-in
    video without its mean gives the system's output matrix C and its states s_t (Doretto, Chiuso,
    Wu, Soatto, *Dynamic Textures*, IJCV 2003), and mean + C s_t is what is filled in next. The
    dynamics of s_t are not used: a frame that is missing entirely stays near the temporal mean. So
    does all of a clip of rank + 1 frames or fewer, whose states leave nothing out.
    """
    missing_values = np.broadcast_to(missing, frames.shape).reshape(len(frames), -1)
    filled = temporal_mean(frames, missing).reshape(len(frames), -1).astype(np.float64)
    for _ in range(rounds):
        mean = filled.mean(axis=0)
        centred = filled - mean
        # Its leading left singular vectors, as eigenvectors of the small matrix frames × frames.
        states = np.linalg.eigh(centred @ centred.T)[1][:, -rank:]
        filled = np.where(missing_values, mean + states @ (states.T @ centred), filled)
    return filled.reshape(frames.shape)
