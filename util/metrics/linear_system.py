"""The linear dynamical system of a clip, in closed form, as a baseline for synthesis.

    s_{t+1} = A s_t + v_t,  v_t ~ N(0, Q)
    x_t     = mean + C s_t

Doretto, Chiuso, Wu and Soatto, *Dynamic Textures*, IJCV 2003. C has the principal components of the
clip as columns. A is the least-squares solution. Q is the covariance of its residuals. The noise of
the observation is not sampled, as in the paper's syntheses.
"""

from typing import NamedTuple

import numpy as np

from util.metrics.principal_components import principal_components

STATES = 20
SAMPLES = 4  # syntheses that are measured; one alone can be good or bad by chance
LARGEST_MODULUS = 0.999  # of an eigenvalue of A


class LinearSystem(NamedTuple):
    """A fitted system of n states for frames of P values.

    Fields:
        mean: float [P].
        C: float [P, n], orthonormal columns.
        A: float64 [n, n], stable.
        Q: float64 [n, n].
        first: float64 [n], the first state of the clip.
    """

    mean: np.ndarray
    C: np.ndarray
    A: np.ndarray
    Q: np.ndarray
    first: np.ndarray


def fit(values: np.ndarray, states: int = STATES) -> LinearSystem:
    """The system of a clip.

    A short clip has fewer states: at most (T - 1) // 2, so that each row of A has two equations for
    each unknown. If an eigenvalue of A has a modulus above `LARGEST_MODULUS`, the system would
    not be stable. A is then multiplied by the factor that makes it equal. Q is the covariance of
    the residuals of the A in use.

    Args:
        values: float [T, P], the frames.
        states: number of states.
    """
    mean, directions, series = principal_components(values, min(states, (len(values) - 1) // 2))
    before, after = series[:-1], series[1:]
    transition = np.linalg.lstsq(before, after, rcond=None)[0].T
    modulus = np.abs(np.linalg.eigvals(transition)).max(initial=0.0)
    transition = transition * (LARGEST_MODULUS / max(modulus, LARGEST_MODULUS))
    residuals = after - before @ transition.T
    covariance = residuals.T @ residuals / max(len(residuals), 1)
    return LinearSystem(mean, directions, transition, covariance, series[0])


def sample(system: LinearSystem, length: int, random: np.random.Generator) -> np.ndarray:
    """Synthesize frames from the first state of the clip, float [length, P]."""
    variances, axes = np.linalg.eigh(system.Q)
    root = axes * np.sqrt(np.maximum(variances, 0.0))
    noise = random.standard_normal((length, len(root))) @ root.T
    series = np.empty((length, len(root)))
    state = system.first
    for time in range(length):
        series[time] = state
        state = system.A @ state + noise[time]
    return system.mean + series.astype(system.C.dtype) @ system.C.T


def continued(
    system: LinearSystem, last: np.ndarray, length: int, random: np.random.Generator | None = None
) -> np.ndarray:
    """The frames that follow a frame, float [length, P].

    Args:
        last: float [P], the last observed frame.
        random: gives the noise; None for the expected frames, which have none.
    """
    variances, axes = np.linalg.eigh(system.Q)
    root = axes * np.sqrt(np.maximum(variances, 0.0))
    state = (last - system.mean) @ system.C
    series = np.empty((length, len(root)))
    for time in range(length):
        state = system.A @ state
        if random is not None:
            state = state + root @ random.standard_normal(len(root))
        series[time] = state
    return system.mean + series.astype(system.C.dtype) @ system.C.T
