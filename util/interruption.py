"""Ctrl-C and SIGTERM ask a run to stop after its epoch; a second Ctrl-C stops it at once."""

import signal
from types import FrameType


class Interruption:
    """While active, remembers the signal that asked the run to stop.

    Attributes:
        signal: the signal's number, 0 while none came.
    """

    def __init__(self) -> None:
        self.signal = 0

    def __enter__(self) -> "Interruption":
        self._previous = {
            number: signal.signal(number, self._remember)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _remember(self, number: int, _: FrameType | None) -> None:
        self.signal = number
        # The next one must not wait for Python to get its turn after a long computation.
        for again in self._previous:
            signal.signal(again, signal.SIG_DFL)
