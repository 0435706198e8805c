"""The transition network: how the latent state moves from frame to frame.

    s_t = tanh(s_{t-1} + r_α([m, ξ_t, s_{t-1}]))                        (paper, equation 1)

`nonlinear`: r_α is a multilayer perceptron with two hidden layers of 20 rectified linear units
and a linear output. `linear`: r_α is one affine map.
"""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from model.latents import Latents, LatentSizes
from model.weights import constant_variable, normal_variable

HIDDEN_UNITS = {"nonlinear": (20, 20), "linear": ()}


class AffineMap(NamedTuple):
    """Weights of one layer of r_α: kernel [inputs, outputs] and bias [outputs]."""

    kernel: tf.Variable
    bias: tf.Variable


class Unrolled(NamedTuple):
    """What the transition makes of n sequences of T frames.

    Fields:
        states: [n, T, state_size], s_1 … s_T, in (-1, 1).
        active_share: scalar, the share of positive hidden units over sequences, frames and
            layers; NaN where r_α has no hidden units.
    """

    states: tf.Tensor
    active_share: tf.Tensor


def make_transition(dynamic_mode: str, sizes: LatentSizes, init_std: float, key) -> list[AffineMap]:
    """Create the weights α: kernels from N(0, init_std²), biases 0.

    Args:
        dynamic_mode: "nonlinear" or "linear".
        init_std: standard deviation of the kernels; far below 0.05 the hidden units may die.
        key: int32 [2], the key of the weights' random numbers.
    """
    inputs = sizes.motion_type_size + sizes.z_size + sizes.state_size
    layers = []
    for index, outputs in enumerate([*HIDDEN_UNITS[dynamic_mode], sizes.state_size], start=1):
        kernel = normal_variable(f"transition/kernel_{index}", [inputs, outputs], init_std, key)
        layers.append(AffineMap(kernel, constant_variable(f"transition/bias_{index}", [outputs])))
        inputs = outputs
    return layers


def unroll(layers: Sequence[AffineMap], latents: Latents) -> Unrolled:
    """Run the transition over all T frames; T must be known when the graph is built."""
    state = latents.initial_state
    states, active = [], []
    for innovation in tf.unstack(latents.innovations, axis=1):
        residual = tf.concat([latents.motion_type, innovation, state], axis=1)
        for layer in layers[:-1]:
            residual = tf.nn.relu(residual @ layer.kernel + layer.bias)
            active.append(tf.reduce_mean(tf.cast(residual > 0, tf.float32)))
        residual = residual @ layers[-1].kernel + layers[-1].bias
        state = tf.tanh(state + residual)
        states.append(state)
    active_share = tf.reduce_mean(tf.stack(active)) if active else tf.constant(float("nan"))
    return Unrolled(tf.stack(states, axis=1), active_share)
