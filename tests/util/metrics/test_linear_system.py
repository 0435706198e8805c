"""The linear dynamical system: found back from its own data, and sampled."""

import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov

from util.metrics.linear_system import LARGEST_MODULUS, LinearSystem, continued, fit, sample

RADIUS, ANGLE = 0.95, 0.5  # of a pair of eigenvalues; the third is REAL
REAL = 0.7
TURN = RADIUS * np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]])
TRUE_A = np.block([[TURN, np.zeros((2, 1))], [np.zeros((1, 2)), np.full((1, 1), REAL)]])
TRUE_Q = np.array([[1.0, 0.3, 0.0], [0.3, 0.5, -0.2], [0.0, -0.2, 2.0]])
TRUE_C = np.linalg.qr(np.random.default_rng(5).standard_normal((12, 3)))[0]
TRUE_MEAN = np.linspace(-1, 1, 12)


def known_system_data(length, seed=0):
    """Values of a known system, float64 [length, 12]."""
    random = np.random.default_rng(seed)
    noise = random.multivariate_normal(np.zeros(3), TRUE_Q, length + 200)
    states, state = [], np.zeros(3)
    for innovation in noise:
        state = TRUE_A @ state + innovation
        states.append(state)
    return TRUE_MEAN + np.array(states[200:]) @ TRUE_C.T


@pytest.fixture(scope="module")
def fitted():
    return fit(known_system_data(2000), states=3)


def test_eigenvalues_are_found_back(fitted):
    found = sorted(np.linalg.eigvals(fitted.A), key=np.angle)
    expected = [RADIUS * np.exp(-1j * ANGLE), REAL, RADIUS * np.exp(1j * ANGLE)]
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_transition_and_covariance_of_the_noise_are_found_back_in_the_space_of_pixels(fitted):
    """The basis of the states is free; C A Cᵀ and C Q Cᵀ do not depend on it."""
    _, output, transition, covariance, _ = fitted
    np.testing.assert_allclose(
        output @ transition @ output.T, TRUE_C @ TRUE_A @ TRUE_C.T, atol=0.05
    )
    np.testing.assert_allclose(output @ covariance @ output.T, TRUE_C @ TRUE_Q @ TRUE_C.T, atol=0.1)
    np.testing.assert_allclose(fitted.mean, TRUE_MEAN, atol=0.3)


def test_first_state_gives_the_first_frame(fitted):
    values = known_system_data(2000)
    np.testing.assert_allclose(fitted.mean + fitted.C @ fitted.first, values[0], atol=1e-9)


def test_samples_have_the_stationary_covariance():
    system = LinearSystem(TRUE_MEAN, TRUE_C, TRUE_A, TRUE_Q, np.zeros(3))
    frames = sample(system, 60_000, np.random.default_rng(0))
    stationary = solve_discrete_lyapunov(TRUE_A, TRUE_Q)
    expected = TRUE_C @ stationary @ TRUE_C.T
    found = np.cov(frames[500:].T, bias=True)
    np.testing.assert_allclose(found, expected, atol=0.06 * np.abs(expected).max())
    np.testing.assert_allclose(frames.mean(axis=0), TRUE_MEAN, atol=0.1)
    centred = frames - TRUE_MEAN
    lagged = centred[501:].T @ centred[500:-1] / len(centred[501:])
    np.testing.assert_allclose(
        lagged, TRUE_C @ TRUE_A @ stationary @ TRUE_C.T, atol=0.06 * np.abs(expected).max()
    )


