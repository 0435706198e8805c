"""The energy U and its gradient in the latents, against NumPy and finite differences."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from numpy_model import (
    assert_same_gradient,
    draw_frames,
    draw_latents,
    in_double,
    joint_energy,
    latent_gradient,
)

from model.langevin import gradient
from model.latents import Latents


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
@pytest.mark.parametrize("dynamic_mode", ["nonlinear", "linear"])
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
