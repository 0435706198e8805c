"""Which files are clips and stills, and in what order. Names decide, in upper or lower case."""

import os
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from util.system.errors import RunError
from util.system.notes import tell_once

VIDEO_SUFFIXES = (
    *(".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".gif", ".mpg", ".mpeg", ".wmv", ".asf"),
    *(".ts", ".mts", ".m2ts", ".flv", ".3gp", ".ogv", ".y4m"),
)
STILL_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".tga"),
)
# What systems put into folders. Names that begin with a dot are theirs as well.
SYSTEM_FILES = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "__macosx"),
    *("$recycle.bin", "lost+found", "system volume information"),
}
MOST_NAMED = 5  # files in one line


def is_still(path: Path) -> bool:
    """Whether a file is a picture, by its name."""
    return path.suffix.lower() in STILL_SUFFIXES and not is_of_the_system(path)


def is_clip(path: Path) -> bool:
    """Whether a path is a video, or a folder that holds stills."""
    if is_of_the_system(path):
        return False
    if path.is_dir():
        return any(map(is_still, path.iterdir()))
    return path.suffix.lower() in VIDEO_SUFFIXES


def is_of_the_system(path: Path) -> bool:
    """Whether a path is hidden, or made by the operating system."""
    return path.name.startswith(".") or path.name.lower() in SYSTEM_FILES


def clips_in(folder: Path) -> list[Path]:
    """The clips in a folder, in the order of their names. One line tells what is left out."""
    inside = sorted(folder.iterdir(), key=natural_order)
    clips = [path for path in inside if is_clip(path)]
    if clips:
        _tell_left_out(folder, inside, clips)
    return clips


def stills_in(folder: Path) -> list[Path]:
    """The stills in a folder, in the order of their numbers. One line tells what is left out.

    Raises:
        RunError: two names differ only in the suffix.
    """
    inside = sorted(folder.iterdir(), key=natural_order)
    stills = [path for path in inside if is_still(path)]
    known: dict[str, Path] = {}
    for path in stills:
        other = known.setdefault(path.stem, path)
        if other != path:
            raise RunError(
                f"{folder} has both {other.name} and {path.name}; keep one file for each frame"
            )
    _tell_left_out(folder, inside, stills)
    return stills


def _tell_left_out(folder: Path, inside: Iterable[Path], used: list[Path]) -> None:
    known = set(used)
    left_out = [path for path in inside if path not in known and not is_of_the_system(path)]
    if left_out:
        named = [f"{path.name} ({_reason(path)})" for path in left_out[:MOST_NAMED]]
        more = len(left_out) - len(named)
        tell_once(
            f"left out of {folder}: {', '.join(named)}" + (f" and {more} more" if more else "")
        )


def _reason(path: Path) -> str:
    if path.is_dir():
        return "a folder without images" if not is_clip(path) else "a folder"
    if is_still(path):
        return "an image; frames belong into a sub-folder"
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return "a video"
    return "neither a video nor an image"


def natural_order(path: Path) -> tuple[list, str]:
    """A sort key: the name of the path, with numbers by value (frame_2 before frame_10).

    Names with the same numbers, such as 1 and 01, have the order of their characters.
    """
    pieces = re.split(r"(\d+)", path.name)
    by_value = [
        (not piece.isdecimal(), int(piece) if piece.isdecimal() else piece) for piece in pieces
    ]
    return by_value, path.name


def numbers_of(stills: Sequence[Path]) -> tuple[int, ...] | None:
    """The number of each still, None if they have none.

    It is the last number in the names that increases from still to still.
    """
    found = [[int(number) for number in re.findall(r"[0-9]+", path.stem)] for path in stills]
    for numbers in reversed(list(zip(*found, strict=False))):
        if all(one < other for one, other in pairwise(numbers)):
            return numbers
    return None


def in_words(numbers: tuple[int, ...]) -> str:
    """Numbers as a range: 0–59, or 0, 2 … 58."""
    first, last = numbers[0], numbers[-1]
    if last - first == len(numbers) - 1:
        return f"{first}–{last}" if len(numbers) > 1 else f"{first}"
    return f"{first}, {numbers[1]} … {last}" if len(numbers) > 2 else f"{first} and {last}"


def refuse_unprintable(path: Path) -> None:
    """Raises RunError if a path is not UTF-8. Checkpoints and options hold it as text."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="backslashreplace")
        raise RunError(f"the name {shown} is not UTF-8; rename it") from None
