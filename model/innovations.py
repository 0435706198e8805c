"""The innovations that were inferred, against the prior from which videos are sampled.

The transition sees an innovation ξ [k] only through the products ξK, where K [k, outputs] are the
rows of its first affine maps that belong to ξ. If the model has learned its data, then the inferred
innovations of all frames together follow the prior in these directions. Otherwise a sampled video
differs from the reconstructed video.

`spread` measures the difference. `fitted` is the distribution of the inferred innovations, from
which a video can be sampled instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from model.latents import Latents

if TYPE_CHECKING:  # importing it starts TensorFlow, and the options need only the table below
    from model.dynamic_generator import DynamicGenerator


NEGLIGIBLE = 1e-6  # smaller singular values of K, relative to the largest, are rounding errors


class Innovations(NamedTuple):
    """A Gaussian distribution of innovations: ξ = mean + ε · factor, ε ~ N(0, I).

    Fields:
        mean: [k].
        factor: [k, k], symmetric.
    """

    mean: np.ndarray
    factor: np.ndarray

    def draw(self, noise: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw innovations, float32 of shape [..., k]."""
        drawn = noise.standard_normal(shape, dtype=np.float32)
        return drawn @ self.factor.astype(np.float32) + self.mean.astype(np.float32)


def spread(generator: DynamicGenerator, innovations: np.ndarray) -> float:
    """How far innovations spread, as the transition sees them. The prior has the spread 1.

    The spread is the root of Σ‖ξK‖² over its expectation under N(0, I).

    Args:
        innovations: [N, T, k].
    """
    kernel = generator.innovations_kernel()
    return float(
        np.sqrt(np.mean(np.square(innovations @ kernel).sum(-1)) / np.square(kernel).sum())
    )


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
    kernel = generator.innovations_kernel().astype(np.float64)
    left, singular, _ = np.linalg.svd(kernel, full_matrices=False)
    seen = left[:, singular > NEGLIGIBLE * singular[0]]
    coordinates = latents.innovations.reshape(-1, len(kernel)).astype(np.float64) @ seen
    variances, axes = np.linalg.eigh(np.atleast_2d(np.cov(coordinates.T, bias=True)))
    root = axes * np.sqrt(np.maximum(variances, 0.0)) @ axes.T
    unseen = np.eye(len(kernel)) - seen @ seen.T
    return Innovations(coordinates.mean(axis=0) @ seen.T, seen @ root @ seen.T + unseen)


INNOVATIONS: dict[str, Callable[[DynamicGenerator, Latents], Innovations]] = {
    "prior": prior,
    "fitted": fitted,
}
