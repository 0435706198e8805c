"""The transition, fitted to given states, and to those that were inferred."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from scipy.stats import chi2, multivariate_normal
from support.numpy_model import draw_latents, in_double, unroll
from support.turning import ANGLE, SIZES, angles_of, first_weights

from model.random_keys import Stream, random_generator
from model.transition import TRANSITIONS
from model.transition_fit import (
    TransitionFit,
    fit_to_inferred_states,
    fit_to_states,
    normal_log_density,
    states_of_sequences,
)


@pytest.mark.parametrize(
    ("added", "directions"), [(0.0, 3), (0.5, 3), (1e-6, 3), (1e-6, 2), (1e-6, 1)]
)
def test_log_density_is_that_of_the_normal_distribution_of_the_samples(added, directions):
    """Also where the samples differ in few directions, so that only the added variance is left."""
    noise = np.random.default_rng(2)
    spread = noise.standard_normal((directions, 3))
    samples = (3 * noise.standard_normal((50, 4, directions)) @ spread).astype(np.float32)
    values = noise.standard_normal((4, 3)).astype(np.float32)
    of_rows = samples.astype(np.float64)
    with tf.Graph().as_default(), tf.Session() as session:
        tensors = [tf.constant(one, tf.float32) for one in (values, samples)]
        found = session.run(normal_log_density(*tensors, added))
    expected = [
        multivariate_normal(
            of_rows[:, row].mean(0), np.cov(of_rows[:, row].T, bias=True) + added * np.eye(3)
        ).logpdf(values[row])
        for row in range(4)
    ]
    expected = np.mean(expected) + 1.5 * np.log(2 * np.pi)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-4)


def test_linear_transition_is_that_of_a_regression(make_generator):
    """z_t − s_{t-1} is affine in ξ, m and s_{t-1}, so least squares give the likeliest α."""
    sizes = SIZES._replace(motion_type_size=0)
    noise = np.random.default_rng(3)
    turn = 0.9 * np.array([[np.cos(ANGLE), np.sin(ANGLE)], [-np.sin(ANGLE), np.cos(ANGLE)]])
    states = np.zeros((20, 41, 2), np.float32)
    states[:, 0] = 0.3 * noise.standard_normal((20, 2))
    for time in range(40):
        step = noise.standard_normal((20, 2)) @ [[0.1, 0.05], [0.0, 0.08]]
        states[:, time + 1] = np.tanh(states[:, time] @ turn + 0.02 + step)
    latents = draw_latents(sizes, 20, 40)
    with tf.Graph().as_default(), tf.Session() as session:
        fit = TransitionFit(
            session, "linear", first_weights(make_generator, "linear", sizes), latents
        )
        fit.maximize(states, random_generator(0, Stream.INITIAL_MOTION))
        alpha = in_double(fit.alpha())
    kernel, bias = alpha["transition/kernel_1"], alpha["transition/bias_1"]
    of_innovations, of_state = kernel[: sizes.z_size], kernel[sizes.z_size :]
    before = states[:, :-1].reshape(-1, 2).astype(float)
    change = np.arctanh(states[:, 1:].reshape(-1, 2).astype(float)) - before
    design = np.column_stack([before, np.ones(len(before))])
    found, *_ = np.linalg.lstsq(design, change, rcond=None)
    residual = change - design @ found
    assert of_state == pytest.approx(found[:2], abs=0.03)
    assert bias == pytest.approx(found[2], abs=0.01)
    covariance = residual.T @ residual / len(residual)
    assert of_innovations.T @ of_innovations == pytest.approx(covariance, rel=0.15, abs=4e-4)


@pytest.mark.parametrize("dynamic_mode", TRANSITIONS)
def test_states_of_sequences_are_those_of_the_transition(make_generator, dynamic_mode):
    alpha, latents = first_weights(make_generator, dynamic_mode), draw_latents(SIZES, 3, 7)
    found = states_of_sequences(dynamic_mode, alpha, latents)
    expected, _ = unroll(in_double(alpha), in_double(latents), dynamic_mode)
    np.testing.assert_array_equal(found[:, 0], latents.initial_state)
    assert found[:, 1:] == pytest.approx(expected, abs=1e-5)


def paces_of(alpha, latents, num_frames=27):
    """The mean angle by which the states of each sequence turn, without innovations."""
    still = np.zeros((len(latents.initial_state), num_frames, SIZES.z_size), np.float32)
    states, _ = unroll(
        in_double(alpha), in_double(latents._replace(innovations=still)), "nonlinear"
    )
    return np.abs(angles_of(states).mean(axis=1))


def test_sequences_get_back_the_pace_that_innovations_made_up_for(make_generator):
    """Four sequences turn, and four others half as fast again. The first ones turn too slowly."""
    paces = np.repeat([ANGLE, 1.5 * ANGLE], 4)
    angles = np.arange(8)[:, np.newaxis] + paces[:, np.newaxis] * np.arange(37)
    turning = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    turning = 0.6 * turning + 0.06 * np.random.default_rng(0).standard_normal((8, 37, 2))
    turning = turning.astype(np.float32)
    alpha, latents = fit_to_states(
        "nonlinear",
        first_weights(make_generator, "nonlinear"),
        draw_latents(SIZES, 8, 36),
        turning,
        np.random.default_rng(1),
    )
    alpha["transition/kernel_3"] *= 0.8
    with tf.Graph().as_default(), tf.Session() as session:
        slowed = TransitionFit(session, "nonlinear", alpha, latents)
        innovations = slowed.innovations_to(turning)
    latents = latents._replace(innovations=innovations)
    before = states_of_sequences("nonlinear", alpha, latents)
    assert np.sqrt(np.mean(np.square(before - turning))) < 0.05
    assert np.all(paces_of(alpha, latents)[:4] < 0.9 * paces[:4])

    fit = fit_to_inferred_states("nonlinear", alpha, latents, seed=0)
    again = fit_to_inferred_states("nonlinear", alpha, latents, seed=0)
    for one, other in zip(fit.latents, again.latents, strict=True):
        assert np.array_equal(one, other)
    assert paces_of(fit.alpha, fit.latents) == pytest.approx(paces, rel=0.1)
    after = states_of_sequences("nonlinear", fit.alpha, fit.latents)
    assert np.sqrt(np.mean(np.square(after - before))) < 0.03
    assert fit.latents.appearance is latents.appearance
    np.testing.assert_array_equal(fit.latents.initial_state, latents.initial_state)
    # The innovations need not make up for anything any more.
    squares = np.square(fit.latents.innovations).sum(axis=-1)
    assert 0.5 < np.median(squares) / chi2.median(SIZES.z_size) < 2
    assert np.median(np.square(innovations).sum(axis=-1)) > np.median(squares)


def latents_that_reach(alpha, states, sizes):
    """Latents of the transition `linear` whose states are near `states`, [N, T + 1, d]."""
    number, length = states.shape[0], states.shape[1] - 1
    latents = draw_latents(sizes, number, length)._replace(initial_state=states[:, 0])
    with tf.Graph().as_default(), tf.Session() as session:
        innovations = TransitionFit(session, "linear", alpha, latents).innovations_to(states)
    return latents._replace(innovations=innovations)


def test_noise_of_inferred_states_is_kept_however_small(make_generator):
    """The first fit adds a variance of 10⁻⁴, so it leaves no such noise to the innovations."""
    sizes = SIZES._replace(motion_type_size=0)
    alpha = first_weights(make_generator, "linear", sizes)
    noise = np.random.default_rng(5)
    states = np.zeros((20, 41, 2), np.float32)
    for time in range(40):
        step = 0.01 * noise.standard_normal((20, 2))
        states[:, time + 1] = np.tanh(0.9 * states[:, time] + step)
    latents = latents_that_reach(alpha, states, sizes)
    spreads = [
        np.square(fit.alpha["transition/kernel_1"][: sizes.z_size]).sum(axis=0)
        for fit in (
            fit_to_inferred_states("linear", alpha, latents, seed=0),
            fit_to_states("linear", alpha, latents, states, noise),
        )
    ]
    assert spreads[0] == pytest.approx([1e-4] * 2, rel=0.3)
    assert np.all(spreads[1] < 0.3e-4)


def test_fit_stays_finite_where_innovations_reach_few_directions_of_the_state(make_generator):
    sizes = SIZES._replace(state_size=10, z_size=2, motion_type_size=0)
    alpha = first_weights(make_generator, "linear", sizes)
    alpha = {name: 10 * values for name, values in alpha.items()}
    states = np.random.default_rng(6).uniform(-0.99, 0.99, (3, 9, 10)).astype(np.float32)
    fit = fit_to_inferred_states("linear", alpha, latents_that_reach(alpha, states, sizes), seed=0)
    assert all(np.isfinite(values).all() for values in (*fit.alpha.values(), *fit.latents))
