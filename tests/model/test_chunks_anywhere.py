"""Learning in chunks that begin anywhere: from which states, and what is reported of the rest."""

from typing import NamedTuple

import numpy as np
import pytest
from support.numpy_model import draw_frames, draw_latents, emit, in_double, unroll

from model.alternating import alternate
from model.graph import Learned
from model.kept_frames import KeptFrames
from model.latents import Latents, copied, of_sequences
from model.networks import NETWORKS

NUM_SEQUENCES, NUM_FRAMES, CHUNK_LENGTH, BATCH_SIZE = 3, 7, 3, 2
EPOCHS = 14  # enough for every kind of start
FRAMES = draw_frames(NUM_SEQUENCES, NUM_FRAMES, 8)


class Visit(NamedTuple):
    """One chunk: what was there before it, what it was given and what came out.

    Fields:
        rows, start: the sequences, and their first frame in the chunk.
        weights, latents: of the model and of all sequences, before the chunk was inferred.
        given: the latents that inference was given.
        begins_sequence: whether the start state was inferred.
        inferred: the inferred latents.
        learned: the result of the learning step.
    """

    rows: list[int]
    start: int
    weights: dict[str, np.ndarray]
    latents: Latents
    given: Latents
    begins_sequence: bool
    inferred: Latents
    learned: Learned

    @property
    def times(self):
        return slice(self.start, self.start + self.given.innovations.shape[1])


class Recorder:
    """Passes calls on to the model, and writes down each visit of a chunk."""

    def __init__(self, generator, latents):
        self._generator, self._latents = generator, latents
        self.visits = []

    def __getattr__(self, name):
        return getattr(self._generator, name)

    def infer(self, frames, latents, begins_sequence, key, visible, part):
        before = self._generator.variables(), copied(self._latents), copied(latents)
        sampled = self._generator.infer(frames, latents, begins_sequence, key, visible)
        self._visit = (*place_of(frames), *before, begins_sequence, sampled.latents)
        return sampled

    def learn(self, *arguments):
        learned = self._generator.learn(*arguments)
        self.visits.append(Visit(*self._visit, learned))
        return learned


def place_of(frames):
    """The sequences that a chunk was cut from, and its first frame; all frames differ."""
    places = {
        FRAMES[row, time].tobytes(): (row, time)
        for row in range(NUM_SEQUENCES)
        for time in range(NUM_FRAMES)
    }
    found = [places[chunk[0].tobytes()] for chunk in frames]
    (start,) = {time for _, time in found}
    return [row for row, _ in found], start


def run_epoch(generator, latents, epoch, num_kept=NUM_SEQUENCES, **options):
    """One epoch; the report, the kept reconstruction and the visits."""
    recorder, kept = Recorder(generator, latents), KeptFrames(num_kept, FRAMES.shape)
    report = alternate(
        recorder,
        frames=FRAMES,
        latents=latents,
        batch_size=BATCH_SIZE,
        chunk_length=CHUNK_LENGTH,
        learning_rate=0.002,
        seed=0,
        epoch=epoch,
        chunk_starts="anywhere",
        keepers=[kept],
        **options,
    )
    return report, kept.frames, recorder.visits


def drawn_latents(generator):
    return draw_latents(generator.settings.sizes, NUM_SEQUENCES, NUM_FRAMES)


def batches_of(visits):
    """The visits of each batch, in their order."""
    found = {}
    for visit in visits:
        found.setdefault(tuple(visit.rows), []).append(visit)
    return list(found.values())


def test_a_chunk_starts_from_the_state_that_the_present_latents_give_to_the_frame_before(generator):
    """By the recursion in NumPy; a chunk right after the one before starts where that one ended."""
    latents = drawn_latents(generator)
    kinds = {"begins": 0, "goes on": 0, "elsewhere": 0}
    for epoch in range(EPOCHS):
        *_, visits = run_epoch(generator, latents, epoch)
        for batch in batches_of(visits):
            assert len(batch) == 3
            before = None
            for visit in batch:
                given = visit.given.initial_state
                if visit.start == 0:
                    kinds["begins"] += 1
                    np.testing.assert_array_equal(given, visit.latents.initial_state[visit.rows])
                elif before is not None and visit.start == before.times.stop:
                    kinds["goes on"] += 1
                    np.testing.assert_array_equal(given, before.learned.last_state)
                else:
                    kinds["elsewhere"] += 1
                    present = in_double(of_sequences(visit.latents, visit.rows))
                    states, _ = unroll(in_double(visit.weights), present)
                    np.testing.assert_allclose(given, states[:, visit.start - 1], atol=2e-5)
                before = visit
    assert min(kinds.values()) >= 3, kinds


