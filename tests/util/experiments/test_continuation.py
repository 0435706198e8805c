"""Which future is taken: the first that begins with an ordinary step."""

import itertools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from util.data.clip_facts import ClipFacts, ClipFormat
from util.experiments.continuation import first_with_ordinary_step, tell_jumps, tell_other_rate


def grey(*values):
    """A video of grey frames, uint8 [T, 2, 2, 3]."""
    return np.stack([np.full((2, 2, 3), value, np.uint8) for value in values])


OBSERVED = grey(10, 12, 17, 20)  # steps 2, 5 and 3


def test_first_future_with_an_ordinary_step_is_taken_and_no_more_are_drawn():
    futures = map(grey, itertools.chain([26, 14, 25, 20], itertools.repeat(20)))
    assert first_with_ordinary_step(OBSERVED, futures)[0, 0, 0, 0] == 25
    assert next(futures)[0, 0, 0, 0] == 20


def test_smallest_step_is_taken_if_none_is_ordinary():
    futures = [grey(30, 31), grey(10, 10), grey(29, 30), grey(11, 12)]
    np.testing.assert_array_equal(first_with_ordinary_step(OBSERVED, futures), grey(29, 30))


def test_any_step_is_ordinary_where_nothing_moves():
    for still in (grey(7, 7, 7), grey(7)):
        future = first_with_ordinary_step(still, [grey(90, 80), grey(7, 7)])
        np.testing.assert_array_equal(future, grey(90, 80))


@pytest.mark.parametrize(
    ("rate", "learned", "is_told"),
    [(60, [25, 30], True), (30, [25, 30], False), (None, [25], False), (60, [25, None], False)],
)
def test_clip_of_another_rate_is_told(capsys, rate, learned, is_told):
    state = SimpleNamespace(
        sequence_names=learned, format_of=lambda row: ClipFormat(rate=learned[row])
    )
    clip = ClipFacts(Path(f"{rate} of {learned}.mp4"), 9, 8, 8, rate=rate)
    tell_other_rate(clip, SimpleNamespace(state=state))
    said = "60 frames per second, and the model has learned 25, 30: its motion"
    assert (said in capsys.readouterr().err) == is_told


def test_futures_that_jump_are_named(capsys):
    tell_jumps(OBSERVED, {"a_1": grey(26, 27), "a_2": grey(25, 90), "a_3": grey(10, 10)})
    assert capsys.readouterr().err.startswith("note: a_1, a_3: a jump to the first new frame")
    tell_jumps(OBSERVED, {"a_1": grey(25, 90), "a_2": grey(15, 15)})
    tell_jumps(grey(7, 7), {"a_1": grey(90, 90)})
    assert capsys.readouterr().err == ""
