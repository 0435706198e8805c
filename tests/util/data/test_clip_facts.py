"""What is known of a clip before its mask is read."""

import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image
from support.command_line import encode, moving_pattern

from util.data.clip_facts import ClipFacts, ClipFormat, facts_of
from util.data.videos import video_frames


def test_facts_of_a_video(tmp_path):
    frames = moving_pattern(1, 7, 12)[:, :8]
    path = encode(tmp_path / "a.avi", frames, "-c:v", "ffv1", "-pix_fmt", "bgr0")
    assert facts_of(path) == ClipFacts(path, length=7, height=8, width=12, rate=25)


def test_facts_of_a_folder_of_images(tmp_path):
    for number in (3, 5, 11):
        Image.new("RGB", (12, 8)).save(tmp_path / f"{number}.png")
    assert facts_of(tmp_path) == ClipFacts(tmp_path, 3, 8, 12, (3, 5, 11))


def with_rate(path, rate, *output):
    """A video of 6 frames of 12 by 8 pixels that plays at `rate`."""
    plain = encode(path.with_name("plain.avi"), moving_pattern(1, 6, 12)[:, :8], "-c:v", "ffv1")
    program = imageio_ffmpeg.get_ffmpeg_exe()
    command = [program, "-y", "-v", "error", "-r", rate, "-i", str(plain), *output, str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.mark.parametrize(
    ("name", "rate", "expected"),
    [
        ("a.mp4", "30", 30),
        ("a.mkv", "30000/1001", 29.97),
        ("a.avi", "12.5", 12.5),
        ("a.gif", "10", 10),
        ("a.mp4", "120", 120),
        ("a.mp4", "1000", 1000),
    ],
)
def test_rate_of_a_video(tmp_path, name, rate, expected):
    assert facts_of(with_rate(tmp_path / name, rate)).format == ClipFormat(expected, 1.5)


def test_pixels_that_are_not_square_count_in_the_proportions(tmp_path):
    path = with_rate(tmp_path / "a.mp4", "25", "-vf", "setsar=2/1")
    assert facts_of(path).format == ClipFormat(25, 3.0)


def test_phone_video_that_lies_on_its_side_is_upright(tmp_path):
    lying = with_rate(tmp_path / "lying.mp4", "25", "-vf", "setsar=2/1")
    upright = tmp_path / "upright.mp4"
    program = imageio_ffmpeg.get_ffmpeg_exe()
    command = [program, "-v", "error", "-display_rotation", "90", "-i", str(lying), "-c", "copy"]
    subprocess.run([*command, str(upright)], check=True)
    facts, (first, *_) = facts_of(upright), video_frames(upright)
    assert (facts.height, facts.width) == (12, 8)
    assert facts.format.proportions == pytest.approx(8 / 2 / 12)
    expected = np.rot90(np.asarray(next(iter(video_frames(lying)))))
    np.testing.assert_array_equal(np.asarray(first), expected)


def test_images_have_no_rate(tmp_path):
    Image.new("RGB", (12, 8)).save(tmp_path / "1.png")
    assert facts_of(tmp_path).format == ClipFormat(None, 1.5)