def test_samples_start_from_the_first_state_and_use_only_their_own_generator():
    system = LinearSystem(TRUE_MEAN, TRUE_C, TRUE_A, TRUE_Q, np.array([1.0, 2.0, 3.0]))
    one, again, other = (sample(system, 9, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_allclose(one[0], TRUE_MEAN + TRUE_C @ [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(one, again)
    assert np.abs(one[1:] - other[1:]).min(axis=0).max() > 0.0
    assert np.any(one[1] != other[1])


def test_rotation_without_noise_is_continued():
    """Its eigenvalues have the modulus 1; they are brought to `LARGEST_MODULUS`."""
    time = np.arange(40)
    circle = np.stack([np.cos(0.3 * time), np.sin(0.3 * time)], axis=1)
    # Whole turns, so that the mean is 0: 2π/0.3 is not a whole number of frames.
    values = circle - circle.mean(axis=0)
    system = fit(np.concatenate([values, np.zeros((40, 3))], axis=1), states=2)
    moduli = np.abs(np.linalg.eigvals(system.A))
    np.testing.assert_allclose(moduli, LARGEST_MODULUS, atol=0.01)
    assert moduli.max() <= LARGEST_MODULUS + 1e-12
    assert np.abs(np.angle(np.linalg.eigvals(system.A))) == pytest.approx([0.3, 0.3], abs=0.02)


def test_system_that_would_explode_is_made_stable_and_its_noise_fits_the_transition_in_use():
    growing = 1.1 ** np.arange(30.0)[:, np.newaxis] * np.array([[1.0, -2.0, 0.5]])
    system = fit(growing, states=1)
    assert np.abs(system.A) == pytest.approx(LARGEST_MODULUS)
    series = (growing - growing.mean(axis=0)) @ system.C[:, 0]
    residuals = series[1:] - LARGEST_MODULUS * series[:-1]
    assert system.Q.item() == pytest.approx(np.mean(np.square(residuals)))
    frames = sample(system, 5000, np.random.default_rng(0))
    assert np.isfinite(frames).all()


def test_stable_system_is_left_as_it_is():
    values = known_system_data(300)
    system = fit(values, states=3)
    series = (values - values.mean(axis=0)) @ system.C
    expected = np.linalg.lstsq(series[:-1], series[1:], rcond=None)[0].T
    np.testing.assert_allclose(system.A, expected, atol=1e-8)
    residuals = series[1:] - series[:-1] @ expected.T
    np.testing.assert_allclose(system.Q, residuals.T @ residuals / 299, atol=1e-8)


@pytest.mark.parametrize(("length", "states"), [(60, 20), (30, 14), (3, 1), (2, 0), (1, 0)])
@pytest.mark.filterwarnings("error")
def test_short_clip_has_fewer_states(length, states):
    values = np.random.default_rng(0).standard_normal((length, 50)).astype(np.float32)
    system = fit(values)
    assert system.A.shape == system.Q.shape == (states, states)
    frames = sample(system, 4, np.random.default_rng(0))
    assert frames.shape == (4, 50)
    assert frames.dtype == np.float32


@pytest.mark.filterwarnings("error")
def test_clip_that_stands_still_is_repeated():
    values = np.tile(np.float32([0.1, -0.7, 0.3]), (30, 1))
    frames = sample(fit(values), 4, np.random.default_rng(0))
    np.testing.assert_array_equal(frames, values[:4])


def test_expected_frames_follow_the_last_frame_by_the_transition():
    system = LinearSystem(TRUE_MEAN, TRUE_C, TRUE_A, TRUE_Q, np.zeros(3))
    state = np.array([1.0, -2.0, 0.5])
    last = TRUE_MEAN + TRUE_C @ state
    expected = [
        TRUE_MEAN + TRUE_C @ np.linalg.matrix_power(TRUE_A, number) @ state for number in (1, 2, 3)
    ]
    np.testing.assert_allclose(continued(system, last, 3), expected, atol=1e-9)


def test_continued_samples_have_the_noise_of_the_system():
    system = LinearSystem(TRUE_MEAN, TRUE_C, TRUE_A, TRUE_Q, np.zeros(3))
    random = np.random.default_rng(0)
    steps = np.stack([continued(system, TRUE_MEAN, 1, random)[0] for _ in range(20000)])
    np.testing.assert_allclose(np.cov((steps @ TRUE_C).T), TRUE_Q, atol=0.05 * TRUE_Q.max())
