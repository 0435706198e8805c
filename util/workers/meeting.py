"""Workers meet before a training: the server of each, waiting for all, and comparing options."""

import errno
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from model.workers import Together, session_config
from util.options.schema import FOLDERS_OF_CLIPS, Options
from util.system.errors import RunError
from util.workers.cluster import Cluster
from util.workers.watch import Watch, ended, is_reachable

EVERY = 0.5  # seconds between two looks at a worker that has not started
SOON = 3.0  # seconds of waiting, after which a line says for whom
# Options that may differ between workers, and places that may have other names on other machines.
OF_EACH = ("workers", "worker_timeout", "debug")
PLACES = (*FOLDERS_OF_CLIPS, "output_dir", "cache_dir")


@contextmanager
def joined(
    cluster: Cluster, options: Options, refuse_ended: Callable[[], None]
) -> Iterator[Together]:
    """Start the server of this worker, wait for all, and be one of them in the block.

    Args:
        refuse_ended: raises RunError if a worker has ended that this process has started.

    Raises:
        RunError: the port is in use, a worker has not started in time, or the workers have other
            options; or later, a worker is gone.
    """
    server = started_server(cluster)
    # A worker that another one has started says nothing, because that one says the same.
    says = cluster.number == 0 or options.workers == 1
    wait_for_all(cluster, options.worker_timeout, refuse_ended, says)
    workers = Together(cluster.number, len(cluster.addresses), server.target)
    with Watch(cluster, workers) as watch:
        try:
            with ended_after(options.worker_timeout, workers) as late:
                introductions = workers.texts(introduction(options))
            refuse_differences(introductions)
            yield workers
        except Exception as error:
            if not is_of_sums(error) or workers.released.is_set():
                raise
            if late.is_set():
                raise RunError(
                    f"the workers have not found together within {options.worker_timeout} s; "
                    "TF_CONFIG must name the same cluster for all, and another index for each"
                ) from error
            if gone := watch.gone():
                raise RunError(ended(cluster, gone)) from error
            raise
        finally:
            workers.close()


def started_server(cluster: Cluster) -> Any:
    """TensorFlow's server of this worker.

    Raises:
        RunError: its port is in use or not allowed.
    """
    import tensorflow.compat.v1 as tf

    address = cluster.addresses[cluster.number]
    refuse_port_in_use(int(address.rpartition(":")[2]), cluster)
    try:
        return tf.distribute.Server(
            {"worker": list(cluster.addresses)},
            job_name="worker",
            task_index=cluster.number,
            config=session_config(cluster.number),
        )
    except tf.errors.OpError as error:
        raise RunError(
            f"{cluster.name(cluster.number)} cannot start its server: "
            f"{error.message.splitlines()[0]}; check its address in TF_CONFIG"
        ) from error


def refuse_port_in_use(port: int, cluster: Cluster) -> None:
    """Raises RunError if this machine does not let this program listen at the port."""
    with socket.socket() as trial:
        trial.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # closed connections do not count
        try:
            trial.bind(("", port))
            trial.listen()
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"({error.strerror})"
            raise RunError(
                f"port {port} of {cluster.name(cluster.number)} {why} on this machine; end the "
                "program that uses it, or choose another port"
            ) from error


def wait_for_all(
    cluster: Cluster,
    timeout: float,
    refuse_ended: Callable[[], None] = lambda: None,
    says: bool = True,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until all workers have started; see `joined`.

    Args:
        says: whether a line on stderr says for whom.

    Raises:
        RunError: a worker has not started within `timeout` seconds.
    """
    began, told = now(), ""
    missing = [n for n in range(len(cluster.addresses)) if n != cluster.number]
    while True:
        missing = [n for n in missing if not has_started(cluster.addresses[n])]
        names = ", ".join(cluster.name(number) for number in missing)
        if not missing:
            return
        refuse_ended()
        if now() - began >= timeout:
            raise RunError(
                f"not started within {timeout:g} s: {names}; start every worker with the same "
                "command, check the addresses in TF_CONFIG, or wait longer by --worker_timeout"
            )
        if says and now() - began >= SOON and names != told:
            print(f"waiting for {names}", file=sys.stderr)
            told = names
        sleep(EVERY)


def has_started(address: str) -> bool:
    """Whether a worker listens at its address; not if its machine is unknown or silent."""
    try:
        return is_reachable(address)
    except OSError:
        return False


@contextmanager
def ended_after(seconds: float, workers: Together) -> Iterator[threading.Event]:
    """Break off what the workers sum in the block if it takes longer; the event says that."""
    late = threading.Event()

    def end() -> None:
        late.set()
        workers.close()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def introduction(options: Options) -> str:
    """What a worker says about itself: what must be the same for all."""
    import tensorflow.compat.v1 as tf

    same = {
        name: value for name, value in asdict(options).items() if name not in (*OF_EACH, *PLACES)
    }
    return json.dumps({"options": same, "tensorflow": tf.__version__})


def refuse_differences(introductions: Sequence[str]) -> None:
    """Raises RunError if a worker differs from worker 0."""
    first, *others = map(json.loads, introductions)
    for number, other in enumerate(others, 1):
        if other["tensorflow"] != first["tensorflow"]:
            raise RunError(
                f"worker {number} has TensorFlow {other['tensorflow']} and worker 0 has "
                f"{first['tensorflow']}; install the same for all"
            )
        differing = [
            f"--{name} {other['options'].get(name)} instead of {value}"
            for name, value in first["options"].items()
            if other["options"].get(name) != value
        ]
        if differing:
            way_out = "start all workers with the same command"
            if any(line.startswith("--precision") for line in differing):
                way_out += ", and with --precision, whose default depends on the processor"
            raise RunError(
                f"worker {number} has other options than worker 0: {', '.join(differing)}; "
                f"{way_out}"
            )


def is_of_sums(error: Exception) -> bool:
    """Whether an error can come from workers that sum, and one of which is gone."""
    import tensorflow.compat.v1 as tf

    if isinstance(error, tf.errors.ResourceExhaustedError):
        return False
    return isinstance(error, tf.errors.OpError) or "closed Session" in str(error)
