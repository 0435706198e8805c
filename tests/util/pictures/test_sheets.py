"""Sheets: frames as they are, labels and marks only beside them."""

import numpy as np
import pytest
from support.command_line import moving_pattern, places_of

from util.pictures.sheets import (
    BORDER_COLOUR,
    MARK_COLOUR,
    Row,
    Sheet,
    columns_of,
    contact_sheet,
    frames_at,
    within,
)

# No pixel is white or grey, so that frames can be told from labels.
FRAMES = moving_pattern(seed=5, length=7, side=16)
OTHERS = moving_pattern(seed=6, length=3, side=16)
LABELS = [
    "observed",
    "a name too long for the margin of a sheet, and then some words more",
    "",
    "ξ\n火",
]


def marked(sheet):
    """Where the mark is, bool [height, width]."""
    return (sheet == MARK_COLOUR).all(axis=-1)


def outside(sheet, frames, factor):
    """A sheet with its frames painted white."""
    blank = sheet.copy()
    for frame in frames:
        (top, left), *_ = places_of(sheet, frame, factor)
        blank[top : top + factor * frame.shape[0], left : left + factor * frame.shape[1]] = 255
    return blank


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("label", LABELS)
def test_frames_are_the_input_enlarged_and_labels_are_outside(label, factor):
    rows = [
        Row(label, [FRAMES, FRAMES[::-1]], ["synthesized 1", "x" * 99], "frame"),
        Row(label, [FRAMES + 3]),
    ]
    sheet = Sheet(rows, factor)
    for moment in (0, 5):
        picture = sheet.at(moment)
        assert picture.dtype == np.uint8
        assert picture.shape == (*sheet.size, 3)
        shown = [FRAMES[moment], FRAMES[6 - moment], FRAMES[moment] + 3]
        (one,), (other,), (below,) = (places_of(picture, frame, factor) for frame in shown)
        assert one[0] == other[0] < below[0] and one[1] == below[1] < other[1]
        margins = outside(picture, shown, factor)
        assert (margins == margins[..., :1]).all()  # black letters on white
        assert margins.min() == 0
        assert not (margins[below[0] :, below[1] :] < 255).any()


def test_without_labels_nothing_is_drawn():
    picture = Sheet([Row("", [FRAMES])], 1).at(0)
    assert (outside(picture, [FRAMES[0]], 1) == 255).all()


def test_a_label_and_a_head_stand_beside_and_above():
    plain = Sheet([Row("", [FRAMES, FRAMES + 3])], 4).at(0)
    with_heads = Sheet([Row("", [FRAMES, FRAMES + 3], ["one", "two"])], 4).at(0)
    with_label = Sheet([Row("one", [FRAMES, FRAMES + 3])], 4).at(0)
    assert with_heads.shape[1] == plain.shape[1] and with_heads.shape[0] > plain.shape[0]
    assert with_label.shape[0] == plain.shape[0] and with_label.shape[1] > plain.shape[1]
    shown = [FRAMES[0], FRAMES[0] + 3]
    (top, left), *_ = places_of(with_heads, FRAMES[0], 4)
    ink = np.argwhere(outside(with_heads, shown, 4).min(axis=-1) < 255)
    assert ink[:, 0].max() < top and ink[:, 1].min() >= left
    (top, left), *_ = places_of(with_label, FRAMES[0], 4)
    ink = np.argwhere(outside(with_label, shown, 4).min(axis=-1) < 255)
    assert ink[:, 1].max() < left and ink[:, 0].min() >= top


@pytest.mark.parametrize("side", [5, 6, 8, 15, 64])
@pytest.mark.parametrize("factor", [0, 1, 3])
def test_height_and_width_are_even(side, factor):
    frames = moving_pattern(seed=5, length=2, side=side)
    height, width = Sheet([Row("two\nlines", [frames] * 3, ["a", "b", "c"])], factor).size
    assert height % 2 == 0 and width % 2 == 0


def test_tiny_frames_have_room_for_their_labels():
    frames = moving_pattern(seed=5, length=20, side=8)
    picture = Sheet(contact_sheet("observed\nwaves", frames), 1).at(0)
    places = [places_of(picture, frame, 1)[0] for frame in frames]
    assert all(right[1] - left[1] > 40 for left, right in zip(places, places[1:15], strict=False))
    assert places[15][0] - places[0][0] > 40  # number, and two lines


# --- Videos that are over play again ---


def test_a_video_that_is_over_plays_again_with_a_mark_below_it():
    sheet = Sheet([Row("", [OTHERS, FRAMES], ["observed", "synthesized 1"])], 8)
    assert sheet.length == 7
    first = outside(sheet.at(0), [OTHERS[0], FRAMES[0]], 8)
    labels = []
    for moment in range(7):
        picture = sheet.at(moment)
        ((top, left),) = places_of(picture, OTHERS[moment % 3], 8)
        ((_, right),) = places_of(picture, FRAMES[moment], 8)
        mark = np.argwhere(marked(picture))
        if moment < 3:
            assert not mark.size
        else:
            assert mark[:, 0].min() >= top + 128
            assert mark[:, 1].min() == left and mark[:, 1].max() == left + 127
            assert np.ptp(mark[:, 0]) < 5  # thin
        margins = outside(picture, [OTHERS[moment % 3], FRAMES[moment]], 8)
        labels.append(margins[:top])
        np.testing.assert_array_equal(margins[:, right:], first[:, right:])
    for moment in range(7):
        assert np.array_equal(labels[moment], labels[0]) == (moment < 3)


