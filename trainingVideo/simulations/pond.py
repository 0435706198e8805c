"""Pond: a sailing boat with its wake crosses the water of `water.py`; a mask covers both.

The boat consists of a few flat, convex pieces in three dimensions, which roll and pitch a little.
Bow and stern leave a wake of foam, which spreads and fades. Axes: 0 along the picture, 1 away from
the viewer, 2 up. Their origin is the middle of the boat, at the height of the water. Lengths are
pixels, times are frames. The viewer is at the same place as in `water.py`.

Source: Thomson, On Ship Waves, Proceedings of the Institution of Mechanical Engineers 1887 (the
angle at which the bow's wave trails).
"""

import numpy as np

from . import water
from .shared import SIZE, to_bytes

MARGIN = 3  # pixels around boat and wake in the mask, because h264 smears edges

WATER_LINE = 80.0  # row of the picture along which the boat sails
BOW, STERN = 15.0, -13.0
HEADING = np.radians(-7.0)  # the bow points a little towards the viewer
HEEL = np.radians(9.0)  # the wind leans the boat to one side
ROLL, PITCH, HEAVE = np.radians(3.5), np.radians(3.0), 0.7
ROLL_PERIOD, PITCH_PERIOD, HEAVE_PERIOD = 41.0, 29.0, 34.0

WAKE_ANGLE = np.arcsin(1.0 / 3.0)
ARM_LIFE, TRAIL_LIFE = 34, 20  # frames until the foam of bow and stern is gone
FAINTEST = 0.02  # foam with a smaller cover is left out, so that the wake has a border

HULL_COLOUR = np.array([0.50, 0.11, 0.10])
RAIL_COLOUR = np.array([0.93, 0.89, 0.80])
DECK_COLOUR = np.array([0.66, 0.46, 0.27])
WELL_COLOUR = np.array([0.27, 0.17, 0.11])
MAST_COLOUR = np.array([0.42, 0.29, 0.18])
SAIL_COLOUR = np.array([0.97, 0.95, 0.88])
PENNANT_COLOUR = np.array([0.95, 0.42, 0.08])
JIB_COLOUR = np.array([0.84, 0.86, 0.86])
SHADE_COLOUR = np.array([0.01, 0.06, 0.10])
FOAM_COLOUR = np.array([0.86, 0.93, 0.95])


class Layer:
    """A layer of paint over the water, painted piece by piece.

    Attributes:
        colour: float64 [SIZE, SIZE, 3], 0..1, already multiplied by `cover`.
        cover: float64 [SIZE, SIZE, 1], share of each pixel that is painted over.
    """

    def __init__(self):
        self.colour = np.zeros((SIZE, SIZE, 3))
        self.cover = np.zeros((SIZE, SIZE, 1))

    def paint(self, colour, cover):
        """Paint a colour [3] over the share `cover` [SIZE, SIZE] of each pixel."""
        cover = cover[..., np.newaxis]
        self.colour = self.colour * (1.0 - cover) + colour * cover
        self.cover = self.cover * (1.0 - cover) + cover

    def over(self, picture):
        """Put the layer over a picture, uint8 [SIZE, SIZE, 3] in RGB. Returns a new picture."""
        covered = to_bytes(picture / 255.0 * (1.0 - self.cover) + self.colour)
        return np.where(self.cover > 0.0, covered, picture)


def generate(seed, frames):
    """Yield `frames` triples (picture, truth, missing), one for each frame.

    Args:
        seed: anything that `numpy.random.default_rng` accepts; equal seeds give equal frames.
        frames: number of frames, at 25 per second. During these frames, the boat crosses the
            picture from left to right.

    Yields:
        picture: uint8 [SIZE, SIZE, 3] in RGB, the water with boat and wake.
        truth: uint8 [SIZE, SIZE, 3], the same water without boat and wake.
        missing: bool [SIZE, SIZE], true at boat and wake and MARGIN pixels around them. Picture
            and truth are equal where it is false.
    """
    for layer, truth in zip(crossing(seed, frames), water.generate(seed, frames), strict=True):
        yield layer.over(truth), truth, widened(layer.cover[..., 0] > 0.0, MARGIN)


