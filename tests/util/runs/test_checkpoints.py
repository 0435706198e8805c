"""Checkpoints: TensorFlow's own format, whole or not there, at most so many, damage noticed."""

import errno
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.command_line import refusal, tree

from util.runs import checkpoints
from util.runs.checkpoints import UnreadableCheckpoint, existing, find, load, newest, save
from util.system.errors import Interrupted, RunError
from util.system.interruption import stopping_signals

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
    """The files of these checkpoints, and the list of them."""
    suffixes = (".data-00000-of-00001", ".index")
    files = [f"model.ckpt-{epoch}{suffix}" for epoch in epochs for suffix in suffixes]
    return ["checkpoint", *sorted(files)]


def test_what_is_saved_comes_back(tmp_path):
    loaded = load(save(tmp_path, 7, ARRAYS, 5))
    assert loaded.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(loaded[name], array)
    assert loaded["epoch"].dtype == np.int64
    assert names(tmp_path) == files_of(7)


@pytest.mark.parametrize("folder", ["runs[1]", "[", "a\\b", "*", "?", "{a,b}", "fire [old]", "~"])
def test_checkpoint_in_any_folder_is_read(tmp_path, monkeypatch, folder):
    """TensorFlow takes a path as a pattern."""
    monkeypatch.chdir(tmp_path)
    os.mkdir(folder)
    loaded = load(save(Path(folder), 7, ARRAYS, 5))
    np.testing.assert_array_equal(loaded["beta/layer_1/kernel"], ARRAYS["beta/layer_1/kernel"])


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


def test_full_disk_leaves_the_checkpoint_that_would_be_replaced(tmp_path, monkeypatch):
    save(tmp_path, 7, ARRAYS, 5)
    before = tree(tmp_path)

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(checkpoints, "flush_to_disk", full)
    with pytest.raises(OSError):
        save(tmp_path, 7, {**ARRAYS, "epoch": np.asarray(8, np.int64)}, 5)
    assert tree(tmp_path) == before


def test_signal_while_a_checkpoint_is_replaced_leaves_the_new_one(tmp_path, monkeypatch):
    save(tmp_path, 7, ARRAYS, 5)
    before = {number: signal.getsignal(number) for number in stopping_signals()}
    signal.signal(signal.SIGTERM, lambda *_: pytest.fail("between both files"))
    remove = checkpoints.remove

    def interrupted(path):
        os.kill(os.getpid(), signal.SIGTERM)
        remove(path)

    monkeypatch.setattr(checkpoints, "remove", interrupted)
    try:
        with pytest.raises(Interrupted):
            save(tmp_path, 7, {**ARRAYS, "epoch": np.asarray(8, np.int64)}, 5)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert load(tmp_path / "model.ckpt-7")["epoch"] == 8


def test_what_is_not_a_checkpoint_does_not_count(tmp_path):
    save(tmp_path, 3, ARRAYS, 5)
    for name in ("model.ckpt-best.index", ".partial-model.ckpt-9.index", "model.ckpt-9.index.bak"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "model.ckpt-6.data-00000-of-00001").write_bytes(b"killed before its index")
    (tmp_path / "model.ckpt-9.index").write_bytes(b"killed while it was deleted")
    assert existing(tmp_path) == [(3, tmp_path / "model.ckpt-3")]
    assert newest(tmp_path) == tmp_path / "model.ckpt-3"


def test_newer_index_without_data_is_told(tmp_path, capsys):
    save(tmp_path, 3, ARRAYS, 5)
    (tmp_path / "model.ckpt-9.index").write_bytes(b"its data is gone")
    newest(tmp_path)
    told = capsys.readouterr().err
    assert str(tmp_path / "model.ckpt-9") in told and "taking model.ckpt-3" in told


