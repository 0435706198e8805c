"""What lies below a folder, without following a link or opening anything but regular files."""

import hashlib
import os
import re
import stat
from pathlib import Path

Tree = dict[str, str]


def tree(folder: Path) -> Tree:
    """Relative path → digest of a file, target of a link, or kind of anything else."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(place, name)
            found[os.path.relpath(path, folder)] = _content(path)
    return found


def _content(path: str) -> str:
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            return f"link to {os.readlink(path)}"
        if stat.S_ISREG(mode):
            with open(path, "rb") as file:
                return hashlib.sha256(file.read()).hexdigest()
    except FileNotFoundError:  # deleted by a process that still runs
        return "gone"
    return "folder" if stat.S_ISDIR(mode) else "special"


def differing(before: Tree, after: Tree) -> list[str]:
    """The paths that are new, gone or changed."""
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )


def contents(found: Tree, pattern: str) -> list[str]:
    """The sorted digests of the files whose path matches, whatever their names are."""
    return sorted(
        content
        for path, content in found.items()
        if content not in ("folder", "special") and re.fullmatch(pattern, path)
    )


def files(found: Tree, pattern: str) -> Tree:
    """The files whose path matches, with their digests."""
    return {
        path: content
        for path, content in found.items()
        if content != "folder" and re.fullmatch(pattern, path)
    }
