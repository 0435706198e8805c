"""Printing that never fails: what cannot be printed is lost, and the program goes on.

The reader of a pipe may go away (`| head`), a disk may be full, a stream may be closed (`2>&-`),
and a character may be missing in the encoding of the stream. None of this may end a training.
"""

import atexit
import contextlib
import os
import sys
from typing import Any, TextIO

# A stream that is closed fails with ValueError.
FAILURES = (OSError, ValueError)


class LossyStream:
    """A text stream whose `write` and `flush` never fail; otherwise it is the given stream."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with contextlib.suppress(*FAILURES):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(*FAILURES):
            self._stream.flush()

    def release(self) -> None:
        """Write the rest of the text at the end of the program, or give it up.

        Otherwise Python would try again, complain about it, and change the exit code.
        """
        try:
            self._stream.flush()
        except FAILURES:
            with contextlib.suppress(*FAILURES):
                take_nowhere(self._stream.fileno())


def never_fail_to_print() -> None:
    """Make sys.stdout and sys.stderr streams whose writes never fail."""
    for number in (0, 1, 2):
        if not is_open(number):
            # Otherwise the next file that is opened would get this number, and libraries that
            # print to the number would print into that file.
            take_nowhere(number)
    sys.stdout = lossy(sys.stdout)
    sys.stderr = lossy(sys.stderr)


def lossy(stream: TextIO | None) -> Any:
    """`stream` as a `LossyStream`. Without a stream (None), the text goes nowhere.

    A character that the stream's encoding does not have is written as an escape, as in \\u03be.
    """
    if stream is None:
        stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open until the end)
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    safe = LossyStream(stream)
    atexit.register(safe.release)
    return safe


def is_open(number: int) -> bool:
    """Whether the process has an open file of this number."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def take_nowhere(number: int) -> None:
    """Make the file of this number the null device, for this process and its children."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)
    os.set_inheritable(number, True)
