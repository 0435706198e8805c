"""Light: coloured lamps on a dark background, each flashing in its own noisy rhythm.

Each lamp is an oscillator. Its phase runs at its own speed, with random jitter and a small pull
towards the mean of all phases. Times are frames, lengths are fractions of the picture.

Source: Kuramoto, Chemical Oscillations, Waves, and Turbulence, Springer 1984 (coupling).
"""

import colorsys

import numpy as np

from .shared import SIZE, SmoothNoise, to_bytes

WARM_UP_FRAMES = 50

LAMPS_ACROSS = 4
PERIOD = (15.0, 26.0)  # shortest and longest time between two flashes of a lamp, frames
PHASE_NOISE = 0.06  # radians per square root of a frame
COUPLING = 0.03  # radians per frame
PULSE = 2.2  # a larger value gives shorter flashes; 0 gives constant light
BODY_RADIUS, HALO_RADIUS = 0.06, 0.1


def advance(phase, speed, coupling, jitter=0.0):
    """Advance coupled oscillators by one frame.

    Args:
        phase: float64 [lamps], radians.
        speed: float64 [lamps], radians per frame.
        coupling: pull towards the mean of all phases, radians per frame.
        jitter: random radians to add, a number or float64 [lamps].

    Returns:
        The phases one frame later, float64 [lamps], not wrapped.
    """
    mean = np.mean(np.exp(1j * phase))
    return phase + speed + coupling * np.imag(mean * np.exp(-1j * phase)) + jitter


def generate(seed, frames):
    """Yield `frames` pictures of flashing lamps, uint8 [SIZE, SIZE, 3] in RGB.

    Args:
        seed: anything that `numpy.random.default_rng` accepts; equal seeds give equal frames.
        frames: number of pictures, at 25 per second.
    """
    rng = np.random.default_rng(seed)
    shine = _lamp_pictures(rng)
    lamps = len(shine)
    speed = 2.0 * np.pi / rng.uniform(*PERIOD, lamps)
    phase = rng.uniform(0.0, 2.0 * np.pi, lamps)
    power = SmoothNoise(rng, lamps, memory=15.0)
    for frame in range(WARM_UP_FRAMES + frames):
        phase = advance(phase, speed, COUPLING, PHASE_NOISE * rng.standard_normal(lamps))
        strength = np.exp(0.25 * power.step() + PULSE * (np.cos(phase) - 1.0))
        if frame >= WARM_UP_FRAMES:
            yield _render(strength, shine)


def _lamp_pictures(rng):
    """The light of each lamp at full strength, float64 [lamps, SIZE, SIZE, 3]."""
    cell = 1.0 / LAMPS_ACROSS
    rows, columns = (np.indices((SIZE, SIZE)) + 0.5) / SIZE
    hues = rng.permutation(LAMPS_ACROSS**2) / LAMPS_ACROSS**2
    pictures = []
    for lamp, hue in enumerate(hues):
        across, down = (lamp % LAMPS_ACROSS + 0.5) * cell, (lamp // LAMPS_ACROSS + 0.5) * cell
        across, down = np.array([across, down]) + rng.uniform(-0.15, 0.15, 2) * cell
        distance = np.hypot(rows - down, columns - across)
        halo = np.exp(-distance / HALO_RADIUS)
        body = np.exp(-((distance / BODY_RADIUS) ** 4))
        colour = np.array(colorsys.hsv_to_rgb(hue, 0.85, 1.0))
        pictures.append(halo[..., np.newaxis] * colour + body[..., np.newaxis] * (colour + 0.4))
    return np.array(pictures)


def _render(strength, shine):
    light = np.tensordot(strength, shine, axes=1)
    # As on film, bright centres gradually become white and are not clipped.
    return to_bytes(0.02 + 0.98 * (1.0 - np.exp(-1.6 * light)))
