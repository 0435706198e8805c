"""Principal components: against NumPy's singular value decomposition."""

import numpy as np
import pytest

from util.metrics.principal_components import principal_components


@pytest.mark.parametrize("size", [30, 9000])
def test_directions_and_series_are_those_of_the_singular_value_decomposition(size):
    values = np.random.default_rng(0).standard_normal((7, size)) + 5.0
    mean, directions, series = principal_components(values, 4)
    left, singular, right = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(mean, values.mean(axis=0))
    signs = np.sign(np.sum(directions.T * right[:4], axis=1))
    np.testing.assert_allclose(directions.T * signs[:, np.newaxis], right[:4], atol=1e-10)
    np.testing.assert_allclose(series * signs, (left * singular)[:, :4], atol=1e-10)


def test_series_are_the_centred_values_projected_on_orthonormal_directions():
    values = np.random.default_rng(1).standard_normal((6, 20)).astype(np.float32)
    mean, directions, series = principal_components(values, 5)
    np.testing.assert_allclose(directions.T @ directions, np.eye(5), atol=1e-5)
    np.testing.assert_allclose((values - mean) @ directions, series, atol=1e-5)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_there_are_no_more_components_than_the_rank(kind):
    random = np.random.default_rng(2)
    values = (random.standard_normal((12, 3)) @ random.standard_normal((3, 50))).astype(kind)
    assert principal_components(values, 10).directions.shape == (50, 3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("length", "most"), [(5, 3), (1, 3), (5, 0)])
def test_what_does_not_vary_has_no_component(length, most):
    values = np.ones((length, 8), np.float32)
    mean, directions, series = principal_components(values, most)
    np.testing.assert_array_equal(mean, values[0])
    assert directions.shape == (8, 0)
    assert series.shape == (length, 0)