def test_checkpoint_on_a_disk_that_is_not_there_is_not_passed_over(tmp_path):
    save(tmp_path, 3, ARRAYS, 5)
    path = save(tmp_path, 9, ARRAYS, 5)
    data = tmp_path / "model.ckpt-9.data-00000-of-00001"
    data.unlink()
    data.symlink_to(tmp_path / "disk" / data.name)
    assert newest(tmp_path) == path
    with pytest.raises(UnreadableCheckpoint, match="model.ckpt-9"):
        load(path)


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
    with pytest.raises(RunError, match="model.ckpt-8.*none does not exist"):
        find(tmp_path / "none" / "model.ckpt-8")


# --- The list of checkpoints ---


def test_tensorflow_finds_the_newest_and_all_that_are_kept(tmp_path):
    for epoch in (2, 4, 10):
        save(tmp_path, epoch, ARRAYS, 2)
        assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / f"model.ckpt-{epoch}")
    paths = tf.train.get_checkpoint_state(tmp_path).all_model_checkpoint_paths
    assert list(paths) == [str(tmp_path / f"model.ckpt-{epoch}") for epoch in (4, 10)]
    assert ("beta/layer_1/kernel", [40, 50]) in tf.train.list_variables(str(tmp_path))


def test_the_list_goes_with_the_folder(tmp_path):
    (tmp_path / "one").mkdir()
    save(tmp_path / "one", 7, ARRAYS, 5)
    (tmp_path / "one").rename(tmp_path / "two")
    latest = tf.train.latest_checkpoint(tmp_path / "two")
    assert latest == str(tmp_path / "two" / "model.ckpt-7")


def test_the_checkpoint_just_saved_is_the_one_to_take(tmp_path):
    """A newer one that is damaged was passed over."""
    for epoch in (50, 45):
        save(tmp_path, epoch, ARRAYS, 5)
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "model.ckpt-45")


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


def test_file_that_cannot_be_read_now_is_not_called_damaged(tmp_path, monkeypatch):
    path = save(tmp_path, 7, ARRAYS, 5)

    def no_permission(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr("builtins.open", no_permission)
    with pytest.raises(PermissionError):
        load(path)


def test_data_of_another_checkpoint_is_noticed(tmp_path):
    one = save(tmp_path, 1, ARRAYS, 5)
    save(tmp_path, 2, {**ARRAYS, "beta/layer_1/kernel": np.ones((40, 50), np.float32)}, 5)
    os.replace(tmp_path / files_of(2)[1], tmp_path / files_of(1)[1])
    with pytest.raises(UnreadableCheckpoint):
        load(one)


@pytest.mark.parametrize("suffix", [".data-00000-of-00001", ".index"])
def test_pipe_in_the_place_of_a_file_is_not_opened(tmp_path, suffix):
    path = save(tmp_path, 7, ARRAYS, 5)
    file = Path(f"{path}{suffix}")
    file.unlink()
    os.mkfifo(file)
    assert str(file) in refusal(load, path)


def test_arrays_larger_than_the_file_take_no_memory(tmp_path, monkeypatch):
    path = save(tmp_path, 7, ARRAYS, 5)
    reader = type(tf.train.load_checkpoint(str(path)))
    shapes = {"beta/layer_1/kernel": [10**6, 10**6]}
    monkeypatch.setattr(reader, "get_variable_to_shape_map", lambda _: shapes)
    monkeypatch.setattr(reader, "get_tensor", lambda *_: pytest.fail("reads the array"))
    with pytest.raises(UnreadableCheckpoint):
        load(path)


def test_files_of_a_checkpoint_are_not_written_through_links(tmp_path):
    """Neither under the final name nor under the temporary name of an earlier version."""
    (tmp_path / "other").write_text("of a user")
    for name in files_of(7) + [f".partial-{name}" for name in files_of(7)]:
        (tmp_path / name).symlink_to("other")
    save(tmp_path, 7, ARRAYS, 5)
    assert (tmp_path / "other").read_text() == "of a user"
    assert load(tmp_path / "model.ckpt-7")["epoch"] == 7


@pytest.mark.parametrize("name", [".index", ".data-00000-of-00001", "x" * 260, "model.ckpt-9"])
def test_name_of_no_checkpoint_is_refused(tmp_path, name):
    assert "no checkpoint" in refusal(find, tmp_path / name)
