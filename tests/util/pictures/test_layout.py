"""Results as files: the folder of a sequence, and overviews."""

import re

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image
from support.command_line import frames_in, moving_pattern, panels, places_of, played

from util.pictures.layout import (
    IN_SEQUENCE,
    in_place_of,
    under_one_head,
    write_overview,
    write_sequence,
)
from util.pictures.sheets import Row, Sheet
from util.pictures.showing import Showing

LONG = moving_pattern(seed=5, length=7, side=16)
SHORT = moving_pattern(seed=6, length=3, side=16)


def size_of(video):
    return next(imageio_ffmpeg.read_frames(str(video)))["size"]


# --- The folder of a sequence ---


@pytest.mark.parametrize("enlarge", [1, 2])
def test_sequence_is_written_one_by_one_enlarged_and_side_by_side(tmp_path, enlarge):
    videos = {"observed": SHORT, "synthesized_1": LONG}
    write_sequence(tmp_path, videos, list(videos), 3, Showing(enlarge))
    both = {f"{name}.{suffix}" for name in (*videos, "side_by_side") for suffix in ("mp4", "gif")}
    enlarged = {f"{name}_enlarged.mp4" for name in videos} if enlarge > 1 else set()
    found = {path.name for path in tmp_path.iterdir()}
    assert found == {*videos, *both, *enlarged, "side_by_side.png"}
    for kind, frames in videos.items():
        assert size_of(tmp_path / f"{kind}.mp4") == (16, 16)
        np.testing.assert_array_equal(frames_in(tmp_path / kind), frames)
    for name in enlarged:
        assert size_of(tmp_path / name) == (32, 32)
    picture = np.asarray(Image.open(tmp_path / "side_by_side.png"))
    places = [[places_of(picture, frame, enlarge) for frame in v[:3]] for v in videos.values()]
    tops = [{place[0] for (place,) in row} for row in places]
    lefts = [[place[1] for (place,) in row] for row in places]
    assert [len(row) for row in tops] == [1, 1] and max(tops[0]) < min(tops[1])
    assert lefts[0] == lefts[1] == sorted(lefts[0])
    assert not places_of(picture, LONG[3], enlarge)


def test_all_that_is_written_of_a_sequence_is_known_as_such(tmp_path):
    write_sequence(tmp_path, {"observed": SHORT, "mask": SHORT}, ["observed"], 3, Showing(2))
    written = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")]
    assert "mask_enlarged.mp4" in written
    assert all(re.fullmatch(IN_SEQUENCE, name) for name in written)
    for name in ("side_by_side_enlarged.mp4", "observed_enlarged.gif", "mine_enlarged.mp4"):
        assert not re.fullmatch(IN_SEQUENCE, name)


def test_enlarged_videos_of_an_earlier_result_go(tmp_path):
    for enlarge in (2, 1):
        with in_place_of(tmp_path / "ripples") as unfinished:
            write_sequence(unfinished, {"observed": SHORT}, ["observed"], 3, Showing(enlarge))
    names = {path.name for path in (tmp_path / "ripples").iterdir()}
    assert "observed.mp4" in names and "observed_enlarged.mp4" not in names


# --- Overviews ---


def test_overview_plays_short_videos_again_and_its_picture_has_four_moments(tmp_path):
    rows = [
        Row("observed", [SHORT, SHORT + 3], ["hop", "run"]),
        Row("synthesized 1", [LONG, LONG + 3], ["hop", "run"]),
    ]
    write_overview(tmp_path / "overview", rows, 1)
    playing = under_one_head(rows)
    pictures = played(tmp_path / "overview.gif", Sheet(playing, 1).size)
    assert len(pictures) == 7
    for moment, picture in enumerate(pictures):
        for shown, row in zip(panels(picture, playing), rows, strict=True):
            for actual, video in zip(shown, row.videos, strict=True):
                expected = video[moment % len(video)].astype(int)
                assert np.abs(actual - expected).mean() < 5  # a GIF has 256 colours
    picture = np.asarray(Image.open(tmp_path / "overview.png"))
    tops = []
    for row in rows:
        one, other = row.videos
        for moment in range(3):  # within the shortest
            ((top, left),) = places_of(picture, one[moment], 1)
            ((same_top, right),) = places_of(picture, other[moment], 1)
            assert top == same_top and left < right
            tops.append(top)
    assert tops == sorted(tops)
    assert not places_of(picture, LONG[3], 1)


# --- Replacing the folder of a sequence ---


def test_folder_is_replaced_only_when_the_new_one_is_whole(tmp_path):
    folder = tmp_path / "ripples"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    with pytest.raises(KeyError), in_place_of(folder) as unfinished:
        (unfinished / "new.txt").write_text("new")
        raise KeyError
    assert [path.name for path in folder.iterdir()] == ["old.txt"]
    with in_place_of(tmp_path / "swell") as unfinished:
        assert not (tmp_path / "swell").exists()
    with in_place_of(tmp_path / "swell") as unfinished:
        (unfinished / "new.txt").write_text("new")
    assert [path.name for path in (tmp_path / "swell").iterdir()] == ["new.txt"]


def replace(folder, *names):
    with in_place_of(folder) as unfinished:
        for name in names:
            (unfinished / name).parent.mkdir(exist_ok=True)
            (unfinished / name).write_text("new")


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_folder_is_replaced_and_files_of_a_user_stay(tmp_path):
    folder = tmp_path / "ripples"
    replace(folder, "observed.mp4", "synthesized_2.mp4", "observed/00000.png")
    (folder / "notes.txt").write_text("mine")
    (folder / "observed" / "mine.png").write_text("mine")
    replace(folder, "observed.mp4", "observed/00001.png")
    expected = ["notes.txt", "observed.mp4", "observed/00001.png", "observed/mine.png"]
    assert files(folder) == expected
    assert [path.name for path in tmp_path.iterdir()] == ["ripples"]


def test_link_to_a_folder_stays(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "ripples").symlink_to("disk")
    replace(tmp_path / "ripples", "observed.mp4", "mask.mp4")
    replace(tmp_path / "ripples", "observed.mp4")
    assert (tmp_path / "ripples").is_symlink()
    assert files(tmp_path / "disk") == ["observed.mp4"]


def test_file_with_the_name_of_the_folder_stays(tmp_path):
    (tmp_path / "ripples").write_text("mine")
    replace(tmp_path / "ripples", "observed.mp4")
    assert files(tmp_path) == ["ripples", "ripples_2/observed.mp4"]
