"""Fire: hot gas rising from a row of burners, as a two-dimensional incompressible flow.

Every step adds buoyancy and vorticity confinement, makes the velocity divergence-free, and
carries velocity and heat along the flow. Arrays are [height, width] with row 0 at the bottom.
Both directions wrap around. A layer outside the picture absorbs the gas that leaves at the top.
Lengths are grid cells (= pixels), times are steps.

Sources: Stam, Stable Fluids, SIGGRAPH 1999 (advection, projection); Fedkiw, Stam and Jensen,
Visual Simulation of Smoke, SIGGRAPH 2001 (buoyancy, vorticity confinement).
"""

import numpy as np
from scipy.fft import irfft2, rfft2
from scipy.ndimage import gaussian_filter, map_coordinates

from .shared import SIZE, SmoothNoise, to_bytes

STEPS_PER_FRAME = 3
WARM_UP_FRAMES = 120

GRID_HEIGHT = 2 * SIZE
GRID_WIDTH = SIZE + 32  # wider than the picture, so that no flame leaves right and enters left
PICTURE_BOTTOM = 22  # the burners lie just below this row, outside the picture
BURNER_ROW = 18
BURNERS = 10

DRAUGHT = 1.2  # mean upward speed, cells per step
BUOYANCY = 0.02  # upward acceleration of gas at heat 1
CONFINEMENT = 0.01
DRAG = 0.006  # share of the velocity lost per step
COOLING = 0.0085  # heat lost per step

# Heat 0..1 to colour: black, dark red, red-orange, orange, yellow, near-white.
HEAT_LEVELS = [0.0, 0.12, 0.3, 0.5, 0.72, 1.0]
HEAT_COLOURS = np.array(
    [
        [0.01, 0.0, 0.01],
        [0.22, 0.02, 0.01],
        [0.72, 0.13, 0.02],
        [0.97, 0.42, 0.04],
        [1.0, 0.78, 0.22],
        [1.0, 0.97, 0.78],
    ]
)


def divergence(up, right):
    """Spectral divergence of a periodic velocity field; all arrays float64 [height, width]."""
    row_wave, column_wave = _wave_numbers(up.shape)
    return irfft2(1j * (row_wave * rfft2(up) + column_wave * rfft2(right)), s=up.shape)


def project(up, right):
    """Remove the part of a periodic velocity field that compresses the gas.

    Args:
        up, right: float64 [height, width], cells per step.

    Returns:
        The pair (up, right), divergence-free, with the same mean velocity.

    Source: Stam, Stable Fluids, SIGGRAPH 1999, section on periodic boundaries.
    """
    row_wave, column_wave = _wave_numbers(up.shape)
    squared = row_wave**2 + column_wave**2
    squared[squared == 0.0] = 1.0  # the mean has no divergence: nothing is removed there
    up_wave, right_wave = rfft2(up), rfft2(right)
    along = (row_wave * up_wave + column_wave * right_wave) / squared
    up = irfft2(up_wave - row_wave * along, s=up.shape)
    right = irfft2(right_wave - column_wave * along, s=right.shape)
    return up, right


def advect(field, up, right, order=1):
    """Carry `field` [height, width] one step along the flow (semi-Lagrangian, periodic).

    `order` is the spline order of the interpolation: 1 cannot overshoot, 3 keeps detail.
    """
    rows, columns = np.indices(field.shape, dtype=np.float64)
    return map_coordinates(field, [rows - up, columns - right], order=order, mode="grid-wrap")


def confinement(up, right):
    """Acceleration that strengthens small eddies, because advection weakens them.

    Args:
        up, right: float64 [height, width], cells per step.

    Returns:
        The pair of accelerations (up, right), cells per step squared.

    Source: Fedkiw, Stam and Jensen, Visual Simulation of Smoke, SIGGRAPH 2001.
    """
    curl = _slope(up, axis=1) - _slope(right, axis=0)
    strength = np.abs(curl)
    to_core_up, to_core_right = _slope(strength, axis=0), _slope(strength, axis=1)
    length = np.sqrt(to_core_up**2 + to_core_right**2) + 1e-5  # no division by 0 in calm air
    lift = -CONFINEMENT * curl * to_core_right / length
    push = CONFINEMENT * curl * to_core_up / length
    return lift, push


def generate(seed, frames):
    """Yield `frames` pictures of a fire, uint8 [SIZE, SIZE, 3] in RGB.

    Args:
        seed: anything that `numpy.random.default_rng` accepts; equal seeds give equal frames.
        frames: number of pictures, at 25 per second.
    """
    flow = _Flow(np.random.default_rng(seed))
    for _ in range(WARM_UP_FRAMES * STEPS_PER_FRAME):
        flow.step()
    for _ in range(frames):
        for _ in range(STEPS_PER_FRAME):
            flow.step()
        yield _render(flow.heat)


