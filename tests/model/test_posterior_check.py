"""Ratios between inferred and sampled latents: closed forms, NumPy, and samples of the prior."""

import numpy as np
import pytest
from support.numpy_model import draw_latents, in_double, unroll

from model import posterior_check
from model.latents import of_sequences
from model.posterior_check import (
    MOST_STATES,
    PosteriorCheck,
    check_posterior,
    deviation,
    nearest_distance,
    ratio,
    step,
    thinned,
)


def noise():
    return np.random.default_rng(2)


def drawn_for(latents):
    """The innovations of the sample: standard normals from `noise`."""
    return noise().standard_normal(latents.innovations.shape, dtype=np.float32)


# --- Closed forms ---


def test_step_of_a_straight_line_is_the_length_of_its_velocity():
    times = np.arange(5.0)[:, np.newaxis]
    slow, fast = times * [3.0, 4.0], times * [0.0, 7.0]
    assert step(np.stack([slow, fast])) == pytest.approx((5.0 + 7.0) / 2)


def test_one_frame_has_no_step():
    assert np.isnan(step(np.ones((3, 1, 2))))


def test_deviation_is_over_time_and_not_between_sequences():
    """Root mean square over sequences and dimensions of deviations 1, 2, 0 and 3."""
    signs = np.array([1.0, -1.0, 1.0, -1.0])
    columns = np.array([[1.0, 2.0], [0.0, 3.0]])
    states = signs[:, np.newaxis] * columns[:, np.newaxis] + [[[50.0, 0.0]], [[-9.0, 7.0]]]
    assert deviation(states) == pytest.approx(np.sqrt((1 + 4 + 0 + 9) / 4))


def test_distance_is_that_to_the_nearest_state_of_any_sequence():
    """Others: a square grid of step 0.5. Each state is 0.2 above a point of the grid."""
    grid = np.stack(np.meshgrid(np.arange(4), np.arange(3)), axis=-1).reshape(2, 6, 2) * 0.5
    others = np.concatenate([grid, np.zeros((2, 6, 1))], axis=-1)
    assert nearest_distance(others[::-1] + [0.0, 0.0, 0.2], others) == pytest.approx(0.2)
    assert nearest_distance(others[:1, :1] + [0.0, 3.0, 4.0], others[:1, :1]) == 5.0
    assert nearest_distance(others, others) == 0.0


@pytest.mark.parametrize("shape", [(1, MOST_STATES), (3, 900), (7, 1000)])
def test_thinned_states_are_some_of_all_sequences_and_times_and_at_most_so_many(shape):
    num_sequences, num_frames = shape
    states = np.stack(np.meshgrid(range(num_sequences), range(num_frames), indexing="ij"), axis=-1)
    kept = thinned(states)
    assert MOST_STATES / 2 < len(kept) <= MOST_STATES
    every = [tuple(state) for state in states.reshape(-1, 2)]
    assert len({tuple(state) for state in kept} & set(every)) == len(kept)
    per_sequence = np.bincount(kept[:, 0], minlength=num_sequences)
    assert per_sequence.max() - per_sequence.min() <= 1
    gaps = np.diff([every.index(tuple(state)) for state in kept])
    assert gaps.min() == gaps.max()


def test_ratio_to_0_does_not_exist():
    assert ratio(3.0, 4.0) == 0.75
    assert np.isnan(ratio(1.0, 0.0))


def test_ratios_beyond_a_fifth_are_those_that_miss_the_prior():
    check = PosteriorCheck(1.21, 0.79, 1.19, 0.81)
    assert check.missed() == {"innovation_spread": 1.21, "state_step": 0.79}
    check = PosteriorCheck(1.0, float("nan"), 3.0, float("nan"))
    assert check.missed() == {"state_spread": 3.0}


# --- The model ---


