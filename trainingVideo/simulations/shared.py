"""Shared parts of the simulations: picture size, random signals, spread numbers, drawing, bytes."""

import numpy as np
from PIL import Image, ImageDraw
from scipy.stats import qmc

SIZE = 128  # height and width of every frame, in pixels
FRAME_RATE = 25  # frames per second


class SmoothNoise:
    """Independent random signals that wander smoothly around zero.

    Each signal is an Ornstein-Uhlenbeck process, filtered once more with the same memory. The
    filter removes the jitter from step to step.

    Args:
        rng: the `numpy.random.Generator` of the noise.
        shape: shape of `value`, one signal per element.
        memory: time constant of both stages, in steps, > 0.

    Attributes:
        value: float64 array of the given shape, mean 0, standard deviation 1 at every step.

    Source: Uhlenbeck and Ornstein, On the Theory of the Brownian Motion, Physical Review 1930.
    """

    def __init__(self, rng, shape, memory):
        self._rng = rng
        self._keep = keep = np.exp(-1.0 / memory)
        # Start in the stationary state: these are covariance and variance of the two stages.
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


def spread(seed, number, dimensions):
    """Coordinates of one member of a family, float64 [dimensions] in [0, 1).

    The members 0, 1, 2, … 31 fill the unit cube evenly. The first n members also fill it evenly,
    because each new member falls between earlier members.

    Source: Sobol, points of low discrepancy (as in SciPy), all shifted by one random vector.
    """
    shift = np.random.default_rng(seed).uniform(size=dimensions)
    points = qmc.Sobol(dimensions, scramble=False).random_base2(5)
    return (points[number] + shift) % 1.0


class Canvas:
    """A picture to draw on, with smooth edges. Lengths are fractions of its side; y points down."""

    OVERSAMPLING = 4

    def __init__(self, background):
        """Args: background: uint8 [SIZE, SIZE, 3], or a colour, three numbers 0..1."""
        self._side = SIZE * self.OVERSAMPLING
        if np.ndim(background) == 1:
            self._image = Image.new("RGB", (self._side, self._side), _colour(background))
        else:
            size = (self._side, self._side)
            self._image = Image.fromarray(background).resize(size, Image.Resampling.BILINEAR)
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, corners, colour):
        """Fill a polygon, corners float [n, 2]."""
        self._draw.polygon([tuple(corner) for corner in self._side * corners], _colour(colour))

    def disc(self, centre, radius, colour):
        """Fill a disc."""
        (x, y), r = self._side * np.asarray(centre), self._side * radius
        self._draw.ellipse((x - r, y - r, x + r, y + r), _colour(colour))

    def limb(self, start, end, widths, colour):
        """Fill a limb with round ends, of the given width at its start and at its end."""
        start, end = np.asarray(start), np.asarray(end)
        along = (end - start) / max(np.hypot(*(end - start)), 1e-9)
        across = np.array([-along[1], along[0]]) / 2.0
        sides = [start + across * widths[0], end + across * widths[1]]
        sides += [end - across * widths[1], start - across * widths[0]]
        self.polygon(np.array(sides), colour)
        self.disc(start, widths[0] / 2.0, colour)
        self.disc(end, widths[1] / 2.0, colour)

    def picture(self):
        """The drawn picture, uint8 [SIZE, SIZE, 3]."""
        return np.asarray(self._image.reduce(self.OVERSAMPLING))


def _colour(colour):
    return tuple(int(round(255 * min(max(value, 0.0), 1.0))) for value in colour)


def to_bytes(picture):
    """Turn a float picture [H, W, 3] with values 0..1 (clipped outside) into uint8 [H, W, 3]."""
    return np.round(255.0 * np.clip(picture, 0.0, 1.0)).astype(np.uint8)
