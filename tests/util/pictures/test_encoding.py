"""Videos, frames and pictures: what is written is what comes back, whole or not at all."""

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image
from support.command_line import moving_pattern

from util.pictures import encoding
from util.pictures.encoding import video_writer, write_frames, write_png, write_video

FRAMES = moving_pattern(seed=5, length=7, side=16)


def decoded(path):
    """All frames of a video, by ffmpeg."""
    stream = imageio_ffmpeg.read_frames(str(path), output_params=["-fps_mode", "passthrough"])
    width, height = next(stream)["size"]
    return np.stack([np.frombuffer(data, np.uint8).reshape(height, width, 3) for data in stream])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix, error", [(".mp4", 12.0), (".gif", 1.0)])
def test_video_has_the_frames_that_were_written(tmp_path, suffix, error):
    write_video(tmp_path / "waves", FRAMES)
    assert names(tmp_path) == ["waves.gif", "waves.mp4"]
    video = decoded(tmp_path / f"waves{suffix}")
    assert video.shape == FRAMES.shape
    distances = [[np.abs(a.astype(float) - b).mean() for b in FRAMES] for a in video]
    assert np.argmin(distances, axis=1).tolist() == list(range(len(FRAMES)))
    assert np.diag(distances).max() < error


def test_video_of_any_even_height_and_width(tmp_path):
    write_video(tmp_path / "wide", FRAMES[:3, :6, :10])
    for suffix in (".mp4", ".gif"):
        assert decoded(tmp_path / f"wide{suffix}").shape == (3, 6, 10, 3)


def test_name_with_a_dot_keeps_it(tmp_path):
    write_video(tmp_path / "a.b", FRAMES[:1])
    assert names(tmp_path) == ["a.b.gif", "a.b.mp4"]


def test_same_frames_make_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_video(tmp_path / name, FRAMES)
        write_png(tmp_path / f"{name}.png", FRAMES[0])
    for suffix in ("mp4", "gif", "png"):
        one, two = (tmp_path / f"{name}.{suffix}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_enlarged_video_is_the_video_by_nearest_neighbour(tmp_path):
    write_video(tmp_path / "waves", FRAMES, factor=4)
    assert names(tmp_path) == ["waves.gif", "waves.mp4", "waves_enlarged.mp4"]
    assert decoded(tmp_path / "waves.mp4").shape == FRAMES.shape
    enlarged = decoded(tmp_path / "waves_enlarged.mp4").astype(float)
    expected = FRAMES.repeat(4, axis=1).repeat(4, axis=2)
    assert enlarged.shape == expected.shape
    assert np.abs(enlarged - expected).mean() < 8
    smooth = [Image.fromarray(frame).resize((64, 64)) for frame in FRAMES]
    assert np.abs(enlarged - expected).mean() < 0.7 * np.abs(enlarged - np.stack(smooth)).mean()


def test_enlarged_video_of_a_name_as_long_as_names_may_be(tmp_path):
    longest = "n" * 240
    for video in (12, 13):
        write_video(tmp_path / f"{longest}_{video}", FRAMES[:2], factor=2)
    assert len(names(tmp_path)) == 6


def test_names_that_end_like_that_of_an_enlarged_video_lose_nothing(tmp_path):
    """As the videos of a test are named: each ends in its number."""
    for name in ("a_1", "a_enlarged_1", "a_1_enlarged_1"):
        write_video(tmp_path / name, FRAMES[:2], factor=2)
    assert len(names(tmp_path)) == 9


@pytest.mark.parametrize("frames, rate", [(1, 120.0), (2, 960.0), (9, 960.0)])
def test_short_video_of_a_high_rate_is_a_gif_of_one_frame(tmp_path, frames, rate):
    write_video(tmp_path / "short", np.zeros((frames, 16, 16, 3), np.uint8), rate)
    with Image.open(tmp_path / "short.gif") as gif:
        assert gif.n_frames == 1


@pytest.mark.parametrize("rate, frames_in_gif", [(25.0, 7), (12.5, 7), (29.97, 7), (100.0, 4)])
def test_video_plays_at_its_rate_and_a_gif_at_no_more_than_50(tmp_path, rate, frames_in_gif):
    write_video(tmp_path / "waves", FRAMES, rate, factor=2)
    for name in ("waves.mp4", "waves_enlarged.mp4"):
        about = next(imageio_ffmpeg.read_frames(str(tmp_path / name)))
        assert about["fps"] == pytest.approx(rate, abs=0.01)
        assert len(decoded(tmp_path / name)) == 7
    with Image.open(tmp_path / "waves.gif") as gif:
        delays = []
        for number in range(gif.n_frames):
            gif.seek(number)
            delays.append(gif.info["duration"])
    assert len(delays) == frames_in_gif
    assert np.mean(delays) == pytest.approx(1000 / min(rate, 50), abs=4)


def test_frames_in_pieces_make_the_same_video(tmp_path):
    write_video(tmp_path / "whole", FRAMES)
    with video_writer(tmp_path / "pieces", 16, 16) as write:
        for piece in (FRAMES[:2], FRAMES[2:3], FRAMES[3:]):
            write(piece)
        assert not {"pieces.mp4", "pieces.gif"} & set(names(tmp_path))
    for suffix in ("mp4", "gif"):
        whole, pieces = (tmp_path / f"{name}.{suffix}" for name in ("whole", "pieces"))
        assert whole.read_bytes() == pieces.read_bytes()


def test_error_while_frames_come_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), video_writer(tmp_path / "waves", 16, 16) as write:
        write(FRAMES)
        raise KeyError
    assert names(tmp_path) == []


def test_encoder_that_cannot_write_is_an_os_error_and_leaves_nothing(tmp_path):
    with pytest.raises(OSError) as caught:
        write_video(tmp_path / "odd", FRAMES[:, :7, :7])  # x264 wants even sides
    assert caught.value.strerror
    assert "\n" not in caught.value.strerror
    assert names(tmp_path) == []
    with pytest.raises(OSError):
        write_video(tmp_path / "missing" / "waves", FRAMES)


def test_encoder_that_dies_is_an_os_error_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(encoding, "ffmpeg_program", lambda: "false")
    with pytest.raises(OSError), video_writer(tmp_path / "waves", 16, 16) as write:
        for _ in range(1000):
            write(FRAMES)
    assert names(tmp_path) == []


def test_frames_are_numbered(tmp_path):
    write_frames(tmp_path / "waves", FRAMES[:4])
    assert names(tmp_path / "waves") == [f"{number:05d}.png" for number in range(4)]
    for number, frame in enumerate(FRAMES[:4]):
        read = np.asarray(Image.open(tmp_path / "waves" / f"{number:05d}.png"))
        np.testing.assert_array_equal(read, frame)


def test_failed_picture_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        write_png(tmp_path / "bad.png", np.zeros((4, 4, 5), np.float32))
    assert names(tmp_path) == []
