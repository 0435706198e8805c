"""Starting TensorFlow in TF1 style and without its own messages."""

import contextlib
import os
from collections.abc import Iterator


def start_tensorflow(debug: bool) -> None:
    """Import TensorFlow in TF1 style. It prints its own messages only if `debug` is true.

    On a GPU it takes only the memory that it needs, unless the environment variable
    TF_FORCE_GPU_ALLOW_GROWTH is false. Every session of the process follows this variable.
    Products of float32 values keep all their bits there, so that --precision float32 means the
    same on every device.
    """
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    if debug:
        import tensorflow.compat.v1 as tf
    else:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with silenced_stderr():
            import tensorflow.compat.v1 as tf
        tf.logging.set_verbosity(tf.logging.ERROR)
    tf.disable_v2_behavior()
    tf.config.experimental.enable_tensor_float_32_execution(False)


@contextlib.contextmanager
def silenced_stderr() -> Iterator[None]:
    """Discard all output to the standard error stream of the process (file descriptor 2).

    TensorFlow's libraries write messages there while they load, at any log level.
    """
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
