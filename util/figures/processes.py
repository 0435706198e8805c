"""Running one command line of this program in a process of its own."""

import os
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from util.system.children import PROGRAM, STOP, stop_with_parent
from util.system.errors import Interrupted, RunError
from util.system.interruption import Interruption

PATIENCE = 0.2  # seconds between two looks at the signals, while the process prints nothing
LAST = 20  # lines that are searched for the reason of a failure


def run_process(words: Sequence[str], log: Path, hear: Callable[[str], None], goes_on: str) -> None:
    """Run a command line to its end.

    A signal to this process goes on to the other one, which saves a checkpoint and stops. If this
    process is killed, the other one is told to stop as well (on Linux).

    Args:
        words: the command line after the name of the program.
        log: a file to which everything is appended that the process prints.
        hear: is called with each line that it prints.
        goes_on: how to go on after a signal, for the user.

    Raises:
        RunError: the process failed.
        Interrupted: a signal has stopped both.
    """
    last: deque[str] = deque(maxlen=LAST)
    with Interruption() as interruption, open(log, "a", encoding="utf-8") as file:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Otherwise lines of its standard output would come later than its error.
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"},
            start_new_session=True,  # so that it gets each signal once, from here
            preexec_fn=stop_with_parent(),
        )
        try:
            for line in _lines(process, interruption):
                last.append(line)
                file.write(f"{line}\n")
                file.flush()
                hear(line)
            code = process.wait()
        except BaseException:
            process.send_signal(STOP)
            process.wait()
            raise
    if interruption.signal:
        raise Interrupted(interruption.signal, f"stopped; {goes_on}")
    if code:
        raise RunError(f"{reason(last, code)} (all that was printed: {log})")


def _lines(process: subprocess.Popen, interruption: Interruption) -> Iterator[str]:
    """Yield the lines that a process prints; hand a signal on, once."""
    assert process.stdout is not None  # because stdout is a pipe
    told, rest = False, b""
    with selectors.DefaultSelector() as selector, process.stdout as output:
        selector.register(output, selectors.EVENT_READ)
        while True:
            if interruption.signal and not told:
                process.send_signal(STOP)
                told = True
            if selector.select(PATIENCE):
                piece = os.read(output.fileno(), 1 << 16)
                *lines, rest = (rest + piece).split(b"\n")
                yield from (line.decode("utf-8", "replace") for line in lines)
                if not piece:
                    break
    if rest:
        yield rest.decode("utf-8", "replace")


def reason(last: Sequence[str], code: int) -> str:
    """Why a process failed: its own error, or how it ended."""
    for line in reversed(last):
        if line.startswith("error: "):
            return line.removeprefix("error: ")
    if code == -signal.SIGKILL:
        return (
            "it was killed by signal 9, most often because the memory was full; close other "
            "programs, or choose smaller options"
        )
    return f"it was killed by signal {-code}" if code < 0 else f"it ended with exit code {code}"
