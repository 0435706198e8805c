"""Creating the variables of the networks. They are passed on and never looked up by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from zlib import crc32

import numpy as np

from model.tensorflow_v1 import tf


def normal_variable(name: str, shape: Sequence[int], std: float, key) -> tf.Variable:
    """A float32 weight from N(0, std²). Its values depend on `key` (int32 [2]) and `name`."""
    own_key = tf.random.experimental.stateless_fold_in(key, crc32(name.encode()) & 0x7FFFFFFF)
    return tf.Variable(
        lambda: std * tf.random.stateless_normal(shape, own_key, alg="philox"),
        name=name,
        use_resource=True,
        dtype=tf.float32,
    )


def constant_variable(
    name: str, shape: Sequence[int], value: float = 0.0, trainable: bool = True
) -> tf.Variable:
    """A float32 variable with the initial value `value` everywhere."""
    return tf.Variable(
        lambda: tf.fill(shape, value),
        name=name,
        use_resource=True,
        dtype=tf.float32,
        trainable=trainable,
    )


def by_name(weights: Iterable[tf.Variable]) -> dict[str, tf.Variable]:
    """Weights by the names of their variables."""
    return {weight.op.name: weight for weight in weights}


def assign(
    session: tf.Session, variables: Mapping[str, tf.Variable], values: Mapping[str, np.ndarray]
) -> None:
    """Set each variable to its value of the same name. The graph gets no new operation."""
    initializers = {name: variable.initializer for name, variable in variables.items()}
    feed = {one.inputs[1]: values[name] for name, one in initializers.items()}
    session.run(list(initializers.values()), feed)