class _Flow:
    """The state of the gas: `up`, `right` (velocity) and `heat` (0..1), [height, width]."""

    def __init__(self, rng):
        shape = (GRID_HEIGHT, GRID_WIDTH)
        self.up = np.full(shape, DRAUGHT)
        self.right = 0.02 * rng.standard_normal(shape)
        self.heat = np.zeros(shape)
        self._strength = SmoothNoise(rng, BURNERS, memory=12.0)
        self._shift = SmoothNoise(rng, BURNERS, memory=30.0)
        self._gusts = SmoothNoise(rng, (5, 2), memory=12.0)
        self._still_air = _still_air_layer()

    def step(self):
        self.up, self.right = self._forced_velocity()
        self.up, self.right = project(self.up, self.right)
        # The mean has no divergence, so the projection does not stop its drift. Fix it here.
        self.up += DRAUGHT - self.up.mean()
        self.right -= self.right.mean()

        heat = advect(self.heat, self.up, self.right, order=3)
        heat = np.clip(heat - COOLING, 0.0, 1.0) * (1.0 - self._still_air)
        self.heat = np.maximum(heat, self._burner_heat())
        up = advect(self.up, self.up, self.right)
        self.right = advect(self.right, self.up, self.right)
        self.up = up

    def _forced_velocity(self):
        up = self.up + BUOYANCY * self.heat
        lift, push = confinement(self.up, self.right)
        up = up + lift
        right = self.right + push + self._gust()
        calm = DRAG + self._still_air * 0.2
        return up - calm * (up - DRAUGHT), right * (1.0 - calm)

    def _gust(self):
        """Slow sideways acceleration at the foot of the flames, which keeps them swaying."""
        columns = 2.0 * np.pi * np.arange(GRID_WIDTH) / GRID_WIDTH
        gust = np.zeros(GRID_WIDTH)
        for wave, (sine, cosine) in enumerate(self._gusts.step(), start=1):
            gust += sine * np.sin(wave * columns) + cosine * np.cos(wave * columns)
        rows = np.arange(GRID_HEIGHT)[:, np.newaxis]
        return 0.014 * gust * np.exp(-(((rows - BURNER_ROW - 12) / 16.0) ** 2))

    def _burner_heat(self):
        """Heat of the burners, a row of flickering blobs, [height, width]."""
        strength = np.clip(0.9 + 0.3 * self._strength.step(), 0.0, 1.2)
        spacing = GRID_WIDTH / BURNERS
        centres = spacing * (np.arange(BURNERS) + 0.5) + 0.3 * spacing * self._shift.step()
        offset = np.arange(GRID_WIDTH) - centres[:, np.newaxis]
        offset = (offset + GRID_WIDTH / 2) % GRID_WIDTH - GRID_WIDTH / 2
        row_of_blobs = strength @ np.exp(-((offset / (0.45 * spacing)) ** 2))
        rows = np.arange(GRID_HEIGHT)[:, np.newaxis]
        return np.clip(row_of_blobs * np.exp(-(((rows - BURNER_ROW) / 5.0) ** 2)), 0.0, 1.0)


def _wave_numbers(shape):
    """Angular wave numbers of `rfft2`, shapes [height, 1] and [1, width // 2 + 1].

    The highest frequency of an even length has no sign and so no derivative: it counts as 0.
    """
    rows, columns = np.fft.fftfreq(shape[0]), np.fft.rfftfreq(shape[1])
    rows[np.abs(rows) == 0.5] = 0.0
    columns[columns == 0.5] = 0.0
    return 2.0 * np.pi * rows[:, np.newaxis], 2.0 * np.pi * columns[np.newaxis, :]


def _slope(field, axis):
    return 0.5 * (np.roll(field, -1, axis) - np.roll(field, 1, axis))


def _still_air_layer():
    """0 in the picture, up to 1 far above and below it, [GRID_HEIGHT, 1]."""
    rows = np.arange(GRID_HEIGHT)[:, np.newaxis]
    top = PICTURE_BOTTOM + SIZE
    above = np.clip((rows - top - 40) / 40.0, 0.0, 1.0)
    below = np.clip((8 - rows) / 8.0, 0.0, 1.0)
    return np.maximum(above, below)


def _render(heat):
    """Colour the visible part of `heat` and add the glow of the hot gas around it."""
    visible = heat[PICTURE_BOTTOM : PICTURE_BOTTOM + SIZE, :SIZE][::-1]
    channels = [np.interp(visible, HEAT_LEVELS, HEAT_COLOURS[:, c]) for c in range(3)]
    glow = gaussian_filter(visible, 8.0)[..., np.newaxis] * np.array([0.22, 0.05, 0.01])
    return to_bytes(np.stack(channels, axis=-1) + glow)
