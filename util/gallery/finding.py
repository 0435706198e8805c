"""Finding the run directories below a folder."""

import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from util.gallery.record import read_record
from util.system.notes import escaped

DEEPEST = 6  # levels below the folder
MOST_LOOKED_AT = 1000  # entries of a folder that is left out


def find_runs(folder: Path) -> Iterator[Path]:
    """The run directories in `folder`, and `folder` itself if it is one, in the order of the paths.

    Hidden folders, links to folders and folders inside of runs are not looked into. A line on
    stderr names a folder that cannot be read, a hidden run, and a link to a run or to a folder of
    runs, unless it lies in `folder` anyway.

    Raises:
        OSError: `folder` itself cannot be read.
    """
    yield from _runs_in(folder, os.scandir(folder), DEEPEST, folder.resolve())


def _runs_in(
    folder: Path, entries: Iterator[os.DirEntry[str]], levels: int, root: Path
) -> Iterator[Path]:
    if read_record(folder) is not None:
        yield folder
        return
    if not levels:
        return
    for entry in sorted(entries, key=lambda entry: entry.name):
        below = folder / entry.name
        if not os.path.isdir(below):  # not entry.is_dir(): OSError for a link to itself
            continue
        try:
            if entry.is_symlink():
                if not below.resolve().is_relative_to(root) and _has_runs(below):
                    tell(below, "it is a link")
            elif not entry.name.startswith("."):
                yield from _runs_in(below, os.scandir(below), levels - 1, root)
            elif read_record(below) is not None:
                tell(below, "its name begins with a dot")
        except OSError as error:
            tell(below, error.strerror)


def _has_runs(folder: Path) -> bool:
    """Whether a folder is a run, or has one directly in it."""
    if read_record(folder) is not None:
        return True
    with os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, MOST_LOOKED_AT)]
    below = (folder / name for name in names)
    return any(os.path.isdir(path) and read_record(path) is not None for path in below)


def tell(left_out: Path, reason: str | None) -> None:
    print(escaped(f"the gallery leaves out {left_out}: {reason}"), file=sys.stderr)
