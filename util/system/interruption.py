"""Signals that ask the program to stop: Ctrl-C, SIGTERM, and SIGHUP of a terminal that is closed.

During training, the first signal stops the run after its epoch, and the second stops it at once.
Outside training, the first signal stops the program.

A closed terminal can send SIGHUP more than once, from the shell and from the system. Only Ctrl-C
and SIGTERM therefore count as the first and the second of two signals.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import NoReturn

from util.system.errors import Interrupted

STOPPED_AT_ONCE = (
    "stopped at once; every file and checkpoint made before is whole; a training goes on with "
    "--resume True, a figure with the same command without --overwrite, a test begins again"
)
HANGUP = getattr(signal, "SIGHUP", None)  # Windows has none


def stopping_signals() -> list[int]:
    """The signals that stop a run. `nohup` ignores SIGHUP before the start; it stays ignored."""
    hears_hangup = HANGUP is not None and signal.getsignal(HANGUP) is not signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([HANGUP] if HANGUP and hears_hangup else [])]


def stop_at_once_on_signals() -> None:
    """From now on, a signal raises `Interrupted`, except while an `Interruption` is active."""
    for number in stopping_signals():
        signal.signal(number, _raise)


def _raise(number: int, _: object) -> NoReturn:
    expect_the_end()
    if number == HANGUP:  # it does not count: the next signal is the first of two
        for other in (signal.SIGINT, signal.SIGTERM):
            signal.signal(other, lambda *_: expect_the_end())
    raise Interrupted(number, STOPPED_AT_ONCE)


def expect_the_end() -> None:
    """From now on, ignore SIGHUP and end at other signals, while the program cleans up."""
    for number in stopping_signals():
        signal.signal(number, signal.SIG_IGN if number == HANGUP else _end)


def ignore_signals() -> None:
    """From now on, ignore the signals: everything is done, and the exit code is known.

    Python itself resets every handler when it ends, but not this one.
    """
    for number in stopping_signals():
        signal.signal(number, signal.SIG_IGN)


def _end(number: int, _: object) -> NoReturn:
    with contextlib.suppress(OSError):
        os.write(2, f"{STOPPED_AT_ONCE}\n".encode())  # `print` may be what was interrupted
    os._exit(128 + number)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """A block in which files are replaced, or graphs are built: a signal counts only after it.

    An error that is raised while TensorFlow holds one of its locks can leave it locked for ever. A
    second signal ends the program at once.

    In the block of an `Interruption`, and in other threads, signals raise nothing anyway.

    Raises:
        Interrupted: a signal came.
    """
    if Interruption.active or threading.current_thread() is not threading.main_thread():
        yield
        return
    with Interruption() as interruption:
        yield
    if interruption.signal:
        expect_the_end()
        raise Interrupted(interruption.signal, STOPPED_AT_ONCE)


class Interruption:
    """While active, remembers the signal that asked the run to stop.

    A separate thread receives the signals. Python calls a signal handler only between two
    computations. If two signals came within one computation, the second would be lost.

    Attributes:
        active: whether one is active; of the class.
        signal: the number of the first signal; 0 if no signal has come.
    """

    active = False

    def __init__(self) -> None:
        self.signal = 0

    def __enter__(self) -> "Interruption":
        Interruption.active = True
        self._heard, self._told = os.pipe()
        os.set_blocking(self._told, False)
        self._previous = {
            number: signal.signal(number, lambda *_: None) for number in stopping_signals()
        }
        self._previous_told = signal.set_wakeup_fd(self._told)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        Interruption.active = False
        if self.signal:
            expect_the_end()
        else:
            for number, handler in self._previous.items():
                signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_told)
        os.close(self._told)  # which ends the thread
        self._thread.join()
        os.close(self._heard)

    def _listen(self) -> None:
        asked = False
        while number := os.read(self._heard, 1):
            self.signal = self.signal or number[0]
            if number[0] == HANGUP:
                continue
            if asked:
                print(f"\n{STOPPED_AT_ONCE}", file=sys.stderr)
                os._exit(128 + number[0])
            asked = True
