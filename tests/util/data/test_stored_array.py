"""Arrays in files: what is read, and what is not believed."""

import os

import numpy as np
import pytest
from support.command_line import refusal

from util.data.stored_array import StoredArray, write_header

VALUES = np.random.default_rng(0).integers(0, 256, (5, 4, 2, 2, 3)).astype(np.uint8)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.npy"
    with open(path, "wb") as file:
        write_header(file, np.uint8, VALUES.shape)
        file.write(VALUES.tobytes())
    return path


def test_numpy_reads_the_same_file(path):
    np.testing.assert_array_equal(np.load(path, allow_pickle=False), VALUES)


@pytest.mark.parametrize(
    "index",
    [
        3,
        slice(1, 4),
        (slice(None), [0, 2]),
        (np.array([[4], [1]]), np.array([[0, 1], [2, 3]])),
    ],
)
def test_a_piece_is_the_piece_of_the_array_and_not_of_the_file(path, index):
    stored = StoredArray(path, np.uint8, VALUES.shape)
    piece = stored[index]
    np.testing.assert_array_equal(piece, VALUES[index])
    piece[...] = 0  # a copy: the file and later pieces keep their values
    np.testing.assert_array_equal(stored[index], VALUES[index])


def test_every_sequence_comes_once_also_when_the_file_is_gone(path):
    stored = StoredArray(path, np.uint8, VALUES.shape)
    path.unlink()
    assert (len(stored), stored.shape) == (5, VALUES.shape)
    np.testing.assert_array_equal(np.stack(list(stored)), VALUES)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data.replace(b"NUMPY", b"NUMPZ"),
        lambda data: data.replace(b"(5, 4", b"(4, 5"),
        lambda data: data.replace(b"'|u1'", b"'|O' "),
    ],
)
def test_file_with_another_head_or_size_is_not_believed(path, damage):
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError):
        StoredArray(path, np.uint8, VALUES.shape)


def test_named_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "named pipe" in refusal(StoredArray, tmp_path / "pipe", np.uint8, (1,))