def test_of_a_row_with_a_label_the_label_says_it():
    rows = [
        Row("observed", [OTHERS, OTHERS + 3], ["hop", "run"]),
        Row("other", [FRAMES, FRAMES + 3]),
    ]
    sheet = Sheet(rows, 2)
    before, after = sheet.at(2), sheet.at(3)
    (top, left), *_ = places_of(before, OTHERS[2], 2)
    np.testing.assert_array_equal(before[:top], after[:top])  # the names above stay
    assert np.any(before[top : top + 32, :left] != after[top : top + 32, :left])
    np.testing.assert_array_equal(before[top + 40 :, :left], after[top + 40 :, :left])
    columns = marked(after).any(axis=0)
    assert columns.sum() == 2 * 32


def test_frames_can_be_asked_for_in_any_order():
    rows = [Row("observed", [OTHERS]), Row("synthesized", [FRAMES])]
    forward, backward = Sheet(rows), Sheet(rows)
    expected = [forward.at(moment) for moment in range(7)]
    for moment in reversed(range(7)):
        np.testing.assert_array_equal(backward.at(moment), expected[moment])


# --- Contact sheets ---


@pytest.mark.parametrize("length", range(1, 8))
def test_contact_sheet_shows_every_frame_once_row_by_row(length):
    rows = contact_sheet("observed", FRAMES[:length], columns=3)
    assert [len(row.videos) for row in rows] == [
        min(3, length - first) for first in range(0, length, 3)
    ]
    assert [head for row in rows for head in row.heads] == [str(n) for n in range(length)]
    assert {row.corner for row in rows} == {"frame"}
    picture = Sheet(rows, 1).at(0)
    found = [places_of(picture, frame, 1) for frame in FRAMES[:length]]
    assert all(len(places) == 1 for places in found)
    places = [place for (place,) in found]
    assert places == sorted(places)
    assert len({top for top, _ in places}) == len(rows)


def test_row_of_some_frames_has_their_numbers():
    row = frames_at("observed", FRAMES, [0, 2, 6])
    assert list(row.heads) == ["0", "2", "6"]
    np.testing.assert_array_equal(np.concatenate(row.videos), FRAMES[[0, 2, 6]])


def test_border_lies_around_the_frame_from_its_moment_on_and_on_no_frame():
    black = np.zeros((3, 6, 8, 3), np.uint8)
    sheet = Sheet([Row("", [black, black], framed_from=[1, 3])], 2)
    orange = [np.all(sheet.at(moment) == BORDER_COLOUR, axis=-1) for moment in range(3)]
    assert not orange[0].any() and orange[1].any()
    np.testing.assert_array_equal(orange[1], orange[2])
    top, left = sheet.tops[0], sheet.lefts[0]
    expected = np.zeros(sheet.size, bool)
    expected[top - 3 : top + 12 + 3, left - 3 : left + 16 + 3] = True
    expected[top - 1 : top + 12 + 1, left - 1 : left + 16 + 1] = False
    np.testing.assert_array_equal(orange[1], expected)


def test_border_of_a_video_that_plays_again_is_that_of_its_frames():
    short, long = np.zeros((2, 6, 8, 3), np.uint8), np.zeros((4, 6, 8, 3), np.uint8)
    sheet = Sheet([Row("", [short, long], framed_from=[1, 4])], 2)
    orange = [np.all(sheet.at(moment) == BORDER_COLOUR, axis=-1).any() for moment in range(4)]
    assert orange == [False, True, False, True]


def test_without_moments_nothing_has_a_border():
    sheet = Sheet([Row("", [np.zeros((3, 6, 8, 3), np.uint8)])], 2)
    assert not np.all(sheet.at(2) == BORDER_COLOUR, axis=-1).any()


# --- Sheets that are too large ---


@pytest.mark.parametrize("num_rows, num_columns", [(2, 60), (60, 2), (60, 60), (1, 1)])
def test_first_rows_and_columns_that_fit_are_kept(num_rows, num_columns):
    video = np.zeros((2, 8, 8, 3), np.uint8)
    heads = [str(column) for column in range(num_columns)]
    rows = [Row(str(row), [video] * num_columns, heads) for row in range(num_rows)]
    kept = within(rows, 1, most=600)
    assert max(Sheet(kept, 1).size) <= 600 or (len(kept), columns_of(kept)) == (1, 1)
    assert [row.label for row in kept] == [str(row) for row in range(len(kept))]
    assert all(list(row.heads) == heads[: len(row.videos)] for row in kept)
    # Little room is wasted.
    assert len(kept) == num_rows or Sheet(kept, 1).size[0] > 450
    assert columns_of(kept) == num_columns or Sheet(kept, 1).size[1] > 450
