"""How the results of a run are shown."""

import pytest
from support.command_line import flags, parse

from util.data.clip_facts import ClipFormat
from util.pictures.showing import Showing
from util.runs.showing import showing_of


@pytest.mark.parametrize(
    ("given", "clip", "expected"),
    [
        ({}, ClipFormat(30, 1.5), Showing(0, 30, 1.0)),
        ({}, ClipFormat(None, 1.5), Showing(0, 25, 1.0)),
        ({"original_shape": True, "enlarge": 3}, ClipFormat(30, 1.5), Showing(3, 30, 1.5)),
        ({"original_shape": True, "fit": "crop"}, ClipFormat(30, 1.5), Showing(0, 30, 1.0)),
    ],
)
def test_rate_and_proportions_are_those_of_the_clip(given, clip, expected):
    assert showing_of(parse(flags(category="fire", **given)).options, clip) == expected


def test_original_shape_does_nothing_for_a_cropped_clip(capsys):
    line = parse(flags(category="fire", original_shape=True, fit="crop"))
    line.warn_of_idle(line.options)
    assert "--original_shape does nothing with --fit crop" in capsys.readouterr().err
