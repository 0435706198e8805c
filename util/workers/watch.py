"""Noticing that a worker is gone.

TensorFlow notices at once when a process ends that it is talking to, but not always when another
one ends, and not when a machine goes. So every worker tries to reach worker 0 and its own next
neighbour, and worker 0 tries all. A worker that is gone ends worker 0, and worker 0 ends all.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Sequence

from model.workers import Together
from util.system.errors import RunError
from util.workers.cluster import Cluster

EVERY = 2.0  # seconds between two looks
TO_CONNECT = 5.0  # seconds in which a machine answers
REFUSALS = 3  # a process is gone after so many looks at a machine that answers, and
SILENT = 25.0  # a machine after so many seconds without an answer
TO_BREAK_OFF = 25.0  # seconds in which the work ends after it was broken off


def is_reachable(address: str, timeout: float = TO_CONNECT) -> bool:
    """Whether a process listens at "host:port".

    Raises:
        OSError: it cannot be known: the machine does not answer.
    """
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout):
            return True
    except ConnectionRefusedError:
        return False


def watched_by(number: int, count: int) -> list[int]:
    """The workers that a worker looks at."""
    if number == 0:
        return list(range(1, count))
    return sorted({0, (number + 1) % count} - {number})


class Watch:
    """Looks at other workers in a thread of its own until they are released; used as a context.

    If one is gone, everything is broken off that is being summed, which raises an error there.
    """

    def __init__(self, cluster: Cluster, workers: Together):
        self._cluster, self._workers = cluster, workers
        self._left = threading.Event()
        self._gone: list[int] = []
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join()

    def gone(self) -> list[int]:
        """The workers that are gone; asked after something has failed, so all are looked at."""
        others = range(len(self._cluster.addresses))
        for _ in range(REFUSALS):
            if not self._gone:
                self._gone = [n for n in others if n != self._cluster.number and self._is_gone(n)]
                if not self._gone:  # its process may be about to end
                    self._left.wait(1.0)
        return self._gone

    def _is_gone(self, number: int) -> bool:
        try:
            return not is_reachable(self._cluster.addresses[number])
        except OSError:
            return True

    def _look(self) -> None:
        numbers = watched_by(self._cluster.number, len(self._cluster.addresses))
        refusals = dict.fromkeys(numbers, 0)
        answered = dict.fromkeys(numbers, time.monotonic())
        while not self._left.wait(EVERY) and not self._workers.released.is_set():
            for number in numbers:
                try:
                    listens = is_reachable(self._cluster.addresses[number])
                    refusals[number] = 0 if listens else refusals[number] + 1
                    answered[number] = time.monotonic()
                except OSError:
                    pass
                silent = time.monotonic() - answered[number]
                if refusals[number] >= REFUSALS or silent >= SILENT:
                    self._break_off(number)
                    return

    def _break_off(self, number: int) -> None:
        if self._workers.released.is_set():
            return
        self._gone = [number]
        threading.Thread(target=self._workers.close, daemon=True).start()
        if not self._left.wait(TO_BREAK_OFF) and not self._workers.saves.is_set():
            print(f"error: {ended(self._cluster, self._gone)}", file=sys.stderr, flush=True)
            os._exit(RunError.exit_code)


def ended(cluster: Cluster, gone: Sequence[int]) -> str:
    """The line for people about workers that are gone."""
    names = ", ".join(cluster.name(number) for number in gone)
    who = f"{names} {'has' if len(gone) == 1 else 'have'} ended or cannot be reached"
    return (
        f"{who}, so this worker ends, too; look at what was printed there, and start all workers "
        "again, with --resume True if the training had begun"
    )
