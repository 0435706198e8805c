"""The innovations that were inferred, against the prior from which videos are sampled.

The transition sees an innovation ξ [k] only through the products ξK, where K [k, outputs] are the
rows of its first affine maps that belong to ξ. If the model has learned its data, then the inferred
innovations of all frames together follow the prior in these directions. Otherwise a sampled video
differs from the reconstructed video.

`spread` measures the difference. `fitted` is the distribution of the inferred innovations, from
which a video can be sampled instead.

A short clip has few states, and each of them came with one innovation. `conditional` learns what
they have in common: the distribution of an innovation given the state before. Videos sampled from
it visit what was observed more often than videos sampled from the prior.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from model.latents import Latents

if TYPE_CHECKING:  # importing it starts TensorFlow, and the options need only the table below
    from model.dynamic_generator import DynamicGenerator


NEGLIGIBLE = 1e-6  # smaller values, relative to the largest, are rounding errors


class Pull(NamedTuple):
    """How the mean of an innovation depends on the state before: (s − centre) · slope.

    A state outside of what was observed counts as the nearest one inside. Start states are far
    outside, and a slope says nothing about them.

    Fields:
        centre: [state_size].
        slope: [state_size, k].
        smallest, largest: [state_size], the bounds of the observed states.
    """

    centre: np.ndarray
    slope: np.ndarray
    smallest: np.ndarray
    largest: np.ndarray

    def __call__(self, states: np.ndarray) -> np.ndarray:
        """What is added to the innovations [n, k] after the states [n, state_size]."""
        inside = np.clip(states, self.smallest, self.largest)
        return ((inside - self.centre) @ self.slope).astype(np.float32)


class Innovations(NamedTuple):
    """A Gaussian distribution of innovations: ξ = mean + ε · factor, ε ~ N(0, I).

    Fields:
        mean: [k].
        factor: [k, k], symmetric.
        pull: what the state before adds to the mean; None for nothing.
    """

    mean: np.ndarray
    factor: np.ndarray
    pull: Pull | None = None

    def draw(self, noise: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw innovations, float32 of shape [..., k], without the pull of the states."""
        drawn = noise.standard_normal(shape, dtype=np.float32)
        return drawn @ self.factor.astype(np.float32) + self.mean.astype(np.float32)

    def pulled(self, generator: DynamicGenerator, latents: Latents) -> Latents:
        """The same latents, where the states pull the innovations, which were drawn by `draw`."""
        if self.pull is None:
            return latents
        innovations, state = [], latents.initial_state
        for drawn in np.moveaxis(latents.innovations, 1, 0):
            innovations.append(drawn + self.pull(state))
            state = generator.next_state(latents._replace(initial_state=state), innovations[-1])
        return latents._replace(innovations=np.stack(innovations, axis=1))


def spread(generator: DynamicGenerator, innovations: np.ndarray) -> float:
    """How far innovations spread, as the transition sees them. The prior has the spread 1.

    The spread is the root of Σ‖ξK‖² over its expectation under N(0, I). NaN if K is 0.

    Args:
        innovations: [N, T, k].
    """
    kernel = generator.innovations_kernel()
    expected = np.square(kernel).sum()
    if not expected:
        return float("nan")
    return float(np.sqrt(np.mean(np.square(innovations @ kernel).sum(-1)) / expected))


def prior(generator: DynamicGenerator, _: Latents) -> Innovations:
    """The prior N(0, I)."""
    size = generator.settings.sizes.z_size
    return Innovations(np.zeros(size), np.eye(size))


def fitted(generator: DynamicGenerator, latents: Latents) -> Innovations:
    """The Gaussian with mean and covariance of the inferred innovations.

    In the directions that the transition does not see, it is the prior.

    Args:
        latents: the inferred latents of all sequences.
    """
    seen = seen_directions(generator)
    coordinates = latents.innovations.reshape(-1, len(seen)).astype(np.float64) @ seen
    mean = coordinates.mean(axis=0)
    return Innovations(mean @ seen.T, with_unseen(np.cov(coordinates.T, bias=True), seen))


def conditional(generator: DynamicGenerator, latents: Latents) -> Innovations:
    """The Gaussian fitted to the inferred innovations ξ_t given s_{t-1}, t = 2 … T.

    Its mean is an affine map of s_{t-1}, by ridge regression (Hoerl and Kennard, 1970). The penalty
    is the mean eigenvalue of the states' scatter matrix: directions in which the states vary count,
    and the others do not.
    Start states s_0 are left out, because they are far from the states that follow. In the
    directions that the transition does not see, it is the prior. If the states are too few or do
    not move, they tell nothing, and the result is that of `fitted`.

    Args:
        latents: the inferred latents of all sequences.
    """
    num_frames = latents.innovations.shape[1]
    if num_frames < 3:
        return fitted(generator, latents)
    seen = seen_directions(generator)
    states = [latents.initial_state]
    for innovations in np.moveaxis(latents.innovations, 1, 0):
        states.append(generator.next_state(latents._replace(initial_state=states[-1]), innovations))
    size = latents.initial_state.shape[1]
    before = np.stack(states[1:num_frames], axis=1).reshape(-1, size).astype(np.float64)
    after = latents.innovations[:, 1:].reshape(-1, len(seen)).astype(np.float64) @ seen
    centre, mean = before.mean(axis=0), after.mean(axis=0)
    magnitude, bounds = np.linalg.norm(before), (before.min(axis=0), before.max(axis=0))
    before, after = before - centre, after - mean
    if np.linalg.norm(before) <= NEGLIGIBLE * magnitude:
        return fitted(generator, latents)
    scatter = before.T @ before
    penalized = scatter + np.trace(scatter) / size * np.eye(size)
    slope = np.linalg.solve(penalized, before.T @ after)
    residual = after - before @ slope
    freedom = len(after) - 1 - np.trace(np.linalg.solve(penalized, scatter))
    factor = with_unseen(residual.T @ residual / freedom, seen)
    return Innovations(mean @ seen.T, factor, Pull(centre, slope @ seen.T, *bounds))


def seen_directions(generator: DynamicGenerator) -> np.ndarray:
    """An orthonormal basis, [k, r], of the innovations that the transition sees."""
    kernel = generator.innovations_kernel().astype(np.float64)
    left, singular, _ = np.linalg.svd(kernel, full_matrices=False)
    return left[:, singular > NEGLIGIBLE * singular[0]]


def with_unseen(covariance: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The factor of a Gaussian: a covariance [r, r] in the seen directions, elsewhere the prior."""
    variances, axes = np.linalg.eigh(np.atleast_2d(covariance))
    root = axes * np.sqrt(np.maximum(variances, 0.0)) @ axes.T
    return seen @ root @ seen.T + np.eye(len(seen)) - seen @ seen.T


INNOVATIONS: dict[str, Callable[[DynamicGenerator, Latents], Innovations]] = {
    "prior": prior,
    "fitted": fitted,
    "conditional": conditional,
}
