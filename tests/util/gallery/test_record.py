"""What is read of options.json, whatever is in it."""

import json

import pytest
from support.made_runs import make_run

from util.gallery.record import read_record
from util.options.schema import Options


@pytest.fixture
def folder(tmp_path):
    return make_run(tmp_path / "run", "--category", "waves", "--seed", "3")


def changed(folder, **values):
    """The record after values of options.json are replaced."""
    path = folder / "options.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    return read_record(folder)


def test_whole_record(folder):
    record = read_record(folder)
    assert (record.options.category, record.options.seed) == ("waves", 3)
    assert record.command_lines == (("main_dyn_G.py", "--category", "waves", "--seed", "3"),)
    assert record.versions == (("python", "3.11.7"),)
    assert record.revision.endswith("4567-dirty")
    assert record.problem == ""


@pytest.mark.parametrize(
    "options, reason",
    [
        ({"from_the_future": 1}, "unknown options from_the_future"),
        ({"seed": -1}, "--seed -1 is out of range"),
        ([], "not an object"),
        (None, "not an object"),
    ],
)
def test_options_that_are_none_are_said_and_the_rest_stays(folder, options, reason):
    record = changed(folder, options=options)
    assert record.options is None
    assert record.problem.startswith("the options in options.json cannot be read: ")
    assert reason in record.problem and "\n" not in record.problem
    assert record.command_lines and record.versions


def test_options_of_an_earlier_version_lack_some(folder):
    record = changed(folder, options={"category": "old"})
    assert record.options == Options(category="old", schedule="published")


def test_values_of_another_type_count_as_none(folder):
    lines = [["main_dyn_G.py"], "text", [1], [], {"a": 1}]
    record = changed(folder, command_lines=lines, versions=[1], git_revision=None)
    assert record.command_lines == (("main_dyn_G.py",),)
    assert (record.versions, record.revision) == ((), "")
    assert changed(folder, command_lines=7).command_lines == ()


def test_damaged_file_is_said_in_one_line(folder):
    for damage in (b'{"options": {', b"\xff\xfe", b"[" * 100_000):
        (folder / "options.json").write_bytes(damage)
        record = read_record(folder)
        assert record.options is None
        assert record.problem.startswith("options.json cannot be read: ")
        assert "\n" not in record.problem and str(folder) not in record.problem