def crossing(seed, frames):
    """Yield a `Layer` with the boat and its wake for each of `frames` frames."""
    (rng,) = np.random.default_rng(seed).spawn(1)  # other random numbers than the water
    # In the first frame, the bow is at the left edge; in the last, the stern is at the right edge.
    middles, speed = np.linspace(-BOW, SIZE - STERN, frames, retstep=True)
    wake = _Wake(rng, speed)
    for frame, middle in enumerate(middles):
        layer = Layer()
        wake.step(middle)
        wake.paint(layer)
        _paint_boat(layer, middle, frame)
        yield layer


def widened(mask, margin):
    """A mask, bool [height, width], with all pixels within a distance of `margin` (an integer)."""
    height, width = mask.shape
    padded = np.pad(mask, margin)
    result = np.zeros_like(mask)
    for down, right in np.ndindex(2 * margin + 1, 2 * margin + 1):
        if np.hypot(down - margin, right - margin) <= margin + 0.5:
            result |= padded[down : down + height, right : right + width]
    return result


def coverage(corners):
    """Share of each pixel that lies in the convex hull of corners, float64 [SIZE, SIZE].

    Args:
        corners: float64 [n, 2], (column, row) of each corner. The picture is 0..SIZE.
    """
    start, end = np.nonzero(~np.eye(len(corners), dtype=bool))
    along = corners[end] - corners[start]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1)
    reach = np.einsum("ek,ek->e", outward, corners[start])
    # A line through two corners bounds the hull if no corner is beyond it.
    bounds = (outward @ corners.T).max(axis=1) <= reach + 1e-9
    # The box around the corners also bounds it. Otherwise a thin piece would extend beyond its end.
    outward = np.concatenate([outward[bounds], np.eye(2), -np.eye(2)])
    reach = np.concatenate([reach[bounds], corners.max(axis=0), -corners.min(axis=0)])

    rows, columns = np.indices((SIZE, SIZE)) + 0.5
    inside = np.full((SIZE, SIZE), np.inf)
    for (right, down), distance in zip(outward, reach, strict=True):
        inside = np.minimum(inside, distance - right * columns - down * rows)
    return np.clip(inside + 0.5, 0.0, 1.0)


class _Wake:
    """Foam on the water: two arms behind the bow, and a trail behind the stern.

    Args:
        rng: the `numpy.random.Generator` that scatters the foam.
        speed: speed of the boat, pixels per frame.
    """

    def __init__(self, rng, speed):
        self._rng = rng
        self._outward = speed * np.tan(WAKE_ANGLE)
        # One row for each patch of foam: place along and away, drift away, age, life, strength.
        self._foam = np.zeros((0, 6))

    def step(self, middle):
        """Move, age and remove foam. Add new foam at bow and stern of a boat at `middle`."""
        self._foam[:, 1] += self._foam[:, 2]
        self._foam[:, 3] += 1.0
        kept = self._foam[self._foam[:, 3] < self._foam[:, 4]]
        side = np.array([-1.0, 1.0])
        bow = self._patches(middle + BOW - 4.0, 1.5 * side, self._outward * side, ARM_LIFE)
        away = self._rng.uniform(-3.0, 3.0, 3)
        stern = self._patches(middle + STERN + 1.0, away, 0.05 * away, TRAIL_LIFE)
        self._foam = np.concatenate([kept, bow, stern])

    def _patches(self, along, away, drift, life):
        """New foam, one patch for each element of `away` [n] and `drift` [n]."""
        patches = len(away)
        along = along + self._rng.uniform(-0.8, 0.8, patches)
        drift = drift * self._rng.uniform(0.85, 1.15, patches)
        strength = self._rng.uniform(0.2, 0.8, patches)
        still = np.zeros(patches)
        return np.stack([along, away, drift, still, still + life, strength], axis=1)

    def paint(self, layer):
        """Paint the foam, thickest where it is young or where many patches meet."""
        along, away, _, age, life, strength = self._foam.T
        centres = _seen(np.stack([along, away, np.zeros_like(away)], axis=1))
        radius = 0.9 + 1.5 * age / life
        # The view is oblique, so a round patch is wider than high.
        offsets = np.arange(SIZE) + 0.5 - centres[..., np.newaxis]
        across = np.exp(-((offsets[:, 0] / radius[:, np.newaxis]) ** 2))
        down = np.exp(-((offsets[:, 1] / radius[:, np.newaxis] / water.TO_VIEWER[2]) ** 2))
        thick = np.einsum("n,nr,nc->rc", strength * (1.0 - age / life), down, across)
        foam = 1.0 - np.exp(-thick)
        layer.paint(FOAM_COLOUR, np.where(foam > FAINTEST, foam, 0.0))


