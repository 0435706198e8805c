"""Distributions of innovations: the prior, the fitted Gaussian, and the spread, in closed form.

The transition sees an innovation ξ only through ξK. Here P is the orthogonal projection, in NumPy,
onto the directions that it sees: P = K K⁺, from the weights by their names.
"""

import numpy as np
import pytest
from support.numpy_model import draw_latents, draw_weights, in_double, unroll

from model.dynamic_generator import DynamicGenerator
from model.innovations import Innovations, Pull, conditional, fitted, prior, spread
from model.latents import LatentSizes
from model.transition import TRANSITIONS

# More innovations than any transition sees: 20 hidden units, 3 states, 3 · 3 gates.
SIZES = LatentSizes(state_size=3, z_size=24, content_size=2, motion_type_size=2)
SEEN = {"nonlinear": 20, "linear": 3, "gru": 9, "momentum": 20}
NUM_DRAWS = 100_000


def make(built_generator, **replaced):
    """A model that only tests, with weights far from 0; otherwise as the session's."""
    settings = built_generator[0].settings._replace(sizes=SIZES)._replace(**replaced)
    generator = DynamicGenerator(settings, [3], learns=False)
    state = generator.variables()
    shapes = {name: value.shape for name, value in state.items()}
    generator.set_variables(state | draw_weights(shapes))
    return generator


@pytest.fixture(scope="module", params=TRANSITIONS)
def generator(request, built_generator):
    """A model with each transition, which sees fewer directions than there are."""
    generator = make(built_generator, dynamic_mode=request.param)
    yield generator
    generator.close()


def kernel_of(generator):
    """K, float64 [z_size, outputs]."""
    weights = in_double(generator.variables())
    maps = {"nonlinear": [1], "linear": [1], "gru": [1, 2, 3], "momentum": [1]}[
        generator.settings.dynamic_mode
    ]
    sizes = generator.settings.sizes
    first = sizes.motion_type_size
    kernels = [weights[f"transition/kernel_{number}"] for number in maps]
    return np.concatenate([kernel[first : first + sizes.z_size] for kernel in kernels], axis=1)


def projection(generator):
    kernel = kernel_of(generator)
    return kernel @ np.linalg.pinv(kernel, rcond=1e-6)


def inferred(sizes=SIZES, num_sequences=4, num_frames=25, seed=0):
    """Latents whose innovations are far from the prior: other means, correlated, of any size."""
    random = np.random.default_rng(seed)
    mixing = random.standard_normal((sizes.z_size, sizes.z_size)) / np.sqrt(sizes.z_size)
    noise = random.standard_normal((num_sequences, num_frames, sizes.z_size))
    values = random.standard_normal(sizes.z_size) + 1.5 * noise @ mixing
    latents = draw_latents(sizes, num_sequences, num_frames)
    return latents._replace(innovations=values.astype(np.float32))


def expected_moments(generator, innovations):
    """Mean and covariance that a fitted distribution has."""
    seen = projection(generator)
    flat = innovations.reshape(-1, innovations.shape[-1]).astype(np.float64)
    mean = flat.mean(axis=0)
    deviations = flat - mean
    covariance = deviations.T @ deviations / len(flat)
    return seen @ mean, seen @ covariance @ seen + np.eye(len(seen)) - seen


# --- What the transition sees ---


def test_kernel_is_that_of_the_maps_that_see_the_innovations(generator):
    kernel = generator.innovations_kernel()
    np.testing.assert_array_equal(kernel, kernel_of(generator))
    assert np.linalg.matrix_rank(kernel_of(generator)) == SEEN[generator.settings.dynamic_mode]


def test_states_depend_on_the_seen_directions_only(generator):
    latents = inferred(num_sequences=2, num_frames=3)
    states = generator.states(latents)
    noise = np.random.default_rng(1).standard_normal((2, 3, SIZES.z_size))
    seen = noise @ projection(generator)
    for change, moves in ((seen, True), (noise - seen, False)):
        changed = latents._replace(innovations=latents.innovations + change.astype(np.float32))
        difference = np.abs(generator.states(changed) - states).max()
        assert difference > 0.1 if moves else difference < 1e-5


# --- The prior ---


def test_draws_from_the_prior_are_bit_by_bit_standard_normals(generator):
    drawn = prior(generator, inferred()).draw(np.random.default_rng(3), (5, 7, SIZES.z_size))
    expected = np.random.default_rng(3).standard_normal((5, 7, SIZES.z_size), dtype=np.float32)
    assert drawn.dtype == np.float32
    assert drawn.tobytes() == expected.tobytes()


# --- The fitted Gaussian ---


