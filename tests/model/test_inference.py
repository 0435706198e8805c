"""Langevin inference against exact posteriors and against NumPy, step by step."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.numpy_model import (
    draw_frames,
    draw_latents,
    draw_visible,
    in_double,
    joint_energy,
    latent_gradient,
)
from support.settings import TINY

from model.alternating import alternate
from model.inference import (
    INNOVATIONS_GRADIENT,
    SAMPLERS,
    Sampled,
    SamplerSettings,
    langevin,
    standard_normal_like,
)
from model.latents import Latents
from model.networks import NETWORKS
from model.posterior import Energy, energy
from model.transition import TRANSITIONS

KEY = np.array([5, 6], np.int32)
STEP_SIZE = 0.05
ALL_MOVE = Latents(1.0, 1.0, 1.0, 1.0)


# --- A linear model with Gaussian noise, whose posterior is known ---


class LinearGaussian:
    """s_t = A s_{t-1} + B ξ_t + E m and x_t = C s_t + D a + ε_t, frames of 1×2 pixels."""

    num_frames, sigma = 3, 0.8

    def __init__(self):
        draw = np.random.default_rng(0).standard_normal
        self.A = np.array([[0.8, 0.3], [-0.3, 0.7]])
        self.B, self.E = 0.6 * draw((2, 2)), 0.6 * draw((2, 1))
        self.C, self.D = 0.6 * draw((6, 2)), 0.6 * draw((6, 2))
        self.frames = draw((self.num_frames, 6))

    def observation_matrix(self):
        """H of x = H [ξ_1, ξ_2, ξ_3, s_0, a, m] + ε, in closed form by powers of A."""
        rows = []
        for time in range(1, self.num_frames + 1):
            power = [np.linalg.matrix_power(self.A, n) for n in range(time + 1)]
            of_noise = [
                self.C @ power[time - k] @ self.B if k <= time else np.zeros((6, 2))
                for k in range(1, self.num_frames + 1)
            ]
            of_motion = self.C @ sum(power[:time]) @ self.E
            rows.append(np.hstack([*of_noise, self.C @ power[time], self.D, of_motion]))
        return np.vstack(rows)

    def posterior(self):
        """The precision and the mean of all latents, given the frames."""
        matrix = self.observation_matrix()
        precision = np.eye(matrix.shape[1]) + matrix.T @ matrix / self.sigma**2
        return precision, np.linalg.solve(precision, matrix.T @ self.frames.ravel()) / self.sigma**2

    def energy_of(self, latents):
        """U in TensorFlow, by the recursion."""
        A, B, C, D, E = (
            tf.constant(matrix.T, tf.float32) for matrix in (self.A, self.B, self.C, self.D, self.E)
        )
        state, emitted = latents.initial_state, []
        for innovation in tf.unstack(latents.innovations, axis=1):
            state = state @ A + innovation @ B + latents.motion_type @ E
            emitted.append(state @ C + latents.appearance @ D)
        shape = [-1, self.num_frames, 1, 2, 3]
        frames = tf.constant(self.frames, tf.float32)
        return energy(
            latents,
            tf.reshape(frames, [1, *shape[1:]]),
            tf.reshape(tf.stack(emitted, axis=1), shape),
            self.sigma,
        )


@pytest.fixture(scope="module")
def chains():
    """Precision, mean, δ, and the last values [chains, 11] of chains that started at 0."""
    model = LinearGaussian()
    precision, mean = model.posterior()
    number, step_size = 20000, 0.4
    with tf.Graph().as_default(), tf.Session() as session:
        start = Latents(tf.zeros([number, 3, 2]), *(tf.zeros([number, size]) for size in (2, 2, 1)))
        settings = SamplerSettings(step_size, 120)
        sampled = langevin(model.energy_of, start, settings, KEY, ALL_MOVE)
        latents = session.run(sampled.latents)
    flat = np.concatenate([np.reshape(part, [number, -1]) for part in latents], axis=1)
    return precision, mean, step_size, flat.astype(np.float64)


def stationary_covariance(precision, step_size):
    """Of x' = x − (δ²/2) P (x − μ) + δ n, exactly: P⁻¹ (I − δ²/4 P)⁻¹."""
    identity = np.eye(len(precision))
    return np.linalg.inv(precision) @ np.linalg.inv(identity - step_size**2 / 4.0 * precision)


