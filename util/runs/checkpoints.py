"""Checkpoints in TensorFlow's own format: model.ckpt-<epoch>, readable by tf.train.load_checkpoint.

A checkpoint is two files, data and index. It counts only if both have their names. The index gets
its name last. If a run is killed while it writes a checkpoint, the previous checkpoint therefore
stays the newest.
"""

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from util.system.atomic import flush_to_disk
from util.system.errors import RunError

_DATA, _INDEX = ".data-00000-of-00001", ".index"


class UnreadableCheckpoint(RunError):
    """The files of a checkpoint exist but cannot be read."""


def save(folder: Path, epoch: int, arrays: Mapping[str, np.ndarray], max_to_keep: int) -> Path:
    """Write `arrays` as model.ckpt-<epoch>; delete all but the newest `max_to_keep` checkpoints.

    Raises:
        OSError: the checkpoint cannot be written.
    """
    final = folder / f"model.ckpt-{epoch}"
    partial = folder / f".partial-model.ckpt-{epoch}"
    remove(final)
    try:
        _write(partial, arrays)
        for suffix in (_DATA, _INDEX):
            flush_to_disk(Path(f"{partial}{suffix}"))
            os.replace(f"{partial}{suffix}", f"{final}{suffix}")
    finally:
        for leftover in folder.glob(f"{partial.name}*"):
            leftover.unlink()
    older = [path for number, path in existing(folder) if number < epoch]
    for old in older[: max(0, len(older) + 1 - max_to_keep)]:
        remove(old)
    return final


def _write(prefix: Path, arrays: Mapping[str, np.ndarray]) -> None:
    import tensorflow.compat.v1 as tf  # not at the top: finding checkpoints does not need it

    with tf.Graph().as_default(), tf.Session() as session:
        inputs = {
            name: tf.placeholder(tf.as_dtype(np.asarray(values).dtype), None)
            for name, values in arrays.items()
        }
        write = tf.raw_ops.SaveV2(
            prefix=str(prefix),
            tensor_names=list(inputs),
            shape_and_slices=[""] * len(inputs),
            tensors=list(inputs.values()),
        )
        try:
            session.run(write, {inputs[name]: values for name, values in arrays.items()})
        except tf.errors.OpError as error:
            found = re.search(r"; (.+)", error.message)
            reason = found[1] if found else "cannot write"
            raise OSError(errno.EIO, reason, str(prefix)) from error


def load(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of a checkpoint; `path` has no suffix.

    Raises:
        UnreadableCheckpoint: the files are damaged, or do not belong together.
    """
    import tensorflow.compat.v1 as tf

    try:
        reader = tf.train.load_checkpoint(str(path))
        return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    except (tf.errors.OpError, IndexError, ValueError, RuntimeError) as error:
        raise UnreadableCheckpoint(
            f"checkpoint {path} is damaged or half-written; test or resume from another one"
        ) from error


def existing(folder: Path) -> list[tuple[int, Path]]:
    """Epoch and path of every complete checkpoint in `folder`, oldest first."""
    found = []
    for index in folder.glob(f"model.ckpt-*{_INDEX}"):
        name = re.fullmatch(r"model\.ckpt-(\d+)", index.name.removesuffix(_INDEX))
        if name and index.with_name(name[0] + _DATA).exists():
            found.append((int(name[1]), index.with_name(name[0])))
    return sorted(found)


def newest(folder: Path) -> Path:
    """The newest complete checkpoint in a run's folder.

    Raises:
        RunError: the folder has no complete checkpoint.
    """
    found = existing(folder)
    if not found:
        raise RunError(f"no checkpoint in {folder}; train first, or name one by --ckpt PATH")
    return found[-1][1]


def find(path: Path) -> Path:
    """The checkpoint at `path`, which may also be one of its two files.

    Raises:
        RunError: the checkpoint does not exist. The message lists the checkpoints in its folder.
    """
    name = path.name.removesuffix(_DATA).removesuffix(_INDEX)
    if not name:
        raise RunError(f"no checkpoint {path}; it is named <folder>/model.ckpt-<epoch>")
    path = path.with_name(name)
    if (path.parent / f"{path.name}{_INDEX}").exists():
        return path
    names = ", ".join(found.name for _, found in existing(path.parent)) or "no checkpoint"
    raise RunError(f"no checkpoint {path}; {path.parent} holds {names}")


def remove(path: Path) -> None:
    """Delete a checkpoint. The index goes first, so that no incomplete checkpoint counts."""
    for suffix in (_INDEX, _DATA):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
