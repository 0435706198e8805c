"""Folders that are not finished: they have a temporary name and are locked.

A killed process leaves such a folder without its lock. The next process deletes it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from util.system.atomic import partial_name
from util.system.deleting import delete_whole
from util.system.folder_lock import LOCK, is_locked, locked


@contextmanager
def unfinished_folder(place: Path, name: str) -> Iterator[Path]:
    """Yield a new folder in `place`, which must exist. What the block leaves in it is deleted.

    Args:
        name: the last part of the temporary name.
    """
    _delete_leftovers(place)
    folder = place / f"{partial_name()}-{name}"
    folder.mkdir()
    try:
        with locked(folder):
            yield folder
    finally:  # also after Ctrl-C
        delete_whole(folder)


def _delete_leftovers(place: Path) -> None:
    """Delete what killed processes left, but not the folder of a process that still runs."""
    for folder in place.glob(".partial-*"):
        is_ours = re.fullmatch(r"\.partial-[0-9a-f]{16}-.+", folder.name)
        if is_ours and (folder / LOCK).is_file() and is_locked(folder) is False:
            delete_whole(folder)
