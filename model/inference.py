"""Inference: samplers of the latents of each sequence from their posterior.

`langevin`: l steps of size δ, in a loop in the graph,

    ξ ← ξ − (δ²/2) ∂U/∂ξ + δ N(0, I)

and likewise s_0, a and m, all in the same step. The gradient runs back through time through the
emission network and the transition network as they are now.

A new sampler is a function (energy, latents, settings, key, moves) → `Sampled` and a row in
`SAMPLERS`, both in this file. The names are the values of --sampler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from model.latents import Latents
from model.tensorflow_v1 import tf

# The name of Langevin's diagnostic; 0 means that the frames no longer reach the innovations.
INNOVATIONS_GRADIENT = "gradient_norm/innovations"


class SamplerSettings(NamedTuple):
    """What a sampler is set to: δ > 0, and the number of steps l ≥ 1."""

    step_size: float
    num_steps: int


class Sampled(NamedTuple):
    """The latents after the last step, and what a sampler says about it.

    Fields:
        latents: as they went in, moved.
        diagnostics: scalars by the names under which they are logged, each epoch's mean.
    """

    latents: Latents
    diagnostics: dict[str, tf.Tensor]


def langevin(
    energy_of: Callable,
    latents: Latents,
    settings: SamplerSettings,
    key,
    moves: Latents,
) -> Sampled:
    """Langevin dynamics, starting where the latents are.

    Args:
        energy_of: maps latents to the `Energy` U of each sequence.
        latents: tensors, the last values of the persistent chains.
        key: int32 [2]; the noise of a step is a function of it and of the step's number.
        moves: for each part 1 to infer it, 0 to leave it where it is.

    Returns:
        The latents, and as diagnostic ‖∂U/∂ξ‖ of the likelihood part at the last step, over all
        sequences of the batch.
    """
    size = settings.step_size

    def step(number, current, _):
        parts = energy_of(current)
        from_prior = gradient(parts.prior, current)
        from_frames = gradient(parts.likelihood, current)
        noise = standard_normal_like(current, tf.random.experimental.stateless_fold_in(key, number))
        moved = Latents(
            *(
                value + move * (size * eps - 0.5 * size**2 * (prior + frames))
                for value, move, eps, prior, frames in zip(
                    current, moves, noise, from_prior, from_frames, strict=True
                )
            )
        )
        return number + 1, moved, tf.norm(from_frames.innovations)

    _, latents, innovations_gradient = tf.while_loop(
        lambda number, *_: number < settings.num_steps,
        step,
        (tf.constant(0), latents, tf.constant(0.0)),
        parallel_iterations=1,
        back_prop=False,
    )
    return Sampled(latents, {INNOVATIONS_GRADIENT: innovations_gradient})


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


SAMPLERS = {"langevin": langevin}
