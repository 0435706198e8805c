"""The device on which TensorFlow computes."""

from pathlib import Path

import tensorflow.compat.v1 as tf

from util.system.counting import counted
from util.system.gpus import are_hidden, visible_gpus
from util.system.processor import available_cores, has_wide_vectors, processor_name

DRIVER = Path("/proc/driver/nvidia/version")
WITH_CUDA = 'pip install "tensorflow[and-cuda]"'


def device_in_words() -> str:
    """The device in use: "GPU NVIDIA H100" or "CPU, 2 cores (AMD EPYC)"."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:  # a process computes on the first one
        details = tf.config.experimental.get_device_details(gpus[0])
        more = f", the first of {len(gpus)}; --workers uses more" if len(gpus) > 1 else ""
        return f"GPU {details.get('device_name', gpus[0].name)}{more}"
    model = processor_name()
    return f"CPU, {counted(available_cores(), 'core')}" + (f" ({model})" if model else "")


def unused_gpu(driver: Path = DRIVER) -> str:
    """What to do if there is an NVIDIA GPU that TensorFlow does not use; "" if there is none.

    Nothing is said if the user hides the GPU by CUDA_VISIBLE_DEVICES.
    """
    if are_hidden() or not (driver.exists() or visible_gpus({})):
        return ""
    if tf.config.list_physical_devices("GPU"):
        return ""
    return (
        "there is an NVIDIA GPU, but this TensorFlow cannot use it, so the CPU computes; install "
        f"TensorFlow with CUDA: {WITH_CUDA}"
    )


def transposes_fast() -> bool:
    """Whether TensorFlow's own transposed convolution is fast: on a GPU, or with wide vectors."""
    return bool(tf.config.list_physical_devices("GPU")) or has_wide_vectors()
