"""Processes that this process starts, with other command lines of this program."""

import ctypes
import signal
import sys
from collections.abc import Callable
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / "main_dyn_G.py"
PR_SET_PDEATHSIG = 1  # of prctl(2): the signal that a process gets when its parent dies


def stop_with_parent() -> Callable[[], None] | None:
    """What a new process does first, so that it is told to stop if its parent dies (on Linux).

    The new process must have a session of its own. It gets SIGHUP, as from a terminal that closes:
    the system sends the signal once for each thread of the parent, and only SIGHUP counts once.
    """
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)

    def prepare() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup may have let the parent ignore it
        library.prctl(PR_SET_PDEATHSIG, signal.SIGHUP)

    return prepare
