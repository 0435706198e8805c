"""Ratios between inferred and sampled latents: closed forms, NumPy, and samples of the prior."""

import numpy as np
import pytest
from support.numpy_model import draw_latents, in_double, unroll

from model import posterior_check
from model.latents import LatentSizes, of_sequences
from model.posterior_check import (
    MOST_STATES,
    PosteriorCheck,
    check_posterior,
    deviation,
    nearest_distance,
    persistence,
    ratio,
    root_mean_square,
    step,
    thinned,
)
from model.sampling import MAY_BE_DRAWN, MOTION_TYPE, START_STATE


def noise():
    return np.random.default_rng(2)


def samples_for(latents, drawn=(MOTION_TYPE,)):
    """Both samples: standard normals from `noise`, innovations first."""
    random = noise()

    def normal(values):
        return random.standard_normal(values.shape, dtype=np.float32)

    innovations = [normal(latents.innovations) for _ in range(2)]
    samples = []
    for values in innovations:
        sample = latents._replace(innovations=values)
        if MOTION_TYPE in drawn:
            sample = sample._replace(motion_type=normal(latents.motion_type))
        if START_STATE in drawn:
            sample = sample._replace(initial_state=normal(latents.initial_state))
        samples.append(sample)
    return samples


# --- Closed forms ---


def test_step_of_a_straight_line_is_the_length_of_its_velocity():
    times = np.arange(5.0)[:, np.newaxis]
    slow, fast = times * [3.0, 4.0], times * [0.0, 7.0]
    assert step(np.stack([slow, fast])) == pytest.approx((5.0 + 7.0) / 2)


def test_move_over_two_frames_of_a_circle_is_its_chord():
    """A chord over an angle has the length 2 r sin(angle / 2)."""
    angles = 0.3 * np.arange(9)
    circle = 5.0 * np.stack([np.cos(angles), np.sin(angles)], axis=-1)[np.newaxis]
    assert step(circle) == pytest.approx(10.0 * np.sin(0.15))
    assert step(circle, 2) == pytest.approx(10.0 * np.sin(0.3))
    assert persistence(circle) == pytest.approx(2.0 * np.cos(0.15))


def test_persistence_is_2_on_a_line_and_0_in_a_jitter_whatever_the_size_of_the_steps():
    line = np.arange(6.0)[np.newaxis, :, np.newaxis] * [3.0, 4.0]
    jitter = np.array([1.0, -1.0] * 3)[np.newaxis, :, np.newaxis] * [3.0, 4.0]
    staircase = np.array([[0, 0], [1, 0], [1, 1], [2, 1], [2, 2]], float)[np.newaxis]
    for size in (1.0, 7.0):
        assert persistence(size * line) == pytest.approx(2.0)
        assert persistence(size * jitter) == 0.0
        assert persistence(size * staircase) == pytest.approx(np.sqrt(2.0))


def test_one_frame_has_no_step_and_two_have_no_persistence():
    assert np.isnan(step(np.ones((3, 1, 2))))
    assert np.isnan(persistence(np.ones((3, 1, 2))))
    assert np.isnan(persistence(np.arange(12.0).reshape(3, 2, 2)))
    assert np.isnan(persistence(np.ones((3, 5, 2))))


def test_root_mean_square_is_over_all_values():
    assert root_mean_square(np.array([[3.0, 4.0], [0.0, 5.0]])) == pytest.approx(np.sqrt(12.5))
    assert np.isnan(root_mean_square(np.zeros((3, 0))))


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
    check = PosteriorCheck(1.21, 0.79, 1.19, 0.81, 1.22, 1.0, 1.0, 1.0)
    assert check.missed() == {
        "innovation_spread": 1.21,
        "state_step": 0.79,
        "state_persistence": 1.22,
    }
    check = PosteriorCheck(1.0, *[float("nan")] * 2, 3.0, *[float("nan")] * 4)
    assert check.missed() == {"state_distance": 3.0}


