"""Lines about the input, for people."""

import functools
import sys


@functools.cache
def tell_once(line: str) -> None:
    """Print a line on stderr. The same line is printed only once, however often the input is read.

    Names in the line can have line breaks and bytes that are not UTF-8.
    """
    safe = " ".join(line.splitlines()).encode(errors="backslashreplace").decode()
    print(safe, file=sys.stderr)
