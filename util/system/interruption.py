"""Ctrl-C and SIGTERM: the first signal stops a run after its epoch, the second stops it at once."""

import os
import signal
import sys
import threading

STOPPED_AT_ONCE = "stopped at once; every file and checkpoint made before is whole"


class Interruption:
    """While active, remembers the signal that asked the run to stop.

    A separate thread receives the signals. Python calls a signal handler only between two
    computations. If two signals came within one computation, the second would be lost.

    Attributes:
        signal: the number of the signal; 0 if no signal has come.
    """

    def __init__(self) -> None:
        self.signal = 0

    def __enter__(self) -> "Interruption":
        self._heard, self._told = os.pipe()
        os.set_blocking(self._told, False)
        self._previous = {
            number: signal.signal(number, lambda *_: None)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        self._previous_told = signal.set_wakeup_fd(self._told)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._previous_told)
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        os.close(self._told)  # which ends the thread
        self._thread.join()
        os.close(self._heard)

    def _listen(self) -> None:
        while number := os.read(self._heard, 1):
            if self.signal:
                print(f"\n{STOPPED_AT_ONCE}", file=sys.stderr)
                os._exit(128 + number[0])
            self.signal = number[0]
