"""Reconstruction and synthesis, chunk by chunk, against one long run and against NumPy."""

import numpy as np
import pytest
from support.numpy_model import draw_latents, emit, in_double, statistics_for, unroll

from model.innovations import Innovations
from model.latents import Latents
from model.networks import NETWORKS
from model.random_keys import Stream, random_generator
from model.sampling import MAY_BE_DRAWN, drawn_start, reconstruct, synthesize, unrolled

NUM_FRAMES = 7
PRIOR = Innovations(mean=np.zeros(2), factor=np.eye(2))
OTHER = Innovations(mean=np.array([0.5, -1.0]), factor=np.array([[1.2, 0.3], [0.3, 0.4]]))


def start_of(generator, num_sequences=2):
    return draw_latents(generator.settings.sizes, num_sequences, NUM_FRAMES)


def noise(chunk):
    """The random generator of a chunk."""
    return random_generator(0, Stream.SYNTHESIS, 0, chunk)


def synthesized(
    generator, start, chunk_length, num_chunks, normalization="moving", innovations=PRIOR
):
    given = statistics_for(normalization, generator.variables())
    sampled = synthesize(generator, start, innovations, chunk_length, num_chunks, given, noise)
    chunks = list(sampled)
    assert [chunk.shape[1] for chunk in chunks] == [chunk_length] * num_chunks
    return np.concatenate(chunks, axis=1)


def test_synthesis_in_chunks_equals_one_long_run_of_the_same_noise(generator):
    start = start_of(generator)
    shape = (1, generator.settings.sizes.z_size)
    drawn = [noise(chunk).standard_normal(shape, dtype=np.float32) for chunk in range(NUM_FRAMES)]
    given = start._replace(innovations=np.stack([np.concatenate(drawn)] * 2))
    whole = generator.generate(given, generator.moving_statistics()).frames
    frames = synthesized(generator, start, chunk_length=1, num_chunks=NUM_FRAMES)
    np.testing.assert_allclose(frames, whole, atol=1e-5)
    assert np.abs(np.diff(frames, axis=1)).mean() > 0.01


@pytest.mark.parametrize("innovations", [PRIOR, OTHER], ids=["prior", "other"])
@pytest.mark.parametrize("normalization", ["batch", "moving"])
def test_synthesized_frames_equal_numpy(generator, normalization, innovations):
    start = start_of(generator)
    state, weights = start.initial_state, in_double(generator.variables())
    given = statistics_for(normalization, weights)
    frames = synthesized(generator, start, 3, 2, normalization, innovations)
    for chunk in range(2):
        drawn = noise(chunk).standard_normal((3, 2), dtype=np.float32).astype(np.float64)
        driving = np.stack([drawn @ innovations.factor + innovations.mean] * 2)
        current = in_double(start._replace(innovations=driving, initial_state=state))
        states, _ = unroll(weights, current)
        expected, _ = emit(weights, NETWORKS["8"], current.appearance, states, given)
        np.testing.assert_allclose(frames[:, 3 * chunk : 3 * chunk + 3], expected, atol=5e-4)
        state = states[:, -1]


def test_synthesis_does_not_use_the_innovations_that_were_inferred(generator):
    start = start_of(generator)
    other = start._replace(innovations=start.innovations + 1.0)
    first, second = (synthesized(generator, given, 3, 2) for given in (start, other))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("part", ["initial_state", "appearance", "motion_type"])
def test_synthesis_starts_from_what_was_inferred(generator, part):
    start = start_of(generator)
    other = start._replace(**{part: getattr(start, part) + 1.0})
    first, second = (synthesized(generator, given, 3, 2) for given in (start, other))
    assert np.abs(first - second).max() > 1e-2


def test_synthesis_draws_and_holds_one_chunk_at_a_time(generator):
    drawn = []

    def counted(chunk):
        drawn.append(chunk)
        return noise(chunk)

    given = generator.moving_statistics()
    chunks = synthesize(generator, start_of(generator), PRIOR, 3, 10**9, given, counted)
    assert drawn == []
    for number in range(3):
        next(chunks)
        assert drawn == list(range(number + 1))


@pytest.mark.parametrize("normalization", ["batch", "moving"])
def test_synthesized_frames_are_in_range_even_for_large_weights(generator, normalization):
    state = generator.variables()
    generator.set_variables({name: 5.0 * np.abs(value) for name, value in state.items()})
    frames = synthesized(generator, start_of(generator), 3, 2, normalization)
    assert frames.min() >= -1.0
    assert 0.99 < frames.max() <= 1.0


def test_reconstruction_equals_numpy_batch_by_batch_and_chunk_by_chunk(generator):
    """Each chunk of a batch normalised by its own statistics; the last of both are smaller."""
    latents = start_of(generator, num_sequences=3)
    frames = reconstruct(generator, latents, chunk_length=3, batch_size=2)
    assert frames.shape == (3, NUM_FRAMES, 8, 8, 3)
    weights = in_double(generator.variables())
    for rows in (slice(0, 2), slice(2, 3)):
        batch = in_double(Latents(*(part[rows] for part in latents)))
        state = batch.initial_state
        for span in (slice(0, 3), slice(3, 6), slice(6, 7)):
            current = batch._replace(innovations=batch.innovations[:, span], initial_state=state)
            states, _ = unroll(weights, current)
            expected, _ = emit(weights, NETWORKS["8"], batch.appearance, states)
            np.testing.assert_allclose(frames[rows, span], expected, atol=5e-4)
            state = states[:, -1]


def test_unrolled_chunks_have_the_states_of_the_whole_sequence_in_numpy(generator):
    latents = start_of(generator)
    expected, _ = unroll(in_double(generator.variables()), in_double(latents))
    chunks = list(unrolled(generator, latents, 3))
    spans = [slice(0, 3), slice(3, 6), slice(6, 7)]
    for (chunk, states), span in zip(chunks, spans, strict=True):
        np.testing.assert_allclose(states, expected[:, span], atol=1e-5)
        np.testing.assert_array_equal(chunk.innovations, latents.innovations[:, span])
        before = latents.initial_state if span.start == 0 else expected[:, span.start - 1]
        np.testing.assert_allclose(chunk.initial_state, before, atol=1e-5)
        assert chunk.appearance is latents.appearance
        assert chunk.motion_type is latents.motion_type


@pytest.mark.parametrize("same_for_all", [True, False])
def test_drawn_starts_are_standard_normals_for_all_sequences_or_for_each(same_for_all):
    latents = Latents(*(np.zeros((4, size), np.float32) for size in (1, 3, 5, 2)))
    start = drawn_start(latents, np.random.default_rng(0), MAY_BE_DRAWN, same_for_all)
    numbers = np.random.default_rng(0)
    for drawn, size in ((start.motion_type, 2), (start.initial_state, 3)):
        shape = (size,) if same_for_all else (4, size)
        expected = np.broadcast_to(numbers.standard_normal(shape, dtype=np.float32), (4, size))
        np.testing.assert_array_equal(drawn, expected)


def test_sampling_leaves_latents_and_weights_as_they_were(generator):
    latents, state = start_of(generator), generator.variables()
    reconstruct(generator, latents, 3, 2)
    synthesized(generator, latents, 3, 2)
    for value, before in zip(latents, start_of(generator), strict=True):
        np.testing.assert_array_equal(value, before)
    for name, value in generator.variables().items():
        np.testing.assert_array_equal(value, state[name])
