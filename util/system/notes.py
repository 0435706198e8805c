"""Lines about the input, for people."""

import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager

NOTE = "note: "  # begins each line

_recordings: list[list[str]] = []


@contextmanager
def recorded_lines() -> Iterator[list[str]]:
    """Yield a list that gets every line of `tell_once` in the block, also one told before."""
    lines: list[str] = []
    _recordings.append(lines)
    try:
        yield lines
    finally:
        _recordings.pop()  # blocks end in reverse order


def tell_once(line: str) -> None:
    """Print a line on stderr. The same line is printed only once, however often the input is read.

    Names in the line can have line breaks, other control characters and bytes that are not UTF-8;
    they are shown as escapes.
    """
    for lines in _recordings:
        lines.append(line)
    _tell(line)


@functools.cache
def _tell(line: str) -> None:
    print(NOTE, escaped(line), sep="", file=sys.stderr)


def escaped(line: str) -> str:
    """A line that may have the name of a file: what cannot be printed is shown as escapes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
