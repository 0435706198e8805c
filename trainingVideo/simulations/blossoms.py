"""Blossoms: flowers of different shape and colour that open from bud to bloom, seen from above.

A petal is a strip that begins at the axis of the flower. Its angle to the axis changes along the
strip. In the bud, the strip first goes outwards and then back to the axis, so that the tips meet.
In bloom, the whole strip goes outwards and its tip curls down. The picture shows the projection of
the petals. Outer petals open before inner petals. Lengths are fractions of the picture, angles are
radians.
"""

import colorsys
from typing import NamedTuple

import numpy as np

from .shared import SIZE, Canvas, spread, to_bytes

FRAMES_TO_BLOOM = 30
STRIPS = 12  # number of pieces of a drawn petal, from its base to its tip
BUD_BEND = 1.15  # angle by which a closed petal leans out at its base, and back at its tip
BLOOM_LEAN = 1.35  # angle between an open petal and the axis


class Flower(NamedTuple):
    """One flower.

    Fields:
        petals: number of petals in a ring.
        rings: number of rings.
        length: length of the outermost petals, as a fraction of the picture.
        width: width of a petal, as a share of its length.
        point: place of the largest width of a petal, 0 at the base and 1 at the tip.
        turn: rotation of the whole flower, radians.
        onset, duration: beginning and duration of the opening, frames.
        base, tip, centre: colours, 0..1.
    """

    petals: int
    rings: int
    length: float
    width: float
    point: float
    turn: float
    onset: float
    duration: float
    base: tuple
    tip: tuple
    centre: tuple


def flower(seed, number):
    """The flower with this number."""
    petals, rings, length, width, point, turn, pace, hue, tint = spread(seed, number, 9)
    count = 5 + int(5 * petals)
    return Flower(
        petals=count,
        rings=1 + int(3 * rings),
        length=0.36 + 0.09 * length,
        width=(2.4 + 1.8 * width) / count,
        point=0.45 + 0.3 * point,
        turn=2.0 * np.pi * turn,
        onset=1.0 + 3.0 * pace,
        duration=22.0 - 3.0 * pace,
        base=colorsys.hsv_to_rgb((hue + 0.08) % 1.0, 0.5 + 0.4 * tint, 0.75),
        tip=colorsys.hsv_to_rgb(hue, 0.35 + 0.5 * tint, 1.0),
        centre=colorsys.hsv_to_rgb(0.13 - 0.05 * tint, 0.9, 0.9),
    )


def openness(plant, frame, ring):
    """How far a ring has opened, from 0 (bud) to 1 (bloom)."""
    delay = 0.15 * ring * plant.duration / plant.rings
    share = np.clip((frame - plant.onset - delay) / (plant.duration - delay), 0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)


def profile(is_open):
    """Distance from the axis and lean at STRIPS + 1 points along a petal.

    Returns:
        Distance in lengths of the petal, and lean from the axis in radians, float64 [STRIPS + 1]
        each.
    """
    along = np.linspace(0.0, 1.0, STRIPS + 1)
    bud, bloom = BUD_BEND * (1.0 - 1.9 * along), BLOOM_LEAN + 0.5 * along**2
    lean = (1.0 - is_open) * bud + is_open * bloom
    outwards = np.sin(lean)
    steps = (outwards[1:] + outwards[:-1]) / 2.0 / STRIPS
    return np.concatenate([[0.0], np.cumsum(steps)]), lean


def generate(seed, number, frames):
    """Yield `frames` pictures of one flower that opens, uint8 [SIZE, SIZE, 3] in RGB.

    Args:
        seed: determines the family; anything that `numpy.random.default_rng` accepts.
        number: number of the member of the family, from 0.
        frames: number of pictures, at 25 per second. The flower is open in picture 30.
    """
    plant = flower(seed, number)
    background = _background()
    for frame in range(frames):
        yield _render(plant, frame, background)


def _background():
    rows, columns = (np.indices((SIZE, SIZE)) + 0.5) / SIZE - 0.5
    shade = np.exp(-4.0 * (rows**2 + columns**2))[..., np.newaxis]
    return to_bytes(np.array([0.05, 0.16, 0.07]) + shade * np.array([0.04, 0.12, 0.05]))


def _render(plant, frame, background):
    canvas = Canvas(background)
    for ring in range(plant.rings):
        is_open = openness(plant, frame, ring)
        length = plant.length * (1.0 - 0.27 * ring)
        twist = plant.turn + ring * np.pi / plant.petals + 0.35 * (1.0 - is_open)
        for petal in range(plant.petals):
            angle = twist + 2.0 * np.pi * petal / plant.petals
            shade = 1.0 - 0.10 * (petal % 2) - 0.05 * ring
            _draw_petal(canvas, plant, angle, length, is_open, shade)
    # Stamens; in the bud, the petals cover them.
    canvas.disc((0.5, 0.5), 0.055 * openness(plant, frame, plant.rings - 1), plant.centre)
    return canvas.picture()


def _draw_petal(canvas, plant, angle, length, is_open, shade):
    distance, lean = profile(is_open)
    along = np.linspace(0.0, 1.0, STRIPS + 1)
    # A bump that is widest at `point` and closes at both ends.
    sharpness = plant.point / (1.0 - plant.point)
    wide = (along**sharpness * (1.0 - along)) ** 0.5
    wide *= 0.5 * plant.width * length / wide.max()
    # In the bud, petals are rolled up.
    wide = np.maximum(wide, 0.004) * (0.45 + 0.55 * is_open)
    radial = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-radial[1], radial[0]])
    axis = 0.5 + length * distance[:, np.newaxis] * radial
    left, right = axis - wide[:, np.newaxis] * across, axis + wide[:, np.newaxis] * across
    for strip in range(STRIPS):
        corners = np.array([left[strip], left[strip + 1], right[strip + 1], right[strip]])
        share = along[strip]
        colour = (1.0 - share) * np.array(plant.base) + share * np.array(plant.tip)
        # A part that leans back to the axis shows its outside, which is darker.
        light = shade * (0.72 + 0.28 * np.clip(np.sin(lean[strip]), -0.6, 1.0))
        canvas.polygon(corners, light * colour)
