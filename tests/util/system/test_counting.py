"""Numbers of things in words."""

import pytest

from util.system.counting import counted


@pytest.mark.parametrize("number, words", [(0, "0 frames"), (1, "1 frame"), (2, "2 frames")])
def test_one_thing_is_singular(number, words):
    assert counted(number, "frame") == words
