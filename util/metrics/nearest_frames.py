"""Distances to the nearest frame of the other video; 0 where every frame has an equal one.

The distance of two frames is the root mean square of their difference over pixels and colours, in
the scale of the model, where pixel values lie in [-1, 1]. Videos are uint8 [T, H, W, 3].
"""

import numpy as np

ROWS_AT_ONCE = 16  # of the pictures; limits the memory of a long video


def nearest_frame(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Mean over synthesized frames of the distance to the nearest observed frame.

    It is 0 if every synthesized frame is a copy.
    """
    return float(np.sqrt(squared_distances(synthesized, observed).min(axis=1)).mean())


def coverage(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Mean over observed frames of the distance to the nearest synthesized frame.

    It is large if the synthesized video leaves out a part of what was observed.
    """
    return float(np.sqrt(squared_distances(synthesized, observed).min(axis=0)).mean())


def squared_distances(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Mean squared difference of every pair of frames, float64 [T of some, T of others].

    The sums are exact, because they are integers below 2^53. An equal pair therefore has exactly 0.
    """
    products = np.zeros((len(some), len(others)))
    squares = [np.zeros(len(some)), np.zeros(len(others))]
    for top in range(0, some.shape[1], ROWS_AT_ONCE):
        rows = slice(top, top + ROWS_AT_ONCE)
        parts = [
            video[:, rows].reshape(len(video), -1).astype(np.float64) for video in (some, others)
        ]
        products += parts[0] @ parts[1].T
        for total, part in zip(squares, parts, strict=True):
            total += np.einsum("tp,tp->t", part, part)
    totals = squares[0][:, np.newaxis] + squares[1] - 2.0 * products
    return totals / (np.prod(some.shape[1:]) * 127.5**2)
