"""Which axis of a mask is which: certain, or not."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io
from support.command_line import refusal

from util.data import mask_arrays
from util.data.clip_facts import ClipFacts
from util.data.mask_arrays import layouts, read_array


def clip(length, height, width):
    return ClipFacts(Path("clip"), length, height, width)


CASES = [
    # A clip of 60 frames of 64×64, for a model of 64×64.
    ((64, 64, 60), 60, 64, clip(60, 64, 64), ["HWT"]),
    ((60, 64, 64), 60, 64, clip(60, 64, 64), ["THW"]),
    ((63, 64, 64), 60, 64, clip(63, 64, 64), ["THW"]),
    ((64, 64, 63), 60, 64, clip(63, 64, 64), ["HWT"]),
    ((64, 64, 64), 60, 64, clip(60, 64, 64), ["HWT", "THW"]),
    ((64, 64, 64), 64, 32, clip(64, 64, 64), ["HWT", "THW"]),
    # The mask has the size of the model's frames, the clip has another.
    ((150, 150, 100), 70, 150, clip(100, 288, 352), ["HWT"]),
    ((100, 150, 150), 70, 150, clip(100, 288, 352), ["THW"]),
    # Exact proportions of the clip.
    ((36, 64, 70), 60, 64, clip(70, 720, 1280), ["HWT"]),
    ((70, 36, 64), 60, 64, clip(70, 720, 1280), ["THW"]),
    # Both fit, but one has too few frames.
    ((36, 48, 64), 60, 32, clip(64, 48, 64), ["HWT"]),
    ((36, 48, 64), 30, 32, clip(64, 48, 64), ["HWT", "THW"]),
    # Rounded proportions and squares of another size count if nothing fits exactly.
    ((480, 854, 70), 60, 64, clip(70, 1080, 1920), ["HWT"]),
    ((70, 480, 854), 60, 64, clip(70, 1080, 1920), ["THW"]),
    ((90, 90, 70), 60, 64, clip(70, 72, 128), ["HWT"]),
    # One fits in size, the other in length: a square mask of a clip of 64×48.
    ((48, 64, 64), 40, 32, clip(48, 48, 64), ["HWT", "THW"]),
    ((48, 64, 64), 40, 32, clip(64, 48, 64), ["HWT"]),
    # Too few frames: the layout is known nevertheless.
    ((64, 64, 20), 60, 64, clip(60, 64, 64), ["HWT"]),
    # Height and width changed places.
    ((128, 72, 70), 60, 64, clip(70, 72, 128), []),
]


@pytest.mark.parametrize("shape, num_frames, side, of, expected", CASES)
def test_layout_is_certain_only_if_one_fits(shape, num_frames, side, of, expected):
    assert layouts(shape, num_frames, side, of) == expected


def test_channels_are_the_last_axis_of_both_layouts(tmp_path):
    missing = np.zeros((6, 8, 8, 3), np.uint8)
    missing[1, 2, 3, 0] = missing[4, 5, 6, 2] = 1
    for name, values in {"a": missing, "b": np.moveaxis(missing, 0, 2)}.items():
        np.save(tmp_path / f"{name}.npy", values)
        read = read_array(tmp_path / f"{name}.npy", 6, 8, "", clip(6, 8, 8))
        np.testing.assert_array_equal(read, missing.any(axis=3))


@pytest.mark.parametrize("suffix", [".npz", ".mat"])
def test_array_that_needs_too_much_memory_is_refused_before_it_is_read(
    tmp_path, suffix, monkeypatch
):
    path = tmp_path / f"a{suffix}"
    values = np.zeros((10, 10, 10), np.uint8)
    if suffix == ".npz":
        np.savez_compressed(path, masks=values)
    else:
        scipy.io.savemat(path, {"masks": values}, do_compression=True)
    monkeypatch.setattr(mask_arrays, "MOST_VALUES", 900)
    message = refusal(read_array, path, 5, 10, "HWT", None)
    assert str(path) in message
    assert "at most 900" in message


@pytest.mark.parametrize("values, told", [([0, 1], False), ([0, 200], False), ([0, 3, 200], True)])
def test_array_of_more_than_two_values_is_told(tmp_path, values, told, capsys):
    """As noise of compression, which is missing as well, or labels of objects."""
    array = np.resize(np.uint8(values), (6, 8, 8))
    np.save(tmp_path / "a.npy", array)
    missing = read_array(tmp_path / "a.npy", 6, 8, "THW", None)
    np.testing.assert_array_equal(missing, array != 0)
    assert ("all but 0 are missing" in capsys.readouterr().err) is told


def test_array_without_permission_is_not_called_broken(tmp_path, monkeypatch):
    np.save(tmp_path / "m.npy", np.zeros((3, 4, 4), np.uint8))

    def forbidden(*_, **__):
        raise PermissionError

    monkeypatch.setattr(np, "load", forbidden)
    line = refusal(read_array, tmp_path / "m.npy", 3, 4, "THW", None)
    assert line.startswith("no permission to read")