def test_every_ratio_equals_numpy(generator):
    """States by the recursion in NumPy, distances in loops; chunks do not matter."""
    latents = draw_latents(generator.settings.sizes, 2, 7)
    latents = latents._replace(innovations=1.5 * latents.innovations + 0.5)
    weights = in_double(generator.state())
    inferred, _ = unroll(weights, in_double(latents))
    sampled, _ = unroll(weights, in_double(latents._replace(innovations=drawn_for(latents))))
    kernel = weights["transition/kernel_1"][2:4]
    seen = np.mean([np.sum((row @ kernel) ** 2) for row in latents.innovations.reshape(-1, 2)])
    steps = [
        np.mean([np.linalg.norm(one[t] - one[t - 1]) for one in part for t in range(1, 7)])
        for part in (inferred, sampled)
    ]
    deviations = [np.sqrt(np.mean(np.std(part, axis=1) ** 2)) for part in (inferred, sampled)]
    known = list(inferred.reshape(-1, 3))
    nearest = np.mean(
        [min(np.linalg.norm(state - one) for one in known) for state in sampled.reshape(-1, 3)]
    )
    random = noise()
    for _ in range(2):
        innovations = random.standard_normal(latents.innovations.shape, dtype=np.float32)
    another, _ = unroll(weights, in_double(latents._replace(innovations=innovations)))
    between = np.mean(
        [
            min(np.linalg.norm(state - one) for one in another.reshape(-1, 3))
            for state in sampled.reshape(-1, 3)
        ]
    )
    expected = (
        np.sqrt(seen / np.sum(kernel**2)),
        steps[0] / steps[1],
        deviations[0] / deviations[1],
        nearest / between,
    )
    assert np.abs(np.array(expected) - 1.0).min() > 0.02
    for chunk_length in (3, 7):
        found = check_posterior(generator, latents, chunk_length, noise())
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_all_ratios_are_near_1_where_the_inferred_are_samples_of_the_prior(generator):
    """Long sequences: states soon forget the start that inferred and sampled ones share."""
    latents = draw_latents(generator.settings.sizes, 8, 700)
    check = check_posterior(generator, latents, 7, noise())
    np.testing.assert_allclose(check, 1.0, atol=0.08)
    assert check.missed() == {}


def test_a_sample_of_what_was_inferred_takes_the_same_steps(generator):
    """Inferred innovations that equal the drawn ones: the same states, at no distance."""
    latents = draw_latents(generator.settings.sizes, 2, 7)
    check = check_posterior(generator, latents._replace(innovations=drawn_for(latents)), 7, noise())
    assert check.state_step == check.state_spread == 1.0
    assert check.state_distance == 0.0


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_scaled_innovations_show_in_spread_and_steps(generator, scale):
    """The states' steps and their spread follow, though the tanh bounds them."""
    latents = draw_latents(generator.settings.sizes, 40, 21)
    scaled = latents._replace(innovations=scale * latents.innovations)
    check = check_posterior(generator, scaled, 7, noise())
    assert check.innovation_spread == pytest.approx(scale, rel=0.08)
    assert check.missed()["innovation_spread"] == check.innovation_spread
    for value in (check.state_step, check.state_spread):
        assert value > 1.1 if scale > 1 else value < 0.9


def test_where_samples_come_far_from_the_inferred_the_distance_says_so(generator):
    """Inferred states that hardly move are near each other, and sampled ones are elsewhere."""
    latents = draw_latents(generator.settings.sizes, 40, 21)
    still = latents._replace(innovations=0.1 * latents.innovations)
    assert check_posterior(generator, still, 7, noise()).state_distance > 1.5


def test_start_states_far_from_the_prior_show_where_samples_start_from_it(generator):
    """The inferred start states are far from all that the prior gives."""
    latents = draw_latents(generator.settings.sizes, 40, 3)
    far = latents._replace(initial_state=latents.initial_state + 8)
    near, drawn = (
        check_posterior(generator, far, 3, noise(), draws_start=draws) for draws in (False, True)
    )
    assert drawn.innovation_spread == near.innovation_spread
    assert drawn.state_distance > 1.5 * near.state_distance


def test_one_frame_has_a_spread_and_no_step(generator):
    latents = draw_latents(generator.settings.sizes, 1, 1)
    check = check_posterior(generator, latents, 1, noise())
    assert np.isfinite(check.innovation_spread)
    assert np.all(np.isnan([check.state_step, check.state_spread]))


def test_innovations_of_parts_of_sequences_have_a_spread_and_no_states(generator):
    latents = draw_latents(generator.settings.sizes, 2, 7)
    whole = check_posterior(generator, latents, 7, noise())
    parts = check_posterior(generator, latents, 7, noise(), whole_sequences=False)
    assert parts.innovation_spread == whole.innovation_spread
    assert np.all(np.isfinite(whole))
    assert np.all(np.isnan(parts[1:]))


def test_of_many_sequences_some_are_compared_from_the_first_to_the_last(generator, monkeypatch):
    latents = draw_latents(generator.settings.sizes, 9, 3)
    expected = check_posterior(generator, of_sequences(latents, slice(None, None, 2)), 3, noise())
    every = check_posterior(generator, latents, 3, noise())
    monkeypatch.setattr(posterior_check, "MOST_SEQUENCES", 5)
    assert check_posterior(generator, latents, 3, noise()) == expected != every