def test_ratios_of_few_values_do_not_count_as_missed():
    assert PosteriorCheck(*[1.0] * 5, 3.0, 0.1, 3.0).missed() == {}


# --- The model ---


def expected_ratios(weights, latents, samples):
    """States by the recursion in NumPy, distances in loops."""
    inferred, sampled, another = (
        unroll(weights, in_double(part))[0] for part in (latents, *samples)
    )
    kernel = weights["transition/kernel_1"][2:4]
    seen = np.mean([np.sum((row @ kernel) ** 2) for row in latents.innovations.reshape(-1, 2)])

    def moves(part, frames):
        times = range(frames, part.shape[1])
        return np.mean([np.linalg.norm(one[t] - one[t - frames]) for one in part for t in times])

    def deviation_of(part):
        return np.sqrt(np.mean(np.std(part, axis=1) ** 2))

    def nearest(known):
        known = known.reshape(-1, 3)
        states = sampled.reshape(-1, 3)
        return np.mean([min(np.linalg.norm(state - one) for one in known) for state in states])

    keeps = [moves(part, 2) / moves(part, 1) for part in (inferred, sampled)]
    return (
        np.sqrt(seen / np.sum(kernel**2)),
        moves(inferred, 1) / moves(sampled, 1),
        deviation_of(inferred) / deviation_of(sampled),
        nearest(inferred) / nearest(another),
        keeps[0] / keeps[1],
        *(np.linalg.norm(part) / np.sqrt(part.size) for part in latents[1:]),
    )


@pytest.mark.parametrize("drawn", [[], [MOTION_TYPE], [START_STATE], MAY_BE_DRAWN])
def test_every_ratio_equals_numpy(generator, drawn):
    """Samples draw motion types and start states where it is asked for. Chunks do not matter."""
    latents = draw_latents(generator.settings.sizes, 2, 7)
    latents = latents._replace(innovations=1.5 * latents.innovations + 0.5)
    samples = samples_for(latents, drawn)
    expected = expected_ratios(in_double(generator.variables()), latents, samples)
    assert np.abs(np.array(expected) - 1.0).min() > 0.01
    for chunk_length in (3, 7):
        found = check_posterior(generator, latents, chunk_length, noise(), drawn=drawn)
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_without_motion_types_the_first_random_numbers_are_those_of_the_innovations(make_generator):
    """And the next ones those of the start states."""
    sizes = LatentSizes(state_size=3, z_size=2, content_size=0, motion_type_size=0)
    generator = make_generator([7], drawn_weights=True, sizes=sizes)
    latents = draw_latents(sizes, 2, 7)
    random = noise()
    innovations = [random.standard_normal((2, 7, 2), dtype=np.float32) for _ in range(2)]
    starts = [random.standard_normal((2, 3), dtype=np.float32) for _ in range(2)]
    weights = in_double(generator.variables())
    inferred, sampled = (
        unroll(weights, in_double(part))[0]
        for part in (
            latents,
            latents._replace(innovations=innovations[0], initial_state=starts[0]),
        )
    )
    found = check_posterior(generator, latents, 7, noise(), drawn=MAY_BE_DRAWN)
    steps = [np.linalg.norm(np.diff(part, axis=1), axis=2).mean() for part in (inferred, sampled)]
    assert found.state_step == pytest.approx(steps[0] / steps[1], rel=1e-4)
    assert np.isnan([found.appearance_spread, found.motion_type_spread]).all()
    assert np.isfinite(found.start_spread)


def test_all_ratios_are_near_1_where_the_inferred_are_samples_of_the_prior(generator):
    """Many sequences, because each has only one start state, one appearance and motion type."""
    latents = draw_latents(generator.settings.sizes, 200, 28)
    check = check_posterior(generator, latents, 7, noise(), drawn=MAY_BE_DRAWN)
    np.testing.assert_allclose(check, 1.0, atol=0.1)
    assert check.missed() == {}


