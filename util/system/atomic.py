"""Writing files that are whole or not there: under a temporary name first, renamed when done."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, of the same suffix, renamed to it when the block succeeds.

    The file's bytes are on the disk before it has its name. After an error nothing is left.
    """
    partial = path.with_name(f".partial-{path.name}")
    try:
        yield partial
        flush_to_disk(partial)
        os.replace(partial, path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not name the file
        raise
    finally:
        partial.unlink(missing_ok=True)


def flush_to_disk(path: Path) -> None:
    """Have the operating system write out what it holds of a file."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")
