"""Reading a category: every kind of clip, exactly the frames asked for, and what is refused."""

import hashlib
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from support.command_line import encode, moving_pattern, refusal

from util.data import videos
from util.data.clip_facts import ClipFormat, facts_of
from util.data.clips import OF_IMAGES, Clips, digest, find_clips, read_clip, unique_names
from util.data.kinds import STILL_SUFFIXES, VIDEO_SUFFIXES, natural_order
from util.pictures.encoding import FRAMES_PER_SECOND, write_frames
from util.system.errors import RunError

FRAMES = moving_pattern(seed=3, length=7, side=12)
H264 = ["-c:v", "libx264rgb", "-crf", "0"]
YUV444 = ["-pix_fmt", "yuv444p"]
LOSSLESS = {
    ".avi": ["-c:v", "ffv1", "-pix_fmt", "bgr0"],
    ".mp4": H264,
    ".m4v": [*H264, "-f", "mp4"],
    ".mov": ["-c:v", "png"],
    ".mkv": ["-c:v", "ffv1", "-pix_fmt", "bgr0"],
    ".webm": ["-c:v", "libvpx-vp9", "-lossless", "1", "-pix_fmt", "gbrp"],
    ".gif": ["-lavfi", "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1"],
    ".asf": ["-c:v", "ffv1", "-pix_fmt", "bgr0"],
    ".ts": H264,
    ".mts": [*H264, "-f", "mpegts"],
    ".m2ts": H264,
    ".flv": H264,
    ".3gp": ["-c:v", "libx264", "-crf", "0", *YUV444],
    ".y4m": YUV444,
}
ROUNDED = {".gif": 1, ".3gp": 2, ".y4m": 2}  # grey levels lost to a palette or to other colours
LOSSY = {
    ".mpg": ["-c:v", "mpeg2video", "-q:v", "1"],
    ".mpeg": ["-c:v", "mpeg1video", "-q:v", "1"],
    ".wmv": ["-c:v", "wmv2", "-q:v", "1"],
    ".ogv": ["-c:v", "libtheora", "-q:v", "10"],
}
# Formats without a table of their frames. A file that was cut is a shorter file.
STREAMS = [".mpg", ".mpeg", ".wmv", ".asf", ".ts", ".mts", ".m2ts", ".ogv", ".y4m"]


def read_all(source, count=7, first=0, side=12):
    return read_clip(facts_of(source), first, count, side)


def read_category(place, category, *which):
    """The names and the frames of all sequences of a category, uint8."""
    sources = find_clips(place, category)
    first, count, side = which
    return unique_names(sources), [read_all(one, count, first, side) for one in sources]


def assert_same_frames(read, frames, suffix):
    """Equal, but for the rounding of colours."""
    np.testing.assert_allclose(read.astype(int), frames, atol=ROUNDED.get(suffix, 0))


# --- Kinds of clips ---


def test_every_kind_of_video_is_tested():
    assert {*LOSSLESS, *LOSSY} == set(VIDEO_SUFFIXES)


@pytest.mark.parametrize("suffix, codec", LOSSLESS.items())
def test_video_is_read_exactly(tmp_path, suffix, codec):
    path = encode(tmp_path / f"waves{suffix}", FRAMES, *codec)
    assert_same_frames(read_all(path), FRAMES, suffix)


@pytest.mark.parametrize("suffix, codec", LOSSY.items())
def test_video_with_loss_is_read_frame_by_frame(tmp_path, suffix, codec):
    frames = moving_pattern(seed=3, length=7, side=32)
    read = read_all(encode(tmp_path / f"waves{suffix}", frames, *codec), side=32)
    distances = [[np.abs(a.astype(int) - b).mean() for b in frames] for a in read]
    assert np.argmin(distances, axis=1).tolist() == list(range(7))


def test_every_kind_of_still_is_tested():
    assert set(STILLS) == set(STILL_SUFFIXES)


STILLS = dict.fromkeys(STILL_SUFFIXES, 0) | dict.fromkeys(
    [".jpg", ".jpeg", ".jpe", ".jfif", ".webp"], 30
)
STILLS[".pgm"] = STILLS[".pbm"] = None  # no colours


@pytest.mark.parametrize("suffix, error", [item for item in STILLS.items() if item[1] is not None])
def test_folder_of_images_is_read_in_the_order_of_their_numbers(tmp_path, suffix, error):
    for number, frame in enumerate(FRAMES, start=5):
        Image.fromarray(frame).save(tmp_path / f"frame_{number}{suffix}", quality=95)
    (tmp_path / f".frame_0{suffix}").write_bytes(b"not an image")
    (tmp_path / "notes.txt").write_text("not an image")
    distances = [[np.abs(a.astype(int) - b).mean() for b in FRAMES] for a in read_all(tmp_path)]
    assert np.argmin(distances, axis=1).tolist() == list(range(len(FRAMES)))
    assert np.diag(distances).max() <= error


