"""States that turn, and the first weights of a small transition that learns to turn them."""

import numpy as np

from model.latents import LatentSizes

SIZES = LatentSizes(state_size=2, z_size=6, content_size=3, motion_type_size=1)
ANGLE = 2 * np.pi / 9


def angles_of(states):
    """The angle [N, T − 1] by which 2-dimensional states turn in each frame."""
    turned = states[..., 0] + 1j * states[..., 1]
    return np.angle(turned[:, 1:] / turned[:, :-1])


def first_weights(make_generator, dynamic_mode, sizes=SIZES):
    generator = make_generator([1], sizes=sizes, dynamic_mode=dynamic_mode, transition_init_std=0.1)
    return generator.variables()
