"""The log joint density. Inference and learning both differentiate it.

The energy of one sequence is -log p(x, ξ, s_0, a, m), up to a constant:

    U = ½ (Σ_t‖ξ_t‖² + ‖s_0‖² + ‖a‖² + ‖m‖²) + 1/(2σ²) Σ_t ‖M_t ∘ (x_t − G_β(a, s_t))‖²

Langevin inference descends U with respect to the latents, learning with respect to the weights.
The mask M_t is 1 at visible pixels and 0 at missing pixels, so U ignores missing pixels.
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
        likelihood: "sum" gives the posterior of the paper. "mean_over_frames" gives the tempered
            posterior of the released code: it divides the likelihood part by the T frames of
            the chunk.
        with_initial_state: 1 if the chunk begins the sequence. 0 if the chunk starts from the
            last state of the previous chunk, which is given and not latent.
        visible: the mask M, [n, T, H, W, 3], 1 at visible pixels and 0 at missing pixels; None
            if no pixel is missing.
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
    """The sum of squares over all dimensions except the first: [n, …] → [n].

    The function defines its own gradient, 2·values. TensorFlow's gradient would also need the
    squares, but only for their shape.
    """
    each = [1] * (values.shape.rank - 1)

    def gradient(upstream):
        return 2.0 * tf.reshape(upstream, [-1, *each]) * values

    return tf.reduce_sum(tf.square(values), axis=list(range(1, values.shape.rank))), gradient