def test_folder_can_mix_suffixes_in_any_case(tmp_path):
    for number, suffix in enumerate([".png", ".PNG", ".bmp", ".Tif", ".ppm"]):
        Image.fromarray(FRAMES[number]).save(tmp_path / f"frame_{number}{suffix}")
    np.testing.assert_array_equal(read_all(tmp_path, 5), FRAMES[:5])


def test_image_without_colours_or_with_transparency_is_read(tmp_path):
    grey = FRAMES[0, :, :, 0]
    Image.fromarray(grey).save(tmp_path / "1.png")
    opaque = np.concatenate([FRAMES[1], np.full((12, 12, 1), 255, np.uint8)], axis=-1)
    Image.fromarray(opaque).save(tmp_path / "2.png")
    read = read_all(tmp_path, 2)
    np.testing.assert_array_equal(read[0], np.stack([grey] * 3, axis=-1))
    np.testing.assert_array_equal(read[1], FRAMES[1])


def test_grey_of_16_bits_keeps_its_shades(tmp_path):
    grey = np.arange(256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(257 * grey).save(tmp_path / "1.png")
    (read,) = read_all(tmp_path, 1, side=16)
    np.testing.assert_array_equal(read, np.stack([grey] * 3, axis=-1))


def test_numbers_in_names_count_by_their_value(tmp_path):
    names = ["frame_10.png", "frame_9.png", "a", "10", "9", "frame_9b.png", "x²", "²"]
    ordered = sorted((tmp_path / name for name in names), key=natural_order)
    assert [path.name for path in ordered][:5] == ["9", "10", "a", "frame_9.png", "frame_9b.png"]


def test_names_of_the_same_number_have_one_order(tmp_path):
    paths = [tmp_path / name for name in ("1.mp4", "01.mp4", "001.mp4", "2.mp4")]
    for given in (paths, paths[::-1]):
        names = [path.name for path in sorted(given, key=natural_order)]
        assert names == ["001.mp4", "01.mp4", "1.mp4", "2.mp4"]


def test_slow_motion_of_images_plays_faster_than_images():
    clips = Clips(["a", "b"], np.zeros((2, 3, 1, 1, 3)), factor=2)
    clips = clips._replace(facts=[SimpleNamespace(format=ClipFormat(rate)) for rate in (None, 30)])
    assert [clip.rate for clip in clips.formats] == [50, 60]
    assert OF_IMAGES == FRAMES_PER_SECOND


def test_category_mixes_kinds_and_is_sorted_by_name(tmp_path):
    category = tmp_path / "waves"
    category.mkdir()
    patterns = {name: moving_pattern(seed) for seed, name in enumerate(["b10", "a", "b9", "c"])}
    encode(category / "b10.avi", patterns["b10"], *LOSSLESS[".avi"])
    encode(category / "a.MKV", patterns["a"], *LOSSLESS[".mkv"])
    write_frames(category / "b9", patterns["b9"])
    write_frames(category / "c", patterns["c"])
    write_frames(category / ".hidden", FRAMES)
    (category / "empty").mkdir()
    (category / ".hidden.avi").write_bytes(b"not a video")
    (category / "README.md").write_text("about the clips")
    names, videos = read_category(tmp_path, "waves", 1, 3, 12)
    assert names == ["a", "b9", "b10", "c"]
    for name, frames in zip(names, videos, strict=True):
        np.testing.assert_array_equal(frames, patterns[name][1:4])


def test_clips_of_one_name_stay_apart(tmp_path):
    category = tmp_path / "waves"
    write_frames(category / "one", FRAMES)
    encode(category / "one.avi", FRAMES, *LOSSLESS[".avi"])
    assert unique_names(find_clips(tmp_path, "waves")) == ["one", "one.avi"]


COMPOSED, DECOMPOSED = "\u00e9", "e\u0301"  # two forms of é


@pytest.mark.parametrize(
    "files, names",
    [
        (["a.mp4", "b.v2.avi"], ["a", "b.v2"]),
        (["a.mp4", "a.avi"], ["a.mp4", "a.avi"]),
        (["A.mp4", "a.avi", "a.mp4", "a.mp4.avi"], ["A.mp4", "a.avi", "a.mp4_2", "a.mp4_3"]),
        (["STRASSE.mp4", "straße.mp4"], ["STRASSE.mp4", "straße.mp4_2"]),
        ([f"{COMPOSED}.mp4", f"{DECOMPOSED}.mp4"], [f"{COMPOSED}.mp4", f"{DECOMPOSED}.mp4_2"]),
    ],
)
def test_names_differ_also_without_case_and_form_and_good_names_stay(files, names):
    assert unique_names([Path(file) for file in files]) == names


def test_clip_whose_name_is_not_utf_8_is_refused(tmp_path):
    (tmp_path / "waves").mkdir()
    name = os.fsdecode(b"caf\xe9.avi")
    encode(tmp_path / "waves" / "cafe.avi", FRAMES, *LOSSLESS[".avi"]).rename(
        tmp_path / "waves" / name
    )
    message = refusal(read_category, tmp_path, "waves", 0, 2, 8)
    assert "caf\\xe9.avi is not UTF-8" in message


def test_what_is_left_out_is_named_in_one_line(tmp_path, capsys):
    category = tmp_path / "waves"
    write_frames(category / "one", FRAMES)
    for name in (".hidden.mp4", "Thumbs.db", "desktop.ini", "notes.txt", "still.png"):
        (category / name).write_bytes(b"")
    (category / "empty").mkdir()
    for name in ("@eaDir", "one/.DS_Store", "one/a.mp4"):
        (category / name).write_bytes(b"")
    for _ in range(2):
        read_category(tmp_path, "waves", 0, 2, 8)
    assert capsys.readouterr().err.splitlines() == [
        f"note: left out of {category}: empty (a folder without images), notes.txt (neither a "
        "video nor an image), still.png (an image; frames belong into a sub-folder)",
        f"note: left out of {category / 'one'}: a.mp4 (a video)",
    ]


def test_long_list_of_what_is_left_out_is_cut(tmp_path, capsys):
    write_frames(tmp_path / "waves" / "one", FRAMES)
    for number in range(8):
        (tmp_path / "waves" / f"{number}.txt").write_bytes(b"")
    read_category(tmp_path, "waves", 0, 2, 8)
    line = capsys.readouterr().err
    assert "4.txt" in line
    assert line.endswith(" and 3 more\n")


# --- Which frames ---


@pytest.mark.parametrize("first, count", [(0, 7), (0, 1), (2, 3), (6, 1)])
def test_only_the_frames_asked_for_are_kept(tmp_path, first, count):
    video = encode(tmp_path / "waves.avi", FRAMES, *LOSSLESS[".avi"])
    write_frames(tmp_path / "waves", FRAMES)
    for source in (video, tmp_path / "waves"):
        read = read_all(source, count, first)
        np.testing.assert_array_equal(read, FRAMES[first : first + count])


def test_frames_are_resized_to_a_square(tmp_path):
    smooth = np.broadcast_to(np.linspace(0, 255, 24).astype(np.uint8)[:, None], (3, 16, 24, 3))
    path = encode(tmp_path / "ramp.avi", smooth, *LOSSLESS[".avi"])
    read = read_all(path, 3, side=8)
    assert read.shape == (3, 8, 8, 3)
    expected = smooth.reshape(3, 16, 8, 3, 3).mean(axis=(1, 3))[:, None]
    assert np.abs(read - expected).max() < 6


@pytest.mark.parametrize(
    "timestamps", ["if(lt(N,3),N,N*20)/25/TB", "N*N/25/TB", "N/1000/TB", "if(eq(N,6),400,N)/25/TB"]
)
@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".gif"])
def test_every_frame_is_read_once_whatever_its_time(tmp_path, timestamps, suffix):
    times = ["-vf", f"setpts='{timestamps}'", "-fps_mode", "passthrough"]
    if suffix == ".gif":
        times = ["-lavfi", f"setpts='{timestamps}'," + LOSSLESS[".gif"][1], *times[2:]]
        codec = []
    else:
        codec = LOSSLESS[suffix]
    path = encode(tmp_path / f"waves{suffix}", FRAMES, *codec, *times, "-enc_time_base", "1/1000")
    assert_same_frames(read_all(path), FRAMES, suffix)


