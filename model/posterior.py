"""The log joint density, in one place: inference and learning both differentiate it.

For one sequence, up to a constant, -log p(x, ξ, s_0, a, m) is the energy

    U = ½ (Σ_t‖ξ_t‖² + ‖s_0‖² + ‖a‖² + ‖m‖²) + 1/(2σ²) Σ_t ‖M_t ∘ (x_t − G_β(a, s_t))‖²

and Langevin inference descends it in the latents, learning in the weights. M_t is 1 at visible
pixels and 0 at missing ones, so that these take no part in it.
"""

from typing import NamedTuple

import tensorflow.compat.v1 as tf

from model.latents import Latents


class Energy(NamedTuple):
    """U of each sequence in two parts, each [n]: U = prior + likelihood."""

    prior: tf.Tensor
    likelihood: tf.Tensor


def energy(
    latents: Latents,
    frames: tf.Tensor,
    reconstruction: tf.Tensor,
    sigma: float,
    likelihood: str = "sum",
    with_initial_state=1.0,
    visible: tf.Tensor | None = None,
) -> Energy:
    """U of each sequence of a chunk.

    Args:
        frames, reconstruction: [n, T, H, W, 3], observed and emitted, in [-1, 1].
        sigma: standard deviation of the observation residual, > 0.
        likelihood: "sum", the paper's posterior, or "mean_over_frames", the released code's
            tempered one, which divides the likelihood part by the T frames of the chunk.
        with_initial_state: 1 where the chunk begins the sequence; 0 where it starts from the
            state that the chunk before ended in, which is then given and not latent.
        visible: the mask M, [n, T, H, W, 3], 1 where a pixel is observed and 0 where it is
            missing; None where nothing is.
    """
    prior = 0.5 * (
        sum_of_squares(latents.innovations)
        + with_initial_state * sum_of_squares(latents.initial_state)
        + sum_of_squares(latents.appearance)
        + sum_of_squares(latents.motion_type)
    )
    residual = frames - reconstruction
    if visible is not None:
        residual *= visible
    data = sum_of_squares(residual) / (2.0 * sigma**2)
    if likelihood == "mean_over_frames":
        data = data / tf.cast(tf.shape(frames)[1], data.dtype)
    return Energy(prior, data)


@tf.custom_gradient
def sum_of_squares(values: tf.Tensor):
    """The sum of squares of all but the first dimension: [n, …] → [n].

    With a gradient of its own, 2·values: TensorFlow's needs the squares, if only for their shape.
    """
    each = [1] * (values.shape.rank - 1)

    def gradient(upstream):
        return 2.0 * tf.reshape(upstream, [-1, *each]) * values

    return tf.reduce_sum(tf.square(values), axis=list(range(1, values.shape.rank))), gradient
