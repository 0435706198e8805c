"""The transition network: it maps the latent state of one frame to the state of the next.

    s_t = F_α(s_{t-1}, [m, ξ_t])                                        (paper, equation 1)

`nonlinear`: s_t = tanh(s_{t-1} + r_α([m, ξ_t, s_{t-1}])), where r_α is a multilayer perceptron
with two hidden layers of 20 rectified linear units and a linear output.

`linear`: the same equation, where r_α is one affine map.

`gru`: a gated recurrent unit (Cho et al., *Learning Phrase Representations using RNN
Encoder-Decoder*, 2014). With v_t = [m, ξ_t], the previous state p = tanh(s_{t-1}), the logistic
function σ and affine maps U, R, C,

    u = σ(U[v_t, p]),   r = σ(R[v_t, p]),   c = tanh(C[v_t, r ∘ p]),   s_t = (1 − u) ∘ p + u ∘ c.

The prior N(0, I) of s_0 is unbounded. The tanh of the previous state keeps every s_t, t ≥ 1, in
(-1, 1), as in the other transitions.

`momentum`: the first half of a state is a position q_t, the second half a velocity w_t. With r_α as
in `nonlinear` and c = 0.7,

    w_t = tanh(c w_{t-1} + r_α([m, ξ_t, s_{t-1}])),   q_t = tanh(q_{t-1} + w_t),   s_t = [q_t, w_t],

and the emission network sees q_t only. In the other transitions, independent innovations give steps
in independent directions, so sampled videos jitter. Here an innovation changes the velocity, and c
times the velocity remains. If a state has an odd number of dimensions, the last position keeps no
velocity. The underdamped Langevin equation of physics moves a particle in the same way.

To add a transition, add its functions and a row in `TRANSITIONS` to this file. The names in
`TRANSITIONS` are the values of --dynamic_mode, beside `matched` (`model.matched_to_clips`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from model.latents import Latents, LatentSizes
from model.tensorflow_v1 import tf
from model.weights import constant_variable, normal_variable

HIDDEN_UNITS = {"nonlinear": (20, 20), "linear": (), "momentum": (20, 20)}  # of r_α, by layer
VELOCITY_KEPT = 0.7  # the constant c of `momentum`


class AffineMap(NamedTuple):
    """Weights of one affine map, as variables or as tensors.

    Fields:
        kernel: [inputs, outputs].
        bias: [outputs].
    """

    kernel: tf.Variable | tf.Tensor
    bias: tf.Variable | tf.Tensor


class Unrolled(NamedTuple):
    """The states of n sequences of T frames.

    Fields:
        states: [n, T, state_size], s_1 … s_T, in (-1, 1).
        seen: [n, T, number seen], the part of the states that the emission network sees.
        active_share: scalar, the share of positive hidden units over sequences, frames and
            layers; NaN if the transition has no rectified hidden units.
    """

    states: tf.Tensor
    seen: tf.Tensor
    active_share: tf.Tensor


def whole(state_size: int) -> int:
    """The emission network sees the whole state."""
    return state_size


class Transition(NamedTuple):
    """A row of `TRANSITIONS`.

    Fields:
        make: (sizes, standard deviation of the kernels, int32 [2] key) → the weights α as
            variables. Kernels are drawn from N(0, std²), biases are 0.
        unroll: (α as tensors, latents) → all T states. T is known when the graph is built.
        read: α as variables → α as tensors, read once for all passes.
        num_seen: state_size → how many dimensions of a state, from the first, the emission
            network sees.
        headroom: videos move about as much as the clip if the sampled states of the initial
            weights have steps so many times as long, see `model.initial_scale`. Found by trials.
        num_driven: how many of the affine maps, from the first, see [m, ξ_t]; the others see it
            only through them.
    """

    make: Callable[[LatentSizes, float, object], list[AffineMap]]
    unroll: Callable[[Sequence[AffineMap], Latents], Unrolled]
    read: Callable[[Sequence[AffineMap]], list[AffineMap]]
    num_seen: Callable[[int], int] = whole
    headroom: float = 1.25
    num_driven: int = 1


def make_affine_map(index: int, inputs: int, outputs: int, init_std: float, key) -> AffineMap:
    """Create the weights of affine map number `index`."""
    return AffineMap(
        normal_variable(f"transition/kernel_{index}", [inputs, outputs], init_std, key),
        constant_variable(f"transition/bias_{index}", [outputs]),
    )


def read_affine_maps(maps: Sequence[AffineMap]) -> list[AffineMap]:
    """The weights as tensors, read once for all passes."""
    return [AffineMap(tf.identity(one.kernel), tf.identity(one.bias)) for one in maps]


def driver_size(sizes: LatentSizes) -> int:
    """The size of [m, ξ_t]."""
    return sizes.motion_type_size + sizes.z_size


def drivers(latents: Latents) -> tf.Tensor:
    """[m, ξ_t] of all frames, [n, T, motion_type_size + z_size]."""
    num_frames = latents.innovations.shape[1]
    motion_types = tf.repeat(latents.motion_type[:, None], num_frames, axis=1)
    return tf.concat([motion_types, latents.innovations], axis=2)


def driven(layer: AffineMap, driven_by: tf.Tensor) -> list[tf.Tensor]:
    """The contribution of [m, ξ_t] and the bias to an affine map of [m, ξ_t, s_{t-1}].

    One matrix product gives it for all frames. Only the contribution of s_{t-1} must be computed
    frame by frame.

    Args:
        driven_by: [n, T, driver size], see `drivers`.

    Returns:
        T tensors [n, outputs], one for each frame.
    """
    num_frames, size = driven_by.shape[1:]
    product = tf.reshape(driven_by, [-1, size]) @ layer.kernel[:size]
    product = tf.nn.bias_add(product, layer.bias)
    return tf.unstack(tf.reshape(product, [-1, num_frames, layer.bias.shape[0]]), axis=1)


# --- nonlinear, linear and momentum: a perceptron ---


def make_perceptron(
    layer_sizes: Sequence[int], sizes: LatentSizes, init_std: float, key
) -> list[AffineMap]:
    """Create the layers of r_α. If `init_std` is far below 0.05, hidden units may die."""
    layers = []
    inputs = driver_size(sizes) + sizes.state_size
    for index, outputs in enumerate(layer_sizes, start=1):
        layers.append(make_affine_map(index, inputs, outputs, init_std, key))
        inputs = outputs
    return layers


def moved(state: tf.Tensor, residual: tf.Tensor) -> tf.Tensor:
    """s_t = tanh(s_{t-1} + r)."""
    # `add_n` is faster than + here: it does no broadcasting, neither forward nor backward.
    return tf.tanh(tf.add_n([state, residual]))


def num_positions(state_size: int) -> int:
    """How many dimensions of a state are its position; the others are its velocity."""
    return state_size - state_size // 2


def accelerated(state: tf.Tensor, residual: tf.Tensor) -> tf.Tensor:
    """w_t = tanh(c w_{t-1} + r), q_t = tanh(q_{t-1} + w_t), s_t = [q_t, w_t]."""
    size = int(state.shape[1])
    positions = num_positions(size)
    kept = tf.pad(VELOCITY_KEPT * state[:, positions:], [[0, 0], [0, 2 * positions - size]])
    velocity = moved(kept, residual)
    position = moved(state[:, :positions], velocity)
    return tf.concat([position, velocity[:, : size - positions]], axis=1)


def unroll_perceptron(
    follow: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    num_seen: Callable[[int], int],
    layers: Sequence[AffineMap],
    latents: Latents,
) -> Unrolled:
    """s_t = follow(s_{t-1}, r_α([m, ξ_t, s_{t-1}])), a rectifier between the layers of r_α."""
    first, *further = layers
    driven_by = drivers(latents)
    for_state = first.kernel[driven_by.shape[2] :]
    state = latents.initial_state
    states, hidden = [], []
    for drive in driven(first, driven_by):
        residual = tf.add_n([drive, state @ for_state])
        for layer in further:
            hidden.append(tf.nn.relu(residual))
            residual = tf.nn.bias_add(hidden[-1] @ layer.kernel, layer.bias)
        state = follow(state, residual)
        states.append(state)
    active = tf.reduce_mean(tf.cast(tf.stack(hidden) > 0, tf.float32)) if hidden else float("nan")
    together = tf.stack(states, axis=1)
    seen = together[:, :, : num_seen(int(state.shape[1]))]
    return Unrolled(together, seen, tf.convert_to_tensor(active))


def perceptron(
    hidden_units: Sequence[int],
    follow: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = moved,
    num_seen: Callable[[int], int] = whole,
) -> Transition:
    """The row of a transition with a residual r_α.

    Args:
        hidden_units: the sizes of the hidden layers of r_α.
        follow: (s_{t-1}, r) → s_t.
        num_seen: see `Transition`. r has as many dimensions.
    """

    def make(sizes: LatentSizes, init_std: float, key) -> list[AffineMap]:
        layer_sizes = (*hidden_units, num_seen(sizes.state_size))
        return make_perceptron(layer_sizes, sizes, init_std, key)

    return Transition(
        make=make,
        unroll=partial(unroll_perceptron, follow, num_seen),
        read=read_affine_maps,
        num_seen=num_seen,
    )


# --- gru: a gated recurrent unit ---


def make_gated_unit(sizes: LatentSizes, init_std: float, key) -> list[AffineMap]:
    """Create the affine maps U, R and C."""
    inputs = driver_size(sizes) + sizes.state_size
    return [make_affine_map(index, inputs, sizes.state_size, init_std, key) for index in (1, 2, 3)]


def unroll_gated_unit(maps: Sequence[AffineMap], latents: Latents) -> Unrolled:
    """s_t = (1 − u) ∘ p + u ∘ c, see the docstring of this module."""
    driven_by = drivers(latents)
    update_map, reset_map, candidate_map = (one.kernel[driven_by.shape[2] :] for one in maps)
    state = latents.initial_state
    states = []
    for for_update, for_reset, for_candidate in zip(
        *(driven(one, driven_by) for one in maps), strict=True
    ):
        previous = tf.tanh(state)
        update = tf.sigmoid(for_update + previous @ update_map)
        reset = tf.sigmoid(for_reset + previous @ reset_map)
        candidate = tf.tanh(for_candidate + (reset * previous) @ candidate_map)
        state = previous + update * (candidate - previous)
        states.append(state)
    together = tf.stack(states, axis=1)
    return Unrolled(together, together, tf.constant(float("nan")))


TRANSITIONS = {
    "nonlinear": perceptron(HIDDEN_UNITS["nonlinear"]),
    "linear": perceptron(HIDDEN_UNITS["linear"]),
    "gru": Transition(make_gated_unit, unroll_gated_unit, read_affine_maps, num_driven=3),
    "momentum": perceptron(HIDDEN_UNITS["momentum"], accelerated, num_positions)._replace(
        headroom=1.0
    ),
}
