"""Opening only regular files. A named pipe or a device in the place of a file never ends."""

import stat
from pathlib import Path

from util.system.errors import RunError

KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def refuse_special(path: Path) -> None:
    """Do nothing for a regular file, for a link to one, and for a path that does not exist.

    Raises:
        RunError: anything else is at `path`, for example a named pipe or a folder.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return  # opening the file gives the reason
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "something else")
        raise RunError(f"{path} is {kind}, not a file; replace or remove it")
