"""Videos sampled as the options of a run ask: where they start, and what drives them."""

import dataclasses

import numpy as np
import pytest
from support.numpy_model import draw_latents, statistics_for

from model.calibration import Calibrated, calibrate
from model.emission import Moments
from model.latents import LatentSizes
from model.random_keys import Stream, random_generator
from model.sampling import MAY_BE_DRAWN, MOTION_TYPE, drawn_start
from util.options.schema import Options
from util.runs import sampling
from util.runs.sampling import FOR_RESULTS, make_sampler, sampled, sampled_bytes

OPTIONS = Options(
    truncated_backprop_length=3,
    num_sections_in_test=2,
    batch_size=2,
    start_in_test="prior",
    normalization_in_test="moving",
)
CALIBRATED = dataclasses.replace(OPTIONS, normalization_in_test="calibrated")


def draw(generator, options, latents, video=0):
    """One video of each sequence, sampled as the options ask."""
    return sampled_bytes(make_sampler(generator, options, latents), latents, video)


# --- Where videos start ---


def test_start_state_is_drawn_or_inferred(generator):
    latents = draw_latents(generator.settings.sizes, 2, 3)
    inferred, drawn = (
        drawn_start(latents, np.random.default_rng(0), draw)
        for draw in ([MOTION_TYPE], MAY_BE_DRAWN)
    )
    assert inferred.initial_state is latents.initial_state
    assert np.all(drawn.initial_state != latents.initial_state)
    for start in (inferred, drawn):
        assert start.appearance is latents.appearance
        assert np.all(start.motion_type != latents.motion_type)
    np.testing.assert_array_equal(inferred.motion_type, drawn.motion_type)


@pytest.mark.parametrize("start, moves", [("prior", False), ("inferred", True)])
def test_videos_start_where_the_options_say(generator, start, moves):
    options = dataclasses.replace(OPTIONS, start_in_test=start)
    latents = draw_latents(generator.settings.sizes, 3, 3)
    other = latents._replace(initial_state=-latents.initial_state)
    one, two = (draw(generator, options, given) for given in (latents, other))
    assert np.any(one != two) == moves


@pytest.mark.parametrize("motion, moves", [("prior", False), ("inferred", True)])
def test_videos_move_as_their_sequence_where_the_options_say_so(generator, motion, moves):
    options = dataclasses.replace(CALIBRATED, motion_type_in_test=motion)
    latents = draw_latents(generator.settings.sizes, 3, 3)
    other = latents._replace(motion_type=3 - latents.motion_type)
    one, two = (draw(generator, options, given) for given in (latents, other))
    assert np.any(one != two) == moves


def test_a_motion_is_the_same_for_all_appearances_and_each_video_has_another(generator):
    latents = draw_latents(generator.settings.sizes, 3, 3)
    alike = type(latents)(*(np.repeat(values[:1], 3, axis=0) for values in latents))
    first, second = (draw(generator, OPTIONS, alike, video) for video in (0, 1))
    for row in (1, 2):
        np.testing.assert_array_equal(first[row], first[0])
    assert np.any(first != second)


# --- What drives them ---


def test_innovations_are_of_the_prior_or_fitted_to_the_inferred_ones(generator):
    """Inferred innovations that stand still at one value: the fitted ones are this value."""
    latents = draw_latents(generator.settings.sizes, 2, 3)
    still = np.broadcast_to(np.array([0.7, -0.4], np.float32), latents.innovations.shape)
    latents = latents._replace(innovations=still)
    drawn = {}
    for name in ("prior", "fitted"):
        options = dataclasses.replace(OPTIONS, innovations_in_test=name)
        sampler = make_sampler(generator, options, latents)
        drawn[name] = sampler.innovations.draw(np.random.default_rng(0), (50, 2))
    expected = np.random.default_rng(0).standard_normal((50, 2), dtype=np.float32)
    np.testing.assert_array_equal(drawn["prior"], expected)
    np.testing.assert_allclose(drawn["fitted"], still[0, :1].repeat(50, axis=0), atol=1e-5)


def test_videos_are_driven_by_the_innovations_that_the_options_ask_for(make_generator):
    """By fitted innovations that never vary, all videos of a sequence are the same one."""
    sizes = LatentSizes(state_size=3, z_size=2, content_size=2, motion_type_size=0)
    generator = make_generator([3], drawn_weights=True, sizes=sizes)
    latents = draw_latents(sizes, 2, 3)
    still = np.broadcast_to(np.array([0.7, -0.4], np.float32), latents.innovations.shape)
    for name, alike in (("fitted", True), ("prior", False)):
        options = dataclasses.replace(OPTIONS, innovations_in_test=name, start_in_test="inferred")
        sampler = make_sampler(generator, options, latents._replace(innovations=still))
        one, two = (sampled_bytes(sampler, latents, video) for video in (0, 1))
        largest = np.abs(one.astype(int) - two).max()
        assert largest <= 1 if alike else largest > 20


