"""The steps of making figures, and what is said of numbers of which nothing is expected."""

import json
import os
import signal
from pathlib import Path

import pytest
from support.command_line import flags, parse

from util.figures.expected import Expected
from util.figures.making import (
    Made,
    clear,
    do_run,
    do_step,
    report,
    wait_for_other,
)
from util.figures.numbers import Number
from util.figures.progress import Planned, RunsProgress
from util.figures.records import FIGURES
from util.figures.steps import runs_of
from util.figures.steps_done import StepsDone
from util.system.errors import Interrupted, RunError
from util.system.folder_lock import HOLDER


def asked(*words):
    return parse(["--experiment", "figure", "--figure", "textures", *words])


def said(capsys, tmp_path, numbers, *words):
    """The lines after the table of numbers: (run, name, is one expected)."""
    expected = Expected(1.0, 1.0, 1.0, 3)
    made = [
        Number(("fast", "textures", run, name), 1.0, expected if known else None)
        for run, name, known in numbers
    ]
    report({"textures": Made(tmp_path, made)}, asked(*words))
    return [line for line in capsys.readouterr().out.splitlines() if "expected: " in line]


def test_numbers_without_expectation_are_named_though_others_have_one(capsys, tmp_path):
    numbers = [("fire", "error", True), ("fire", "seam", False), ("fire", "minutes", False)]
    numbers += [("water", "error", False), ("flag", "error", True), ("mine", "error", False)]
    few = "fewer than 3 seeds were measured with --schedule fast"
    assert said(capsys, tmp_path, numbers) == [
        f"textures, fire: no seam is expected: {few}",
        f"textures, water: no number is expected: {few}",
        "textures, mine: no number is expected: this figure was measured with other clips",
    ]


def test_minutes_are_expected_of_no_machine(capsys, tmp_path):
    assert said(capsys, tmp_path, [("fire", "error", True), ("fire", "minutes", False)]) == []


def test_files_that_killed_commands_left_are_deleted(waves):
    """Of a run, only old ones: its process may outlive a killed command for a while."""
    line = asked(*waves, "--output_dir", "made")
    runs = runs_of("textures", FIGURES["textures"], line)
    left = [Path("made/textures"), runs[0].directory.path.parent]
    new, old = (f".partial-{digit * 16}.mp4" for digit in "01")
    for folder in left:
        folder.mkdir(parents=True)
        for name in (new, old, "figure.png"):
            (folder / name).touch()
        os.utime(folder / old, (1, 1))
    clear(["textures"], runs, line.options)
    assert [sorted(path.name for path in folder.iterdir()) for folder in left] == [
        ["figure.png"],
        [new, "figure.png"],
    ]


def test_run_on_a_file_system_without_locks_is_not_waited_for(waves, monkeypatch):
    (run,) = runs_of("textures", FIGURES["textures"], asked(*waves))
    run.directory.path.mkdir(parents=True)
    (run.directory.path / HOLDER).write_text("process 1 on a machine that is gone")
    monkeypatch.setattr("util.figures.making.is_locked", lambda folder: None)
    monkeypatch.setattr("util.figures.making.time.sleep", lambda seconds: pytest.fail("it waits"))
    wait_for_other(run, None)


@pytest.fixture
def loop_run(waves):
    """The run of a figure that trains a model and tests it."""
    (run,) = runs_of("loop", FIGURES["loop"], parse(flags(experiment="figure", categories="waves")))
    return run


@pytest.fixture
def started(loop_run, monkeypatch):
    """The words and the way to go on of each started process; it leaves the files of its step."""
    calls = []

    def pretend(words, log, hear, goes_on):
        calls.append((words, goes_on))
        leave_files(loop_run, words)

    monkeypatch.setattr("util.figures.making.run_process", pretend)
    return calls


def leave_files(run, words):
    """The files of a training, or the folder of a test."""
    if "synthesis" in words:
        run.directory.prepare(run.asked.options, ["ripples", "swell"])
        for suffix in (".index", ".data-00000-of-00001"):
            (run.directory.models / f"model.ckpt-5{suffix}").touch()
    else:
        run.test_folder.mkdir()


def do(function, run, what, *rest, typed=()):
    """Call `do_run` or `do_step` as a figure command of one run does, with the flags `typed`."""
    with RunsProgress([Planned("loop, waves", None)]) as progress:
        function(run, what, *rest, progress, asked(*typed).options)


@pytest.mark.parametrize(
    "step, there, typed, added",
    [
        ("training", "nothing", "", ""),
        ("training", "a run", "", "--resume True"),
        ("training", "a run", "--debug True", "--resume True --debug True"),
        ("training", "a run to replace", "--overwrite True", "--overwrite True"),
        ("test", "a run", "", "--overwrite True"),
    ],
)
def test_step_is_told_what_to_do_with_what_is_there(loop_run, started, step, there, typed, added):
    training, test = (step.words for step in loop_run.steps)
    if there != "nothing":
        leave_files(loop_run, training)
    if there == "a run to replace":
        StepsDone(loop_run).start_again()
    place = ("training", "test").index(step)
    do(do_step, loop_run, place, StepsDone(loop_run), typed=typed.split())
    words, goes_on = started.pop()
    assert words == [*(training, test)[place], *added.split()]
    without = " without --overwrite" if "replace" in there else ""
    assert goes_on == f"the same command{without} goes on from here"


def test_only_what_is_not_done_of_a_run_is_done(loop_run, started, capsys):
    training, test = (step.words for step in loop_run.steps)
    tested = [*test, "--overwrite", "True"]
    do(do_run, loop_run, 0)
    assert [words for words, _ in started] == [training, tested]
    do(do_run, loop_run, 0)
    loop_run.test_folder.rmdir()
    do(do_run, loop_run, 0)
    assert [words for words, _ in started[2:]] == [tested]
    assert capsys.readouterr().err.splitlines() == [
        f"run 1 of 1, loop, waves{said}" for said in ("", ": done before", ": trained before")
    ]


@pytest.mark.parametrize("error", [RunError("no memory"), Interrupted(signal.SIGINT, "stopped")])
def test_step_whose_process_fails_has_ended_and_is_not_done(loop_run, monkeypatch, error):
    def fail(words, log, hear, goes_on):
        leave_files(loop_run, words)
        raise error

    monkeypatch.setattr("util.figures.making.run_process", fail)
    with pytest.raises(type(error)):
        do(do_run, loop_run, 0)
    record = json.loads(loop_run.directory.path.with_name("waves.steps.json").read_text())
    assert (record["began"], record["done"]) == (None, {})
    assert not loop_run.test_folder.exists()  # no test has begun
