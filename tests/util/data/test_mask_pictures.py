"""Masks in pictures: their numbers, palettes, brightness."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.command_line import refusal

from util.data.clip_facts import ClipFacts
from util.data.mask_pictures import BRIGHT, bright, read_images, read_still


def write_mask(folder, numbers, name="{}.png"):
    """Images of 10×10 pixels; each image hides the pixel of its number."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        picture = np.zeros(100, np.uint8)
        picture[number] = 255
        Image.fromarray(picture.reshape(10, 10)).save(folder / name.format(number))
    return folder


def hidden(missing):
    """The pixel that each frame hides."""
    return [int(np.flatnonzero(frame)[0]) for frame in missing]


def numbered(*numbers):
    return ClipFacts(Path("clip"), len(numbers), 10, 10, numbers)


VIDEO = ClipFacts(Path("clip.mp4"), 24, 10, 10)


@pytest.mark.parametrize(
    "of_mask, of_clip, first, expected",
    [
        (range(0, 40, 2), range(0, 40, 4), 0, [0, 4, 8, 12]),
        (range(10, 34), range(10, 34), 2, [12, 13, 14, 15]),
        (range(0, 60), range(10, 34), 0, [10, 11, 12, 13]),
        (range(1, 24), range(1, 24), 0, [1, 2, 3, 4]),
    ],
)
def test_image_of_the_number_of_the_frame_is_taken(tmp_path, of_mask, of_clip, first, expected):
    mask = write_mask(tmp_path / "mask", of_mask, "mask2_{:03d}_a1.png")
    assert hidden(read_images(mask, first, 4, numbered(*of_clip))) == expected


@pytest.mark.parametrize("start", [0, 1])
def test_numbers_count_from_0_or_1_for_a_video(tmp_path, start):
    mask = write_mask(tmp_path / "mask", range(start, 24))
    assert hidden(read_images(mask, 2, 3, VIDEO)) == [start + 2, start + 3, start + 4]


@pytest.mark.parametrize(
    "of_mask, clip, named",
    [
        (range(10, 34), VIDEO, ["10–33", "0–23"]),
        (range(0, 48, 2), VIDEO, ["0, 2 … 46", "0–23"]),
        ([0, 1, 2, 3, 5], VIDEO, ["0, 1 … 5", "0–23"]),
        (range(10, 34), numbered(*range(24)), ["10–33", "0–3"]),
        (range(0, 24), numbered(*range(1, 25)), None),
        (range(0, 48, 2), numbered(*range(24)), ["0, 2 … 46", "0–3"]),
    ],
)
def test_numbers_that_do_not_fit_are_refused_with_both_ranges(tmp_path, of_mask, clip, named):
    mask = write_mask(tmp_path / "mask", of_mask)
    if named is None:  # every frame that is used has its image
        assert hidden(read_images(mask, 0, 4, clip)) == [1, 2, 3, 4]
        named = ["0–23", "21–24"]
        message = refusal(read_images, mask, 20, 4, clip)
    else:
        message = refusal(read_images, mask, 0, 4, clip)
    for word in [str(mask), str(clip.path), *named]:
        assert word in message


def test_images_without_numbers_are_taken_in_order(tmp_path):
    mask = tmp_path / "mask"
    mask.mkdir()
    for number, name in enumerate("abc"):
        write_mask(mask, [number], f"{name}.png")
    assert hidden(read_images(mask, 1, 2, VIDEO)) == [1, 2]


def test_palette_image_is_missing_where_its_number_is_not_0(tmp_path):
    palette = Image.new("P", (3, 2))
    palette.putdata([0, 1, 2, 3, 0, 255])
    palette.putpalette([255, 255, 255, 128, 0, 0, 0, 128, 0, 0, 0, 0] + [9, 9, 9] * 252)
    palette.save(tmp_path / "1.png")
    read = read_still(tmp_path / "1.png")
    np.testing.assert_array_equal(read, [[False, True, True], [True, False, True]])


@pytest.mark.parametrize(
    "values, told",
    [([0, 255], False), ([20, 240], False), ([0, 100], True), ([100, 200], True), ([127], True)],
)
def test_mask_that_is_not_black_and_white_is_told(tmp_path, values, told, capsys):
    """As labels of objects, or a mask in colour."""
    grey = np.resize(np.uint8(values), (8, 8))
    missing = bright(tmp_path / "mask", Image.fromarray(grey).convert("RGB"))
    np.testing.assert_array_equal(missing, grey > BRIGHT)
    assert ("is not black and white" in capsys.readouterr().err) is told