def test_states_pull_the_innovations_of_videos_and_of_the_sample_that_calibrates(
    make_generator, monkeypatch
):
    """NumPy makes the first chunk of a video. A chunk of the sample is its own pulled draw."""
    generator = make_generator([3], drawn_weights=True)
    latents = draw_latents(generator.settings.sizes, 2, 9)
    options = dataclasses.replace(OPTIONS, innovations_in_test="conditional")
    sampler = make_sampler(generator, options, latents)
    assert np.abs(sampler.innovations.pull.slope).max() > 0.1
    given = statistics_for("moving", generator.variables())
    sampler = sampler._replace(statistics=given)
    frames = next(sampled(sampler, latents, 2, FOR_RESULTS, 0))
    start = drawn_start(latents, random_generator(0, Stream.START, 0), MAY_BE_DRAWN)
    noise = random_generator(0, Stream.SYNTHESIS, 0, 0)
    shape = (3, latents.innovations.shape[2])
    drawn = np.stack([sampler.innovations.draw(noise, shape)] * 2)
    chunk = start._replace(innovations=drawn)
    pulled = sampler.innovations.pulled(generator, chunk)
    np.testing.assert_allclose(frames, generator.generate(pulled, given).frames, atol=1e-6)
    assert np.abs(frames - generator.generate(chunk, given).frames).max() > 0.01
    taken = []
    monkeypatch.setattr(sampling, "calibrate", lambda _, chunks: taken.append(chunks))
    sampling.calibrated_statistics(sampler, latents)
    noise = random_generator(0, Stream.CALIBRATION, 0)
    start = drawn_start(latents, noise, MAY_BE_DRAWN, same_for_all=False)
    first = taken[1][0]
    drawn = sampler.innovations.draw(noise, (2, 120, latents.innovations.shape[2]))
    whole = sampler.innovations.pulled(generator, start._replace(innovations=drawn))
    np.testing.assert_allclose(first.innovations, whole.innovations[:, :3], atol=1e-5)


# --- By what they are normalised ---


def test_statistics_are_those_that_the_options_ask_for(generator, monkeypatch):
    latents = draw_latents(generator.settings.sizes, 2, 3)
    averages = statistics_for("moving", generator.variables())
    now, given = (
        Calibrated([Moments(first, first)], [Moments(last, last)])
        for first, last in np.arange(4.0).reshape(2, 2, 1)
    )
    monkeypatch.setattr(sampling, "calibrated_statistics", lambda *_: now)

    def sampler(normalization, calibrated=None):
        options = dataclasses.replace(OPTIONS, normalization_in_test=normalization)
        return make_sampler(generator, options, latents, calibrated)

    for normalization in ("batch", "moving"):
        assert sampler(normalization, given).beginning is None
        assert sampler(normalization, given).calibrated() is None
    assert sampler("batch").statistics is sampler("batch", given).statistics is None
    assert sampler("calibrated").calibrated() == now
    assert sampler("calibrated", given).calibrated() == given
    for one, other in zip(sampler("moving", given).statistics, averages, strict=True):
        np.testing.assert_array_equal(one.mean, other.mean)
        np.testing.assert_array_equal(one.variance, other.variance)


# --- The sample that calibrates ---


def sample_for(generator, monkeypatch, num_sequences, mean=0.0, part="later", **options):
    """The latents of all sequences, and of the chunks whose frames give a part of the statistics.

    The inferred innovations have about this mean.
    """
    samples = []

    def calibrate(_, chunks):
        samples.append(list(chunks))
        return []

    monkeypatch.setattr(sampling, "calibrate", calibrate)
    latents = draw_latents(generator.settings.sizes, num_sequences, 3)
    latents = latents._replace(innovations=latents.innovations + np.float32(mean))
    make_sampler(generator, dataclasses.replace(CALIBRATED, **options), latents)
    return latents, Calibrated(*samples)._asdict()[part]


@pytest.mark.parametrize(("num_sequences", "num_chunks"), [(1, 80), (3, 27), (90, 2)])
def test_statistics_are_of_240_frames_and_of_two_chunks_of_each_sequence(
    generator, monkeypatch, num_sequences, num_chunks
):
    """Chunks of three frames; 27 · 3 · 3 is the first number that reaches 240."""
    latents, chunks = sample_for(generator, monkeypatch, num_sequences, batch_size=20)
    appearances = np.concatenate([chunk.appearance for chunk in chunks])
    assert {chunk.innovations.shape[1] for chunk in chunks} == {3}
    assert max(len(chunk.innovations) for chunk in chunks) == min(20, num_sequences)
    assert len(appearances) == num_chunks * num_sequences
    every = [row.tobytes() for row in appearances]
    assert {every.count(row.tobytes()) for row in latents.appearance} == {num_chunks}