def test_start_state_moves_only_where_a_chunk_begins_the_sequence(generator):
    latents = drawn_latents(generator)
    begun = []
    for epoch in range(EPOCHS):
        for visit in run_epoch(generator, latents, epoch)[-1]:
            assert visit.begins_sequence == (visit.start == 0)
            moved = visit.inferred.initial_state != visit.given.initial_state
            assert np.all(moved == visit.begins_sequence)
            begun.append(visit.begins_sequence)
    assert 0 < sum(begun) < len(begun)


def test_innovations_of_the_chunks_move_and_no_others(generator):
    latents = drawn_latents(generator)
    before = copied(latents)
    *_, visits = run_epoch(generator, latents, 0)
    expected = before.innovations.copy()
    visited = np.zeros((NUM_SEQUENCES, NUM_FRAMES), bool)
    for visit in visits:
        np.testing.assert_array_equal(visit.given.innovations, expected[visit.rows, visit.times])
        expected[visit.rows, visit.times] = visit.inferred.innovations
        visited[visit.rows, visit.times] = True
    np.testing.assert_array_equal(latents.innovations, expected)
    moved = np.any(latents.innovations != before.innovations, axis=-1)
    np.testing.assert_array_equal(moved, visited)
    assert not visited.all()


def test_reconstruction_is_that_of_the_chunks_and_of_the_end_elsewhere(generator):
    """Frames in no chunk: against NumPy with weights and latents after the epoch."""
    latents = drawn_latents(generator)
    report, kept, visits = run_epoch(generator, latents, 0)
    weights = in_double(generator.variables())
    expected = np.full(FRAMES.shape, np.nan)
    for rows in (slice(0, 2), slice(2, 3)):
        batch = in_double(of_sequences(latents, rows))
        states, _ = unroll(weights, batch)
        for times in (slice(0, 3), slice(3, 6), slice(6, 7)):
            emitted, _ = emit(weights, NETWORKS["8"], batch.appearance, states[:, times])
            expected[rows, times] = emitted
    visited = np.zeros((NUM_SEQUENCES, NUM_FRAMES), bool)
    for visit in visits:
        expected[visit.rows, visit.times] = visit.learned.frames
        visited[visit.rows, visit.times] = True
    assert 0 < visited.sum() < visited.size
    np.testing.assert_allclose(kept, expected, atol=5e-4)
    difference = (FRAMES.astype(np.float64) - kept)[visited]
    assert report.squared_error == pytest.approx(np.mean(difference**2), rel=1e-5)


def test_fewer_kept_sequences_get_the_same_bits(generator):
    """Frames in no chunk are reconstructed in the same batches."""
    state, kept = generator.variables(), []
    for num_kept in (NUM_SEQUENCES, 1):
        generator.set_variables(state)
        kept.append(run_epoch(generator, drawn_latents(generator), 0, num_kept)[1])
    np.testing.assert_array_equal(kept[1], kept[0][:1])


def test_seed_and_epoch_decide_every_bit_and_epochs_differ(generator):
    state, ends, places = generator.variables(), [], []
    for epoch in (4, 4, 5):
        generator.set_variables(state)
        latents = drawn_latents(generator)
        _, kept, visits = run_epoch(generator, latents, epoch)
        parts = [kept, *latents, *generator.variables().values()]
        ends.append([part.tobytes() for part in parts])
        places.append([(visit.rows, visit.start) for visit in visits])
    assert ends[0] == ends[1]
    assert places[0] == places[1] != places[2]
    assert all(one != other for one, other in zip(ends[0][:3], ends[2][:3], strict=True))


def test_with_an_encoder_frames_in_no_chunk_stay_black(make_generator):
    generator = make_generator([1, 3], drawn_weights=True, encodes=True)
    latents = drawn_latents(generator)
    _, kept, visits = run_epoch(generator, latents, 0, encoded_frame="first")
    visited = np.zeros((NUM_SEQUENCES, NUM_FRAMES), bool)
    for visit in visits:
        visited[visit.rows, visit.times] = True
    assert 0 < visited.sum() < visited.size
    assert np.all(kept[~visited] == -1.0)
    assert np.all(np.any(kept[visited] != -1.0, axis=(1, 2, 3)))
    firsts = [visit for visit, *_ in batches_of(visits) if visit.start > 0]
    assert firsts
    for visit in firsts:  # from the encoded start states
        states, _ = unroll(
            in_double(visit.weights), in_double(of_sequences(visit.latents, visit.rows))
        )
        expected = states[:, visit.start - 1]
        np.testing.assert_allclose(visit.given.initial_state, expected, atol=2e-5)
