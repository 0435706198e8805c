"""Calibrated statistics against NumPy over all frames, and what frames by given ones depend on."""

import numpy as np
import pytest
from support.numpy_model import draw_latents, emit, in_double, statistics_for, unroll

from model.calibration import calibrate, going_over, pooled, side_by_side
from model.emission import Moments
from model.latents import Latents, LatentSizes, of_sequences
from model.networks import NETWORKS
from model.sampling import reconstruct, unrolled

TABLE = NETWORKS["8"]


def chunks_of_unequal_size(generator):
    """Two sequences of four and of three frames, and one sequence of seven, far from the others."""
    long = draw_latents(generator.settings.sizes, 3, 7)
    long.appearance[2] += 1.5
    pair, other = of_sequences(long, slice(0, 2)), of_sequences(long, slice(2, 3))
    return [
        pair._replace(innovations=pair.innovations[:, :4]),
        pair._replace(innovations=pair.innovations[:, 4:]),
        other,
    ]


def every_frame(weights, chunks):
    """Appearance [n, content_size] and state [n, 1, d] of every frame of all chunks, by NumPy."""
    appearance, states = [], []
    for chunk in chunks:
        unrolled_states, _ = unroll(weights, in_double(chunk))
        for content, of_sequence in zip(in_double(chunk).appearance, unrolled_states, strict=True):
            appearance += [content] * len(of_sequence)
            states += [state[np.newaxis] for state in of_sequence]
    return np.array(appearance), np.array(states)


def assert_same_statistics(found, expected):
    for (mean, variance), (numpy_mean, numpy_variance) in zip(found, expected, strict=True):
        deviation = np.sqrt(numpy_variance)
        np.testing.assert_allclose(mean / deviation, numpy_mean / deviation, atol=1e-4)
        np.testing.assert_allclose(variance, numpy_variance, rtol=1e-4)


# --- Calibrated statistics ---


def test_each_layer_has_mean_and_variance_of_all_frames_after_the_layers_before_are_calibrated(
    generator,
):
    """NumPy normalises by the calibrated statistics. The features then have these statistics."""
    chunks = chunks_of_unequal_size(generator)
    weights = in_double(generator.variables())
    calibrated = calibrate(generator, chunks)
    assert len(calibrated) == len(TABLE) - 1
    appearance, states = every_frame(weights, chunks)
    assert len(states) == 8 + 6 + 7
    given = [in_double(moments) for moments in calibrated]
    _, expected = emit(weights, TABLE, appearance, states, given)
    assert_same_statistics(calibrated, expected)
    # Neither the averages of training nor the mean of the chunks' own variances would do.
    for layer, averages in enumerate(statistics_for("moving", weights)):
        assert np.abs(averages.variance / calibrated[layer].variance - 1.0).max() > 0.2
    own = [emit(weights, TABLE, *every_frame(weights, [chunk]))[1] for chunk in chunks]
    within = np.average([moments[0][1] for moments in own], axis=0, weights=[8, 6, 7])
    assert np.abs(within / calibrated[0].variance - 1.0).max() > 0.05


def test_short_chunks_of_equal_length_become_batches_and_nothing_is_lost():
    sizes = LatentSizes(state_size=3, z_size=2, content_size=4, motion_type_size=1)
    lengths = [2] * 20 + [5] + [2]
    chunks = [draw_latents(sizes, 2, length) for length in lengths]
    batches = side_by_side(chunks)
    assert [len(batch.innovations) for batch in batches] == [32, 8, 2, 2]
    flat = [row for batch in batches for row in batch.innovations]
    expected = [row for chunk in chunks for row in chunk.innovations]
    assert all(np.array_equal(one, other) for one, other in zip(flat, expected, strict=True))
    starts = np.concatenate([batch.initial_state for batch in batches])
    np.testing.assert_array_equal(starts, np.concatenate([one.initial_state for one in chunks]))