def test_long_video_is_read_as_a_stream(tmp_path, monkeypatch):
    still = np.zeros((4000, 64, 64, 3), np.uint8)
    path = encode(tmp_path / "long.mp4", still, "-c:v", "libx264", "-preset", "ultrafast")
    facts = facts_of(path)
    decoded, started = [], []
    whole_frombytes, whole_popen = Image.frombytes, subprocess.Popen

    def frombytes(*arguments):
        decoded.append(1)
        return whole_frombytes(*arguments)

    class Popen(whole_popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(videos.Image, "frombytes", frombytes)
    monkeypatch.setattr(subprocess, "Popen", Popen)
    assert read_clip(facts, 2, 3, 8).shape == (3, 8, 8, 3)
    assert len(decoded) == 5
    assert started
    assert all(process.poll() is not None for process in started)


# --- Refusals ---


def test_missing_category_names_those_that_exist(tmp_path):
    for name in ("fire", "water"):
        (tmp_path / name).mkdir()
    message = refusal(read_category, tmp_path, "fier", 0, 5, 8)
    assert "fier" in message
    assert "fire, water" in message


def test_missing_data_path_is_named(tmp_path):
    assert str(tmp_path / "none") in refusal(read_category, tmp_path / "none", "fire", 0, 5, 8)


def test_category_without_clips_is_refused(tmp_path):
    (tmp_path / "fire").mkdir()
    (tmp_path / "fire" / "notes.txt").write_text("none yet")
    assert str(tmp_path / "fire") in refusal(read_category, tmp_path, "fire", 0, 5, 8)


@pytest.mark.parametrize("suffix", VIDEO_SUFFIXES)
@pytest.mark.parametrize("content", [b"", bytes(range(256)) * 20], ids=["empty", "no video"])
def test_file_that_is_no_video_is_refused(tmp_path, suffix, content):
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    assert str(path) in refusal(read_all, path)


@pytest.mark.parametrize("suffix", VIDEO_SUFFIXES)
def test_truncated_video_is_refused(tmp_path, suffix):
    frames = moving_pattern(seed=3, length=50, side=32)
    path = encode(tmp_path / f"cut{suffix}", frames, *(LOSSLESS | LOSSY)[suffix])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    for count in (50,) if suffix in STREAMS else (50, 10):
        assert str(path) in refusal(read_all, path, count)


def test_truncated_video_whose_table_stands_in_front_is_refused(tmp_path):
    frames = moving_pattern(seed=3, length=50, side=32)
    codec = [*LOSSLESS[".mp4"], "-movflags", "+faststart"]
    path = encode(tmp_path / "cut.mp4", frames, *codec)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 3 // 4])
    for count in (50, 10):
        assert str(path) in refusal(read_all, path, count)


@pytest.mark.parametrize("suffix, codec", [(".avi", "mjpeg"), (".avi", "mpeg4"), (".mp4", "h264")])
def test_damaged_frame_is_refused(tmp_path, suffix, codec):
    frames = moving_pattern(seed=3, length=50, side=64)
    path = encode(tmp_path / f"damaged{suffix}", frames, "-c:v", codec)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)  # the encoded frames depend on the number of cores
    path.write_bytes(data)
    assert str(path) in refusal(read_all, path, 50)


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"no image"])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_broken_image_is_named(tmp_path, suffix, damage):
    for number, frame in enumerate(moving_pattern(1, side=40)):
        Image.fromarray(frame).save(tmp_path / f"{number}{suffix}")
    broken = tmp_path / f"3{suffix}"
    broken.write_bytes(damage(broken.read_bytes()))
    assert str(broken) in refusal(read_all, tmp_path)
    assert read_all(tmp_path, 3).shape == (3, 12, 12, 3)


