"""Decoded clips on the disk: whole or not there, found again, and never believed unchecked."""

import errno
import json
import os
import re
import shutil

import numpy as np
import pytest
from support.command_line import encode, flags, moving_pattern, parse, refusal, tree

from util.data import clip_cache, observed
from util.data.clip_cache import FILES
from util.data.observed import observed_clips
from util.experiments.registry import EXPERIMENTS
from util.pictures.encoding import write_frames

LENGTH, SIDE = 5, 8


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Two folders of images, one of which has a gap, with a mask and the truth."""
    tmp_path = tmp_path_factory.mktemp("sources")
    for folder in ("data", "truth"):
        frames = moving_pattern(len(folder), LENGTH, 12)
        (tmp_path / folder / "waves").mkdir(parents=True)
        write_frames(tmp_path / folder / "waves" / "ripples", frames)
        write_frames(tmp_path / folder / "waves" / "swell", frames[::-1])
        last = tmp_path / folder / "waves" / "swell" / "00004.png"
        last.rename(last.with_name("00006.png"))
    (tmp_path / "mask" / "waves").mkdir(parents=True)
    mask = np.zeros((LENGTH, SIDE, SIDE), np.uint8)
    mask[1:3, 2:5, 3:6] = 1
    np.save(tmp_path / "mask" / "waves" / "m.npy", mask)
    return tmp_path


@pytest.fixture
def place(tmp_path, sources, monkeypatch):
    """A copy of `sources`. Waiting for the disk is left out."""
    monkeypatch.setattr("util.system.atomic.flush_to_disk", lambda _: None)
    return shutil.copytree(sources, tmp_path / "place")


def read(place, experiment="inpainting", cached=True, **more):
    """The clips of a run in `place`, from its cache or in memory."""
    given = {
        "experiment": experiment,
        "category": "waves",
        "data_path": place / "data",
        "image_size": SIDE,
        "num_frames": LENGTH,
        **more,
    }
    if experiment == "inpainting":
        masks = {"mask_path": place / "mask", "mask_file": "m.npy", "mask_layout": "THW"}
        given |= {**masks, "truth_path": place / "truth"}
    options = parse(flags(**given)).options
    return observed_clips(options, EXPERIMENTS[experiment], place / "cache" if cached else None)


def whole(clips):
    """Everything in clips, as arrays and bytes."""
    arrays = [
        None if values is None else values[:].tobytes()
        for values in (clips.frames, clips.missing, clips.truth)
    ]
    return [clips.names, list(clips.facts), clips.factor, clips.digest, clips.formats, *arrays]


def refuse_to_decode(monkeypatch):
    monkeypatch.setattr(observed, "observed_sequences", lambda *_: pytest.fail("decoded again"))


@pytest.mark.parametrize(
    "given",
    [
        {"experiment": "synthesis"},
        {"experiment": "inpainting"},
        {"experiment": "recovery", "mask_type": "missingFrames"},
        {"experiment": "slowmotion"},
        {"experiment": "slowmotion", "score_left_out": True},
    ],
)
def test_cache_holds_what_the_memory_would_and_is_not_made_twice(place, monkeypatch, given):
    if given == {"experiment": "synthesis"}:
        video = place / "data" / "waves" / "video.avi"
        encode(video, moving_pattern(1, LENGTH, 12), "-c:v", "ffv1", "-pix_fmt", "bgr0")
    expected = whole(read(place, cached=False, **given))
    made = read(place, **given)
    assert whole(made) == expected
    before = tree(place / "cache")
    assert set(before) == {path.name for path in made.stored_in}
    refuse_to_decode(monkeypatch)
    assert whole(read(place, **given)) == expected
    assert tree(place / "cache") == before


def test_what_was_told_when_the_clips_were_decoded_is_told_again(place, monkeypatch):
    told = []
    monkeypatch.setattr("util.system.notes._tell", told.append)
    read(place)
    first, told[:] = list(told), []
    assert any("image 6 follows image 3" in line for line in first)
    refuse_to_decode(monkeypatch)
    read(place)
    assert sorted(set(told)) == sorted(set(first))


CHANGES = {
    "an image": lambda place: write_frames(
        place / "data" / "waves" / "swell", np.zeros((1, 12, 12, 3), np.uint8)
    ),
    "the mask": lambda place: np.save(
        place / "mask" / "waves" / "m.npy", np.eye(SIDE, dtype=np.uint8)[None].repeat(LENGTH, 0)
    ),
    "the truth": lambda place: write_frames(
        place / "truth" / "waves" / "swell", np.zeros((1, 12, 12, 3), np.uint8)
    ),
    "a name": lambda place: (
        (place / "data" / "waves" / "swell").rename(place / "data" / "waves" / "swill")
        and (place / "truth" / "waves" / "swell").rename(place / "truth" / "waves" / "swill")
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_files_that_changed_are_decoded_anew(place, change):
    before = whole(read(place))
    change(place)
    after = read(place)
    assert whole(after) == whole(read(place, cached=False)) != before


def test_reading_options_that_differ_have_a_cache_of_their_own(place):
    kept = [read(place, "synthesis", **more) for more in ({}, {"num_frames": 3}, {"fit": "crop"})]
    assert len({clips.stored_in[0].name for clips in kept}) == 3
    assert kept[1].frames.shape == (2, 3, SIDE, SIDE, 3)
    again = read(place, "synthesis", seed=5, batch_size=2, num_epochs=7)
    assert again.stored_in == kept[0].stored_in


def damage_byte(path):
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "missing": os.remove,
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-2]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"1"),
    "a byte": damage_byte,
    "foreign": lambda path: path.write_text(json.dumps({"content": [], "digest": ""})),
    "nested": lambda path: path.write_text("[" * 100_000),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize(
    "number, damage",
    [
        *((0, damage) for damage in DAMAGES),
        *((1, damage) for damage in ("missing", "cut", "longer", "a byte", "a pipe")),
        *((2, damage) for damage in ("missing", "a byte")),
        *((3, damage) for damage in ("missing", "a byte")),
    ],
)
def test_damaged_cache_is_not_believed_and_made_again(place, capsys, number, damage):
    clips = read(place)
    expected, file = whole(clips), clips.stored_in[number]
    DAMAGES[damage](file)
    capsys.readouterr()
    if damage == "a folder":
        assert str(file) in refusal(read, place)
        return
    assert whole(read(place)) == expected
    lines = capsys.readouterr().err.splitlines()
    said = [line for line in lines if "is damaged" in line]
    assert len(said) == (0 if (number, damage) == (0, "missing") else 1)
    assert all(str(clips.stored_in[0]) in line and "made again" in line for line in said)
    unreadable = number == 0 and damage in ("empty", "cut", "nested", "a pipe", "longer")
    assert not unreadable or "(its facts cannot be read)" in said[0]
    capsys.readouterr()
    read(place)
    assert "is damaged" not in capsys.readouterr().err


def test_facts_of_another_cache_are_not_believed(place):
    """Also if each file is whole: the fingerprint of the arrays does not fit."""
    one, other = read(place), read(place, first_frame=0, num_frames=LENGTH, invert_mask=True)
    expected = whole(other)
    other.stored_in[0].write_bytes(one.stored_in[0].read_bytes())
    assert whole(read(place, invert_mask=True)) == expected


def test_clip_that_cannot_be_decoded_leaves_nothing(place):
    (place / "data" / "waves" / "zz.avi").write_bytes(b"no video")
    refusal(read, place, "synthesis")
    (place / "data" / "waves" / "zz.avi").unlink()
    (place / "data" / "waves" / "swell" / "00002.png").write_bytes(b"no image")
    assert "00002.png" in refusal(read, place, "synthesis")
    assert not (place / "cache").exists()


def test_damaged_cache_that_cannot_be_made_again_is_removed(place, monkeypatch, capsys):
    read(place)
    (facts,) = (place / "cache").glob("*.json")
    facts.write_text("{}")

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(clip_cache, "_write_arrays", stopped)
    with pytest.raises(KeyboardInterrupt):
        read(place)
    assert "is damaged" in capsys.readouterr().err
    assert tree(place / "cache") == {}


def test_cache_that_another_process_has_finished_stays(place, monkeypatch):
    """Two runs decode the same clips; the second is stopped after the first has finished."""
    read(place)
    before = tree(place / "cache")

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(clip_cache, "_write_arrays", stopped)
    monkeypatch.setattr(observed, "cached_clips", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        read(place)
    assert tree(place / "cache") == before


def test_full_disk_is_told_with_the_way_out_and_leaves_nothing(place, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(clip_cache, "write_header", full)
    line = refusal(read, place, "synthesis")
    assert "No space left" in line and "--cache_dir" in line and str(place / "cache") in line
    assert not (place / "cache").exists()


def test_open_cache_stays_readable_when_its_files_are_deleted(place):
    clips = read(place)
    expected = whole(read(place, cached=False))
    for path in clips.stored_in:
        path.unlink()
    assert whole(clips) == expected


def test_pattern_of_the_files_is_that_of_a_cache_and_of_nothing_else(place):
    names = [path.name for path in read(place).stored_in]
    assert len(names) == 4 and all(re.fullmatch(FILES, name) for name in names)
    for name in ("a.npy", f"{'0' * 64}.npy", f"{'0' * 63}.json", f"{'0' * 64}.jsonx"):
        assert not re.fullmatch(FILES, name)