def test_a_sample_of_what_was_inferred_takes_the_same_steps(generator):
    """Inferred latents that equal the drawn ones: the same states, at no distance."""
    latents = samples_for(draw_latents(generator.settings.sizes, 2, 7))[0]
    check = check_posterior(generator, latents, 7, noise())
    assert check.state_step == check.state_spread == check.state_persistence == 1.0
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
        check_posterior(generator, far, 3, noise(), drawn=drawn)
        for drawn in ([MOTION_TYPE], MAY_BE_DRAWN)
    )
    assert drawn.innovation_spread == near.innovation_spread
    assert drawn.state_distance > 1.5 * near.state_distance


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_scaled_start_appearance_and_motion_type_show_in_their_spreads(generator, scale):
    latents = draw_latents(generator.settings.sizes, 200, 3)
    scaled = latents._replace(
        initial_state=scale * latents.initial_state,
        appearance=scale * latents.appearance,
        motion_type=scale * latents.motion_type,
    )
    check = check_posterior(generator, scaled, 3, noise())
    spreads = [check.start_spread, check.appearance_spread, check.motion_type_spread]
    np.testing.assert_allclose(spreads, scale, rtol=0.1)


def test_innovations_that_keep_their_direction_show_in_the_persistence(generator):
    """Steps that go on against steps that turn back."""
    latents = draw_latents(generator.settings.sizes, 40, 21)
    times = np.arange(21)[:, np.newaxis]
    turning = latents._replace(innovations=latents.innovations[:, :1] * (-1.0) ** times)
    keeping = latents._replace(innovations=latents.innovations[:, :1] * (-1.0) ** (times // 7))
    slow, fast = (
        check_posterior(generator, part, 7, noise()).state_persistence
        for part in (keeping, turning)
    )
    assert fast < 0.9 < 1.05 < slow


def test_motion_types_far_from_the_prior_show_in_the_states(generator):
    """Samples draw motion types, as videos do."""
    latents = draw_latents(generator.settings.sizes, 40, 7)
    far = latents._replace(motion_type=latents.motion_type + 8)
    near, moved = (check_posterior(generator, part, 7, noise()) for part in (latents, far))
    assert moved.motion_type_spread > 7
    assert moved.state_distance > 1.5 * near.state_distance


def test_what_an_image_gives_has_no_spread(make_generator):
    generator = make_generator([3], drawn_weights=True, encodes=True)
    latents = draw_latents(generator.settings.sizes, 2, 3)
    for whole in (True, False):
        check = check_posterior(generator, latents, 3, noise(), whole)
        assert np.isnan([check.start_spread, check.appearance_spread]).all()
        assert np.isfinite(check.motion_type_spread)


def test_one_frame_has_a_spread_and_no_step(generator):
    latents = draw_latents(generator.settings.sizes, 1, 1)
    check = check_posterior(generator, latents, 1, noise())
    assert np.isfinite(check.innovation_spread)
    assert np.all(np.isnan([check.state_step, check.state_spread, check.state_persistence]))


def test_innovations_of_parts_of_sequences_have_a_spread_and_no_states(generator):
    latents = draw_latents(generator.settings.sizes, 2, 7)
    whole = check_posterior(generator, latents, 7, noise())
    parts = check_posterior(generator, latents, 7, noise(), whole_sequences=False)
    assert np.all(np.isfinite(whole))
    for name, value in parts._asdict().items():
        if name.startswith("state_"):
            assert np.isnan(value), name
        else:
            assert value == getattr(whole, name), name


def test_of_many_sequences_some_are_compared_from_the_first_to_the_last(generator, monkeypatch):
    latents = draw_latents(generator.settings.sizes, 9, 3)
    expected = check_posterior(generator, of_sequences(latents, slice(None, None, 2)), 3, noise())
    every = check_posterior(generator, latents, 3, noise())
    monkeypatch.setattr(posterior_check, "MOST_SEQUENCES", 5)
    assert check_posterior(generator, latents, 3, noise()) == expected != every