def test_chains_have_forgotten_where_they_started(chains):
    """The slowest direction shrinks by 1 − δ²/2 λ_min a step; all steps are stable."""
    precision, _, step_size, _ = chains
    eigenvalues = np.linalg.eigvalsh(precision)
    factors = np.abs(1.0 - step_size**2 / 2.0 * eigenvalues)
    assert factors.max() ** 120 < 1e-4
    assert step_size**2 / 4.0 * eigenvalues.max() > 0.2


def test_mean_of_linear_gaussian_chains_is_the_posterior_mean(chains):
    precision, mean, step_size, samples = chains
    covariance = stationary_covariance(precision, step_size)
    error = np.sqrt(np.diag(covariance) / len(samples))
    assert np.all(np.abs(samples.mean(axis=0) - mean) < 5.0 * error)
    assert np.abs(mean).max() > 20.0 * error.max()


def test_covariance_of_linear_gaussian_chains_is_the_stationary_one(chains):
    precision, _, step_size, samples = chains
    exact = stationary_covariance(precision, step_size)
    variances = np.diag(exact)
    error = np.sqrt((np.outer(variances, variances) + exact**2) / len(samples))
    assert np.all(np.abs(np.cov(samples.T) - exact) < 5.0 * error)
    assert np.any(np.abs(np.linalg.inv(precision) - exact) > 20.0 * error)


# --- Step by step on the two networks ---


@pytest.mark.parametrize("moves_initial_state", [True, False])
@pytest.mark.parametrize("clip, shortens", [(0.5, [0, 1, 1]), (1e-4, [1, 1, 1]), (1e6, [0, 0, 0])])
def test_long_drift_is_shortened_as_in_numpy(clip, shortens, moves_initial_state):
    """Each sequence for itself, and what does not move does not count."""
    random = np.random.default_rng(0)
    stiffness = np.float32([1.0, 100.0, 1e6])  # of each sequence
    parts = [random.standard_normal((2, 3, size)).astype(np.float32) for size in (5, 2, 4, 1)]
    latents, centres = Latents(*(part[0] for part in parts)), [part[1] for part in parts]
    latents = latents._replace(innovations=latents.innovations.reshape(3, 1, 5))
    moves = Latents(1.0, float(moves_initial_state), 1.0, 1.0)

    def energy_of(now):
        flat = [tf.reshape(value, [3, -1]) for value in now]
        pulled = [tf.square(value - centre) for value, centre in zip(flat, centres, strict=True)]
        prior, pull = (tf.add_n([tf.reduce_sum(one, 1) for one in of_parts]) for of_parts in (
            [tf.square(value) for value in flat], pulled,
        ))  # fmt: skip
        return Energy(0.5 * prior, 0.5 * stiffness * pull)

    settings = SamplerSettings(STEP_SIZE, 1, clip)
    with tf.Session() as session:
        given = Latents(*map(tf.constant, latents))
        moved = session.run(langevin(energy_of, given, settings, KEY, moves).latents)
    (noise,) = noise_of_steps(latents, 1)
    for row, is_shortened in enumerate(shortens):
        values = [part[row].ravel().astype(np.float64) for part in latents]
        drift = [
            move * 0.5 * STEP_SIZE**2 * (value + stiffness[row] * (value - centre[row]))
            for value, centre, move in zip(values, centres, moves, strict=True)
        ]
        number = 10 + 2 * moves_initial_state
        factor = clip * STEP_SIZE * np.sqrt(number) / np.linalg.norm(np.concatenate(drift))
        assert (factor < 1) == is_shortened
        for part, value in enumerate(values):
            normal = moves[part] * STEP_SIZE * noise[part][row].ravel()
            expected = value + normal - min(1.0, factor) * drift[part]
            np.testing.assert_allclose(moved[part][row].ravel(), expected, rtol=1e-4, atol=1e-5)


def case(model, num_sequences=2, num_frames=3):
    latents = draw_latents(model.sizes, num_sequences, num_frames)
    return latents, draw_frames(num_sequences, num_frames, model.side)


def noise_of_steps(latents, number):
    """The noise of each step, Latents in float64, as the sampler draws it from the key."""
    keys = [tf.random.experimental.stateless_fold_in(KEY, step) for step in range(number)]
    with tf.Session() as session:
        drawn = session.run([standard_normal_like(Latents(*latents), key) for key in keys])
    return [in_double(noise) for noise in drawn]


