"""Videos: which stream, which frames, which files; ffmpeg opens nothing else."""

import os
import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
from support.command_line import encode, moving_pattern, refusal

from util.data import videos
from util.data.clip_facts import facts_of
from util.data.clips import read_clip
from util.data.videos import count_packets, video_frames, video_size

H264 = ["-c:v", "libx264rgb", "-crf", "0"]
FFV1 = ["-c:v", "ffv1", "-pix_fmt", "bgr0"]


def ffmpeg(*arguments):
    """Run ffmpeg by hand."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-nostdin", "-v", "error"]
    subprocess.run([*command, *map(str, arguments)], check=True)


def read(path):
    """All frames of a video, uint8 [T, H, W, 3]."""
    return np.stack([np.asarray(frame) for frame in video_frames(path)])


# --- Which frames ---


def test_frames_before_a_cut_do_not_count(tmp_path):
    """The file holds them from the last key frame on, so that the shown ones can be decoded."""
    frames = moving_pattern(seed=3, length=50, side=16)
    whole = encode(tmp_path / "whole.mp4", frames, *H264, "-g", "100")
    ffmpeg("-ss", "1.0", "-i", whole, "-c", "copy", tmp_path / "cut.mp4")
    np.testing.assert_array_equal(read(tmp_path / "cut.mp4"), frames[25:])
    assert count_packets(tmp_path / "cut.mp4") == 25
    message = refusal(read_clip, facts_of(tmp_path / "cut.mp4"), 0, 48, 16)
    assert f"{tmp_path / 'cut.mp4'} has 25 frames" in message


@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".ts"])
def test_cut_of_other_formats_is_read(tmp_path, suffix):
    """They show all that they hold."""
    frames = moving_pattern(seed=3, length=50, side=16)
    whole = encode(tmp_path / "whole.mp4", frames, *H264, "-g", "100")
    cut = tmp_path / f"cut{suffix}"
    ffmpeg("-ss", "1.0", "-i", whole, "-c", "copy", cut)
    found = read(cut)
    assert len(found) >= 25
    np.testing.assert_array_equal(found[-25:], frames[25:])


def test_negative_time_stamps_do_not_matter(tmp_path):
    frames = moving_pattern(seed=3, length=50, side=16)
    whole = encode(tmp_path / "whole.mp4", frames, *H264, "-g", "100")
    cut = tmp_path / "cut.mkv"
    ffmpeg("-ss", "1.0", "-i", whole, "-c", "copy", "-avoid_negative_ts", "disabled", cut)
    found = read(cut)
    np.testing.assert_array_equal(found[-25:], frames[25:])
    assert count_packets(cut) == len(found)


@pytest.mark.parametrize("large_first", [True, False])
def test_larger_of_two_streams_is_counted_and_decoded(tmp_path, large_first):
    large = encode(tmp_path / "large.mkv", moving_pattern(1, 9, 16), *FFV1)
    small = encode(tmp_path / "small.mkv", moving_pattern(2, 4, 8), *FFV1)
    both = [large, small] if large_first else [small, large]
    inputs = ["-i", both[0], "-i", both[1], "-map", "0:v", "-map", "1:v", "-c", "copy"]
    ffmpeg(*inputs, "-disposition:v", "0", tmp_path / "both.mkv")
    np.testing.assert_array_equal(read(tmp_path / "both.mkv"), moving_pattern(1, 9, 16))
    assert count_packets(tmp_path / "both.mkv") == 9


def test_picture_on_the_cover_is_no_video(tmp_path):
    clip = encode(tmp_path / "clip.mp4", moving_pattern(1, 9, 16), *H264)
    cover = encode(tmp_path / "cover.png", moving_pattern(2, 1, 64), "-update", "1")
    inputs = ["-i", cover, "-i", clip, "-map", "0", "-map", "1", "-c", "copy"]
    ffmpeg(*inputs, "-disposition:v:0", "attached_pic", tmp_path / "both.mp4")
    np.testing.assert_array_equal(read(tmp_path / "both.mp4"), moving_pattern(1, 9, 16))


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_title_that_looks_like_a_rate_is_not_taken_for_it(tmp_path, suffix):
    clip = encode(tmp_path / f"clip{suffix}", moving_pattern(1, 9, 16), *H264)
    chapters = tmp_path / "chapters"
    text = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=99\ntitle=at 120 fps SAR 3:1\n"
    chapters.write_text(text)
    texts = ["-metadata", "title=slow, 240 fps", "-metadata", "comment=1.2.3 fps, rotation of 90"]
    texts += ["-metadata:s:v:0", "handler_name=60 fps", "-metadata:s:v:0", "title=61 fps"]
    named = tmp_path / f"named{suffix}"
    ffmpeg(
        "-i", clip, "-i", chapters, "-map", "0", "-map_metadata", "1", *texts, "-c", "copy", named
    )
    assert videos.video_timing(named) == videos.video_timing(clip) == (25.0, 1.0)


CODECS = {".ogv": "libtheora", ".webm": "libvpx", ".gif": "gif", ".mpg": "mpeg2video"}


@pytest.mark.parametrize("suffix", [*CODECS, ".asf", ".wmv", ".ts", ".mkv", ".avi", ".mov", ".mp4"])
def test_rate_is_known_in_every_format(tmp_path, suffix):
    codec = ["-pix_fmt", "yuv420p"] if suffix != ".gif" else []
    codec += ["-c:v", CODECS.get(suffix, "mpeg4")]
    path = encode(tmp_path / f"clip{suffix}", moving_pattern(1, 25, 32), *codec)
    assert videos.video_timing(path).rate == pytest.approx(25.0)


def test_repeated_frames_that_are_not_read_are_told(tmp_path, capsys):
    path = tmp_path / "a.ogv"
    source = "testsrc2=size=64x48:rate=25:duration=2"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libtheora", path)
    count, packets = len(read(path)), count_packets(path)
    assert count < packets == 50
    line = f"note: {path} repeats frames, and each is read once: {count} instead of 50\n"
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("suffix, codec", [(".mkv", "ffv1"), (".asf", "mpeg4"), (".flv", "flv")])
def test_clock_of_a_millisecond_is_no_rate(tmp_path, suffix, codec):
    path = tmp_path / f"a{suffix}"
    source = "testsrc=size=32x32:rate=1000:duration=0.08,format=yuv420p"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", codec, path)
    assert videos.video_timing(path).rate is None


# --- Pixels ---


@pytest.mark.parametrize("alpha", [0, 102, 255])
def test_transparent_video_is_composed_over_black(tmp_path, capsys, alpha):
    frames = moving_pattern(1, 3, 8)
    picture = f"format=rgba,colorchannelmixer=aa={alpha / 255}"
    path = encode(tmp_path / "a.mov", frames, "-vf", picture, "-c:v", "png", "-pix_fmt", "rgba")
    np.testing.assert_allclose(read(path), frames * (alpha / 255), atol=1.1)
    said = f"note: {path} has transparency: it is composed over black\n"
    assert capsys.readouterr().err == ("" if alpha == 255 else said)


@pytest.mark.parametrize(
    "codec, suffix", [("libvpx-vp9", ".webm"), ("libvpx-vp9", ".mkv"), ("libvpx", ".webm")]
)
def test_transparent_webm_is_composed_over_black(tmp_path, capsys, codec, suffix):
    """A second, hidden stream of its packets has the transparency."""
    frames = np.full((3, 32, 32, 3), 200, np.uint8)
    picture = "format=rgba,colorchannelmixer=aa=0.4,format=yuva420p"
    more = ["-auto-alt-ref", "0", "-c:v", codec, "-pix_fmt", "yuva420p"]
    path = encode(tmp_path / f"a{suffix}", frames, "-vf", picture, *more)
    np.testing.assert_allclose(read(path), 0.4 * frames, atol=4)
    assert "has transparency: it is composed over black" in capsys.readouterr().err


def test_frames_with_too_many_pixels_are_refused_with_the_limit(tmp_path, monkeypatch):
    path = encode(tmp_path / "a.avi", moving_pattern(1, 3, 32), *FFV1)
    limit = videos.INPUT.index(str(videos.MOST_PIXELS))
    monkeypatch.setattr(
        videos, "INPUT", [*videos.INPUT[:limit], "1000", *videos.INPUT[limit + 1 :]]
    )
    for call in (read, video_size):
        message = refusal(call, path)
        assert f"{path} has more than {videos.MOST_PIXELS} pixels" in message


# --- Which files ---


@pytest.mark.parametrize("folder", ["2024-05-01T12:00:00", "http:", "-i", "concat:a|b", "%d"])
@pytest.mark.parametrize("name", ["a:b.avi", "a%20b%03d.avi", "-y.avi", "a\nb.avi"])
def test_any_name_is_read_as_the_name_of_a_file(tmp_path, monkeypatch, folder, name):
    frames = moving_pattern(1, 3, 8)
    made = encode(tmp_path / "a.avi", frames, *FFV1)
    monkeypatch.chdir(tmp_path)
    os.mkdir(folder)
    path = made.rename(os.path.join(folder, name))
    np.testing.assert_array_equal(read(path), frames)


PLAYLISTS = {
    "concat": "ffconcat version 1.0\nfile 'secret.avi'\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    "<Period><AdaptationSet><Representation><BaseURL>secret.avi</BaseURL></Representation>"
    "</AdaptationSet></Period></MPD>",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("suffix", [".mp4", ".ts"])
def test_file_that_refers_to_others_is_refused(tmp_path, monkeypatch, kind, suffix):
    encode(tmp_path / "secret.avi", moving_pattern(1, 3, 8), *FFV1)
    encode(tmp_path / "secret.ts", moving_pattern(1, 3, 16), *H264)
    path = tmp_path / f"a{suffix}"
    path.write_text(PLAYLISTS[kind])
    monkeypatch.chdir(tmp_path)
    assert str(path) in refusal(read, path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_refused(tmp_path, make):
    make(tmp_path / "a.mp4")
    for call in (read, count_packets, video_size):
        assert "not a file" in refusal(call, tmp_path / "a.mp4")


@pytest.mark.parametrize("call", [read, count_packets, video_size])
def test_file_without_permission_and_link_to_nothing_are_not_called_broken(
    tmp_path, monkeypatch, call
):
    (tmp_path / "link.mp4").symlink_to(tmp_path / "none.mp4")
    assert "a link to nothing" in refusal(call, tmp_path / "link.mp4")
    path = encode(tmp_path / "a.avi", moving_pattern(1, 3, 8), *FFV1)
    monkeypatch.setattr(videos.os, "access", lambda path, mode: mode != os.R_OK)
    assert "no permission to read" in refusal(call, path)


# --- ffmpeg ---


@pytest.fixture
def fake_ffmpeg(tmp_path, monkeypatch):
    """Makes an ffmpeg of a version that does something else than decode."""

    def make(version, then):
        program = tmp_path / "ffmpeg"
        words = f'case "$*" in *-version*) echo ffmpeg version {version};; *) {then};; esac'
        program.write_text(f"#!/bin/sh\n{words}\n")
        program.chmod(0o755)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
        return program

    return make


@pytest.mark.parametrize("call", [read, count_packets, video_size])
def test_old_ffmpeg_is_blamed_and_not_the_clip(tmp_path, fake_ffmpeg, call):
    path = encode(tmp_path / "a.avi", moving_pattern(1, 3, 8), *FFV1)
    program = fake_ffmpeg("4.2.2", "exit 1")
    message = refusal(call, path)
    assert f"{program} is ffmpeg 4.2.2, too old" in message
    assert str(path) not in message


@pytest.mark.parametrize("call", [read, count_packets, video_size])
def test_broken_ffmpeg_is_named_with_its_version(tmp_path, fake_ffmpeg, call):
    path = encode(tmp_path / "a.avi", moving_pattern(1, 3, 8), *FFV1)
    program = fake_ffmpeg("7.0-mine", "exit 1")
    message = refusal(call, path)
    assert f"IMAGEIO_FFMPEG_EXE names {program}, ffmpeg 7.0-mine" in message


@pytest.mark.parametrize("call", [read, count_packets, video_size])
def test_decoding_without_progress_is_ended(tmp_path, fake_ffmpeg, call, monkeypatch):
    path = encode(tmp_path / "a.avi", moving_pattern(1, 3, 8), *FFV1)
    fake_ffmpeg("7.0", "tail -f /dev/null & wait")
    monkeypatch.setattr(videos, "LONGEST_WAIT", 0.1)
    message = refusal(call, path)
    assert f"decoding {path} made no progress" in message