@pytest.mark.parametrize(("num_sequences", "num_videos"), [(1, 80), (3, 27), (90, 1)])
def test_those_of_the_beginning_are_of_first_chunks_only(
    generator, monkeypatch, num_sequences, num_videos
):
    """Every chunk begins at a start state, and all have other innovations; 240 frames in all."""
    latents, chunks = sample_for(
        generator, monkeypatch, num_sequences, part="beginning", start_in_test="inferred"
    )
    starts = np.concatenate([chunk.initial_state for chunk in chunks])
    innovations = np.concatenate([chunk.innovations for chunk in chunks])
    np.testing.assert_array_equal(starts, np.tile(latents.initial_state, (num_videos, 1)))
    assert innovations.shape[1] == 3
    assert len(np.unique(innovations.reshape(len(starts), -1), axis=0)) == len(starts)


def test_of_many_sequences_some_are_sampled_from_the_first_to_the_last(generator, monkeypatch):
    monkeypatch.setattr(sampling, "CALIBRATION_SEQUENCES", 5)
    latents, chunks = sample_for(generator, monkeypatch, 9, batch_size=2)
    sampled = {row.tobytes() for chunk in chunks for row in chunk.appearance}
    assert sampled == {row.tobytes() for row in latents.appearance[::2]}


@pytest.mark.parametrize("start", ["prior", "inferred"])
@pytest.mark.parametrize("part", Calibrated._fields)
def test_calibration_starts_where_videos_start(generator, monkeypatch, start, part):
    latents, chunks = sample_for(generator, monkeypatch, 2, part=part, start_in_test=start)
    same = chunks[0].initial_state[:2] == latents.initial_state
    assert np.all(same) if start == "inferred" else not np.any(same)
    # Each sequence is sampled by itself: two long samples, not the same one twice.
    for part in ("motion_type", "innovations"):
        assert not np.any(getattr(chunks[0], part)[0] == getattr(chunks[0], part)[1])


@pytest.mark.parametrize("part", Calibrated._fields)
def test_encoded_start_states_are_kept(make_generator, monkeypatch, part):
    generator = make_generator([3], drawn_weights=True, encodes=True)
    latents, chunks = sample_for(generator, monkeypatch, 2, part=part, start_in_test="prior")
    np.testing.assert_array_equal(chunks[0].initial_state[:2], latents.initial_state)


@pytest.mark.parametrize(("innovations", "mean"), [("prior", 0.0), ("fitted", 4.0)])
def test_calibration_draws_the_innovations_that_drive_videos(
    generator, monkeypatch, innovations, mean
):
    """Inferred innovations are near 4, the prior has mean 0. The limit is five standard errors."""
    _, chunks = sample_for(generator, monkeypatch, 3, 4.0, innovations_in_test=innovations)
    drawn = np.concatenate([chunk.innovations.reshape(-1, 2) for chunk in chunks])
    assert len(drawn) == 243
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.8)


def test_same_seed_calibrates_alike_to_the_bit_and_another_does_not(generator):
    latents = draw_latents(generator.settings.sizes, 2, 3)
    one, same, other = (
        [*sampler.statistics, *sampler.beginning]
        for sampler in (
            make_sampler(generator, dataclasses.replace(CALIBRATED, seed=seed), latents)
            for seed in (1, 1, 2)
        )
    )
    for first, second, third in zip(one, same, other, strict=True):
        assert first.mean.tobytes() == second.mean.tobytes()
        assert first.variance.tobytes() == second.variance.tobytes()
        assert np.any(first.mean != third.mean)


def test_statistics_are_nearly_those_of_any_other_long_sample(generator):
    """Two seeds agree up to the error of a sample, while those of two chunks are far apart."""
    latents = draw_latents(generator.settings.sizes, 2, 3)
    long, other = (
        make_sampler(generator, dataclasses.replace(CALIBRATED, seed=seed), latents).statistics
        for seed in (1, 2)
    )

    def distance(one, two):
        return np.mean(np.abs(one[0].mean - two[0].mean) / np.sqrt(one[0].variance))

    chunks = [
        calibrate(generator, [draw_latents(generator.settings.sizes, 2, 3, seed)])
        for seed in (1, 2)
    ]
    assert distance(long, other) < 0.3 * distance(*chunks)
