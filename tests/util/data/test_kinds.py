"""Names of files: kinds, order, numbers."""

from pathlib import Path

import pytest

from util.data.kinds import STILL_SUFFIXES, VIDEO_SUFFIXES, in_words, is_clip, is_still, numbers_of


def test_suffixes_are_known_in_any_case_and_belong_to_one_kind():
    for suffix in (*VIDEO_SUFFIXES, *STILL_SUFFIXES):
        for name in (f"a{suffix}", f"a{suffix.upper()}", f"a{suffix.title()}"):
            assert is_clip(Path(name)) != is_still(Path(name))


@pytest.mark.parametrize("name", [".a.mp4", "._a.mp4", "a.txt", "a.mp4~", "mp4", "a.mp4.part"])
def test_other_files_are_no_clips(name):
    assert not is_clip(Path(name))
    assert not is_still(Path(name))


@pytest.mark.parametrize(
    "names, numbers",
    [
        (["1.png", "2.png", "10.png"], (1, 2, 10)),
        (["clip2_0007.png", "clip2_0009.jpeg"], (7, 9)),
        (["0007_mask1.png", "0008_mask1.png"], (7, 8)),
        (["12.png"], (12,)),
        (["a.png", "b.png"], None),
        (["a1.png", "b1.png"], None),
        (["²1.png", "²2.png"], (1, 2)),
        ([], None),
    ],
)
def test_number_is_the_last_one_that_increases(names, numbers):
    assert numbers_of([Path(name) for name in names]) == numbers


@pytest.mark.parametrize(
    "numbers, words",
    [((3,), "3"), ((1, 2), "1–2"), ((10, 11, 12), "10–12"), ((0, 2, 4), "0, 2 … 4")],
)
def test_numbers_in_words(numbers, words):
    assert in_words(numbers) == words