def langevin_in_numpy(parts_of, latents, noise_of_step, step_size, moves_initial_state=True):
    """ξ ← ξ − (δ²/2) ∂U/∂ξ + δ n; returns the latents, and ‖∂ likelihood/∂ξ‖ at the last step.

    The prior's gradient is ξ itself; the likelihood's is taken by finite differences.
    """
    latents = in_double(latents)
    for noise in noise_of_step:
        of_frames = latent_gradient(lambda given: np.sum(parts_of(given)[1]), latents)
        moved = Latents(
            *(
                value - step_size**2 / 2.0 * (value + slope) + step_size * normal
                for value, slope, normal in zip(latents, of_frames, noise, strict=True)
            )
        )
        if not moves_initial_state:
            moved = moved._replace(initial_state=latents.initial_state)
        latents = moved
    return latents, np.linalg.norm(of_frames.innovations)


def assert_same_move(actual, expected, start):
    """Compares the moves, not the values, which the start would dominate."""
    for part, moved, before in zip(actual, expected, start, strict=True):
        np.testing.assert_allclose(part - before, moved - before, rtol=2e-3, atol=1e-5)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("moves_initial_state", [True, False])
@pytest.mark.parametrize("dynamic_mode", TRANSITIONS)
def test_steps_equal_numpy_with_the_same_noise(
    tiny_model, dynamic_mode, number, moves_initial_state
):
    model = tiny_model(dynamic_mode)
    latents, frames = case(model)
    begins = float(moves_initial_state)
    inferred = model.run(
        langevin(
            lambda given: model.energy(given, frames, with_initial_state=begins),
            Latents(*map(tf.constant, latents)),
            SamplerSettings(STEP_SIZE, number),
            KEY,
            Latents(1.0, begins, 1.0, 1.0),
        )
    )
    weights = in_double(model.weights)
    expected, norm = langevin_in_numpy(
        lambda given: joint_energy(
            weights,
            model.table,
            given,
            frames,
            model.sigma,
            with_initial_state=moves_initial_state,
            dynamic_mode=dynamic_mode,
        ),
        latents,
        noise_of_steps(latents, number),
        STEP_SIZE,
        moves_initial_state,
    )
    assert_same_move(inferred.latents, expected, latents)
    assert inferred.diagnostics[INNOVATIONS_GRADIENT] == pytest.approx(norm, rel=1e-3)
    assert norm > 1.0


@pytest.mark.parametrize("stays", [{"initial_state"}, {"initial_state", "appearance"}])
def test_a_part_that_is_not_to_move_stays_to_the_bit(tiny_model, stays):
    model = tiny_model()
    latents, frames = case(model)
    start = Latents(*map(tf.constant, latents))
    moves = Latents(*(float(part not in stays) for part in Latents._fields))
    settings = SamplerSettings(STEP_SIZE, 3)
    moved = model.run(
        langevin(lambda given: model.energy(given, frames), start, settings, KEY, moves)
    ).latents
    for part, value in moved._asdict().items():
        same = value == getattr(latents, part)
        assert np.all(same) if part in stays else not np.any(same)


def test_innovations_gradient_is_0_when_all_hidden_units_are_dead(tiny_model):
    model = tiny_model()
    model.weights["transition/bias_1"][:] = -100.0
    latents, frames = case(model)
    start = Latents(*map(tf.constant, latents))
    settings = SamplerSettings(STEP_SIZE, 2)
    inferred = langevin(lambda given: model.energy(given, frames), start, settings, KEY, ALL_MOVE)
    assert model.run(inferred.diagnostics) == {INNOVATIONS_GRADIENT: 0.0}


def test_companions_do_not_change_a_bit_of_what_is_inferred(tiny_model):
    """Under the same normalisation averages and the same noise."""
    model = tiny_model()
    latents, frames = case(model, num_sequences=3)
    observed = tf.placeholder(tf.float32, frames.shape)
    inferred = langevin(
        lambda given: model.energy(given, observed, normalization="moving"),
        Latents(*map(tf.constant, latents)),
        SamplerSettings(STEP_SIZE, 5),
        KEY,
        ALL_MOVE,
    ).latents
    others = frames.copy()
    others[1:] = -others[1:]
    with model.session() as session:
        one, other = (session.run(inferred, {observed: given}) for given in (frames, others))
    for first, second in zip(one, other, strict=True):
        assert first[0].tobytes() == second[0].tobytes()
        assert not np.any(first[1:] == second[1:])


def test_key_decides_the_noise(tiny_model):
    model = tiny_model()
    latents, frames = case(model)
    start = Latents(*map(tf.constant, latents))
    settings = SamplerSettings(STEP_SIZE, 2)

    def inferred(key):
        return langevin(
            lambda given: model.energy(given, frames), start, settings, key, ALL_MOVE
        ).latents

    one, same, other = model.run([inferred(key) for key in (KEY, KEY, KEY + 1)])
    for first, second, third in zip(one, same, other, strict=True):
        assert first.tobytes() == second.tobytes()
        assert not np.any(first == third)


