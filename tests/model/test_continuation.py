"""Continuation against NumPy: the last state, the fading residual, inference with fixed weights."""

import numpy as np
import pytest
from support.numpy_model import draw_frames, draw_latents, emit, in_double, unroll

from model.continuation import (
    FADED,
    after_last_frame,
    infer_clip,
    nearest_sequence,
    with_residual,
)
from model.latents import Latents, copied
from model.networks import NETWORKS
from model.sampling import reconstruct

LENGTH = 7


@pytest.fixture
def latents(generator):
    return draw_latents(generator.settings.sizes, 1, LENGTH)


def test_video_goes_on_from_the_last_state_with_the_same_appearance_and_motion(generator, latents):
    after = after_last_frame(generator, latents, 3)
    states, _ = unroll(in_double(generator.variables()), in_double(latents))
    np.testing.assert_allclose(after.initial_state, states[:, -1], atol=1e-5)
    assert after.appearance is latents.appearance and after.motion_type is latents.motion_type


def test_residual_fades_linearly_and_frames_stay_in_range():
    residual = np.full((2, 2, 3), 0.5, np.float32)
    faded = with_residual(np.zeros((FADED + 2, 2, 2, 3), np.float32), residual)
    expected = [0.5 * (FADED - number) / FADED for number in range(1, FADED)] + [0, 0, 0]
    np.testing.assert_allclose(faded[:, 0, 0, 0], expected, atol=1e-6)
    assert with_residual(np.ones((1, 2, 2, 3), np.float32), residual).max() == 1


def test_frozen_video_steps_from_the_observed_frame_by_one_share_of_the_residual():
    """The step is what the residual loses, not the whole residual."""
    made, observed = np.zeros((1, 1, 3)), np.full((1, 1, 3), 0.4)
    first = with_residual(np.stack([made]), observed - made)[0]
    assert np.abs(first - observed).max() == pytest.approx(0.4 / FADED)


def error(generator, latents, frames):
    return np.square(reconstruct(generator, latents, 3, 1) - frames).sum()


def test_inference_explains_a_clip_and_keeps_weights_and_given_latents(generator, latents):
    truth = draw_latents(generator.settings.sizes, 1, LENGTH, seed=5)
    frames = reconstruct(generator, truth, 3, 1)
    before, kept = generator.variables(), copied(latents)
    found = infer_clip(generator, frames, latents, 3, seed=0, sweeps=150)
    assert error(generator, found, frames) < 0.5 * error(generator, latents, frames)
    for name, value in generator.variables().items():
        np.testing.assert_array_equal(value, before[name])
    for given, value in zip(latents, kept, strict=True):
        np.testing.assert_array_equal(given, value)
    for name, value in found._asdict().items():
        assert np.abs(value - getattr(latents, name)).max() > 0.01, name


@pytest.mark.parametrize("number", [1, 2, 5])
def test_steps_fall_in_equal_ratios_to_those_of_the_end_of_training(generator, number):
    first, last = generator.settings.step_size, generator.step_size / 100
    generator.step_size = last
    sizes = [generator.step_size for _ in generator.with_falling_steps(number)]
    expected = np.geomspace(first, last, number) if number > 1 else [last]
    np.testing.assert_allclose(sizes, expected, rtol=1e-12)
    assert generator.step_size == last


def test_clip_is_inferred_though_the_steps_of_the_training_became_short(generator, latents):
    """Short steps alone would leave the chains where they began."""
    truth = draw_latents(generator.settings.sizes, 1, LENGTH, seed=5)
    frames = reconstruct(generator, truth, 3, 1)
    generator.step_size /= 100
    found = infer_clip(generator, frames, latents, 3, seed=0, sweeps=150)
    assert error(generator, found, frames) < 0.6 * error(generator, latents, frames)
    far = max(np.abs(a - b).max() for a, b in zip(found, latents, strict=True))
    assert far > 0.1


def test_inference_repeats_with_its_seed_and_differs_with_another(generator, latents):
    frames = draw_frames(1, LENGTH, 8)
    one, again, other = (
        infer_clip(generator, frames, latents, 3, seed, sweeps=2).innovations for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01


def test_model_of_incomplete_clips_infers_from_all_pixels(incomplete_generator):
    latents = draw_latents(incomplete_generator.settings.sizes, 1, LENGTH)
    frames = draw_frames(1, LENGTH, 8)
    found = infer_clip(incomplete_generator, frames, latents, 3, seed=0, sweeps=20)
    assert error(incomplete_generator, found, frames) < error(incomplete_generator, latents, frames)


def test_nearest_sequence_is_the_one_whose_frames_are_nearest_in_numpy(generator):
    latents = draw_latents(generator.settings.sizes, 3, LENGTH)
    one = in_double(Latents(*(values[[1]] for values in latents)))
    weights = in_double(generator.variables())
    one = one._replace(innovations=one.innovations[:, :3])  # a clip shorter than the training
    frames, _ = emit(weights, NETWORKS["8"], one.appearance, unroll(weights, one)[0])
    found = nearest_sequence(generator, frames.astype(np.float32), latents, 3)
    np.testing.assert_array_equal(found.innovations, latents.innovations[[1], :3])
    np.testing.assert_array_equal(found.appearance, latents.appearance[[1]])
