"""Truncated GIF files, against every place where a file can be cut."""

import io

import numpy as np
import pytest
from PIL import Image
from support.command_line import moving_pattern, refusal

from util.data.gif import is_cut_gif
from util.data.videos import video_frames

FRAMES = moving_pattern(seed=3, length=3, side=8)


def gif():
    images = [Image.fromarray(frame) for frame in FRAMES]
    file = io.BytesIO()
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=40)
    return file.getvalue()


def write(place, data):
    path = place / "waves.gif"
    path.write_bytes(data)
    return path


ENDINGS = {
    "whole": lambda data: data,
    "without its last byte": lambda data: data[:-1],
    "zeros for its last byte": lambda data: data[:-1] + bytes(3),
    "zeros after it": lambda data: data + bytes(100),
    "line break after it": lambda data: data + b"\r\n",
    "text after it": lambda data: data + b"made by hand",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_frame_is_read_whatever_follows(tmp_path, ending):
    path = write(tmp_path, ENDINGS[ending](gif()))
    read = [np.asarray(frame) for frame in video_frames(path)]
    with Image.open(io.BytesIO(gif())) as image:
        for number in range(3):
            image.seek(number)
            np.testing.assert_array_equal(read[number], np.asarray(image.convert("RGB")))
    assert len(read) == 3


def test_file_that_ends_within_a_frame_is_found(tmp_path):
    """Between two frames alone a cut cannot be told from a lost last byte."""
    data = gif()
    not_found = [cut for cut in range(6, len(data)) if not is_cut_gif(write(tmp_path, data[:cut]))]
    assert len(not_found) == len(FRAMES)
    assert not_found[-1] == len(data) - 1
    assert "truncated" in refusal(list, video_frames(write(tmp_path, data[:-40])))


def test_other_files_are_none(tmp_path):
    path = tmp_path / "a.gif"
    path.write_bytes(b"text")
    assert not is_cut_gif(path)
