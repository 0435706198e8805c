"""The log of a run for TensorBoard."""

import io

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from PIL import Image

from util.runs.event_log import EventLog


def durations_of_logged(folder, num_frames, rate):
    """The milliseconds for which each frame of a logged video is shown."""
    log = EventLog(folder, 0)
    frames = np.random.default_rng(0).integers(0, 256, (num_frames, 8, 8, 3), np.uint8)
    log.video("videos/synthesis", frames, rate, epoch=1)
    log.close()
    (path,) = folder.iterdir()
    values = [
        value for event in tf.train.summary_iterator(str(path)) for value in event.summary.value
    ]
    (video,) = [value for value in values if value.tag == "videos/synthesis"]
    image = Image.open(io.BytesIO(video.image.encoded_image_string))
    durations = []
    for number in range(image.n_frames):
        image.seek(number)
        durations.append(image.info["duration"])
    return durations


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(12.5, [80] * 12), (25, [40] * 12), (50, [20] * 12), (60, [30] * 6), (120, [20] * 4)],
)
def test_video_has_no_delay_below_20_ms_which_browsers_play_slowly(tmp_path, rate, expected):
    assert durations_of_logged(tmp_path, 12, rate) == expected
