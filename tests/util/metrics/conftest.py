"""Made clips for the measures."""

import numpy as np
import pytest


def moving_texture(length, side, seed):
    """A stationary texture with edges that move, uint8 [length, side, side, 3].

    Waves drift, grow and fade at random (autoregressive, with a memory of about 10 frames). The
    tanh makes edges of them, which no linear system can make.
    """
    random = np.random.default_rng(seed)
    patterns = np.random.default_rng(1)  # the texture is the same for every seed
    modes = 8
    down, across = np.indices((side, side)) / side
    cycles = patterns.uniform(-4, 4, (2, modes))
    colours = patterns.uniform(0.5, 1.0, (modes, 3)) * np.exp(
        1j * patterns.uniform(0, 1, (modes, 3))
    )
    waves = np.exp(2j * np.pi * (cycles[0] * down[..., None] + cycles[1] * across[..., None]))
    turn = 0.9 * np.exp(1j * patterns.uniform(0.1, 0.5, modes))
    noise = random.standard_normal((length + 50, modes, 2)) @ [1, 1j]
    amplitudes = np.zeros(modes, complex)
    frames = []
    for innovation in noise:
        amplitudes = turn * amplitudes + np.sqrt(1 - 0.9**2) * innovation
        frames.append(np.real(waves * amplitudes @ colours))
    return np.uint8(np.rint(127 + 80 * np.tanh(0.8 * np.array(frames[50:]))))


@pytest.fixture(scope="session")
def texture():
    """Makes a texture: `texture(length, side, seed)`."""
    return moving_texture
