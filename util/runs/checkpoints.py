"""Checkpoints in TensorFlow's own format: model.ckpt-<epoch>, readable by tf.train.load_checkpoint.

A checkpoint is two files, data and index. It counts only if both have their names, also where a
name is a link to nothing, as on a disk that is not there. The index gets its name last. If a run is
killed while it writes a checkpoint, the previous checkpoint therefore stays the newest. Only a
checkpoint that replaces another one of the same epoch is missing for a moment.

The file named checkpoint says which checkpoints there are, for tf.train.latest_checkpoint. This
program does not read it.
"""

import errno
import math
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from util.system.atomic import flush_to_disk, partial_name, write_text
from util.system.errors import RunError
from util.system.interruption import uninterrupted
from util.system.names import LONGEST
from util.system.notes import tell_once
from util.system.regular_files import refuse_special

_DATA, _INDEX = ".data-00000-of-00001", ".index"
# The files in the folder of checkpoints, as a regular expression.
FILES = r"checkpoint|model\.ckpt-\d+\.(index|data-00000-of-00001)(\.tempstate\d+)?"


# What TensorFlow raises for damaged files, beside its own errors.
_DAMAGE = (OSError, IndexError, ValueError, RuntimeError, MemoryError)


class UnreadableCheckpoint(RunError):
    """The files of a checkpoint exist but cannot be read."""


def save(folder: Path, epoch: int, arrays: Mapping[str, np.ndarray], max_to_keep: int) -> Path:
    """Write `arrays` as model.ckpt-<epoch>; delete all but the newest `max_to_keep` checkpoints.

    Raises:
        OSError: the checkpoint cannot be written.
    """
    final = folder / f"model.ckpt-{epoch}"
    unfinished = folder / partial_name()
    unfinished.mkdir()
    try:
        partial = unfinished / final.name
        _write(partial, arrays)
        for suffix in (_DATA, _INDEX):
            flush_to_disk(Path(f"{partial}{suffix}"))
        with uninterrupted():
            remove(final)  # so that data and index of two checkpoints never stand together
            for suffix in (_DATA, _INDEX):
                os.replace(f"{partial}{suffix}", f"{final}{suffix}")
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    found = existing(folder)
    older = [path for number, path in found if number < epoch]
    superfluous = older[: max(0, len(older) + 1 - max_to_keep)]
    kept = [path for _, path in found if path not in [*superfluous, final]]
    _write_list(folder, [*kept, final])
    for old in superfluous:
        remove(old)
    return final


def _write_list(folder: Path, paths: Iterable[Path]) -> None:
    """Write the file named checkpoint; the last of `paths` is the one to be taken."""
    names = [path.name for path in paths]
    lines = [f'model_checkpoint_path: "{names[-1]}"']
    lines += [f'all_model_checkpoint_paths: "{name}"' for name in names]
    write_text(folder / "checkpoint", "\n".join(lines) + "\n")


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
        RunError: a file is not a regular file.
        OSError: a file cannot be read now, as without permission.
    """
    import tensorflow.compat.v1 as tf

    for suffix in (_DATA, _INDEX):
        refuse_special(Path(f"{path}{suffix}"))
        with suppress(FileNotFoundError), open(f"{path}{suffix}", "rb") as file:
            file.read(1)
    with _plainly_named(path) as prefix:
        try:
            return _arrays(tf.train.load_checkpoint(str(prefix)), os.path.getsize(f"{path}{_DATA}"))
        except (tf.errors.OpError, *_DAMAGE) as error:
            raise UnreadableCheckpoint(
                f"checkpoint {path} is damaged or half-written; test or resume from another one"
            ) from error


@contextmanager
def _plainly_named(path: Path) -> Iterator[Path]:
    """The checkpoint under a path that TensorFlow, which takes it as a pattern, finds."""
    if not set(str(path)) & set("[\\"):
        yield path
        return
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "checkpoint"
        for suffix in (_DATA, _INDEX):
            Path(f"{plain}{suffix}").symlink_to(Path(f"{path}{suffix}").absolute())
        yield plain


def _arrays(reader: Any, largest: int) -> dict[str, np.ndarray]:
    """All arrays of a checkpoint. Raises ValueError if they have more than `largest` bytes."""
    shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    # The size on the disk bounds the size in memory, before memory is taken.
    if sum(math.prod(shape) * types[name].size for name, shape in shapes.items()) > largest:
        raise ValueError("arrays larger than the file")
    return {name: reader.get_tensor(name) for name in shapes}


def existing(folder: Path) -> list[tuple[int, Path]]:
    """Epoch and path of every complete checkpoint in `folder`, oldest first."""
    return [(epoch, path) for epoch, path in _indexed(folder) if os.path.lexists(f"{path}{_DATA}")]


def _indexed(folder: Path) -> list[tuple[int, Path]]:
    """Epoch and path of everything in `folder` that has the index of a checkpoint, oldest first."""
    found: list[tuple[int, Path]] = []
    for index in folder.glob(f"model.ckpt-*{_INDEX}"):
        name = re.fullmatch(r"model\.ckpt-(\d+)", index.name.removesuffix(_INDEX))
        if name:
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
    epoch, path = found[-1]
    for later, incomplete in _indexed(folder):
        if later > epoch:
            tell_once(f"{incomplete} has no {_DATA} file: taking {path.name}")
    return path


def find(path: Path) -> Path:
    """The checkpoint at `path`, which may also be one of its two files.

    Raises:
        RunError: the checkpoint does not exist. The message lists the checkpoints in its folder.
    """
    name = path.name.removesuffix(_DATA).removesuffix(_INDEX)
    if not name:
        raise RunError(f"no checkpoint {path}; it is named <folder>/model.ckpt-<epoch>")
    path = path.with_name(name)
    if len(os.fsencode(name + _DATA)) > LONGEST:
        raise RunError(f"no checkpoint {path}; its name is longer than a name of a file can be")
    if (path.parent / f"{path.name}{_INDEX}").exists():
        return path
    raise RunError(f"no checkpoint {path}; {those_in(path.parent)}")


def those_in(folder: Path) -> str:
    """The checkpoints in a folder, in words."""
    if not folder.is_dir():
        return f"{folder} does not exist"
    names = ", ".join(path.name for _, path in existing(folder)) or "no checkpoint"
    return f"{folder} holds {names}"


def is_there(path: Path) -> bool:
    """Whether both files of a checkpoint exist."""
    return all(Path(f"{path}{suffix}").exists() for suffix in (_DATA, _INDEX))


def remove(path: Path) -> None:
    """Delete a checkpoint. The index goes first, so that no incomplete checkpoint counts."""
    for suffix in (_INDEX, _DATA):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
