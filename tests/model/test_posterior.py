"""The energy U and its gradient in the latents, against NumPy and finite differences."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.numpy_model import (
    assert_same_gradient,
    draw_frames,
    draw_latents,
    draw_visible,
    finite_differences,
    in_double,
    joint_energy,
    latent_gradient,
    statistics_for,
)

from model.inference import gradient
from model.latents import Latents
from model.transition import TRANSITIONS


def case(model, num_sequences=2, num_frames=3):
    latents = draw_latents(model.sizes, num_sequences, num_frames)
    return latents, draw_frames(num_sequences, num_frames, model.side)


def gradient_in_tensorflow(model, latents, frames, **options):
    """∂U/∂latents, prior and likelihood added."""
    latents = Latents(*map(tf.constant, latents))
    parts = model.energy(latents, frames, **options)
    return model.run(gradient(parts.prior + parts.likelihood, latents))


def gradient_in_numpy(model, latents, frames, **options):
    weights = in_double(model.weights)
    options["dynamic_mode"] = model.dynamic_mode
    options["given"] = statistics_for(options.pop("normalization", "batch"), weights)

    def total(given):
        return np.sum(joint_energy(weights, model.table, given, frames, model.sigma, **options))

    return latent_gradient(total, latents)


@pytest.mark.parametrize("likelihood", ["sum", "mean_over_frames"])
@pytest.mark.parametrize("begins_sequence", [True, False])
def test_energy_of_each_sequence_equals_numpy(tiny_model, likelihood, begins_sequence):
    model = tiny_model()
    latents, frames = case(model)
    parts = model.run(model.energy(latents, frames, likelihood, float(begins_sequence)))
    prior, data = joint_energy(
        in_double(model.weights),
        model.table,
        in_double(latents),
        frames.astype(np.float64),
        model.sigma,
        likelihood,
        begins_sequence,
    )
    np.testing.assert_allclose(parts.prior, prior, rtol=1e-5)
    np.testing.assert_allclose(parts.likelihood, data, rtol=1e-5)
    assert parts.prior.shape == parts.likelihood.shape == (2,)


def test_mean_over_frames_is_the_sum_divided_by_the_frames(tiny_model):
    model = tiny_model()
    latents, frames = case(model, num_frames=3)
    total, mean = model.run(
        [model.energy(latents, frames, name).likelihood for name in ("sum", "mean_over_frames")]
    )
    np.testing.assert_allclose(total, 3.0 * mean, rtol=1e-6)


def test_prior_of_the_initial_state_counts_only_where_the_sequence_begins(tiny_model):
    model = tiny_model()
    latents, frames = case(model)
    begins, goes_on = model.run(
        [model.energy(latents, frames, with_initial_state=value).prior for value in (1.0, 0.0)]
    )
    squares = np.sum(latents.initial_state.astype(np.float64) ** 2, axis=1)
    np.testing.assert_allclose(begins - goes_on, 0.5 * squares, rtol=1e-5)


@pytest.mark.parametrize("normalization", ["batch", "moving"])
@pytest.mark.parametrize("likelihood", ["sum", "mean_over_frames"])
@pytest.mark.parametrize("dynamic_mode", TRANSITIONS)
def test_gradient_in_every_latent_equals_finite_differences(
    tiny_model, dynamic_mode, likelihood, normalization
):
    model = tiny_model(dynamic_mode)
    latents, frames = case(model)
    options = {"likelihood": likelihood, "normalization": normalization}
    actual = gradient_in_tensorflow(model, latents, frames, **options)
    expected = gradient_in_numpy(model, latents, frames, **options)
    for part in Latents._fields:
        assert_same_gradient(getattr(actual, part), getattr(expected, part))


def test_frames_speak_to_latents_of_the_past_but_not_of_the_future(tiny_model):
    """Only frame 1 of 3 enters: back through time to ξ_1, ξ_2 and s_0, not on to ξ_3."""
    model = tiny_model()
    latents, frames = case(model)
    given = Latents(*map(tf.constant, latents))
    seen = model.emit(given, "moving").frames[:, 1] - frames[:, 1]
    from_frame = model.run(gradient(tf.square(seen), given))
    assert np.all(np.linalg.norm(from_frame.innovations, axis=2)[:, :2] > 1e-2)
    assert np.all(np.linalg.norm(from_frame.initial_state, axis=1) > 1e-2)
    assert not np.any(from_frame.innovations[:, 2])


def test_gradient_of_a_sequence_is_that_which_it_has_alone(tiny_model):
    """Sequence 0 alone, and among two companions, under the same normalisation averages."""
    model = tiny_model()
    latents, frames = case(model, num_sequences=3)
    alone = Latents(*(part[:1] for part in latents))
    together = gradient_in_tensorflow(model, latents, frames, normalization="moving")
    by_itself = gradient_in_tensorflow(model, alone, frames[:1], normalization="moving")
    for part, expected in zip(together, by_itself, strict=True):
        np.testing.assert_allclose(part[:1], expected, rtol=1e-4, atol=1e-4)


def test_batch_size_and_companions_do_not_enter_the_energy(tiny_model):
    model = tiny_model()
    latents, frames = case(model, num_sequences=3)
    alone = Latents(*(part[:1] for part in latents))
    together, by_itself = model.run(
        [
            model.energy(latents, frames, normalization="moving"),
            model.energy(alone, frames[:1], normalization="moving"),
        ]
    )
    np.testing.assert_allclose(together.prior[0], by_itself.prior[0], rtol=1e-6)
    np.testing.assert_allclose(together.likelihood[0], by_itself.likelihood[0], rtol=1e-6)


# --- Missing pixels ---


def masked_case(model):
    """A case, and which of its pixels are visible: half, but none of the second frame."""
    return *case(model), draw_visible(2, 3, model.side)


@pytest.mark.parametrize("likelihood", ["sum", "mean_over_frames"])
def test_energy_of_visible_pixels_equals_numpy(tiny_model, likelihood):
    model = tiny_model()
    latents, frames, visible = masked_case(model)
    parts = model.run(model.energy(latents, frames, likelihood, visible=visible))
    weights, given = in_double(model.weights), in_double(latents)
    prior, data = joint_energy(
        weights, model.table, given, frames, model.sigma, likelihood, visible=visible
    )
    np.testing.assert_allclose(parts.prior, prior, rtol=1e-5)
    np.testing.assert_allclose(parts.likelihood, data, rtol=1e-5)
    _, of_all = joint_energy(weights, model.table, given, frames, model.sigma, likelihood)
    assert np.all(data < 0.5 * of_all)


@pytest.mark.parametrize("normalization", ["batch", "moving"])
@pytest.mark.parametrize("likelihood", ["sum", "mean_over_frames"])
def test_gradient_of_visible_pixels_equals_finite_differences(
    tiny_model, likelihood, normalization
):
    model = tiny_model()
    latents, frames, visible = masked_case(model)
    options = {"likelihood": likelihood, "normalization": normalization, "visible": visible}
    actual = gradient_in_tensorflow(model, latents, frames, **options)
    expected = gradient_in_numpy(model, latents, frames, **options)
    for part in Latents._fields:
        assert_same_gradient(getattr(actual, part), getattr(expected, part))


def test_weights_learn_from_visible_pixels_alone(tiny_model):
    """Every weight of both networks, by finite differences in NumPy."""
    model = tiny_model()
    latents, frames, visible = masked_case(model)
    layers = [*model.alpha, *((layer.kernel, layer.bias) for layer in model.beta)]
    variables = [variable for layer in layers for variable in layer]
    names = [variable.op.name for variable in variables]
    data = model.energy(latents, frames, visible=visible).likelihood
    actual = model.run(tf.gradients(data, variables))
    weights = in_double(model.weights)

    def loss(values):
        changed = weights | dict(zip(names, values, strict=True))
        parts = joint_energy(
            changed, model.table, in_double(latents), frames, model.sigma, visible=visible
        )
        return parts[1].sum()

    expected = finite_differences(loss, [weights[name] for name in names])
    for one, other in zip(actual, expected, strict=True):
        assert_same_gradient(one, other)


def test_missing_pixels_have_no_say(tiny_model):
    """Other frames under the mask, the same energy and gradients to the bit."""
    model = tiny_model()
    latents, frames, visible = masked_case(model)
    observed, given = tf.placeholder(tf.float32, frames.shape), Latents(*map(tf.constant, latents))
    parts = model.energy(given, observed, visible=visible)
    fetches = [*parts, *gradient(parts.likelihood, given)]
    others = np.where(visible, frames, -frames)
    with model.session() as session:
        one, other = (session.run(fetches, {observed: seen}) for seen in (frames, others))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)


def test_where_nothing_is_visible_the_prior_alone_speaks(tiny_model):
    model = tiny_model()
    latents, frames, visible = masked_case(model)
    nothing = np.zeros_like(visible)
    assert not np.any(model.run(model.energy(latents, frames, visible=nothing).likelihood))
    actual = gradient_in_tensorflow(model, latents, frames, visible=nothing)
    for part, value in zip(actual, latents, strict=True):
        np.testing.assert_array_equal(part, value)


def test_where_everything_is_visible_the_mask_changes_nothing(tiny_model):
    model = tiny_model()
    latents, frames, visible = masked_case(model)
    everything = np.ones_like(visible)
    with_mask = gradient_in_tensorflow(model, latents, frames, visible=everything)
    without = gradient_in_tensorflow(model, latents, frames)
    for one, other in zip(with_mask, without, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
