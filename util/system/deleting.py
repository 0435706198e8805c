"""Deleting files that are known by their names, and nothing else."""

import re
import shutil
from contextlib import suppress
from pathlib import Path


def delete_matching(folder: Path, pattern: str) -> list[Path]:
    """Delete the files below `folder` whose path, relative to it, matches a regular expression.

    Folders that become empty by this are deleted too, `folder` itself as well. Links to folders
    stay, and what is in them is treated alike.

    Returns:
        The files and folders that are left, without those that only hold other ones.
    """
    left = _delete_in(folder, "", re.compile(pattern, re.DOTALL))
    if not left and not folder.is_symlink():
        folder.rmdir()
    return left


def _delete_in(folder: Path, place: str, pattern: re.Pattern[str]) -> list[Path]:
    left = []
    for path in sorted(folder.iterdir()):
        name = f"{place}{path.name}"
        if path.is_dir():
            # A link may lead back up, so it is followed only at the depth of the program's files.
            if path.is_symlink() and name.count("/") > 1:
                left.append(path)
                continue
            was_empty = not any(path.iterdir())
            below = _delete_in(path, f"{name}/", pattern)
            if below or was_empty or path.is_symlink():
                left += below or [path]
            else:
                path.rmdir()
        elif pattern.fullmatch(name):
            path.unlink()
        else:
            left.append(path)
    return left


def delete_whole(path: Path) -> None:
    """Delete a file, a link or a folder with all that it holds."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError):
            path.unlink()
