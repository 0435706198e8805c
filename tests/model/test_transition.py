"""The transition network against NumPy loops."""

import numpy as np
import pytest
from support.numpy_model import draw_latents, in_double
from support.numpy_model import unroll as numpy_unroll

from model.transition import HIDDEN_UNITS, unroll

MODES = list(HIDDEN_UNITS)


def latents_of(model, num_sequences=3, num_frames=7):
    return draw_latents(model.sizes, num_sequences, num_frames)


@pytest.mark.parametrize("dynamic_mode", MODES)
def test_states_equal_the_recursion_in_numpy(tiny_model, dynamic_mode):
    model = tiny_model(dynamic_mode)
    latents = latents_of(model)
    states = model.run(model.unroll(latents).states)
    expected, _ = numpy_unroll(in_double(model.weights), in_double(latents))
    np.testing.assert_allclose(states, expected, atol=2e-5)
    assert np.abs(np.diff(expected, axis=1)).mean() > 0.05


def test_nonlinear_residual_has_two_hidden_layers_of_20_units(tiny_model):
    shapes = [(layer.kernel.shape, layer.bias.shape) for layer in tiny_model("nonlinear").alpha]
    assert shapes == [((7, 20), (20,)), ((20, 20), (20,)), ((20, 3), (3,))]


def test_linear_residual_is_one_affine_map(tiny_model):
    shapes = [(layer.kernel.shape, layer.bias.shape) for layer in tiny_model("linear").alpha]
    assert shapes == [((7, 3), (3,))]


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


def test_active_share_of_the_linear_mode_is_not_a_number(tiny_model):
    model = tiny_model("linear")
    assert np.isnan(model.run(model.unroll(latents_of(model)).active_share))


@pytest.mark.parametrize("dynamic_mode", MODES)
def test_unrolling_in_chunks_equals_unrolling_at_once(tiny_model, dynamic_mode):
    model = tiny_model(dynamic_mode)
    latents = latents_of(model)
    first = model.unroll(latents._replace(innovations=latents.innovations[:, :3])).states
    rest = latents._replace(innovations=latents.innovations[:, 3:], initial_state=first[:, -1])
    whole, first, second = model.run(
        [model.unroll(latents).states, first, model.unroll(rest).states]
    )
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-6)


def test_generating_in_chunks_equals_generating_at_once(generator):
    """Transition and emission; frames depend on their own codes only by "moving" averages."""
    latents = latents_of(generator.settings)
    innovations = latents.innovations
    whole = generator.generate(latents, "moving")
    first = generator.generate(latents._replace(innovations=innovations[:, :3]), "moving")
    rest = latents._replace(innovations=innovations[:, 3:], initial_state=first.last_state)
    second = generator.generate(rest, "moving")
    frames = np.concatenate([first.frames, second.frames], axis=1)
    np.testing.assert_allclose(frames, whole.frames, atol=1e-5)
    np.testing.assert_allclose(second.last_state, whole.last_state, atol=1e-6)
    assert np.abs(np.diff(frames, axis=1)).mean() > 0.01
