"""First states that follow clips, and the first transition that makes them likely."""

import numpy as np
import pytest
from scipy.stats import chi2
from support.numpy_model import draw_latents, in_double, unroll
from support.turning import ANGLE, SIZES, angles_of, first_weights

from model.initial_motion import BOUND, SPREAD, fit_first_states, windows_as_states

NUM_FRAMES = 36
INSIDE = slice(4, -4)  # frames whose windows repeat neither end


def pictures(signals, seed=0):
    """Frames [N, T, 8, 8, 3] of signals [N, T, n], each times its own picture, the same for all."""
    patterns = np.random.default_rng(seed).standard_normal((signals.shape[-1], 8, 8, 3))
    return np.einsum("ntk,khwc->nthwc", signals, patterns).astype(np.float32)


def swinging(number=4, num_frames=NUM_FRAMES, angle=ANGLE):
    """Sequences [N, T, 1] that swing between two pictures, each with its own phase."""
    phases = 2 * np.pi * np.arange(number)[:, np.newaxis] / number
    return np.cos(phases + angle * np.arange(num_frames))[..., np.newaxis]


# --- The states ---


def test_states_of_a_swing_turn_on_one_circle():
    """A frame of a swing does not tell the direction of the motion; a window of frames does."""
    states = windows_as_states(pictures(swinging()), 2)
    assert np.sqrt(np.mean(np.square(states), axis=(0, 1))) == pytest.approx([SPREAD] * 2)
    turns = angles_of(states)[:, INSIDE]
    assert np.all(turns * np.sign(turns[0, 0]) > 0)
    assert np.abs(turns).mean() == pytest.approx(ANGLE, rel=0.01)
    radii = np.linalg.norm(states, axis=-1)[:, INSIDE]
    assert radii.std() < 0.12 * radii.mean()


def test_sequences_at_the_same_phase_have_the_same_state_whatever_they_show():
    """The second sequence is brighter, and moves five times as much."""
    first = pictures(swinging(1))
    states = windows_as_states(np.concatenate([first, 0.3 + 5 * first]), 2)
    assert states[0] == pytest.approx(states[1], abs=1e-6)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_clips_that_move_in_too_few_directions_have_no_states(number):
    straight = pictures(np.linspace(-1, 1, 12)[np.newaxis, :, np.newaxis] ** 3)
    assert windows_as_states(0 * straight, number) is None
    assert windows_as_states(straight[:, :1], number) is None
    found = windows_as_states(np.repeat(straight[:, :2], 3, axis=0), number)
    assert (found is None) == (number > 1)


def test_states_stay_inside_however_far_one_frame_is():
    signals = 0.1 * np.random.default_rng(1).standard_normal((2, 30, 2))
    signals[0, 7] = 50
    states = windows_as_states(pictures(signals), 2)
    assert np.abs(states).max() == BOUND


# --- The transition and the innovations ---


@pytest.mark.parametrize("dynamic_mode", ["nonlinear", "linear", "gru"])
def test_chains_begin_at_the_states_and_innovations_look_like_draws(make_generator, dynamic_mode):
    frames = pictures(swinging())
    frames += 0.5 * np.random.default_rng(4).standard_normal(frames.shape).astype(np.float32)
    drawn = draw_latents(SIZES, len(frames), NUM_FRAMES)
    alpha = first_weights(make_generator, dynamic_mode)
    begun = fit_first_states(dynamic_mode, alpha, drawn, frames, seed=0)
    again = fit_first_states(dynamic_mode, alpha, drawn, frames, seed=0)
    for one, other in zip(begun.latents, again.latents, strict=True):
        assert np.array_equal(one, other)
    assert begun.latents.appearance is drawn.appearance
    states, _ = unroll(in_double(begun.alpha), in_double(begun.latents), dynamic_mode)
    wanted = windows_as_states(frames, 2)
    assert np.sqrt(np.mean(np.square(states - wanted))) < 0.1 * SPREAD
    # The noise is not normal where it goes through rectifiers, so this is not exact.
    squares = np.square(begun.latents.innovations).sum(axis=-1)
    assert 0.5 < np.median(squares) / chi2.median(SIZES.z_size) < 2
    # A transition that has learned the motion turns the states without innovations, too.
    quiet = begun.latents._replace(innovations=0 * begun.latents.innovations)
    calm, _ = unroll(in_double(begun.alpha), in_double(quiet), dynamic_mode)
    turns = np.abs(angles_of(calm))[:, INSIDE]
    assert turns.mean() == pytest.approx(ANGLE, rel=0.1)


@pytest.mark.parametrize("motion_type_size", [0, 1, 2])
def test_motion_types_keep_the_pace_of_each_sequence(make_generator, motion_type_size):
    """Four sequences swing, and four others half as fast again."""
    sizes = SIZES._replace(motion_type_size=motion_type_size)
    paces = np.repeat([ANGLE, 1.5 * ANGLE], 4)
    frames = pictures(np.concatenate([swinging(), swinging(angle=1.5 * ANGLE)]))
    drawn = draw_latents(sizes, len(frames), NUM_FRAMES)
    begun = fit_first_states(
        "nonlinear", first_weights(make_generator, "nonlinear", sizes), drawn, frames, seed=0
    )
    quiet = begun.latents._replace(innovations=0 * begun.latents.innovations)
    calm, _ = unroll(in_double(begun.alpha), in_double(quiet), "nonlinear")
    turns = np.abs(angles_of(calm))[:, INSIDE].mean(axis=1)
    assert (np.abs(turns / paces - 1).max() < 0.1) == (motion_type_size > 0)
    assert np.all(np.abs(begun.latents.motion_type) < 3)  # the prior holds them


def test_still_clips_begin_with_nothing(make_generator):
    drawn = draw_latents(SIZES, 2, 5)
    alpha = first_weights(make_generator, "nonlinear")
    still = np.zeros((2, 5, 8, 8, 3), np.float32)
    assert fit_first_states("nonlinear", alpha, drawn, still, seed=0) is None
