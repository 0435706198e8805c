"""Several workers on this machine: --workers N.

This process is worker 0 and starts the others. Each has a GPU of its own, or a share of the cores.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import IO

from util.system.children import PROGRAM, stop_with_parent
from util.system.errors import CommandLineError, RunError
from util.system.gpus import VISIBLE, visible_gpus
from util.workers.cluster import VARIABLE, Cluster

LOOPBACK = "127.0.0.1"
THREADS = "TF_NUM_INTRAOP_THREADS"
TO_END = 30.0  # seconds in which a worker ends by itself


def local_cluster(count: int) -> Cluster:
    """`count` workers on free ports of the loopback; this process is worker 0."""
    with ExitStack() as open_until_all_are_known:
        ports = []
        for _ in range(count):
            one = open_until_all_are_known.enter_context(socket.socket())
            one.bind((LOOPBACK, 0))
            ports.append(one.getsockname()[1])
    return Cluster(tuple(f"{LOOPBACK}:{port}" for port in ports), 0, starts_others=True)


def take_own_share(cluster: Cluster) -> dict[str, str]:
    """Give this process, which is worker 0, its GPU or its cores; the environment before that.

    TensorFlow must not have looked for GPUs yet: it would keep all that it saw.

    Raises:
        CommandLineError: there are fewer GPUs than workers.
    """
    given = dict(os.environ)
    own = devices_of(0, len(cluster.addresses), given)
    os.environ.update({**own, VARIABLE: cluster.as_variable(0)})
    return given


@contextmanager
def local_workers(
    cluster: Cluster, arguments: Sequence[str], given: Mapping[str, str]
) -> Iterator[Callable[[], None]]:
    """Start all workers but this one with the same command line, and end them with the block.

    What they print on stderr is printed here, with their number before it.

    Args:
        given: the result of `take_own_share`.

    Yields:
        A function that raises RunError if one of them has ended.
    """
    count = len(cluster.addresses)
    devices = [devices_of(number, count, given) for number in range(count)]
    processes: list[subprocess.Popen] = []
    try:
        for number in range(1, count):
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={
                    **given,
                    **devices[number],
                    VARIABLE: cluster.as_variable(number),
                    "PYTHONIOENCODING": "utf-8",
                },
                start_new_session=True,  # so that a signal comes only to this process
                preexec_fn=stop_with_parent(),
            )
            processes.append(process)
            streams = (process.stderr, os.dup(2))
            threading.Thread(target=_pass_on, args=(number, *streams), daemon=True).start()
        yield lambda: refuse_ended([process.poll() for process in processes])
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(TO_END)
    finally:
        for process in processes:
            process.kill()  # it writes nothing that could be lost
            process.wait()


def refuse_ended(codes: Sequence[int | None]) -> None:
    """Raises RunError if a worker has ended; `codes` are the exit codes from worker 1 on."""
    for number, code in enumerate(codes, 1):
        if code is not None:
            if code < 0:
                how = f"was killed by signal {-code}; look whether the memory was full"
            else:
                how = f"ended with exit code {code}; its line above says why"
            raise RunError(f"worker {number} {how}")


def _pass_on(number: int, stream: IO[bytes], printed_at: int) -> None:
    """Print the lines of a worker at a copy of stderr, which is never silenced."""
    with stream, suppress(OSError), open(printed_at, "wb", buffering=0) as printed:
        for line in filter(bytes.strip, stream):
            printed.write(f"worker {number}: ".encode() + line)


def devices_of(number: int, count: int, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that give a worker its GPU, or without GPUs its share of the cores.

    Raises:
        CommandLineError: there are fewer GPUs than workers.
    """
    gpus = visible_gpus(environment)
    if gpus and len(gpus) < count:
        raise CommandLineError(
            f"--workers {count} needs {count} GPUs, one for each worker, and this program may use "
            f"{len(gpus)}; give --workers {len(gpus)}, or set {VISIBLE}=-1 to compute on the "
            "processor"
        )
    if gpus:
        return {VISIBLE: gpus[number]}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {THREADS: environment.get(THREADS, str(max(1, (cores or 1) // count)))}
