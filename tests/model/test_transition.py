"""The transition networks against NumPy loops."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.numpy_model import (
    assert_same_gradient,
    draw_frames,
    draw_latents,
    emit,
    finite_differences,
    in_double,
    seen_of,
)
from support.numpy_model import unroll as numpy_unroll

from model.latents import Latents
from model.networks import NETWORKS
from model.transition import TRANSITIONS


def latents_of(model, num_sequences=3, num_frames=7):
    return draw_latents(model.sizes, num_sequences, num_frames)


def map_shapes(model):
    return [(one.kernel.shape, one.bias.shape) for one in model.alpha]


# --- The recursion ---


@pytest.mark.parametrize("dynamic_mode", TRANSITIONS)
def test_states_equal_the_recursion_in_numpy(tiny_model, dynamic_mode):
    model = tiny_model(dynamic_mode)
    latents = latents_of(model)
    states = model.run(model.unroll(latents).states)
    expected, _ = numpy_unroll(in_double(model.weights), in_double(latents), dynamic_mode)
    np.testing.assert_allclose(states, expected, atol=2e-5)
    # The tiny weights drive the positions of `momentum` to their bounds, so they move less.
    assert np.abs(np.diff(expected, axis=1)).mean() > (0.02 if dynamic_mode == "momentum" else 0.05)


@pytest.mark.parametrize("dynamic_mode", TRANSITIONS)
def test_gradient_of_states_equals_finite_differences(tiny_model, dynamic_mode):
    """Of a random weighting of all states, in every latent that drives them and every weight."""
    model = tiny_model(dynamic_mode)
    latents = latents_of(model, num_sequences=2, num_frames=4)
    weighting = np.random.default_rng(0).standard_normal((2, 4, model.sizes.state_size))
    given = Latents(*map(tf.constant, latents))
    parts = ("innovations", "initial_state", "motion_type")
    weights = {weight.op.name: weight for one in model.alpha for weight in one}
    total = tf.reduce_sum(model.unroll(given).states * weighting.astype(np.float32))
    wanted = [*(getattr(given, part) for part in parts), *weights.values()]
    actual = model.run(tf.gradients(total, wanted))

    def weighted(values):
        moved = in_double(latents)._replace(**dict(zip(parts, values[:3], strict=True)))
        states, _ = numpy_unroll(dict(zip(weights, values[3:], strict=True)), moved, dynamic_mode)
        return np.sum(states * weighting)

    here = [getattr(latents, part) for part in parts]
    expected = finite_differences(weighted, here + [model.weights[name] for name in weights])
    for one, other in zip(actual, expected, strict=True):
        assert_same_gradient(one, other)


@pytest.mark.parametrize("far", [5.0, 1e6])
@pytest.mark.parametrize("dynamic_mode", TRANSITIONS)
def test_states_stay_between_minus_1_and_1_wherever_they_start(tiny_model, dynamic_mode, far):
    model = tiny_model(dynamic_mode)
    latents = latents_of(model)
    start = far * np.sign(latents.initial_state)
    states = model.run(model.unroll(latents._replace(initial_state=start)).states)
    assert np.abs(states).max() <= 1.0  # which tanh reaches in float32
    assert np.abs(states[:, 0] - states[:, -1]).max() > 0.1


@pytest.mark.parametrize("dynamic_mode", TRANSITIONS)
def test_unrolling_in_chunks_equals_unrolling_at_once(tiny_model, dynamic_mode):
    model = tiny_model(dynamic_mode)
    latents = latents_of(model)
    first = model.unroll(latents._replace(innovations=latents.innovations[:, :3])).states
    rest = latents._replace(innovations=latents.innovations[:, 3:], initial_state=first[:, -1])
    whole, first, second = model.run(
        [model.unroll(latents).states, first, model.unroll(rest).states]
    )
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-6)


# --- The weights ---


def test_nonlinear_residual_has_two_hidden_layers_of_20_units(tiny_model):
    assert map_shapes(tiny_model("nonlinear")) == [
        ((7, 20), (20,)),
        ((20, 20), (20,)),
        ((20, 3), (3,)),
    ]


def test_linear_residual_is_one_affine_map(tiny_model):
    assert map_shapes(tiny_model("linear")) == [((7, 3), (3,))]


def test_gru_is_three_affine_maps_to_the_state(tiny_model):
    assert map_shapes(tiny_model("gru")) == [((7, 3), (3,))] * 3


def test_residual_of_momentum_has_an_output_for_each_position(tiny_model):
    assert map_shapes(tiny_model("momentum")) == [
        ((7, 20), (20,)),
        ((20, 20), (20,)),
        ((20, 2), (2,)),
    ]


# --- What the emission network sees ---


@pytest.mark.parametrize("dynamic_mode", TRANSITIONS)
def test_emission_sees_the_positions_of_momentum_and_the_whole_states_of_others(
    make_generator, dynamic_mode
):
    generator = make_generator([3], drawn_weights=True, dynamic_mode=dynamic_mode)
    latents = latents_of(generator.settings, num_frames=3)
    states, _ = numpy_unroll(in_double(generator.variables()), in_double(latents), dynamic_mode)
    expected, _ = emit(
        in_double(generator.variables()),
        NETWORKS["8"],
        in_double(latents).appearance,
        seen_of(states, dynamic_mode),
    )
    np.testing.assert_allclose(generator.generate(latents).frames, expected, atol=2e-4)


def test_velocity_remains_without_innovations(tiny_model):
    """With a residual of 0, a velocity falls to 0.7 of itself, but for its tanh."""
    model = tiny_model("momentum")
    for weight in model.weights.values():
        weight[:] = 0.0
    latents = latents_of(model, num_sequences=1, num_frames=4)
    start = np.array([[0.0, 0.0, 0.1]], np.float32)
    [states] = model.run(model.unroll(latents._replace(initial_state=start)).states)
    np.testing.assert_allclose(states[:, 2], 0.1 * 0.7 ** np.arange(1, 5), rtol=0.01)
    np.testing.assert_allclose(states[:, 0], np.cumsum(states[:, 2]), rtol=0.05)
    assert not states[:, 1].any()  # it has no velocity


# --- The active share ---


def test_active_share_counts_positive_hidden_units(tiny_model):
    model = tiny_model("nonlinear")
    latents = latents_of(model)
    share = model.run(model.unroll(latents).active_share)
    _, expected = numpy_unroll(in_double(model.weights), in_double(latents))
    assert share == pytest.approx(expected, abs=1e-6)
    assert 0.2 < expected < 0.8


def test_active_share_is_0_when_all_hidden_units_are_dead(tiny_model):
    model = tiny_model("nonlinear")
    for layer in (1, 2):
        model.weights[f"transition/bias_{layer}"][:] = -100.0
    assert model.run(model.unroll(latents_of(model)).active_share) == 0.0


@pytest.mark.parametrize("dynamic_mode", ["linear", "gru"])
def test_active_share_is_not_a_number_where_there_are_no_hidden_units(tiny_model, dynamic_mode):
    model = tiny_model(dynamic_mode)
    assert np.isnan(model.run(model.unroll(latents_of(model)).active_share))


# --- The whole model ---


@pytest.mark.parametrize("dynamic_mode", TRANSITIONS)
def test_whole_model_learns_and_generates_with_the_transition_it_is_set_to(
    make_generator, dynamic_mode
):
    generator = make_generator([3], drawn_weights=True, dynamic_mode=dynamic_mode)
    latents = latents_of(generator.settings, num_frames=3)
    expected, _ = numpy_unroll(in_double(generator.variables()), in_double(latents), dynamic_mode)
    for made in (
        generator.generate(latents).states,
        generator.generate(latents, generator.moving_statistics()).states,
        generator.states(latents),
    ):
        np.testing.assert_allclose(made, expected, atol=2e-5)
    learned = generator.learn(draw_frames(3, 3, 8), latents, True, 0.002)
    np.testing.assert_allclose(learned.last_state, expected[:, -1], atol=2e-5)


def test_generating_in_chunks_equals_generating_at_once(generator):
    """Transition and emission; by given statistics, frames depend on their own codes only."""
    latents, given = latents_of(generator.settings), generator.moving_statistics()
    innovations = latents.innovations
    whole = generator.generate(latents, given)
    first = generator.generate(latents._replace(innovations=innovations[:, :3]), given)
    rest = latents._replace(innovations=innovations[:, 3:], initial_state=first.states[:, -1])
    second = generator.generate(rest, given)
    frames = np.concatenate([first.frames, second.frames], axis=1)
    np.testing.assert_allclose(frames, whole.frames, atol=3e-5)
    np.testing.assert_allclose(second.states[:, -1], whole.states[:, -1], atol=1e-6)
    assert np.abs(np.diff(frames, axis=1)).mean() > 0.01