def test_fitted_has_the_inferred_moments_where_seen_and_is_standard_normal_elsewhere(generator):
    latents = inferred()
    distribution = fitted(generator, latents)
    mean, covariance = expected_moments(generator, latents.innovations)
    np.testing.assert_allclose(distribution.mean, mean, atol=1e-6)
    np.testing.assert_allclose(distribution.factor.T @ distribution.factor, covariance, atol=1e-6)
    np.testing.assert_allclose(distribution.factor, distribution.factor.T, atol=1e-12)
    assert np.abs(mean).max() > 0.3
    assert np.abs(covariance - np.eye(SIZES.z_size)).max() > 0.3


def test_many_draws_have_the_fitted_mean_and_covariance(generator):
    """Each within five standard errors of a Gaussian sample."""
    latents = inferred()
    distribution = fitted(generator, latents)
    drawn = distribution.draw(np.random.default_rng(4), (NUM_DRAWS // 10, 10, SIZES.z_size))
    assert drawn.dtype == np.float32
    flat = drawn.reshape(-1, SIZES.z_size).astype(np.float64)
    mean, covariance = expected_moments(generator, latents.innovations)
    variances = np.diag(covariance)
    error = np.sqrt(variances / NUM_DRAWS)
    assert np.all(np.abs(flat.mean(axis=0) - mean) < 5 * error)
    error = np.sqrt((np.outer(variances, variances) + covariance**2) / NUM_DRAWS)
    assert np.all(np.abs(np.cov(flat.T) - covariance) < 5 * error)


@pytest.mark.parametrize("num_frames", [1, 2])
def test_fitted_to_fewer_frames_than_directions_varies_only_between_them(generator, num_frames):
    latents = inferred(num_sequences=1, num_frames=num_frames)
    distribution = fitted(generator, latents)
    drawn = distribution.draw(np.random.default_rng(5), (1000, SIZES.z_size))
    deviations = (drawn - distribution.mean) @ projection(generator)
    rank = np.linalg.matrix_rank(deviations, tol=1e-3 * np.sqrt(drawn.size))
    assert rank == num_frames - 1
    unseen = drawn @ (np.eye(SIZES.z_size) - projection(generator))
    free = SIZES.z_size - SEEN[generator.settings.dynamic_mode]
    assert np.square(unseen).sum(axis=1).mean() == pytest.approx(free, rel=0.15)


def test_fitted_where_one_direction_is_seen(built_generator):
    """One state: K is one column, and the fitted variance one number."""
    sizes = SIZES._replace(state_size=1, z_size=4)
    generator = make(built_generator, dynamic_mode="linear", sizes=sizes)
    latents = inferred(sizes)
    distribution = fitted(generator, latents)
    mean, covariance = expected_moments(generator, latents.innovations)
    generator.close()
    np.testing.assert_allclose(distribution.mean, mean, atol=1e-6)
    np.testing.assert_allclose(distribution.factor.T @ distribution.factor, covariance, atol=1e-6)


def test_fitted_where_hidden_units_look_alike_sees_fewer_directions_than_units(built_generator):
    """Units in pairs: 10 directions for 20 units, up to the rounding of the weights."""
    generator = make(built_generator)
    state = generator.variables()
    kernel = state["transition/kernel_1"]
    kernel[:, 10:] = 3.3 * kernel[:, :10]
    generator.set_variables(state)
    latents = inferred()
    distribution = fitted(generator, latents)
    mean, covariance = expected_moments(generator, latents.innovations)
    generator.close()
    np.testing.assert_allclose(distribution.mean, mean, atol=1e-5)
    np.testing.assert_allclose(distribution.factor.T @ distribution.factor, covariance, atol=1e-5)
    assert np.sum(np.isclose(np.linalg.eigvalsh(distribution.factor), 1.0, atol=1e-6)) >= 14


def test_fitted_where_every_direction_is_seen_has_the_moments_of_the_innovations(built_generator):
    sizes = SIZES._replace(z_size=2)
    generator = make(built_generator, sizes=sizes)
    latents = inferred(sizes)
    distribution = fitted(generator, latents)
    generator.close()
    flat = latents.innovations.reshape(-1, 2).astype(np.float64)
    np.testing.assert_allclose(distribution.mean, flat.mean(axis=0), atol=1e-6)
    covariance = distribution.factor.T @ distribution.factor
    np.testing.assert_allclose(covariance, np.cov(flat.T, bias=True), atol=1e-6)


def test_fitted_to_draws_from_the_prior_is_nearly_the_prior(generator):
    latents = draw_latents(SIZES, 40, 500)
    distribution = fitted(generator, latents)
    np.testing.assert_allclose(distribution.mean, 0.0, atol=0.05)
    np.testing.assert_allclose(distribution.factor, np.eye(SIZES.z_size), atol=0.05)


# --- Given the state before ---


def regression(generator, latents):
    """The states before ξ_2 … ξ_T, and the seen part of these innovations, centred; in NumPy."""
    exact = in_double(latents)
    states, _ = unroll(in_double(generator.variables()), exact, generator.settings.dynamic_mode)
    before = states[:, :-1].reshape(-1, SIZES.state_size)
    after = (exact.innovations[:, 1:] @ projection(generator)).reshape(-1, SIZES.z_size)
    return before - before.mean(axis=0), after - after.mean(axis=0), before.mean(axis=0)


def test_conditional_is_ridge_regression_on_the_state_before(generator):
    """Ridge regression is least squares with further rows: the root of the penalty, and zeros."""
    latents = inferred()
    found = conditional(generator, latents)
    before, after, centre = regression(generator, latents)
    penalty = np.square(before).sum() / SIZES.state_size
    rows = np.concatenate([before, np.sqrt(penalty) * np.eye(SIZES.state_size)])
    targets = np.concatenate([after, np.zeros((SIZES.state_size, SIZES.z_size))])
    slope, *_ = np.linalg.lstsq(rows, targets, rcond=None)
    np.testing.assert_allclose(found.pull.centre, centre, atol=1e-5)
    np.testing.assert_allclose(found.pull.slope, slope, atol=1e-4)
    np.testing.assert_allclose(found.pull.smallest, (before + centre).min(axis=0), atol=1e-5)
    np.testing.assert_allclose(found.pull.largest, (before + centre).max(axis=0), atol=1e-5)
    # The trace of the hat matrix says how many degrees of freedom the slope takes.
    hat = before @ np.linalg.pinv(rows)[:, : len(before)]
    residual = after - before @ slope
    covariance = residual.T @ residual / (len(after) - 1 - np.trace(hat))
    seen = projection(generator)
    expected = covariance + np.eye(SIZES.z_size) - seen
    np.testing.assert_allclose(found.factor.T @ found.factor, expected, atol=1e-4)
    mean = (latents.innovations[:, 1:] @ seen).mean(axis=(0, 1))
    np.testing.assert_allclose(found.mean, mean, atol=1e-5)


def test_conditional_finds_how_the_state_pulls_and_how_much_is_left(built_generator):
    """Long sequences that were sampled with a known pull, which the penalty makes smaller."""
    sizes = SIZES._replace(z_size=3)
    generator = make(built_generator, dynamic_mode="linear", sizes=sizes)
    random = np.random.default_rng(0)
    bounds = np.full(3, -1.0), np.full(3, 1.0)
    pull = Pull(0.1 * random.standard_normal(3), random.standard_normal((3, 3)), *bounds)
    truth = Innovations(np.array([0.3, 0.0, -0.2]), 0.5 * np.eye(3), pull)
    start = draw_latents(sizes, 50, 400)
    drawn = truth.draw(random, start.innovations.shape)
    latents = truth.pulled(generator, start._replace(innovations=drawn))
    found = conditional(generator, latents)
    states, _ = unroll(in_double(generator.variables()), in_double(latents), "linear")
    generator.close()
    before = states[:, :-1].reshape(-1, 3)
    scatter = np.cov(before.T, bias=True)
    shrunk = np.linalg.solve(scatter + np.trace(scatter) / 3 * np.eye(3), scatter)
    np.testing.assert_allclose(found.pull.slope, shrunk @ pull.slope, atol=0.03)
    # What the smaller slope does not explain belongs to the factor.
    missed = (np.eye(3) - shrunk) @ pull.slope
    expected = 0.25 * np.eye(3) + missed.T @ scatter @ missed
    np.testing.assert_allclose(found.factor.T @ found.factor, expected, atol=0.02)


def test_conditional_to_draws_from_the_prior_is_nearly_the_prior(generator):
    found = conditional(generator, draw_latents(SIZES, 40, 500))
    np.testing.assert_allclose(found.mean, 0.0, atol=0.05)
    np.testing.assert_allclose(found.factor, np.eye(SIZES.z_size), atol=0.05)
    # The states of `momentum` vary less, so its slopes have larger errors.
    error = 0.1 if generator.settings.dynamic_mode == "momentum" else 0.05
    np.testing.assert_allclose(found.pull.slope, 0.0, atol=error)


@pytest.mark.parametrize(("num_sequences", "num_frames"), [(1, 3), (1, 4), (2, 3)])
def test_conditional_to_few_frames_is_finite(generator, num_sequences, num_frames):
    found = conditional(generator, inferred(num_sequences=num_sequences, num_frames=num_frames))
    for values in (found.mean, found.factor, *found.pull):
        assert np.isfinite(values).all()


@pytest.mark.parametrize("num_frames", [1, 2])
def test_conditional_to_fewer_frames_is_fitted(generator, num_frames):
    latents = inferred(num_frames=num_frames)
    found, expected = conditional(generator, latents), fitted(generator, latents)
    assert found.pull is None
    np.testing.assert_array_equal(found.mean, expected.mean)
    np.testing.assert_array_equal(found.factor, expected.factor)


def test_conditional_to_states_that_do_not_move_is_fitted(built_generator):
    """As where all states are saturated: s_t = tanh(s_{t-1} + 100) = 1."""
    generator = make(built_generator, dynamic_mode="linear")
    state = generator.variables()
    state["transition/bias_1"][...] = 100.0
    generator.set_variables(state)
    latents = inferred()
    found, expected = conditional(generator, latents), fitted(generator, latents)
    generator.close()
    assert found.pull is None
    np.testing.assert_array_equal(found.mean, expected.mean)
    np.testing.assert_array_equal(found.factor, expected.factor)


def test_states_pull_innovations_as_in_a_loop_over_frames(generator):
    random = np.random.default_rng(9)
    bounds = np.full(3, -0.5), np.full(3, 0.8)
    pull = Pull(random.standard_normal(3), random.standard_normal((3, SIZES.z_size)), *bounds)
    innovations = Innovations(np.zeros(SIZES.z_size), np.eye(SIZES.z_size), pull)
    latents = draw_latents(SIZES, 2, 4)
    found = innovations.pulled(generator, latents).innovations
    weights, exact = in_double(generator.variables()), in_double(latents)
    expected, state = [], exact.initial_state
    for time in range(4):
        inside = np.minimum(np.maximum(state, -0.5), 0.8)
        assert time > 0 or np.any(inside != state)
        expected.append(exact.innovations[:, time] + (inside - pull.centre) @ pull.slope)
        one = exact._replace(innovations=expected[-1][:, np.newaxis], initial_state=state)
        states, _ = unroll(weights, one, generator.settings.dynamic_mode)
        state = states[:, 0]
    np.testing.assert_allclose(found, np.stack(expected, axis=1), atol=1e-4)
    assert found.dtype == np.float32
    assert np.abs(found - latents.innovations).max() > 0.3


def test_without_pull_latents_stay_as_they_are(generator):
    latents = draw_latents(SIZES, 2, 4)
    assert prior(generator, latents).pulled(generator, latents) is latents


# --- The spread ---


@pytest.mark.filterwarnings("error")
def test_spread_is_nan_where_the_transition_sees_no_innovation(generator, monkeypatch):
    monkeypatch.setattr(generator, "innovations_kernel", lambda: np.zeros((SIZES.z_size, 4)))
    assert np.isnan(spread(generator, inferred()))


def test_spread_of_draws_from_the_prior_is_1_and_of_doubled_ones_2(generator):
    drawn = np.random.default_rng(6).standard_normal((20, 500, SIZES.z_size)).astype(np.float32)
    # Var of the mean of Σ‖ξK‖² / ‖K‖² over N draws is 2 tr((KᵀK)²) / ‖K‖⁴ / N.
    gram = kernel_of(generator).T @ kernel_of(generator)
    error = np.sqrt(2.0 * np.sum(gram**2) / np.trace(gram) ** 2 / 10_000)
    assert spread(generator, drawn) ** 2 == pytest.approx(1.0, abs=5 * error)
    assert spread(generator, 2.0 * drawn) == pytest.approx(2.0 * spread(generator, drawn), rel=1e-5)


def test_spread_is_the_root_of_what_is_seen_over_its_expectation(generator):
    """In NumPy loops; the mean of the innovations counts too."""
    innovations, kernel = inferred().innovations, kernel_of(generator)
    seen = [np.sum((row @ kernel) ** 2) for rows in innovations for row in rows.astype(float)]
    expected = np.sqrt(np.mean(seen) / np.sum(kernel**2))
    assert spread(generator, innovations) == pytest.approx(expected, rel=1e-5)
    assert abs(expected - 1.0) > 0.1


def test_spread_does_not_look_at_directions_that_the_transition_does_not_see(generator):
    innovations = inferred().innovations
    noise = np.random.default_rng(7).standard_normal(innovations.shape)
    unseen = noise - noise @ projection(generator)
    changed = (innovations + 10.0 * unseen).astype(np.float32)
    assert np.abs(changed - innovations).max() > 5.0
    expected = spread(generator, innovations)
    assert spread(generator, changed) == pytest.approx(expected, rel=1e-5)


def test_draws_that_are_fitted_have_the_spread_of_what_was_inferred(generator):
    latents = inferred()
    drawn = fitted(generator, latents).draw(np.random.default_rng(8), (100, 100, SIZES.z_size))
    expected = spread(generator, latents.innovations)
    assert spread(generator, drawn) == pytest.approx(expected, rel=0.05)