def test_image_with_a_damaged_chunk_is_named(tmp_path):
    write_frames(tmp_path, FRAMES)
    broken = tmp_path / "00003.png"
    data, named = bytearray(broken.read_bytes()), []
    for at in range(12, len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 0x55
        broken.write_bytes(damaged)
        try:
            read_all(tmp_path)
        except RunError as error:
            named.append(str(broken) in str(error))
    assert all(named)
    assert len(named) > 0.9 * (len(data) - 12)  # some bytes do not count, as at the end


def test_clip_shorter_than_asked_says_how_long_it_is(tmp_path):
    write_frames(tmp_path / "short", FRAMES)
    video = encode(tmp_path / "short.avi", FRAMES, *LOSSLESS[".avi"])
    for source in (tmp_path / "short", video):
        assert f"{source} has 7 frames" in refusal(read_all, source, 8)
        assert f"{source} has 7 frames" in refusal(read_all, source, 3, 5)
        assert f"{source} has 7 frames" in refusal(read_all, source, 3, 50)


# --- The fingerprint ---


def test_digest_tells_clips_apart_and_is_that_of_the_bytes():
    frames = np.zeros((2, 2, 3), np.float32)
    other = frames.copy()
    other[0, 1, 2] = 1e-7
    missing = np.zeros((2, 2, 1), bool)
    assert digest(frames) == hashlib.sha256(frames.tobytes()).hexdigest() != digest(other)
    both = hashlib.sha256(frames.tobytes() + missing.tobytes()).hexdigest()
    assert digest(frames, missing) == both
