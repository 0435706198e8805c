"""Videos and pictures beside one another, above one another, on sheets and in folders."""

import itertools

import numpy as np
import pytest
from support.command_line import moving_pattern

from util.pictures.layout import (
    GAP,
    WHITE,
    contact_sheet,
    in_place_of,
    padded,
    stack_columns,
    stack_rows,
    widened,
)

FRAMES = moving_pattern(seed=5, length=7, side=16)


def test_beside_and_above_leave_a_gap():
    one, two = np.full((4, 6, 3), 10, np.uint8), np.full((4, 6, 3), 20, np.uint8)
    row, column = stack_columns([one, two]), stack_rows([one, two])
    assert row.shape == (4, 6 + GAP + 6, 3)
    assert column.shape == (4 + GAP + 4, 6, 3)
    np.testing.assert_array_equal(row[:, :6], one)
    np.testing.assert_array_equal(row[:, 6 + GAP :], two)
    np.testing.assert_array_equal(column[:4], one)
    np.testing.assert_array_equal(column[4 + GAP :], two)
    assert (row[:, 6 : 6 + GAP] == WHITE).all()
    assert (column[4 : 4 + GAP] == WHITE).all()
    np.testing.assert_array_equal(stack_columns([one]), one)


def test_videos_stand_beside_one_another_frame_by_frame():
    row = stack_columns([FRAMES, FRAMES[::-1]])
    assert row.shape == (7, 16, 16 + GAP + 16, 3)
    np.testing.assert_array_equal(row[2], stack_columns([FRAMES[2], FRAMES[4]]))


@pytest.mark.parametrize("length", range(1, 8))
def test_contact_sheet_shows_every_frame_once(length):
    columns, side = 3, 16
    sheet = contact_sheet(FRAMES[:length], columns)
    rows = -(-length // columns)
    wide = min(length, columns)
    size = [count * side + (count - 1) * GAP for count in (rows, wide)]
    assert sheet.shape == (*size, 3)
    places = itertools.product(range(rows), range(wide))
    for index, (down, across) in enumerate(places):
        top, left = down * (side + GAP), across * (side + GAP)
        panel = sheet[top : top + side, left : left + side]
        if index < length:
            np.testing.assert_array_equal(panel, FRAMES[index])
        else:
            assert (panel == WHITE).all()


@pytest.mark.parametrize("length", [1, 4, 7, 9])
def test_padding_is_black_and_never_cuts(length):
    video = padded(FRAMES, length)
    assert len(video) == max(length, 7)
    np.testing.assert_array_equal(video[:7], FRAMES)
    assert (video[7:] == 0).all()


def test_widening_adds_white_to_the_right():
    picture = widened(FRAMES[0], 20)
    assert picture.shape == (FRAMES.shape[1], 20, 3)
    np.testing.assert_array_equal(picture[:, : FRAMES.shape[2]], FRAMES[0])
    assert (picture[:, FRAMES.shape[2] :] == 255).all()


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


# --- Replacing the folder of a sequence ---


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
