"""Chunks: which frames they have, where they may begin, how often each frame is visited."""

import numpy as np
import pytest

from model.chunks import CHUNK_STARTS, chunk_anywhere, chunks_anywhere, fixed_chunks

ROWS = np.array([2, 5])
# (frames, chunk length): two and four chunks, then an odd number of them, then a remainder.
LENGTHS = [(6, 3), (7, 2), (9, 3), (13, 5), (10, 4)]


def draws(num_frames, chunk_length, number=200):
    """Chunks drawn many times, each time from another generator."""
    return [
        chunks_anywhere(ROWS, num_frames, chunk_length, np.random.default_rng(seed))
        for seed in range(number)
    ]


def starts_of(chunks):
    return [int(chunk.times[0, 0]) for chunk in chunks]


# --- Fixed ---


def test_fixed_chunks_are_the_same_frames_of_all_sequences_in_turn():
    chunks = fixed_chunks(ROWS, 7, 3)
    assert [chunk.times.tolist() for chunk in chunks] == [
        [[0, 1, 2]] * 2,
        [[3, 4, 5]] * 2,
        [[6]] * 2,
    ]
    assert all(chunk.rows.tolist() == [[2], [5]] for chunk in chunks)
    assert [chunk.begins_sequence for chunk in chunks] == [True, False, False]


# --- Anywhere ---


@pytest.mark.parametrize(("num_frames", "chunk_length"), LENGTHS)
def test_as_many_chunks_anywhere_as_fixed_ones(num_frames, chunk_length):
    expected = -(-num_frames // chunk_length)
    assert len(fixed_chunks(ROWS, num_frames, chunk_length)) == expected
    assert {len(chunks) for chunks in draws(num_frames, chunk_length)} == {expected}


@pytest.mark.parametrize(("num_frames", "chunk_length"), LENGTHS)
def test_chunks_anywhere_are_whole_and_within_the_sequence_and_in_time_order(
    num_frames, chunk_length
):
    for chunks in draws(num_frames, chunk_length):
        starts = starts_of(chunks)
        assert starts == sorted(starts)
        for chunk, start in zip(chunks, starts, strict=True):
            assert chunk.rows.tolist() == [[2], [5]]
            assert chunk.times.tolist() == [list(range(start, start + chunk_length))] * 2
            assert 0 <= start <= num_frames - chunk_length
            assert chunk.begins_sequence == (start == 0)


@pytest.mark.parametrize(("num_frames", "chunk_length"), LENGTHS)
def test_chunks_anywhere_are_pairs_of_mirror_images_and_at_most_one_other(num_frames, chunk_length):
    for chunks in draws(num_frames, chunk_length):
        left, alone = starts_of(chunks), []
        while left:
            start = left.pop()
            mirrored = num_frames - chunk_length - start
            if mirrored in left:
                left.remove(mirrored)
            else:
                alone.append(start)
        assert len(alone) == len(chunks) % 2


@pytest.mark.parametrize(("num_frames", "chunk_length"), [(6, 3), (7, 2), (14, 4)])
def test_each_frame_is_visited_as_often_as_its_mirror_image(num_frames, chunk_length):
    """In every draw, where the number of chunks is even."""
    for chunks in draws(num_frames, chunk_length):
        visits = np.bincount(
            np.concatenate([chunk.times[0] for chunk in chunks]), minlength=num_frames
        )
        np.testing.assert_array_equal(visits, visits[::-1])
        assert visits.sum() == len(chunks) * chunk_length


@pytest.mark.parametrize(("num_frames", "chunk_length"), LENGTHS)
def test_all_places_are_equally_likely(num_frames, chunk_length):
    """Pearson's χ² over the places stays near its mean, which is their number less 1."""
    number = 2000
    drawn = draws(num_frames, chunk_length, number)
    places = num_frames - chunk_length + 1
    # The chunks of a pair depend on each other, so only one chunk of each draw counts.
    pick = np.random.default_rng(0)
    picked = [starts_of(chunks)[pick.integers(len(chunks))] for chunks in drawn]
    counts = np.bincount(picked, minlength=places)
    assert len(counts) == places
    expected = number / places
    statistic = np.sum(np.square(counts - expected)) / expected
    assert statistic < places - 1 + 4 * np.sqrt(2 * (places - 1))


@pytest.mark.parametrize("num_frames", [2, 3])
def test_a_sequence_of_one_chunk_has_the_fixed_chunk(num_frames):
    (fixed,) = fixed_chunks(ROWS, num_frames, 3)
    order = np.random.default_rng(0)
    (drawn,) = CHUNK_STARTS["anywhere"](ROWS, num_frames, 3, order)
    assert drawn.times.tolist() == fixed.times.tolist() == [list(range(num_frames))] * 2
    assert drawn.rows.tolist() == fixed.rows.tolist()
    assert drawn.begins_sequence and fixed.begins_sequence


# --- One chunk of each sequence ---


def test_every_sequence_has_a_chunk_from_a_random_frame_of_its_own():
    order = np.random.default_rng(0)
    drawn = [chunk_anywhere(ROWS, 7, 3, order) for _ in range(200)]
    starts = np.stack([chunk.times[:, 0] for chunk in drawn])
    for chunk in drawn:
        assert chunk.rows.tolist() == [[2], [5]]
        np.testing.assert_array_equal(np.diff(chunk.times), 1)
        assert chunk.times.shape == (2, 3)
    for of_sequence in starts.T:  # wherever a whole chunk begins
        assert set(of_sequence) == set(range(5))
    assert np.any(starts[:, 0] != starts[:, 1])
    assert chunk_anywhere(ROWS, 2, 3, order).times.tolist() == [[0, 1], [0, 1]]