def test_they_are_the_statistics_of_one_long_chunk(generator):
    """Cut into chunks they give the frames of one chunk that is normalised by its own."""
    latents = draw_latents(generator.settings.sizes, 3, 7)
    long = generator.generate(latents).frames
    cut = [chunk for chunk, _ in unrolled(generator, latents, 3)]
    assert [chunk.innovations.shape[1] for chunk in cut] == [3, 3, 1]
    calibrated = calibrate(generator, cut)
    frames = reconstruct(generator, latents, 3, batch_size=2, statistics=calibrated)
    np.testing.assert_allclose(frames, long, atol=2e-4)
    in_batches = reconstruct(generator, latents, 3, batch_size=2)
    assert np.abs(in_batches - long).max() > 0.1


def test_the_averages_of_training_do_not_enter_them(generator):
    chunks = chunks_of_unequal_size(generator)
    before = calibrate(generator, chunks)
    state = generator.variables()
    moved = {name: 2.0 * value for name, value in state.items() if "/moving_" in name}
    assert len(moved) == 4
    generator.set_variables(state | moved)
    for one, other in zip(before, calibrate(generator, chunks), strict=True):
        assert one.mean.tobytes() == other.mean.tobytes()
        assert one.variance.tobytes() == other.variance.tobytes()


def test_order_and_repetition_of_chunks_change_nothing_but_rounding(generator):
    chunks = chunks_of_unequal_size(generator)
    expected = calibrate(generator, chunks)
    for others in (chunks[::-1], chunks * 2):
        assert_same_statistics(calibrate(generator, others), expected)


def test_layer_moments_depend_on_the_layers_before_only(generator):
    """Against NumPy; other statistics of this and of later layers give the same bytes."""
    latents = draw_latents(generator.settings.sizes, 2, 3)
    weights = in_double(generator.variables())
    given = generator.moving_statistics()
    states, _ = unroll(weights, in_double(latents))
    appearance = in_double(latents).appearance
    _, expected = emit(weights, TABLE, appearance, states, statistics_for("moving", weights))
    for layer in range(2):
        found = generator.moments(latents, layer, given)
        assert_same_statistics([found], [expected[layer]])
        other = [Moments(3.0 * mean, 3.0 * variance) for mean, variance in given]
        again = generator.moments(latents, layer, [*given[:layer], *other[layer:]])
        assert found.mean.tobytes() == again.mean.tobytes()
        assert found.variance.tobytes() == again.variance.tobytes()
    changed = generator.moments(latents, 1, [other[0], given[1]])
    assert np.abs(changed.variance / expected[1][1] - 1.0).max() > 0.1


def test_moving_statistics_are_the_averages_of_training(generator):
    averages = statistics_for("moving", generator.variables())
    for one, other in zip(generator.moving_statistics(), averages, strict=True):
        np.testing.assert_array_equal(one.mean, other.mean)
        np.testing.assert_array_equal(one.variance, other.variance)


# --- Pooling ---


@pytest.mark.parametrize("counts", [(5, 5, 5), (2, 11, 7), (1, 1, 30)])
def test_pooled_moments_are_those_of_the_union(counts):
    random = np.random.default_rng(0)
    samples = [random.normal(3.0 * i, 1.0 + i, (count, 4)) for i, count in enumerate(counts)]
    found = pooled([Moments(sample.mean(axis=0), sample.var(axis=0)) for sample in samples], counts)
    union = np.concatenate(samples)
    np.testing.assert_allclose(found.mean, union.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.variance, union.var(axis=0), rtol=1e-6)
    assert found.mean.dtype == found.variance.dtype == np.float32


def test_pooling_needs_counts_up_to_a_factor_only():
    moments = [Moments(np.array([0.0]), np.array([1.0])), Moments(np.array([3.0]), np.array([4.0]))]
    # Mean (1·0 + 2·3) / 3; variance (1·(1 + 2²) + 2·(4 + 1²)) / 3.
    for counts in ((1, 2), (10, 20)):
        mean, variance = pooled(moments, counts)
        assert mean == pytest.approx(2.0)
        assert variance == pytest.approx(5.0)


