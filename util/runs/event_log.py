"""TensorBoard events: figures and pictures of a run over its epochs."""

import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf
from PIL import Image

from util.pictures.encoding import GIF_FRAMES_PER_SECOND


class EventLog:
    """Appends events to a folder that `tensorboard --logdir` reads.

    Figures and pictures may come from different threads, because the writer's queue has a lock.
    """

    def __init__(self, folder: Path, first_epoch: int):
        """Open the log. TensorBoard then ignores events after `first_epoch` from a killed run."""
        self._writer = tf.summary.FileWriter(str(folder))
        start = tf.SessionLog(status=tf.SessionLog.START)
        self._writer.add_session_log(start, global_step=first_epoch + 1)

    def figures(self, values: Mapping[str, float], epoch: int) -> None:
        """Log scalars by name; a NaN is left out."""
        summary = tf.Summary()
        for name, value in values.items():
            if not math.isnan(value):
                summary.value.add(tag=name, simple_value=value)
        self._writer.add_summary(summary, epoch)

    def picture(self, name: str, picture: np.ndarray, epoch: int) -> None:
        """Log a picture, uint8 [H, W, 3]."""
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, format="png")
        self._add_image(name, buffer.getvalue(), picture.shape, epoch)

    def _add_image(self, name: str, encoded: bytes, shape: tuple[int, ...], epoch: int) -> None:
        height, width, channels = shape
        summary = tf.Summary()
        summary.value.add(
            tag=name,
            image=tf.Summary.Image(
                height=height, width=width, colorspace=channels, encoded_image_string=encoded
            ),
        )
        self._writer.add_summary(summary, epoch)

    def video(self, name: str, frames: np.ndarray, rate: float, epoch: int) -> None:
        """Log a video, uint8 [T, H, W, 3]. TensorBoard plays it, as an image in GIF format.

        Args:
            rate: frames per second. Browsers play a GIF with more than `GIF_FRAMES_PER_SECOND`
                slowly, so frames are left out of it.
        """
        step = math.ceil(rate / GIF_FRAMES_PER_SECOND)
        pictures = [Image.fromarray(frame) for frame in frames[::step]]
        buffer = io.BytesIO()
        pictures[0].save(
            buffer,
            format="gif",
            save_all=True,
            append_images=pictures[1:],
            duration=1000 * step / rate,  # milliseconds
            loop=0,
        )
        self._add_image(name, buffer.getvalue(), frames.shape[1:], epoch)

    def text(self, name: str, markdown: str, epoch: int) -> None:
        """Log a text, to be shown by TensorBoard's text dashboard."""
        summary = tf.Summary()
        value = summary.value.add(tag=name, tensor=tf.make_tensor_proto([markdown.encode()]))
        value.metadata.plugin_data.plugin_name = "text"
        self._writer.add_summary(summary, epoch)

    def flush(self) -> None:
        """Write all logged events to the disk."""
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
