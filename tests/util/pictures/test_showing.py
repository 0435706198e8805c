"""How the videos of a sequence are shown: rate, size, proportions."""

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from util.data.videos import count_packets
from util.pictures.showing import Showing, shaped, shown_size, write_repeating, write_shown

FRAMES = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("proportions", "size"),
    [(1.0, (8, 8)), (16 / 9, (8, 14)), (9 / 16, (14, 8)), (1.01, (8, 8)), (1e9, (8, 80))],
)
def test_shorter_side_stays_and_the_longer_is_even(proportions, size):
    assert shown_size(8, proportions) == size


def test_square_frames_stay_as_they_are():
    assert shaped(FRAMES, 1.0) is FRAMES


def test_frames_are_stretched():
    wide = shaped(FRAMES, 2.0)
    assert wide.shape == (3, 8, 16, 3)
    expected = Image.fromarray(FRAMES[1]).resize((16, 8))
    np.testing.assert_array_equal(wide[1], np.asarray(expected))
    assert shaped(FRAMES, 0.5).shape == (3, 16, 8, 3)


def about(path):
    reader = imageio_ffmpeg.read_frames(str(path))
    try:
        return next(reader)
    finally:
        reader.close()


def test_video_has_the_rate_and_the_proportions(tmp_path):
    write_shown(tmp_path / "a", FRAMES, Showing(enlarge=3, rate=12.5, proportions=2.0))
    for name, size in (("a.mp4", (16, 8)), ("a.gif", (16, 8)), ("a_enlarged.mp4", (48, 24))):
        found = about(tmp_path / name)
        assert (found["size"], found["fps"]) == (size, 12.5), name
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("rate, count, rounds", [(25.0, 60, 5), (10.0, 60, 2), (25.0, 300, 2)])
def test_loop_repeats_in_whole_rounds_of_ten_seconds_at_least_two(tmp_path, rate, count, rounds):
    frames = np.zeros((count, 8, 8, 3), np.uint8)
    write_repeating(tmp_path / "loop", frames, Showing(rate=rate, enlarge=1))
    assert count_packets(tmp_path / "loop.mp4") == rounds * count
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loop.gif", "loop.mp4"]
