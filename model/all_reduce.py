"""What the graph of a model sums over all workers of a training.

A worker has n_k rows of a batch of n sequences. The loss is a sum over sequences, so the gradient
of the batch is the sum of the workers' gradients. Its mean values are means over workers with the
weights n_k / n. A worker without a row has the weight 0: it computes a row of zeros, and neither
its loss nor its statistics count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from model.tensorflow_v1 import tf
from model.workers import MODEL_GROUP, Part, Together, Workers, all_reduce


class OwnSums:
    """The sums of one process alone: it has all rows of a batch."""

    def standard_normal(self, shape: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        """N(0, I) of this shape. The rows of a batch get the same numbers from any worker."""
        return tf.random.stateless_normal(shape, key, alg="philox")

    def counted(self, values: tf.Tensor) -> tf.Tensor:
        """The values, or 0 if this worker has no row of the batch."""
        return values

    def norm(self, square: tf.Tensor) -> tf.Tensor:
        """The norm of the values of all workers; `square` is the squared norm of the own ones."""
        return tf.sqrt(square)

    def summed(
        self, values: Sequence[tf.Tensor], figures: Sequence[tf.Tensor]
    ) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """The sums of `values`, and the means of `figures`, over the rows of all workers."""
        return list(values), list(figures)

    def feed(self, part: Part | None) -> dict:
        """The values of this graph's placeholders."""
        return {}


OWN_SUMS = OwnSums()


class GraphPart(NamedTuple):
    """The placeholders of a `Part`."""

    first: tf.Tensor
    rows: tf.Tensor
    batch: tf.Tensor


class SumsOfAll(OwnSums):
    """The sums over all workers. They must have been built in the same order in all processes."""

    def __init__(self, workers: Together):
        self.count, self.number = workers.count, workers.number
        self._keys = workers.keys
        self._way = "nccl" if tf.config.list_physical_devices("GPU") else "auto"
        with tf.name_scope("part"):
            self._part = GraphPart(*(tf.placeholder(tf.int32, [], name) for name in Part._fields))
        self.rows = tf.cast(self._part.rows, tf.float32)
        self.rows_of_batch = tf.cast(self._part.batch, tf.float32)
        self.share = self.rows / self.rows_of_batch

    def standard_normal(self, shape: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        whole = tf.concat([[self._part.batch], shape[1:]], axis=0)
        first = self._part.first
        # A worker without a row may begin behind the last one, and has any numbers.
        first = tf.minimum(first, self._part.batch - 1)
        return super().standard_normal(whole, key)[first : first + shape[0]]

    def counted(self, values: tf.Tensor) -> tf.Tensor:
        return values * tf.cast(self.rows > 0.0, values.dtype)

    def norm(self, square: tf.Tensor) -> tf.Tensor:
        return tf.sqrt(self.total(self.counted(square)))

    def summed(
        self, values: Sequence[tf.Tensor], figures: Sequence[tf.Tensor]
    ) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        every = [*values, *(self.share * figure for figure in figures)]
        flat = self.total(tf.concat([tf.reshape(one, [-1]) for one in every], axis=0))
        pieces = tf.split(flat, [one.shape.num_elements() for one in every])
        sums = [tf.reshape(piece, one.shape) for piece, one in zip(pieces, every, strict=True)]
        return sums[: len(values)], sums[len(values) :]

    def total(self, values: tf.Tensor) -> tf.Tensor:
        """The sum over all workers.

        The loss is the sum of the workers' losses. Its derivative with respect to the values of a
        worker is therefore the sum of the derivatives of all losses with respect to the sum.
        """

        @tf.custom_gradient
        def add(values):
            return self._all_reduce(values), self._all_reduce

        return add(values)

    def from_each(self, values: tf.Tensor) -> tf.Tensor:
        """The values of every worker, [count, …]."""
        mine = tf.one_hot(self.number, self.count, dtype=values.dtype)
        return self.total(tf.tensordot(mine, values, axes=0))

    def feed(self, part: Part | None) -> dict:
        if part is None:
            raise ValueError("a worker must know which part of the batch it has")
        return dict(zip(self._part, part, strict=True))

    def _all_reduce(self, values: tf.Tensor) -> tf.Tensor:
        return all_reduce(values, self.count, MODEL_GROUP, next(self._keys), self._way)


def sums_of(workers: Workers) -> OwnSums:
    """The sums of a graph in which these workers learn."""
    return SumsOfAll(workers) if isinstance(workers, Together) else OWN_SUMS


def with_a_row(feed: dict) -> dict:
    """The values to be fed, where a worker has no row: each array [0, …] gets a row of zeros."""
    return {
        place: np.zeros((1, *value.shape[1:]), value.dtype)
        if isinstance(value, np.ndarray) and value.ndim > 0 and not len(value)
        else value
        for place, value in feed.items()
    }


def own_rows(results: Any, rows: int) -> Any:
    """The results of a run, of which each array [n, …] keeps the first `rows`."""
    return tf.nest.map_structure(lambda value: value[:rows] if np.ndim(value) else value, results)
