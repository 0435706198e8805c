"""Flag: a cloth held at its left edge in gusty wind, seen from the side.

The cloth is a sheet of point masses joined by damped springs. Wind against the cloth presses on
it, and wind along the cloth drags it. Gusts travel over the cloth with the wind. Units are metres,
seconds and kilograms. Axes: 0 along the wind, 1 up, 2 towards the viewer.

Sources: Provot, Deformation Constraints in a Mass-Spring Model to Describe Rigid Cloth
Behaviour, Graphics Interface 1995 (sheet of springs); Taylor, The Spectrum of Turbulence,
Proceedings of the Royal Society A 1938 (gusts that travel with the mean wind).
"""

import numpy as np
from scipy.interpolate import CubicSpline

from .shared import FRAME_RATE, SIZE, SmoothNoise, to_bytes

WARM_UP_FRAMES = 75
STEPS_PER_FRAME = 20

ROWS, COLUMNS = 23, 25  # masses down the pole and along the wind
SPACING = 0.12  # distance of neighbouring masses at rest
MASS = 0.12 * SPACING**2  # mass of one point: 120 grams per square metre
# (rows apart, columns apart, stiffness in newtons per metre): threads, diagonals, bending.
SPRINGS = [(0, 1, 80.0), (1, 0, 80.0), (1, 1, 20.0), (1, -1, 20.0), (0, 2, 9.0), (2, 0, 9.0)]
SPRING_DAMPING = 0.05  # newtons per (metre per second), along a spring
GRAVITY = np.array([0.0, -9.81, 0.0])

WIND_SPEED = 6.0
GUST_SPEED = 1.4  # standard deviation towards the viewer; half of it upwards
GUST_ROWS = 3  # independent gusts from the top to the bottom of the pole
PRESSURE = 0.5 * 1.2  # half the density of air
SKIN_DRAG = 0.04  # drag along the cloth as a share of the drag against it

PICTURE_WIDTH = 2.85  # width that the picture shows, metres
SUPERSAMPLING = 2
# Number of drawn points: more than one per pixel, so that stretched cloth has no gaps.
FINE = (8 * ROWS * SUPERSAMPLING, 8 * COLUMNS * SUPERSAMPLING)
LIGHT = np.array([-0.55, 0.45, 0.70]) / np.linalg.norm([-0.55, 0.45, 0.70])
SKY_TOP, SKY_BOTTOM = np.array([0.36, 0.58, 0.86]), np.array([0.74, 0.85, 0.95])
TEAL, CREAM, ORANGE = np.array([[0.0, 0.36, 0.40], [0.96, 0.92, 0.80], [0.95, 0.42, 0.08]])


class Cloth:
    """A hanging sheet of masses and springs with a fixed left edge.

    Attributes:
        place: float64 [ROWS, COLUMNS, 3], metres; row 0 is the top, column 0 the pole.
        speed: float64 [ROWS, COLUMNS, 3], metres per second.
    """

    def __init__(self):
        rows, columns = np.indices((ROWS, COLUMNS)) * SPACING
        self.place = np.stack([columns, -rows, np.zeros_like(rows)], axis=-1)
        self.speed = np.zeros_like(self.place)

    def step(self, duration, gravity=GRAVITY, wind=None):
        """Advance by `duration` seconds (semi-implicit Euler).

        Args:
            duration: seconds. Above about 3e-3, the stiff springs are unstable.
            gravity: metres per second squared, float64 [3].
            wind: velocity of the air at each mass, metres per second, float64
                [ROWS, COLUMNS, 3]; None means no air.
        """
        force = self.spring_force() + MASS * gravity
        if wind is not None:
            force += self._air_force(wind)
        self.speed = self.speed + force * (duration / MASS)
        self.speed[:, 0] = 0.0
        self.place = self.place + self.speed * duration

    def spring_force(self):
        """Force of all springs on each mass, newtons, float64 [ROWS, COLUMNS, 3]."""
        force = np.zeros_like(self.place)
        for down, right, stiffness in SPRINGS:
            one, other = _pairs(down, right)
            rest = SPACING * np.hypot(down, right)
            apart = self.place[other] - self.place[one]
            length = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart))[..., np.newaxis]
            apart /= length
            closing = np.einsum("ijk,ijk->ij", self.speed[other] - self.speed[one], apart)
            pull = stiffness * (length - rest) + SPRING_DAMPING * closing[..., np.newaxis]
            pull = pull * apart
            force[one] += pull
            force[other] -= pull
        return force

    def normals(self):
        """Unit normals of the cloth. They point to the viewer while the cloth hangs flat."""
        return _normals(self.place)

    def _air_force(self, wind):
        against = wind - self.speed
        normal = self.normals()
        across = np.einsum("ijk,ijk->ij", against, normal)[..., np.newaxis] * normal
        along = against - across
        return PRESSURE * SPACING**2 * (_times_length(across) + SKIN_DRAG * _times_length(along))


