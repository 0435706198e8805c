"""The workers of a training: several processes that share the batches of sequences.

The latents of a sequence are inferred by one worker alone. Only the gradient of the weights is
shared, as a sum over all workers (`model.all_reduce`). Every worker therefore has the same weights.

A batch is drawn as in a training by one process, and each worker takes a part of its rows. All
workers do the same number of steps, also those that have no row of a small batch. At the end of an
epoch, every worker gets the latents of all sequences, because the next batches are other ones.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from model.tensorflow_v1 import tf

AT_ONCE = 1 << 22  # bytes that are summed in one operation
HOST_GROUP, MODEL_GROUP = 1, 2  # keys of the two groups of devices that sum together


class Part(NamedTuple):
    """The rows that a worker has of a batch: `rows` of them from number `first`, of `batch`."""

    first: int
    rows: int
    batch: int

    @property
    def span(self) -> slice:
        """The rows as a slice of the batch."""
        return slice(self.first, self.first + self.rows)


def part_of(number: int, count: int, batch: int) -> Part:
    """The rows that worker `number` of `count` has of a batch; the parts differ by at most one."""
    first, end = number * batch // count, (number + 1) * batch // count
    return Part(first, end - first, batch)


class Workers:
    """The workers of a training, as one of them sees them.

    Of this class, it is the only one: it has all rows of a batch, and nothing is summed. `Together`
    is one of several.

    Attributes:
        number: the number of this worker, from 0. Worker 0 writes the results.
        count: the number of workers.
    """

    number, count = 0, 1

    def part(self, batch: int) -> Part | None:
        """The rows of a batch that this worker has; None for all of them."""
        return None

    def session(self, graph: Any) -> Any:
        """A session in which the workers can sum."""
        return tf.Session(graph=graph)

    def total(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        """The sums of the workers' values, float64 in the shape of `values`."""
        return np.asarray(values, np.float64)

    def gather(self, values: np.ndarray, mine: np.ndarray) -> None:
        """Give every worker the entries of all workers, bit by bit, in place.

        Args:
            values: [N, …], the same shape and type on all workers.
            mine: bool [N], which entries this worker has. Every entry belongs to one worker.
        """

    def texts(self, text: str) -> list[str]:
        """The text of every worker, by its number."""
        return [text]

    def release(self) -> None:
        """Say that nothing more will be summed: from now on, a worker may end."""

    def begin_saving(self) -> None:
        """Say that this worker saves what it has: it may take long before it ends."""


ALONE = Workers()


class Together(Workers):
    """One of several workers, with TensorFlow's server of this process.

    The workers must call the same methods in the same order. A call waits for the others.

    Attributes:
        released: whether nothing more will be summed.
        saves: whether this worker saves what it has, because another one is gone.
        keys: they tell the sums of all graphs of this worker apart. The workers build the same
            graphs in the same order.
    """

    def __init__(self, number: int, count: int, target: str):
        """Connect to the server of this worker.

        Args:
            target: the address of the server, in TensorFlow's form.
        """
        self.number, self.count = number, count
        self.released = threading.Event()
        self.saves = threading.Event()
        self.keys = itertools.count(1)
        self._target = target
        self._sessions: list[Any] = []
        graph = tf.Graph()
        with graph.as_default(), tf.device(f"{device_of(number)}/device:CPU:0"):
            self._integers = tf.placeholder(tf.int32, [None])
            self._doubles = tf.placeholder(tf.float64, [None])
            self._sum_of_integers = all_reduce(self._integers, count, HOST_GROUP, next(self.keys))
            self._sum_of_doubles = all_reduce(self._doubles, count, HOST_GROUP, next(self.keys))
        graph.finalize()
        self._sums = self.session(graph)

    def part(self, batch: int) -> Part:
        return part_of(self.number, self.count, batch)

    def session(self, graph: Any) -> Any:
        session = tf.Session(self._target, graph=graph, config=session_config(self.number))
        self._sessions.append(session)
        return session

    def total(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        own = np.asarray(values, np.float64)
        total = self._sums.run(self._sum_of_doubles, {self._doubles: own.ravel()})
        return total.reshape(own.shape)

    def gather(self, values: np.ndarray, mine: np.ndarray) -> None:
        # Integers are summed, so that 0 + bits are these bits, also for -0.0 and NaN.
        if not values.size:
            return
        size = values[0].nbytes
        step = max(1, AT_ONCE // size)
        for start in range(0, len(values), step):
            piece = values[start : start + step].copy()
            piece[~mine[start : start + step]] = 0
            padding = -piece.nbytes % 4
            bits = np.frombuffer(piece.tobytes() + bytes(padding), np.int32)
            bits = self._sums.run(self._sum_of_integers, {self._integers: bits})
            whole = np.frombuffer(bits.tobytes()[: piece.nbytes], piece.dtype)
            values[start : start + step] = whole.reshape(piece.shape)

    def texts(self, text: str) -> list[str]:
        own, mine = text.encode(), np.arange(self.count) == self.number
        lengths = np.where(mine, len(own), 0)
        self.gather(lengths, mine)
        letters = np.zeros((self.count, lengths.max()), np.uint8)
        letters[self.number, : len(own)] = np.frombuffer(own, np.uint8)
        self.gather(letters, mine)
        return [
            row[:length].tobytes().decode() for row, length in zip(letters, lengths, strict=True)
        ]

    def release(self) -> None:
        self.released.set()

    def begin_saving(self) -> None:
        self.saves.set()

    def close(self) -> None:
        """Break off what is being summed, also from another thread."""
        for session in self._sessions:
            with contextlib.suppress(Exception):
                session.close()


def device_of(number: int) -> str:
    """The name of a worker in TensorFlow's cluster."""
    return f"/job:worker/replica:0/task:{number}"


def session_config(number: int) -> Any:
    """The configuration of the server and of the sessions of a worker."""
    from tensorflow.core.protobuf import rewriter_config_pb2

    config = tf.ConfigProto()
    config.experimental.collective_group_leader = device_of(0)
    config.device_filters.append(f"/job:worker/task:{number}")
    # With a server, TensorFlow joins convolution and bias to an operation that does not exist on
    # the processor in bfloat16.
    config.graph_options.rewrite_options.remapping = rewriter_config_pb2.RewriterConfig.OFF
    return config


def all_reduce(values: Any, count: int, group: int, key: int, way: str = "auto") -> Any:
    """The sum of a tensor over all workers.

    Args:
        key: tells this operation from the others of this worker; the same on all workers.
        way: how it is computed: "nccl" between GPUs, or "auto", a ring over the network.
    """
    return tf.raw_ops.CollectiveReduce(
        input=values,
        group_size=count,
        group_key=group,
        instance_key=key,
        merge_op="Add",
        final_op="Id",
        subdiv_offsets=[0],
        communication_hint=way,
    )
