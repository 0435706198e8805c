"""Inference: samplers of the latents of each sequence from their posterior.

`langevin` takes l steps of size δ in a loop of the graph:

    ξ ← ξ − (δ²/2) ∂U/∂ξ + δ N(0, I)

Each step changes s_0, a and m in the same way. The gradient is computed by back-propagation through
time, through the emission network and the transition network with their present weights.

Where the transition is very sensitive, as it may be in the first epochs, the gradient can be so
long that one step throws the latents far away from the prior. They then take hundreds of epochs to
return. `clip_drift` shortens such a step (Roberts and Tweedie, *Exponential Convergence of Langevin
Distributions and Their Discrete Approximations*, 1996, with a truncated drift).

`UPDATES` says whether learning follows inference, as in the paper, or shares the forward and the
backward pass of its only step. With shared passes, both changes are computed from the latents and
the weights before the step.

To add a sampler, add a function (energy, latents, settings, key, moves, sums) → `Sampled` and a row
in `SAMPLERS` to this file. The names in `SAMPLERS` are the values of --sampler, and those in
`UPDATES` the values of --updates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from model.all_reduce import OWN_SUMS, OwnSums
from model.latents import Latents
from model.tensorflow_v1 import tf

# Name of the diagnostic of `langevin`; 0 means that the frames do not influence the innovations.
INNOVATIONS_GRADIENT = "gradient_norm_of_innovations"


class SamplerSettings(NamedTuple):
    """The settings of a sampler.

    Fields:
        step_size: δ ≥ 0; a tensor where it changes, float64, so that δ² is not rounded twice.
        num_steps: l ≥ 1.
        clip_drift: a drift (δ²/2) ∂U/∂latents of a sequence that is longer than so many times the
            expected length of its noise, δ √(number of latents), is shortened to it; 0 shortens
            none.
    """

    step_size: float | tf.Tensor
    num_steps: int
    clip_drift: float = 0.0


class Sampled(NamedTuple):
    """The result of a sampler.

    Fields:
        latents: the latents after the last step.
        diagnostics: scalars, by the names that they have in the log. The log shows their mean
            over an epoch.
    """

    latents: Latents
    diagnostics: dict[str, tf.Tensor]


def langevin(
    energy_of: Callable,
    latents: Latents,
    settings: SamplerSettings,
    key,
    moves: Latents,
    sums: OwnSums = OWN_SUMS,
) -> Sampled:
    """Langevin dynamics that starts from the given latents.

    Args:
        energy_of: maps latents to the `Energy` U of each sequence.
        latents: tensors, the present values of the persistent chains.
        key: int32 [2]. The noise of a step is a function of `key` and the number of the step.
        moves: for each part of the latents 1 to infer it, or 0 to keep it.
        sums: the sums over the workers of a training.

    Returns:
        The latents, and as diagnostic the norm of ∂(likelihood part of U)/∂ξ at the last step,
        over all sequences of the batch.
    """

    def step(number, current, _):
        parts = energy_of(current)
        from_frames = gradient(parts.likelihood, current)
        moved, square = langevin_step(
            current, parts.prior, from_frames, settings, key, number, moves, sums
        )
        return number + 1, moved, square

    _, latents, square = tf.while_loop(
        lambda number, *_: number < settings.num_steps,
        step,
        (tf.constant(0), latents, tf.constant(0.0)),
        parallel_iterations=1,
        back_prop=False,
    )
    # Workers sum it here, after the loop: a sum in each step would make them wait for each other.
    return Sampled(latents, {INNOVATIONS_GRADIENT: sums.norm(square)})


def langevin_step(
    latents: Latents,
    prior: tf.Tensor,
    from_frames: Latents,
    settings: SamplerSettings,
    key,
    number: int | tf.Tensor,
    moves: Latents,
    sums: OwnSums,
) -> tuple[Latents, tf.Tensor]:
    """Take one step.

    Args:
        prior: the prior part of U at these latents, for each sequence.
        from_frames: ∂(likelihood part of U)/∂latents.
        number: the number of the step, from 0.
        key, moves, sums: see `langevin`.

    Returns:
        The latents after the step, and ‖∂(likelihood part of U)/∂ξ‖² before it.
    """
    size = settings.step_size
    of_noise, of_slope = (tf.cast(factor, tf.float32) for factor in (size, 0.5 * size * size))
    step_key = tf.random.experimental.stateless_fold_in(key, number)
    noise = standard_normal_like(latents, step_key, sums)
    slopes = Latents(
        *(
            of_prior + of_frames
            for of_prior, of_frames in zip(gradient(prior, latents), from_frames, strict=True)
        )
    )
    if settings.clip_drift:
        longest = tf.cast(2.0 * settings.clip_drift / size, tf.float32)
        slopes = shortened(slopes, moves, longest)
    moved = Latents(
        *(
            value + move * (of_noise * eps - of_slope * slope)
            for value, move, eps, slope in zip(latents, moves, noise, slopes, strict=True)
        )
    )
    return moved, tf.reduce_sum(tf.square(from_frames.innovations))


def shortened(slopes: Latents, moves: Latents, longest: float | tf.Tensor) -> Latents:
    """The gradient of each sequence, where its root mean square over latents is at most `longest`.

    Latents that do not move do not count.
    """
    rows = [tf.reshape(slope, [tf.shape(slope)[0], -1]) for slope in slopes]
    counted = list(zip(rows, moves, strict=True))
    squares = tf.add_n([move * tf.reduce_sum(tf.square(row), axis=1) for row, move in counted])
    number = tf.add_n([move * tf.cast(tf.shape(row)[1], tf.float32) for row, move in counted])
    factor = tf.minimum(1.0, longest / tf.sqrt(squares / number))  # of each sequence
    return Latents(
        *(slope * tf.reshape(factor, [-1, *[1] * (len(slope.shape) - 1)]) for slope in slopes)
    )


def shared_step(
    latents: Latents,
    prior: tf.Tensor,
    from_frames: Latents,
    settings: SamplerSettings,
    key,
    moves: Latents,
    sums: OwnSums,
) -> Sampled:
    """What `langevin` with one step returns, where learning has the gradient; see there."""
    moved, square = langevin_step(latents, prior, from_frames, settings, key, 0, moves, sums)
    return Sampled(moved, {INNOVATIONS_GRADIENT: sums.norm(square)})


def gradient(values: tf.Tensor, latents: Latents) -> Latents:
    """∂(Σ values)/∂latents; zero for a part of the latents that does not influence `values`."""
    return Latents(
        *tf.gradients(values, list(latents), unconnected_gradients=tf.UnconnectedGradients.ZERO)
    )


def standard_normal_like(latents: Latents, key, sums: OwnSums = OWN_SUMS) -> Latents:
    """N(0, I) in the shape of each part, as a function of `key`; a part of size 0 stays empty."""
    return Latents(
        *(
            sums.standard_normal(
                tf.shape(value), tf.random.experimental.stateless_fold_in(key, part)
            )
            if value.shape[-1] != 0
            else value
            for part, value in enumerate(latents)
        )
    )


SAMPLERS = {"langevin": langevin}

ALTERNATING, SIMULTANEOUS = UPDATES = ("alternating", "simultaneous")
