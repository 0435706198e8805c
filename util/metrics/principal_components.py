"""Principal components of a video: its variation around the mean frame."""

from typing import NamedTuple

import numpy as np

SMALLEST = 1e-5  # a singular value below this share of the largest one is only rounding error
VALUES_AT_ONCE = 4096  # limits the memory of the float64 copies


class PrincipalComponents(NamedTuple):
    """The mean frame and the directions of largest variation.

    Fields:
        mean: float [P], the mean over time of P values.
        directions: float [P, n], orthonormal columns, largest variance first.
        series: float [T, n], the centred video projected on the directions.
    """

    mean: np.ndarray
    directions: np.ndarray
    series: np.ndarray

    def project(self, values: np.ndarray) -> np.ndarray:
        """Vectors [n, P] minus the mean, projected on the directions: [n, components]."""
        return (values - self.mean) @ self.directions


def principal_components(values: np.ndarray, most: int) -> PrincipalComponents:
    """The singular value decomposition of T centred vectors of P values.

    Args:
        values: float [T, P].
        most: number of components; there are fewer if the variation has a smaller rank.
    """
    # In float64, so that a clip that stands still is exactly its mean.
    mean = values.mean(axis=0, dtype=np.float64).astype(values.dtype)
    centred = values - mean
    # The left singular vectors are eigenvectors of a small matrix, frames × frames.
    products = np.zeros((len(values), len(values)))
    for start in range(0, values.shape[1], VALUES_AT_ONCE):
        part = centred[:, start : start + VALUES_AT_ONCE].astype(np.float64)
        products += part @ part.T
    variances, vectors = np.linalg.eigh(products)
    singular = np.sqrt(np.maximum(variances[::-1][:most], 0.0))
    count = np.count_nonzero(singular > SMALLEST * singular.max(initial=0.0))
    singular = singular[:count]
    left = vectors[:, ::-1][:, :count]
    directions = (centred.T @ left.astype(values.dtype)) / singular.astype(values.dtype)
    return PrincipalComponents(mean, directions, left * singular)