def _seen(points):
    """Project points [..., 3] on and above the water to (column, row) [..., 2] in the picture."""
    up, away = -water.TO_VIEWER[1], water.TO_VIEWER[2]  # scale of these axes in the picture
    row = WATER_LINE - away * points[..., 1] - up * points[..., 2]
    return np.stack([points[..., 0], row], axis=-1)


def _paint_boat(layer, middle, frame):
    turn = _attitude(frame)
    heave = HEAVE * np.sin(2.0 * np.pi * frame / HEAVE_PERIOD)
    for colour, strength, points in _pieces():
        place = points @ turn.T + [middle, 0.0, heave]
        layer.paint(colour, strength * coverage(_seen(place)))


def _pieces():
    """The pieces of the boat from back to front: a list of (colour, strength, points [n, 3])."""
    water_line = _outline(0.72, -0.5, length=0.88)
    rail, deck = _outline(1.0, 3.6, sheer=1.8), _outline(0.84, 3.6, sheer=1.8)
    shadow = np.concatenate([water_line, _outline(0.95, -3.5)])
    mast = [[2.5, 0, 4], [3.5, 0, 4], [3.3, 0, 35], [2.7, 0, 35]]
    boom = [[3, 0, 7.5], [3, 0, 8.4], [-12, 3, 7.7], [-12, 3, 8.3]]
    pennant = [[2.7, 0, 35.5], [2.7, 0, 32.5], [-2.5, 0.5, 33.5]]
    jib = [[14, 0, 6.5], [4, 1.5, 7.5], [5, 2.5, 13], [3.5, 0, 29]]
    sail = [[2.4, 0, 9], [-11.5, 3.2, 9], [-9.7, 3.8, 16], [-5.2, 2.8, 25], [2.4, 0, 33]]
    belly = [[-4.5, 3.2, 9], [-11.5, 3.2, 9], [-9.7, 3.8, 16], [-5.2, 2.8, 25], [1.0, 0, 32]]
    return [
        (SHADE_COLOUR, 0.55, shadow),
        (HULL_COLOUR, 1.0, np.concatenate([rail, water_line])),
        (RAIL_COLOUR, 1.0, rail),
        (DECK_COLOUR, 1.0, deck),
        (WELL_COLOUR, 1.0, _outline(0.5, 4.0, middle=-4.0, length=0.55)),
        (JIB_COLOUR, 1.0, np.array(jib)),
        (MAST_COLOUR, 1.0, np.array(mast)),
        (PENNANT_COLOUR, 1.0, np.array(pennant)),
        (SAIL_COLOUR, 1.0, np.array(sail)),
        (SHADE_COLOUR, 0.12, np.array(belly)),
        (MAST_COLOUR, 1.0, np.array(boom)),
    ]


def _outline(width, height, sheer=0.0, middle=0.0, length=1.0):
    """Outline of the boat seen from above, pointed at the bow, float64 [n, 3].

    `width` and `length` are shares of the boat's width and length. The outline is `height` above
    the water at the stern and `sheer` higher at the bow.
    """
    share = np.array([0.0, 0.1, 0.25, 0.45, 0.65, 0.82, 0.93, 1.0])
    half = 5.0 * width * np.array([0.62, 0.78, 0.93, 1.0, 0.9, 0.62, 0.3, 0.0])
    along = middle + length * (STERN + (BOW - STERN) * share)
    side = np.stack([along, half, height + sheer * share**2], axis=1)
    return np.concatenate([side, side[:-1] * [1.0, -1.0, 1.0]])


def _attitude(frame):
    """Matrix [3, 3] that turns the boat by its heading, pitch and roll in this frame."""
    roll = HEEL + ROLL * np.sin(2.0 * np.pi * frame / ROLL_PERIOD)
    pitch = PITCH * np.sin(2.0 * np.pi * frame / PITCH_PERIOD)
    return _turn(0, 1, HEADING) @ _turn(0, 2, pitch) @ _turn(2, 1, roll)


def _turn(one, other, angle):
    """Matrix [3, 3] that turns the axis `one` towards the axis `other`, radians."""
    matrix = np.eye(3)
    matrix[one, one] = matrix[other, other] = np.cos(angle)
    matrix[other, one], matrix[one, other] = np.sin(angle), -np.sin(angle)
    return matrix
