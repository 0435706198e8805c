"""Checkpoints: TensorFlow's own format, whole or not there, at most so many, damage noticed."""

import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.command_line import tree

from util.runs import checkpoints
from util.runs.checkpoints import UnreadableCheckpoint, existing, find, load, newest, save
from util.system.errors import RunError

ARRAYS = {
    "beta/layer_1/kernel": np.arange(2000, dtype=np.float32).reshape(40, 50),
    "latents/appearance": np.zeros((3, 0), np.float32),
    "epoch": np.asarray(7, np.int64),
    "options": np.asarray('{"category": "Öl"}'.encode(), object),
    "sequence_names": np.asarray([b"one", b"two"], object),
}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def files_of(*epochs):
    suffixes = (".data-00000-of-00001", ".index")
    return sorted(f"model.ckpt-{epoch}{suffix}" for epoch in epochs for suffix in suffixes)


def test_what_is_saved_comes_back(tmp_path):
    loaded = load(save(tmp_path, 7, ARRAYS, 5))
    assert loaded.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(loaded[name], array)
    assert loaded["epoch"].dtype == np.int64
    assert names(tmp_path) == files_of(7)


def test_tensorflow_reads_it(tmp_path):
    reader = tf.train.load_checkpoint(str(save(tmp_path, 7, ARRAYS, 5)))
    assert reader.get_variable_to_shape_map()["beta/layer_1/kernel"] == [40, 50]
    assert reader.get_variable_to_dtype_map()["epoch"] == tf.int64
    np.testing.assert_array_equal(
        reader.get_tensor("beta/layer_1/kernel"), ARRAYS["beta/layer_1/kernel"]
    )


def test_same_arrays_make_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save(tmp_path / name, 7, ARRAYS, 5)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_only_the_newest_are_kept(tmp_path):
    for epoch in (2, 4, 10, 100):
        save(tmp_path, epoch, ARRAYS, 2)
    assert names(tmp_path) == files_of(10, 100)
    assert [epoch for epoch, _ in existing(tmp_path)] == [10, 100]
    assert newest(tmp_path).name == "model.ckpt-100"


def test_a_checkpoint_just_saved_is_kept_though_damaged_newer_ones_are_there(tmp_path):
    for epoch in (40, 50):
        save(tmp_path, epoch, {"epoch": np.asarray(epoch)}, max_to_keep=5)
    save(tmp_path, 45, {"epoch": np.asarray(45)}, max_to_keep=1)
    assert [epoch for epoch, _ in existing(tmp_path)] == [45, 50]


def test_saving_again_replaces(tmp_path):
    save(tmp_path, 7, ARRAYS, 5)
    save(tmp_path, 7, {"epoch": np.asarray(8, np.int64)}, 5)
    assert load(tmp_path / "model.ckpt-7").keys() == {"epoch"}
    assert names(tmp_path) == files_of(7)


def test_what_is_not_a_checkpoint_does_not_count(tmp_path):
    save(tmp_path, 3, ARRAYS, 5)
    for name in ("model.ckpt-best.index", ".partial-model.ckpt-9.index", "model.ckpt-9.index.bak"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "model.ckpt-6.data-00000-of-00001").write_bytes(b"killed before its index")
    (tmp_path / "model.ckpt-9.index").write_bytes(b"killed while it was deleted")
    assert existing(tmp_path) == [(3, tmp_path / "model.ckpt-3")]
    assert newest(tmp_path) == tmp_path / "model.ckpt-3"


def test_no_checkpoint_is_an_error_that_names_the_folder(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(RunError, match=str(folder)):
            newest(folder)


def test_checkpoint_is_found_by_any_of_its_names(tmp_path):
    path = save(tmp_path, 7, ARRAYS, 5)
    for suffix in ("", ".index", ".data-00000-of-00001"):
        assert find(tmp_path / f"model.ckpt-7{suffix}") == path


def test_missing_checkpoint_is_named_with_those_that_exist(tmp_path):
    save(tmp_path, 7, ARRAYS, 5)
    save(tmp_path, 30, ARRAYS, 5)
    with pytest.raises(RunError, match="model.ckpt-8.*model.ckpt-7, model.ckpt-30"):
        find(tmp_path / "model.ckpt-8")
    for name in (".index", ".data-00000-of-00001", ".index.data-00000-of-00001"):
        with pytest.raises(RunError, match="it is named <folder>/model.ckpt-<epoch>"):
            find(tmp_path / name)
    with pytest.raises(RunError, match="model.ckpt-8.*no checkpoint"):
        find(tmp_path / "none" / "model.ckpt-8")


# --- Interrupted and damaged ---


@pytest.mark.parametrize("renamed", [0, 1])
def test_what_a_kill_while_writing_leaves_does_not_count(tmp_path, monkeypatch, renamed):
    before = save(tmp_path, 3, ARRAYS, 5)
    rename, done = os.replace, []

    def killed(*arguments):
        if len(done) == renamed:
            raise KeyboardInterrupt
        done.append(rename(*arguments))

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, 6, ARRAYS, 5)
    monkeypatch.undo()
    assert existing(tmp_path) == [(3, before)]
    save(tmp_path, 6, ARRAYS, 5)
    assert load(newest(tmp_path))["epoch"] == 7


def test_older_checkpoints_go_only_when_the_new_one_is_whole(tmp_path, monkeypatch):
    save(tmp_path, 3, ARRAYS, 1)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "flush_to_disk", full)
    with pytest.raises(OSError):
        save(tmp_path, 6, ARRAYS, 1)
    assert load(newest(tmp_path))["epoch"] == 7


DAMAGE = {
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "flipped": lambda data: data[:50] + bytes([data[50] ^ 1]) + data[51:],
    "zeros": lambda data: bytes(len(data)),
    "missing": None,
}


@pytest.mark.parametrize("suffix", [".data-00000-of-00001", ".index"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_noticed(tmp_path, suffix, damage):
    path = save(tmp_path, 7, ARRAYS, 5)
    file = tmp_path / f"{path.name}{suffix}"
    data = file.read_bytes()
    file.unlink()
    if DAMAGE[damage]:
        file.write_bytes(DAMAGE[damage](data))
    with pytest.raises(UnreadableCheckpoint, match="model.ckpt-7") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_data_of_another_checkpoint_is_noticed(tmp_path):
    one = save(tmp_path, 1, ARRAYS, 5)
    save(tmp_path, 2, {**ARRAYS, "beta/layer_1/kernel": np.ones((40, 50), np.float32)}, 5)
    os.replace(tmp_path / files_of(2)[0], tmp_path / files_of(1)[0])
    with pytest.raises(UnreadableCheckpoint):
        load(one)
