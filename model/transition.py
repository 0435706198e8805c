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
    """Weights of one layer of r_α, as variables or read as tensors.

    Fields:
        kernel: [inputs, outputs].
        bias: [outputs].
    """

    kernel: tf.Variable | tf.Tensor
    bias: tf.Variable | tf.Tensor


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


def read_transition(layers: Sequence[AffineMap]) -> list[AffineMap]:
    """The weights as tensors, read once for as many passes as follow."""
    return [AffineMap(tf.identity(kernel), tf.identity(bias)) for kernel, bias in layers]


def unroll(layers: Sequence[AffineMap], latents: Latents) -> Unrolled:
    """Run the transition over all T frames; T must be known when the graph is built.

    What m and ξ_t contribute is computed for all frames in one product: only s_{t-1} must wait.
    """
    num_frames = latents.innovations.shape[1]
    driven_by = tf.concat(
        [tf.repeat(latents.motion_type[:, None], num_frames, axis=1), latents.innovations], axis=2
    )
    first, *further = layers
    drivers = int(driven_by.shape[2])
    for_drivers, for_state = first.kernel[:drivers], first.kernel[drivers:]
    driven = tf.nn.bias_add(
        tf.reshape(driven_by, [-1, drivers]) @ for_drivers,
        first.bias,
    )
    driven = tf.reshape(driven, [-1, num_frames, first.bias.shape[0]])
    state = latents.initial_state
    states, hidden = [], []
    for drive in tf.unstack(driven, axis=1):
        # add_n, as unlike + it does not look for shapes to broadcast, forward or backward.
        residual = tf.add_n([drive, state @ for_state])
        for layer in further:
            hidden.append(tf.nn.relu(residual))
            residual = tf.nn.bias_add(hidden[-1] @ layer.kernel, layer.bias)
        state = tf.tanh(tf.add_n([state, residual]))
        states.append(state)
    active = tf.reduce_mean(tf.cast(tf.stack(hidden) > 0, tf.float32)) if hidden else float("nan")
    return Unrolled(tf.stack(states, axis=1), tf.convert_to_tensor(active))
