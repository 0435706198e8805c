"""Checkpoints with other arrays, as somebody else may hand them on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from util.system.tensorflow_setup import start_tensorflow


def rewrite(checkpoint: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Write a checkpoint again in its place; `change` gets its arrays by name."""
    start_tensorflow(debug=False)
    import tensorflow.compat.v1 as tf  # here, because few cases need it

    reader = tf.train.load_checkpoint(str(checkpoint))
    values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    change(values)
    with tf.Graph().as_default(), tf.Session() as session:
        write = tf.raw_ops.SaveV2(
            prefix=str(checkpoint),
            tensor_names=list(values),
            shape_and_slices=[""] * len(values),
            tensors=[tf.constant(np.asarray(value)) for value in values.values()],
        )
        session.run(write)
