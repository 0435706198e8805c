"""What several simulations need: the picture size, smooth random signals, colours as bytes."""

import numpy as np

SIZE = 128  # height and width of every frame, in pixels
FRAME_RATE = 25  # frames per second


class SmoothNoise:
    """Independent random signals that wander smoothly around zero.

    Each is an Ornstein-Uhlenbeck process passed once more through a filter of the same
    memory, which takes away its jitter from step to step.

    Args:
        rng: the `numpy.random.Generator` the noise comes from.
        shape: shape of `value`, one signal per element.
        memory: time constant of both stages, in steps, > 0.

    Attributes:
        value: float64 array of the given shape, mean 0, standard deviation 1 at every step.

    Source: Uhlenbeck and Ornstein, On the Theory of the Brownian Motion, Physical Review 1930.
    """

    def __init__(self, rng, shape, memory):
        self._rng = rng
        self._keep = keep = np.exp(-1.0 / memory)
        # Start in the stationary state: these are the two stages' covariance and variance.
        covariance, variance = keep / (1.0 + keep), (1.0 + keep**2) / (1.0 + keep) ** 2
        self._rough = rng.standard_normal(shape)
        rest = np.sqrt(variance - covariance**2) * rng.standard_normal(shape)
        self._smooth = covariance * self._rough + rest
        self._scale = 1.0 / np.sqrt(variance)

    @property
    def value(self):
        return self._scale * self._smooth

    def step(self):
        """Advance every signal by one step and return the new values."""
        fresh = self._rng.standard_normal(self._rough.shape)
        self._smooth = self._keep * self._smooth + (1.0 - self._keep) * self._rough
        self._rough = self._keep * self._rough + np.sqrt(1.0 - self._keep**2) * fresh
        return self.value


def to_bytes(picture):
    """Turn a float picture [H, W, 3] with values 0..1 (clipped outside) into uint8 [H, W, 3]."""
    return np.round(255.0 * np.clip(picture, 0.0, 1.0)).astype(np.uint8)
