"""The first states of the chains, and the first transition, fitted to the motion of the clips.

States that are drawn from the prior are scattered: frames that follow each other, or show the same
pose, have states far apart. Inference moves the states only to where the frames are reconstructed.
The transition learns to reconstruct, but not to predict: videos sampled from the prior take the
poses of the clips in any order.

Here the states begin where the clips themselves put them, and the transition begins as the one
under which these states are likely:

1. The states s_1 … s_T are principal components of windows of successive frames. Those of single
   frames do not show the direction of a motion. Those of windows do, so a periodic motion is a
   closed curve (Broomhead and King, *Extracting qualitative dynamics from experimental data*,
   1986).
2. α, the motion types and the innovations are fitted to these states (`model.transition_fit`).

All networks then learn, and the latents are inferred, as always.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from model.latents import Latents
from model.random_keys import Stream, random_generator
from model.transition_fit import Fit, fit_to_states

FROM_PRIOR, FROM_CLIPS = "prior", "clips"
INITIAL_LATENTS = (FROM_PRIOR, FROM_CLIPS)  # the values of --initial_latents

SIDE = 16  # frames are averaged to at most this many pixels a side
COMPONENTS = 20  # principal components of frames
REACH = 3  # a window has this many frames before and after its own; the first and the last repeat
SPREAD = 0.4  # root mean square of each number of the states
BOUND = 0.95  # the states stay inside: tanh⁻¹ of larger ones would count too much
NEGLIGIBLE = 1e-6  # smaller variances, relative to the largest, are rounding errors


def fit_first_states(
    dynamic_mode: str,
    alpha: dict[str, np.ndarray],
    latents: Latents,
    sequences: Iterable[np.ndarray],
    seed: int,
) -> Fit | None:
    """Fit the first states and the first transition to clips.

    Args:
        dynamic_mode: a name in `TRANSITIONS`; the emission network must see the whole state.
        alpha: the initial weights of the transition, by the names of their variables, and possibly
            other variables.
        latents: drawn from the prior. The appearance stays.
        sequences: N times [T, side, side, 3]. They are taken one by one, and twice, so that they
            need not be in memory together.

    Returns:
        None if the frames move in fewer directions than a state has numbers.
    """
    states = windows_as_states(sequences, latents.initial_state.shape[1])
    if states is None:
        return None
    # Before the first frame, the motion is as from the first to the second.
    start = np.clip(2 * states[:, :1] - states[:, 1:2], -BOUND, BOUND)
    states = np.concatenate([start, states], axis=1).astype(np.float32)
    noise = random_generator(seed, Stream.INITIAL_MOTION)
    return fit_to_states(dynamic_mode, alpha, latents, states, noise)


def windows_as_states(sequences: Iterable[np.ndarray], number: int) -> np.ndarray | None:
    """The principal components of windows of frames, [N, T, number], in (-1, 1).

    All sequences count alike, however much they move. Each component has the root mean square
    `SPREAD` over all frames.

    Args:
        sequences: see `fit_first_states`. Each needs at least 2 frames.

    Returns:
        None if the windows vary in fewer directions than `number`.
    """
    scatter = sum(deviations.T @ deviations for deviations in _deviations(sequences))
    axes = _leading(np.asarray(scatter), COMPONENTS)
    if not axes.size:  # nothing moves
        return None
    scores = [deviations @ axes for deviations in _deviations(sequences)]
    # At the ends, windows repeat a frame. So their mean is not 0.
    mean = np.mean([_windows(one).mean(axis=0) for one in scores], axis=0)
    centred = (_windows(one) - mean for one in scores)
    leading = _leading(np.asarray(sum(windows.T @ windows for windows in centred)), number)
    if leading.shape[1] < number:
        return None
    states = np.stack([(_windows(one) - mean) @ leading for one in scores])
    states *= SPREAD / np.sqrt(np.mean(np.square(states), axis=(0, 1)))
    return np.clip(states, -BOUND, BOUND)


def _windows(scores: np.ndarray) -> np.ndarray:
    """The window around each frame, [T, components of a window], from scores [T, components]."""
    num_frames = len(scores)
    times = np.arange(num_frames)[:, np.newaxis] + np.arange(-REACH, REACH + 1)
    return scores[np.clip(times, 0, num_frames - 1)].reshape(num_frames, -1)


def _deviations(sequences: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Each sequence as small frames, [T, pixels], less their mean; its mean square is 1, or 0."""
    for frames in sequences:
        block = -(-frames.shape[1] // SIDE)
        side = frames.shape[1] // block
        cut = frames[:, : side * block, : side * block].astype(np.float64)
        small = cut.reshape(len(cut), side, block, side, block, -1).mean(axis=(2, 4))
        deviations = small.reshape(len(small), -1)
        deviations = deviations - deviations.mean(axis=0)
        length = np.sqrt(np.mean(np.square(deviations)))
        yield deviations / length if length > NEGLIGIBLE else 0 * deviations


def _leading(scatter: np.ndarray, number: int) -> np.ndarray:
    """The eigenvectors of at most `number` largest eigenvalues that are not negligible, [n, …]."""
    values, vectors = np.linalg.eigh(scatter)
    count = min(number, int(np.sum(values > NEGLIGIBLE * max(values[-1], NEGLIGIBLE))))
    return vectors[:, ::-1][:, :count]
