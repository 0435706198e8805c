"""Processes that this process starts, with other command lines of this program."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / "main_dyn_G.py"
ON_LINUX = sys.platform.startswith("linux")
# What tells a process to stop that begins with `stop_with_parent`. A manager of jobs may have told
# it already, by SIGTERM: on Linux, SIGHUP never counts as the second of two signals.
STOP = signal.SIGHUP if ON_LINUX else signal.SIGTERM
PR_SET_PDEATHSIG = 1  # of prctl(2): the signal that a process gets when its parent dies


def stop_with_parent() -> Callable[[], None] | None:
    """What a new process does first, so that it is told to stop if its parent dies (on Linux).

    The new process must have a session of its own. It gets SIGHUP, as from a terminal that closes:
    the system sends the signal once for each thread of the parent, and only SIGHUP counts once.
    """
    if not ON_LINUX:
        return None
    library, parent = ctypes.CDLL(None), os.getpid()

    def prepare() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup may have let the parent ignore it
        library.prctl(PR_SET_PDEATHSIG, STOP)
        if os.getppid() != parent:  # it has died before: the system tells nothing of this
            os.kill(os.getpid(), STOP)

    return prepare
