"""Batch normalisation by the statistics of all workers: --shared_statistics True.

Worker k has the mean m_k and the variance v_k of its own rows, and the share p_k of the batch:

    m = Σ_k p_k m_k,    v = Σ_k p_k (v_k + (m_k − m)²)

The gradient goes through both sums to all workers. W workers then compute what one worker computes
with the whole batch, but for rounding.
"""

from collections.abc import Callable

import tensorflow.compat.v1 as tf

from model.all_reduce import SumsOfAll
from model.emission import NORMALIZATION_EPSILON, Moments


def normalization_by_all(sums: SumsOfAll) -> Callable:
    """A function for the place of `model.emission.normalize`: normalise by the whole batch."""

    def normalize(
        features: tf.Tensor, shift: tf.Tensor, given: Moments | None
    ) -> tuple[tf.Tensor, Moments]:
        if given is not None:
            raise ValueError("given statistics are not those of the batch")
        values = tf.cast(features, tf.float32)
        own = tf.nn.moments(values, [0, 1, 2])
        each = sums.from_each(tf.concat([[sums.share], *own], axis=0))
        share, means, variances = tf.split(each, [1, *(int(one.shape[0]) for one in own)], axis=1)
        mean = tf.reduce_sum(share * means, axis=0)
        variance = tf.reduce_sum(share * (variances + tf.square(means - mean)), axis=0)
        normalized = tf.nn.batch_normalization(
            values, mean, variance, shift, None, NORMALIZATION_EPSILON
        )
        count = values_of_batch(sums, values)
        sample_variance = variance * count / tf.maximum(count - 1.0, 1.0)
        return tf.cast(normalized, features.dtype), Moments(mean, sample_variance)

    return normalize


def values_of_batch(sums: SumsOfAll, features: tf.Tensor) -> tf.Tensor:
    """How many values of a channel the whole batch has; `features` are those of the own rows."""
    own = tf.cast(tf.reduce_prod(tf.shape(features)[:3]), tf.float32)
    return own / tf.maximum(sums.rows, 1.0) * sums.rows_of_batch
