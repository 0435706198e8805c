"""Sequences whose steps are known in closed form."""

import numpy as np


def sinusoids(angle, number=8, num_frames=60):
    """Sinusoids [number, T, 1] that turn by `angle` in each frame, with evenly spread phases."""
    phases = 2 * np.pi * np.arange(number)[:, np.newaxis] / number
    return np.sin(phases + angle * np.arange(num_frames))[..., np.newaxis]
