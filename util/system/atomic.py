"""Writing files completely or not at all: first under a temporary name, then renamed."""

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# What a killed process may leave: the name of `partial_name`, with or without a suffix.
PARTIAL_NAME = r"\.partial-[0-9a-f]{16}(\.\w+)?"
UNFINISHED = 3600  # seconds after which nobody writes a file any more


def partial_name(suffix: str = "") -> str:
    """A temporary name that nobody can predict.

    It does not contain the final name, so that it is short enough for every file system.
    """
    return f".partial-{secrets.token_hex(8)}{suffix}"


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a new empty file beside `path`, with the same suffix. Rename it if the block succeeds.

    The bytes of the file are on the disk before the file gets its name. After an error, no
    temporary file is left. If `path` is a link, the link itself is replaced.
    """
    suffix = path.suffix if re.fullmatch(r"\.\w{1,9}", path.suffix) else ""
    partial = path.with_name(partial_name(suffix))
    try:
        create(partial)
        yield partial
        flush_to_disk(partial)
        os.replace(partial, path)
    except OSError as error:
        error.filename = error.filename or str(path)  # the error of a full disk has no file name
        if error.filename == str(partial):
            error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def create(path: Path) -> None:
    """Create an empty file; nothing may have its name, not even a link.

    Raises:
        FileExistsError: the name is taken.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o666))


def flush_to_disk(path: Path) -> None:
    """Make the operating system write its buffers of a file to the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def delete_leftovers(folder: Path, suffix: str = "", age: float = UNFINISHED) -> None:
    """Delete the unfinished files of killed programs. One that is new may still be written.

    Args:
        suffix: of the files that are deleted; "" for every one.
        age: seconds since the last change of a file that is deleted.
    """
    for leftover in folder.glob(f".partial-*{suffix}"):
        if re.fullmatch(PARTIAL_NAME, leftover.name) and leftover.is_file():
            with suppress(OSError):
                if time.time() - leftover.stat().st_mtime >= age:
                    leftover.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text file completely or not at all."""
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")