class Wind:
    """Gusts that arise at the pole and travel along the cloth at WIND_SPEED.

    Args:
        rng: the `numpy.random.Generator` of the gusts.
        duration: seconds per step.
    """

    def __init__(self, rng, duration):
        delays = np.arange(COLUMNS) * SPACING / WIND_SPEED / duration
        self._delays = np.round(delays).astype(int)
        self._noise = SmoothNoise(rng, (GUST_ROWS, 2), memory=0.09 / duration)
        self._past = [self._noise.step() for _ in range(self._delays[-1] + 1)]
        # The gust at a mass is a weighted mean of the two nearest of the GUST_ROWS gusts.
        position = np.linspace(0.0, GUST_ROWS - 1.0, ROWS)[:, np.newaxis]
        self._share = np.clip(1.0 - np.abs(position - np.arange(GUST_ROWS)), 0.0, 1.0)

    def step(self):
        """Advance by one step. Returns the wind at each mass, m/s, float64 [ROWS, COLUMNS, 3]."""
        self._past = [self._noise.step(), *self._past[:-1]]
        late = np.array([self._past[delay] for delay in self._delays])
        gust = GUST_SPEED * np.einsum("rg,cgk->rck", self._share, late)
        steady = np.full((ROWS, COLUMNS, 1), WIND_SPEED)
        return np.concatenate([steady, 0.5 * gust[..., 1:], gust[..., :1]], axis=-1)


def generate(seed, frames):
    """Yield `frames` pictures of a waving flag, uint8 [SIZE, SIZE, 3] in RGB.

    Args:
        seed: anything that `numpy.random.default_rng` accepts; equal seeds give equal frames.
        frames: number of pictures, at 25 per second.
    """
    duration = 1.0 / FRAME_RATE / STEPS_PER_FRAME
    cloth, wind = Cloth(), Wind(np.random.default_rng(seed), duration)
    colours = _flag_colours()
    for frame in range(WARM_UP_FRAMES + frames):
        for _ in range(STEPS_PER_FRAME):
            cloth.step(duration, wind=wind.step())
        if frame >= WARM_UP_FRAMES:
            yield _render(cloth.place, colours)


def _pairs(down, right):
    """Index the masses at both ends of every spring that spans (down, right)."""
    left, start = max(0, -right), max(0, right)
    one = np.s_[: ROWS - down, left : COLUMNS - start]
    other = np.s_[down:, start : COLUMNS - left]
    return one, other


def _normals(place):
    along = np.gradient(place, axis=1)
    up = -np.gradient(place, axis=0)
    normal = np.cross(along, up)
    return normal / (np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-12)


def _times_length(vector):
    return vector * np.linalg.norm(vector, axis=-1, keepdims=True)


def _flag_colours():
    """Colour of each drawn point: stripes with a disc in the middle, float64 [*FINE, 3]."""
    down, right = [(index + 0.5) / FINE[axis] for axis, index in enumerate(np.indices(FINE))]
    stripe = np.floor(down * 7).astype(int) % 2
    colours = np.where(stripe[..., np.newaxis] == 0, TEAL, CREAM)
    colours[np.hypot((down - 0.5) * ROWS, (right - 0.5) * COLUMNS) < 6.5] = ORANGE
    return colours


def _refinement(coarse, fine):
    """Matrix [fine, coarse] that gives `fine` points on a smooth curve through `coarse` points."""
    return CubicSpline(np.arange(coarse), np.eye(coarse))(np.linspace(0, coarse - 1, fine))


def _render(place, colours):
    """Draw the cloth in front of a sky, nearest points last. Row 0 of the picture is the top."""
    points = np.einsum("fr,rck->fck", _refinement(ROWS, FINE[0]), place)
    points = np.einsum("gc,fck->fgk", _refinement(COLUMNS, FINE[1]), points, optimize=True)
    normal = _normals(points)
    # Both sides are lit, because light shines through the thin cloth.
    lit = np.abs(normal @ LIGHT)
    shade = (0.30 + 0.85 * lit)[..., np.newaxis]
    painted = (colours * shade).reshape(-1, 3)

    pixels = SIZE * SUPERSAMPLING
    scale = pixels / PICTURE_WIDTH
    across = np.floor(points[..., 0] * scale + 0.02 * pixels).astype(int).ravel()
    down = np.floor(-points[..., 1] * scale + 0.02 * pixels).astype(int).ravel()
    inside = np.flatnonzero((across >= 0) & (across < pixels) & (down >= 0) & (down < pixels))
    order = inside[np.argsort(points[..., 2].ravel()[inside], kind="stable")]

    height = np.linspace(1.0, 0.0, pixels)[:, np.newaxis, np.newaxis]
    picture = np.repeat(SKY_BOTTOM + (SKY_TOP - SKY_BOTTOM) * height, pixels, axis=1)
    picture[down[order], across[order]] = painted[order]
    picture = picture.reshape(SIZE, SUPERSAMPLING, SIZE, SUPERSAMPLING, 3).mean(axis=(1, 3))
    return to_bytes(picture)
