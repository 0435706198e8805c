"""Water: wind waves and the rings of falling drops on a deep pond, in an oblique view.

The surface is a sum of plane waves. The length of a wave determines its frequency (long waves run
faster than short waves). In each frame, wind adds small random waves and friction weakens all
waves. The surface therefore stays equally rough and never repeats. Lengths are grid cells, times
are frames.

Sources: Tessendorf, Simulating Ocean Water, SIGGRAPH 2001 course notes (waves by Fourier
transform); Schlick, An Inexpensive BRDF Model, Computer Graphics Forum 1994 (reflectance).
"""

import numpy as np
from scipy.fft import fft2, ifft2

from .shared import SIZE, to_bytes

WARM_UP_FRAMES = 60

# Three rows of the surface give two rows of the picture: the viewer is 42 degrees above the water.
GRID = (SIZE * 3 // 2, SIZE)

GRAVITY = 0.7  # cells per frame squared
SURFACE_TENSION = 0.6  # makes only the shortest waves faster
MEMORY = 90.0  # frames after which wind and friction have replaced a wave
WAVE_LENGTH = 44.0  # the most common wave length, cells
STEEPNESS = 0.21  # root mean square slope of the wind waves
DROPS_PER_FRAME = 0.05
DROP_HEIGHT = 7.0
DROP_RADIUS = 5.0
DROP_FRAMES = 6  # frames in which a drop pushes the surface, so that no ring appears suddenly

DEEP_COLOUR = np.array([0.0, 0.02, 0.05])
LIT_COLOUR = np.array([0.04, 0.40, 0.46])
HORIZON_COLOUR = np.array([0.72, 0.84, 0.92])
ZENITH_COLOUR = np.array([0.10, 0.30, 0.58])
SUN_COLOUR = np.array([1.0, 0.96, 0.85])
TO_VIEWER = np.array([0.0, -np.sqrt(5.0), 2.0]) / 3.0  # unit vectors: right, away, up
TO_SUN = np.array([0.45, 0.6, 0.66]) / np.linalg.norm([0.45, 0.6, 0.66])
SUN_SHARPNESS = 70.0


class Surface:
    """A periodic water surface as complex amplitudes of travelling waves.

    Args:
        rng: the `numpy.random.Generator` of the wind; None means no wind and no friction.

    Attributes:
        waves: complex128 [rows, columns], one amplitude per wave vector in the order of
            `scipy.fft.fft2`; the wave at vector k runs in the direction of k.
        frequency: float64 [rows, columns], radians per frame.
    """

    def __init__(self, rng=None):
        self._row_wave = 2.0 * np.pi * np.fft.fftfreq(GRID[0])[:, np.newaxis]
        self._column_wave = 2.0 * np.pi * np.fft.fftfreq(GRID[1])[np.newaxis, :]
        number = np.hypot(self._row_wave, self._column_wave)
        self.frequency = np.sqrt(GRAVITY * number + SURFACE_TENSION * number**3)
        self._rng = rng
        self._keep = 1.0 if rng is None else np.exp(-1.0 / MEMORY)
        self._typical = self._wind_spectrum(number)
        self.waves = np.zeros(GRID, dtype=complex)
        if rng is not None:
            self.waves = self._typical * self._random()

    def step(self):
        """Advance by one frame."""
        self.waves = self.waves * self._keep * np.exp(-1j * self.frequency)
        if self._rng is not None:
            self.waves += np.sqrt(1.0 - self._keep**2) * self._typical * self._random()

    def push(self, row, column, height):
        """Raise a bump with a trough around it, centred at (row, column), cells."""
        rows = _wrapped(np.arange(GRID[0]) - row, GRID[0])[:, np.newaxis]
        columns = _wrapped(np.arange(GRID[1]) - column, GRID[1])[np.newaxis, :]
        squared = (rows**2 + columns**2) / DROP_RADIUS**2
        # The factor 1 - squared makes the sum zero: a drop moves water but does not add any.
        self.waves += fft2(height * (1.0 - squared) * np.exp(-squared))

    def height(self):
        """Height of the surface in cells, float64 [rows, columns], mean about 0."""
        return ifft2(self.waves).real

    def slopes(self):
        """Rise per cell along the rows and along the columns, two float64 [rows, columns]."""
        return (
            ifft2(1j * self._row_wave * self.waves).real,
            ifft2(1j * self._column_wave * self.waves).real,
        )

    def energy(self):
        """Sum of the squared amplitudes: potential plus kinetic energy, up to a factor."""
        return float(np.sum(np.abs(self.waves) ** 2))

    def _wind_spectrum(self, number):
        """Typical amplitude of each wave: a band of wave lengths, mostly towards the viewer."""
        safe = np.where(number > 0.0, number, 1.0)
        octaves = np.log2(safe * WAVE_LENGTH / (2.0 * np.pi))
        band = np.exp(-0.5 * (octaves / np.where(octaves < 0.0, 0.4, 0.7)) ** 2)
        toward = (-0.9 * self._row_wave + 0.44 * self._column_wave) / safe
        spectrum = band / safe**2 * (0.06 + np.clip(toward, 0.0, 1.0) ** 2) * (number > 0.0)
        # Half, because the surface is the real part of the sum.
        slope = np.sqrt(np.sum((number * spectrum) ** 2) / 2.0) / number.size
        return STEEPNESS / slope * spectrum

    def _random(self):
        pair = self._rng.standard_normal((2, *GRID))
        return (pair[0] + 1j * pair[1]) / np.sqrt(2.0)


def generate(seed, frames):
    """Yield `frames` pictures of a water surface, uint8 [SIZE, SIZE, 3] in RGB.

    Args:
        seed: anything that `numpy.random.default_rng` accepts; equal seeds give equal frames.
        frames: number of pictures, at 25 per second.
    """
    rng = np.random.default_rng(seed)
    surface = Surface(rng)
    drops = []
    for frame in range(WARM_UP_FRAMES + frames):
        if rng.random() < DROPS_PER_FRAME:
            drops.append((frame, rng.uniform(0, GRID[0]), rng.uniform(0, GRID[1])))
        drops = [drop for drop in drops if frame - drop[0] < DROP_FRAMES]
        for _, row, column in drops:
            surface.push(row, column, DROP_HEIGHT / DROP_FRAMES)
        surface.step()
        if frame >= WARM_UP_FRAMES:
            yield _render(*surface.slopes())


def _wrapped(offset, period):
    return (offset + period / 2) % period - period / 2


def _render(away, right):
    """Colour the surface by its reflection; slopes are [rows, columns], row 0 is the nearest."""
    normal = np.stack([-right, -away, np.ones_like(away)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    facing = np.clip(normal @ TO_VIEWER, 0.0, 1.0)[..., np.newaxis]
    mirrored = 2.0 * facing * normal - TO_VIEWER
    reflectance = 0.02 + 0.98 * (1.0 - facing) ** 5

    height = np.clip(mirrored[..., 2:], 0.0, 1.0)
    sky = HORIZON_COLOUR + (ZENITH_COLOUR - HORIZON_COLOUR) * height**0.6
    glint = np.clip(mirrored @ TO_SUN, 0.0, 1.0)[..., np.newaxis] ** SUN_SHARPNESS
    # Light that comes back out of the water. The power raises the contrast, which is low for such
    # small slopes.
    lit = np.clip(normal @ TO_SUN, 0.0, 1.0)[..., np.newaxis] ** 6
    water = DEEP_COLOUR + (LIT_COLOUR - DEEP_COLOUR) * lit
    picture = water + 2.5 * reflectance * (sky - water) + 0.8 * glint * SUN_COLOUR
    picture = np.repeat(picture, 2, axis=0).reshape(SIZE, 3, SIZE, 3).mean(axis=1)
    return to_bytes(picture[::-1] ** (1.0 / 2.0))
