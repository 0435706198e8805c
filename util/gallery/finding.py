"""Finding the run directories below a folder."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from util.gallery.record import read_record
from util.system.notes import escaped

DEEPEST = 6  # levels below the folder


def find_runs(folder: Path) -> Iterator[Path]:
    """The run directories in `folder`, and `folder` itself if it is one, in the order of the paths.

    Hidden folders, links to folders and folders inside of runs are not looked into. A line on
    stderr names a folder that cannot be read, and a link to a run.

    Raises:
        OSError: `folder` itself cannot be read.
    """
    yield from _runs_in(folder, os.scandir(folder), DEEPEST)


def _runs_in(folder: Path, entries: Iterator[os.DirEntry[str]], levels: int) -> Iterator[Path]:
    if read_record(folder) is not None:
        yield folder
        return
    if not levels:
        return
    for entry in sorted(entries, key=lambda entry: entry.name):
        below = folder / entry.name
        # Not entry.is_dir(), which raises OSError for a link to itself.
        if entry.name.startswith(".") or not os.path.isdir(below):
            continue
        try:
            if not entry.is_symlink():
                yield from _runs_in(below, os.scandir(below), levels - 1)
            elif read_record(below) is not None:
                tell(below, "it is a link")
        except OSError as error:
            tell(below, error.strerror)


def tell(left_out: Path, reason: str | None) -> None:
    print(escaped(f"the gallery leaves out {left_out}: {reason}"), file=sys.stderr)
