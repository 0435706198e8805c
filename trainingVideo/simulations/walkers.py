"""Walkers: people of different build and colour who walk or run in place, seen from the side.

A figure is a skeleton of limbs. Its joints follow the angles of a human gait over one stride. The
other leg is half a stride behind, and the arms swing against the legs. The lower foot on the ground
determines the height of the hip. A runner leaves the ground twice in each stride. Lengths are
fractions of the picture, angles are radians, and y points down. The figures face right.

Source: Winter, Biomechanics and Motor Control of Human Movement, Wiley 2009 (joint angles).
"""

import colorsys
from typing import NamedTuple

import numpy as np

from .shared import Canvas, spread

FRAMES_A_STRIDE = 15
BACKGROUND = (0.86, 0.86, 0.86)
GROUND = 0.95
FAR = 0.72  # brightness of the limbs on the far side


class Gait(NamedTuple):
    """The movement of the joints over a stride; all fields except the last are in radians.

    Fields:
        hip: mean and amplitude of the thigh's swing.
        knee: bend of the knee in stance, and additional bend in the swing.
        arm: amplitude of the upper arm's swing.
        elbow: bend of the elbow.
        lean: forward lean of the trunk.
        flight: height of the figure above the ground, as a share of its leg.
    """

    hip: tuple[float, float]
    knee: tuple[float, float]
    arm: float
    elbow: float
    lean: float
    flight: float


WALK = Gait((0.12, 0.42), (0.10, 0.95), 0.40, 0.25, 0.03, 0.0)
RUN = Gait((0.28, 0.72), (0.30, 1.55), 0.75, 1.45, 0.16, 0.12)


class Figure(NamedTuple):
    """One person: gait, phase in strides, lengths as fractions of the picture, colours 0..1."""

    gait: Gait
    phase: float
    leg: float
    trunk: float
    arm: float
    head: float
    girth: float
    skin: tuple
    hair: tuple
    shirt: tuple
    trousers: tuple


def figure(seed, number):
    """The person with this number. A person with an odd number runs."""
    height, build, legs, phase, shirt, trousers, skin, hair = spread(seed, number, 8)
    whole = 0.72 + 0.14 * height
    head = 0.13 * whole
    leg = (0.44 + 0.08 * legs) * whole
    return Figure(
        gait=RUN if number % 2 else WALK,
        phase=phase,
        leg=leg,
        trunk=whole - leg - head,
        arm=0.40 * whole,
        head=head,
        girth=(0.75 + 0.7 * build) * whole,
        skin=colorsys.hsv_to_rgb(0.07, 0.30 + 0.35 * skin, 0.95 - 0.50 * skin),
        hair=colorsys.hsv_to_rgb(0.02 + 0.12 * hair, 0.7, 0.10 + 0.7 * hair),
        shirt=colorsys.hsv_to_rgb(shirt, 0.85, 0.85),
        trousers=colorsys.hsv_to_rgb(trousers, 0.75, 0.55),
    )


def bump(phase, centre, sharpness):
    """A smooth bump of height 1 once a stride; phase and centre in strides."""
    return np.exp(sharpness * (np.cos(2.0 * np.pi * (phase - centre)) - 1.0))


def leg_angles(gait, phase):
    """Angles of thigh, shank and foot, from straight down to the front; heel strike at phase 0."""
    thigh = gait.hip[0] + gait.hip[1] * np.cos(2.0 * np.pi * (phase + 0.07))
    stance, swing = gait.knee
    bend = 0.06 + stance * bump(phase, 0.14, 6.0) + swing * bump(phase, 0.71, 4.0)
    push_off = 0.55 * bump(phase, 0.58, 8.0)  # the heel rises
    shank = thigh - bend
    return thigh, shank, shank + 0.5 * np.pi - push_off


def towards(start, angle, length):
    """The point at this distance from `start`; the angle goes from straight down to the front."""
    return start + length * np.array([np.sin(angle), np.cos(angle)])


def leg_joints(person, phase, hip):
    """Hip, knee, ankle and toe, each float64 [2]: across and down."""
    thigh, shank, foot = leg_angles(person.gait, phase)
    knee = towards(hip, thigh, 0.5 * person.leg)
    ankle = towards(knee, shank, 0.46 * person.leg)
    return [hip, knee, ankle, towards(ankle, foot, 0.13 * person.leg)]


def generate(seed, number, frames):
    """Yield `frames` pictures of one person, uint8 [SIZE, SIZE, 3] in RGB.

    Args:
        seed: determines the family; anything that `numpy.random.default_rng` accepts.
        number: number of the member of the family, from 0.
        frames: number of pictures, at 25 per second. Two strides take 30 pictures.
    """
    person = figure(seed, number)
    for frame in range(frames):
        yield _render(person, person.phase + frame / FRAMES_A_STRIDE)


def _render(person, phase):
    canvas = Canvas(BACKGROUND)
    gait, girth = person.gait, person.girth
    far, near = phase + 0.5, phase
    depth = max(joint[1] for leg in (far, near) for joint in leg_joints(person, leg, np.zeros(2)))
    flight = gait.flight * person.leg * max(0.0, -np.cos(4.0 * np.pi * (phase - 0.14)))
    sole = 0.02
    balance = 0.4 * np.sin(gait.lean) * person.trunk  # keeps the body in the middle of the picture
    hip = np.array([0.5 - balance, GROUND - sole - depth - flight])
    up = np.pi - gait.lean
    shoulder = towards(hip, up, 0.86 * person.trunk)
    neck = towards(hip, up, person.trunk)
    _draw_arm(canvas, person, shoulder, far, FAR)
    _draw_leg(canvas, person, hip, far, FAR)
    _draw_leg(canvas, person, hip, near, 1.0)
    canvas.limb(hip, shoulder, (0.14 * girth, 0.17 * girth), person.shirt)
    canvas.limb(shoulder, neck, (0.07 * girth, 0.06 * girth), person.skin)
    middle, radius = towards(neck, up, 0.45 * person.head), 0.55 * person.head
    canvas.disc(middle + [-0.15 * radius, -0.12 * radius], 1.05 * radius, person.hair)
    canvas.disc(middle + [0.22 * radius, 0.15 * radius], 0.85 * radius, person.skin)
    _draw_arm(canvas, person, shoulder, near, 1.0)
    return canvas.picture()


def _draw_leg(canvas, person, hip, phase, light):
    hip, knee, ankle, toe = leg_joints(person, phase, hip)
    girth, trousers = person.girth, np.multiply(light, person.trousers)
    canvas.limb(ankle, toe, (0.05 * girth, 0.035 * girth), np.multiply(light, (0.2, 0.15, 0.12)))
    canvas.limb(knee, ankle, (0.075 * girth, 0.05 * girth), trousers)
    canvas.limb(hip, knee, (0.115 * girth, 0.08 * girth), trousers)


def _draw_arm(canvas, person, shoulder, phase, light):
    gait, girth = person.gait, person.girth
    swing = -gait.arm * np.cos(2.0 * np.pi * (phase + 0.07)) - 0.3 * gait.lean
    bend = gait.elbow * (1.0 + 0.25 * np.sin(swing))
    elbow = towards(shoulder, swing, 0.48 * person.arm)
    hand = towards(elbow, swing + bend, 0.45 * person.arm)
    skin = np.multiply(light, person.skin)
    canvas.limb(elbow, hand, (0.05 * girth, 0.035 * girth), skin)
    canvas.disc(hand, 0.028 * girth, skin)
    canvas.limb(shoulder, elbow, (0.075 * girth, 0.055 * girth), np.multiply(light, person.shirt))
