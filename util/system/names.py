"""Names of files and folders: safe, short enough, each once, and found in any Unicode form."""

import hashlib
import unicodedata
from collections.abc import Sequence
from pathlib import Path

LONGEST = 255  # bytes of a name on the usual file systems
ROOM = 15  # bytes for what is added to a name, as in _12.mp4


def safe_names(names: Sequence[str], reserved: Sequence[str] = ()) -> list[str]:
    """Names that may become names of files, in the order of `names`; a safe name stays as it is.

    No result leaves its folder, is hidden or is too long. No two results are the same on any file
    system: they differ in more than upper and lower case or the Unicode form.

    Args:
        reserved: names that no result has.
    """
    safe = [_safe(name) for name in names]
    asked, taken = {form(name) for name in safe}, {form(name) for name in reserved}
    result = []
    for name in safe:
        free, number = name, 1
        while form(free) in taken or (number > 1 and form(free) in asked):
            number += 1
            free = shortened(f"{name}_{number}")
        taken.add(form(free))
        result.append(free)
    return result


def shortened(name: str) -> str:
    """`name`; a name too long for a file ends in its digest instead."""
    data = name.encode("utf-8", "surrogateescape")
    if len(data) <= LONGEST - ROOM:
        return name
    end = "-" + hashlib.sha256(data).hexdigest()[:8]
    return data[: LONGEST - ROOM - len(end)].decode("utf-8", "ignore") + end


def same_name(name: str, other: str) -> bool:
    """Whether two names are the same or differ only in the Unicode form."""
    return composed(name) == composed(other)


def form(name: str) -> str:
    """What two names have in common if a file system may take them for one name."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def existing_form(path: Path) -> Path:
    """`path`; if it does not exist, its neighbour whose name differs only in the Unicode form."""
    try:
        if path.exists() or path.name.isascii():
            return path
        neighbours = sorted(path.parent.iterdir())
    except OSError:
        return path
    same = (other for other in neighbours if same_name(other.name, path.name))
    return next(same, path)


def _safe(name: str) -> str:
    name = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    name = "".join("_" if letter in "/\\" or _is_control(letter) else letter for letter in name)
    return shortened(f"_{name[1:]}" if name.startswith(".") else name or "_")


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")


def composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
