"""Lines about the input, for people."""

import functools
import sys


@functools.cache
def tell_once(line: str) -> None:
    """Print a line on stderr. The same line is printed only once, however often the input is read.

    Names in the line can have line breaks, other control characters and bytes that are not UTF-8;
    they are shown as escapes.
    """
    shown = (c if c.isprintable() else ascii(c)[1:-1] for c in line)
    print("".join(shown), file=sys.stderr)