# --- Frames by given statistics ---


def test_companions_decide_no_bit_of_a_frame(generator):
    latents = draw_latents(generator.settings.sizes, 3, 3)
    given = calibrate(generator, [latents])
    others = Latents(*(np.concatenate([part[:1], -part[1:]]) for part in latents))
    together, changed = (generator.generate(one, given).frames for one in (latents, others))
    assert together[0].tobytes() == changed[0].tobytes()
    assert np.abs(together[1:] - changed[1:]).max() > 0.1
    # By the statistics of the chunk they do.
    together, changed = (generator.generate(one).frames for one in (latents, others))
    assert np.abs(together[0] - changed[0]).max() > 0.01


@pytest.mark.parametrize("chunk_length", [1, 3, 4])
@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_video_does_not_depend_on_how_it_is_divided(generator, chunk_length, batch_size):
    latents = draw_latents(generator.settings.sizes, 3, 7)
    given = calibrate(generator, [latents])
    whole = generator.generate(latents, given).frames
    divided = reconstruct(generator, latents, chunk_length, batch_size, given)
    np.testing.assert_allclose(divided, whole, atol=1e-5)
    assert np.abs(np.diff(whole, axis=1)).mean() > 0.01


def test_frames_by_calibrated_statistics_equal_numpy(generator):
    latents = draw_latents(generator.settings.sizes, 2, 3)
    weights = in_double(generator.variables())
    chunks = chunks_of_unequal_size(generator)
    given = calibrate(generator, chunks)
    _, of_all = emit(weights, TABLE, *every_frame(weights, chunks))
    states, _ = unroll(weights, in_double(latents))
    expected, _ = emit(weights, TABLE, in_double(latents).appearance, states, of_all)
    np.testing.assert_allclose(generator.generate(latents, given).frames, expected, atol=5e-4)


# --- From the statistics of the beginning to later ones ---


def made_statistics(seed):
    """Random moments for the two normalised layers of the network."""
    random = np.random.default_rng(seed)
    channels = [spec.channels for spec in TABLE[:-1]]
    return [
        Moments(*(random.uniform(0.5, 2.0, count).astype(np.float32) for _ in range(2)))
        for count in channels
    ]


def test_the_first_frame_has_those_of_the_beginning_and_later_ones_a_mix():
    beginning, later = made_statistics(0), made_statistics(1)
    given = going_over(beginning, later, np.array([1, 2, 4, 5, 9]), duration=4)
    for mixed, first, last in zip(given, beginning, later, strict=True):
        for found, one, other in zip(mixed, first, last, strict=True):
            rows = [one, 0.75 * one + 0.25 * other, 0.25 * one + 0.75 * other, other, other]
            np.testing.assert_allclose(found, rows, rtol=1e-6)
            assert found.dtype == np.float32


def test_frames_of_a_video_go_over_into_later_statistics_as_in_numpy(generator):
    """Two sequences of seven frames in chunks of four; NumPy emits each frame by its own."""
    latents = draw_latents(generator.settings.sizes, 2, 7)
    weights = in_double(generator.variables())
    beginning, later = made_statistics(0), made_statistics(1)
    frames = reconstruct(generator, latents, 4, 2, later, beginning)
    states, _ = unroll(weights, in_double(latents))
    for time in range(7):
        share = max(1 - time / 4, 0)
        given = [
            [share * first + (1 - share) * last for first, last in zip(*pair, strict=True)]
            for pair in zip(beginning, later, strict=True)
        ]
        appearance = in_double(latents).appearance
        expected, _ = emit(weights, TABLE, appearance, states[:, [time]], given)
        np.testing.assert_allclose(frames[:, [time]], expected, atol=5e-4)
    without = reconstruct(generator, latents, 4, 2, later)
    np.testing.assert_allclose(without[:, 4:], frames[:, 4:], atol=1e-5)
    assert np.abs(without[:, 0] - frames[:, 0]).max() > 0.1
