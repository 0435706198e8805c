"""Langevin inference: l steps of size δ on the latents of each sequence, in a loop in the graph.

    ξ ← ξ − (δ²/2) ∂U/∂ξ + δ N(0, I)

and likewise s_0, a and m, all in the same step. The gradient runs back through time through the
emission network and the transition network as they are now.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from model.latents import Latents
from model.posterior import Energy


class Inferred(NamedTuple):
    """The latents after the last step, and how strongly the frames spoke at that step.

    Fields:
        latents: as they went in, moved.
        likelihood_gradient: scalar, ‖∂U/∂ξ‖ of the likelihood part over all sequences of the
            batch; 0 means that the frames no longer reach the innovations.
    """

    latents: Latents
    likelihood_gradient: tf.Tensor


def langevin(
    energy_of: Callable[[Latents], Energy],
    latents: Latents,
    step_size: float,
    num_steps: int,
    key,
    moves: Latents | None = None,
) -> Inferred:
    """Sample the latents of each sequence from their posterior, starting where they are.

    Args:
        energy_of: maps latents to U of each sequence.
        latents: tensors, the last values of the persistent chains.
        step_size: δ > 0.
        num_steps: l ≥ 1.
        key: int32 [2]; the noise of a step is a function of it and of the step's number.
        moves: for each part 1 to infer it, 0 to leave it where it is; None infers all.
    """
    moves = moves or Latents(1.0, 1.0, 1.0, 1.0)

    def step(number, current, _):
        parts = energy_of(current)
        from_prior = gradient(parts.prior, current)
        from_frames = gradient(parts.likelihood, current)
        noise = standard_normal_like(current, tf.random.experimental.stateless_fold_in(key, number))
        moved = Latents(
            *(
                value + move * (step_size * eps - 0.5 * step_size**2 * (prior + frames))
                for value, move, eps, prior, frames in zip(
                    current, moves, noise, from_prior, from_frames, strict=True
                )
            )
        )
        return number + 1, moved, tf.norm(from_frames.innovations)

    _, latents, likelihood_gradient = tf.while_loop(
        lambda number, *_: number < num_steps,
        step,
        (tf.constant(0), latents, tf.constant(0.0)),
        parallel_iterations=1,
        back_prop=False,
    )
    return Inferred(latents, likelihood_gradient)


def gradient(values: tf.Tensor, latents: Latents) -> Latents:
    """∂(Σ values)/∂latents, zero for a part that `values` does not depend on."""
    return Latents(
        *tf.gradients(values, list(latents), unconnected_gradients=tf.UnconnectedGradients.ZERO)
    )


def standard_normal_like(latents: Latents, key) -> Latents:
    """N(0, I) of the shape of each part, a function of `key`; a part of size 0 needs none."""
    return Latents(
        *(
            tf.random.stateless_normal(
                tf.shape(value),
                tf.random.experimental.stateless_fold_in(key, part),
                alg="philox",
            )
            if value.shape[-1] != 0
            else value
            for part, value in enumerate(latents)
        )
    )
