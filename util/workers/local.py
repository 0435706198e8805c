"""Several workers on this machine: --workers N.

This process is worker 0 and starts the others. Each has a GPU of its own, or a share of the cores.
"""

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from util.system.children import stop_with_parent
from util.system.errors import CommandLineError
from util.workers.cluster import VARIABLE, Cluster

PROGRAM = Path(__file__).resolve().parents[2] / "main_dyn_G.py"
LOOPBACK = "127.0.0.1"
DEVICES = Path("/dev")
GPUS = "CUDA_VISIBLE_DEVICES"
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
    return Cluster(tuple(f"{LOOPBACK}:{port}" for port in ports), 0)


@contextmanager
def local_workers(cluster: Cluster, arguments: Sequence[str]) -> Iterator[None]:
    """Start all workers but this one with the same command line, and end them with the block.

    What they print on stderr is printed here, with their number before it.

    Raises:
        CommandLineError: there are fewer GPUs than workers.
    """
    count, given = len(cluster.addresses), dict(os.environ)
    devices = [devices_of(number, count, given) for number in range(count)]
    os.environ.update({**devices[0], VARIABLE: cluster.as_variable(0)})
    processes: list[subprocess.Popen] = []
    try:
        for number in range(1, count):
            process = subprocess.Popen(
                # This process alone starts others: the last of two equal flags counts.
                [sys.executable, str(PROGRAM), *arguments, "--workers", "1"],
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
            threading.Thread(target=_pass_on, args=(number, process.stderr), daemon=True).start()
        yield
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(TO_END)
    finally:
        for process in processes:
            process.kill()  # it writes nothing that could be lost
            process.wait()


def _pass_on(number: int, stream: IO[bytes]) -> None:
    with stream:
        for line in stream:
            print(f"worker {number}: {line.decode('utf-8', 'replace').rstrip()}", file=sys.stderr)


def devices_of(number: int, count: int, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that give a worker its GPU, or without GPUs its share of the cores.

    Raises:
        CommandLineError: there are fewer GPUs than workers.
    """
    gpus = visible_gpus(environment)
    if gpus and len(gpus) < count:
        raise CommandLineError(
            f"--workers {count} takes a GPU for each, and here are {len(gpus)}; give --workers "
            f"{len(gpus)}, or set {GPUS}=-1 to compute on the processor"
        )
    if gpus:
        return {GPUS: gpus[number]}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {THREADS: environment.get(THREADS, str(max(1, (cores or 1) // count)))}


def visible_gpus(environment: Mapping[str, str], devices: Path = DEVICES) -> list[str]:
    """The GPUs that a process may use, as CUDA_VISIBLE_DEVICES names them."""
    if GPUS in environment:
        named = [name.strip() for name in environment[GPUS].split(",")]
        return [] if named[0] in ("", "-1") else named
    cards = [path for path in devices.glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)]
    return [str(number) for number in range(len(cards))]