@pytest.mark.parametrize("kind", ["generator", "incomplete_generator"])
def test_inference_of_the_whole_model_equals_numpy(request, kind):
    """`DynamicGenerator.infer`: its own batch normalisation, σ, δ, number of steps and weights."""
    generator = request.getfixturevalue(kind)
    settings = generator.settings
    visible = draw_visible(2, 3, 8) if settings.training_mode == "incomplete" else None
    latents = draw_latents(settings.sizes, 2, 3)
    frames = draw_frames(2, 3, 8)
    weights = in_double(generator.variables())
    inferred = generator.infer(frames, latents, True, KEY, visible)
    expected, norm = langevin_in_numpy(
        lambda given: joint_energy(
            weights, NETWORKS[settings.network], given, frames, settings.refsig, visible=visible
        ),
        latents,
        noise_of_steps(latents, settings.sample_steps),
        settings.step_size,
    )
    assert_same_move(inferred.latents, expected, latents)
    assert inferred.diagnostics[INNOVATIONS_GRADIENT] == pytest.approx(norm, rel=1e-3)


def test_step_size_can_change_between_runs_of_the_sampler(make_generator):
    """To the bit: it is the graph that is built for the new size."""
    given = [draw_frames(2, 3, 8), draw_latents(TINY.sizes, 2, 3), True, KEY]
    built = {
        size: make_generator([3], drawn_weights=True, step_size=size, clip_drift=0.5)
        for size in (0.03, 0.07)
    }
    changed = built[0.03]
    before = changed.infer(*given).latents
    changed.step_size = 0.07
    after, expected = changed.infer(*given).latents, built[0.07].infer(*given).latents
    for part, other, same in zip(after, before, expected, strict=True):
        np.testing.assert_array_equal(part, same)
        assert not np.any(part == other)


@pytest.mark.parametrize("share, stable", [(0.9, True), (1.1, False)])
def test_langevin_steps_are_stable_below_the_curvature_of_4_over_the_square(share, stable):
    """In the most curved direction, a step multiplies by 1 − δ²λ/2, here −0.8 or −1.2."""
    model = LinearGaussian()
    precision, mean = model.posterior()
    curvature = np.linalg.eigvalsh(precision).max()
    steps = [20, 40]
    with tf.Graph().as_default(), tf.Session() as session:
        start = Latents(tf.zeros([1, 3, 2]), *(tf.zeros([1, size]) for size in (2, 2, 1)))
        settings = SamplerSettings(2.0 * np.sqrt(share / curvature), 0)
        runs = [
            langevin(model.energy_of, start, settings._replace(num_steps=number), KEY, ALL_MOVE)
            for number in steps
        ]
        found = session.run([run.latents for run in runs])
    distances = [np.linalg.norm(np.concatenate([p.ravel() for p in one]) - mean) for one in found]
    if stable:
        assert max(distances) < 20.0
    else:
        assert distances[1] > 10.0 * distances[0]


# --- A sampler is a row ---


def test_a_row_is_a_sampler_and_says_what_is_reported_of_an_epoch(make_generator, monkeypatch):
    """A sampler that moves nothing; what it is given are the settings and the start."""
    asked = []

    def still(energy_of, latents, settings, key, moves, sums):
        asked.append(settings)
        told = {"size": settings.step_size, "energy": energy_of(latents).prior[0]}
        return Sampled(latents, told)

    monkeypatch.setitem(SAMPLERS, "still", still)
    generator = make_generator([3], sampler="still", step_size=0.3, sample_steps=4)
    assert [(one.num_steps, one.clip_drift) for one in asked] == [(4, 0.0)]
    before, latents = (draw_latents(generator.settings.sizes, 1, 3) for _ in range(2))
    report = alternate(
        generator,
        frames=draw_frames(1, 3, 8),
        latents=latents,
        batch_size=1,
        chunk_length=3,
        learning_rate=0.002,
        seed=0,
        epoch=0,
    )
    squares = sum(np.sum(part.astype(np.float64) ** 2) for part in before)
    assert report.diagnostics == {"size": 0.3, "energy": pytest.approx(squares / 2, rel=1e-5)}
    for part, start in zip(latents, before, strict=True):
        np.testing.assert_array_equal(part, start)
