"""Walkers: people of different build and colour who walk or run in place, seen from the side.

A figure is a skeleton of limbs. Its joints follow the angles of a human gait over one stride;
the other leg is half a stride behind, and the arms swing against the legs. The hip is as high as
the lower foot on the ground asks for, and a runner leaves the ground twice a stride. Lengths
are fractions of the picture, angles radians; y points down and the figures face right.

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
    """How joints move over a stride; all but the last in radians.

    Fields:
        hip: mean and amplitude of the thigh's swing.
        knee: its bend in stance, and what the swing adds.
        arm: amplitude of the upper arm's swing.
        elbow: its bend.
        lean: of the trunk, forwards.
        flight: how high the figure leaves the ground, as a share of its leg.
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
    """The person of this number; every second one runs."""
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
    """Thigh, shank and foot, each from straight down and forwards; the heel strikes at phase 0."""
    thigh = gait.hip[0] + gait.hip[1] * np.cos(2.0 * np.pi * (phase + 0.07))
    stance, swing = gait.knee
    bend = 0.06 + stance * bump(phase, 0.14, 6.0) + swing * bump(phase, 0.71, 4.0)
    push_off = 0.55 * bump(phase, 0.58, 8.0)  # the heel rises
    shank = thigh - bend
    return thigh, shank, shank + 0.5 * np.pi - push_off


def towards(start, angle, length):
    """The point at this distance, in a direction from straight down and forwards."""
    return start + length * np.array([np.sin(angle), np.cos(angle)])


def leg_joints(person, phase, hip):
    """Hip, knee, ankle and toe, each float64 [2], across and down."""
    thigh, shank, foot = leg_angles(person.gait, phase)
    knee = towards(hip, thigh, 0.5 * person.leg)
    ankle = towards(knee, shank, 0.46 * person.leg)
    return [hip, knee, ankle, towards(ankle, foot, 0.13 * person.leg)]


def generate(seed, number, frames):
    """Yield `frames` pictures of one person, uint8 [SIZE, SIZE, 3] in RGB.

    Args:
        seed: decides the family; anything `numpy.random.default_rng` takes.
        number: which of the family, from 0 on.
        frames: how many pictures, at 25 a second; two strides take 30.
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
    balance = 0.4 * np.sin(gait.lean) * person.trunk  # so that the middle stays in the middle
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
