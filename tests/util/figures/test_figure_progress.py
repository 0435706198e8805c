"""The progress over all runs of a figure command."""

import io
import sys

from util.figures.progress import Planned, RunsProgress


def shown(monkeypatch, runs, events):
    """The lines that are shown; each event takes a minute."""
    clock = iter(range(0, 10**6, 60))
    monkeypatch.setattr("util.figures.progress.time.monotonic", lambda: next(clock))
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with RunsProgress(runs) as progress:
        for event, *arguments in events:
            getattr(progress, event)(*arguments)
    return sys.stderr.getvalue().splitlines()


RUNS = [Planned("textures, fire", 2.0), Planned("textures, water", 4.0), Planned("mine", None)]


def test_each_run_is_named_with_its_expected_time(monkeypatch):
    lines = shown(monkeypatch, RUNS, [("begin", 0), ("end",), ("begin", 2)])
    assert lines == [
        "run 1 of 3, textures, fire: expected to take 2 min 0 s",
        "run 3 of 3, mine",
    ]


def test_time_left_follows_from_the_expected_times_and_the_pace(monkeypatch):
    # A minute for half of the first run, which is expected to take 2 minutes; 8 are left, as the
    # unknown run counts as the mean of the others.
    events = [("begin", 0), ("hear", "epoch 5 of 10: error 0.1, 3 s left")]
    lines = shown(monkeypatch, RUNS, events)
    assert lines[-1] == "run 1 of 3, textures, fire: epoch 5 of 10, all runs: 8 min 0 s left"


def test_run_that_was_done_before_says_nothing_of_the_pace(monkeypatch):
    events = [("begin", 0, 1.0), ("end",), ("begin", 1), ("hear", "epoch 1 of 2: error 1")]
    lines = shown(monkeypatch, RUNS, events)
    assert lines[0] == "run 1 of 3, textures, fire: done before"
    # A minute for 2 of the expected ones; 2 + 3 are left.
    assert lines[-1].endswith("epoch 1 of 2, all runs: 2 min 30 s left")


def test_epochs_of_an_earlier_call_say_nothing_of_the_pace(monkeypatch):
    events = [
        ("begin", 1),
        ("hear", "continues after epoch 4 of 8"),
        ("hear", "epoch 6 of 8: error 1"),
        ("end",),
        ("begin", 0),
        ("hear", "epoch 1 of 2: error 1"),
    ]
    lines = shown(monkeypatch, RUNS, events)
    # Two minutes of the expected 4 were done before. A minute for one of the other two; 1 + 2 + 3
    # are left.
    assert lines[1].endswith("epoch 6 of 8, all runs: 6 min 0 s left")
    # Another minute; 2 + 1 of the expected ones were done in this call, 1 + 3 are left.
    assert lines[-1].endswith("epoch 1 of 2, all runs: 2 min 40 s left")


def test_warnings_of_the_runs_are_shown_and_other_lines_are_not(monkeypatch):
    told = ["warning: --x does nothing", "note: mask a.png: 93 % of the pixels are missing"]
    events = [("begin", 0), *(("hear", line) for line in [*told, "model: 3"])]
    assert shown(monkeypatch, RUNS, events)[1:] == [
        f"run 1 of 3, textures, fire: {line}" for line in told
    ]


def test_bar_shows_the_share_of_all_minutes(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with RunsProgress(RUNS) as progress:
        bar = progress._bar
        monkeypatch.setattr(progress, "_is_terminal", True)
        progress.begin(0)
        progress.hear("epoch 1 of 4: error 1")
        assert (bar.n, bar.total) == (0.5, 9.0)
        progress.end()
        progress.begin(1, 0.75)
        progress.leave_out([0, 1])  # it failed: the 2 minutes of run 0 are done, 4 will never be
        assert (bar.n, bar.total) == (2.0, 5.0)
        progress.begin(2)
        progress.hear("epoch 4 of 4: error 1")
        progress.end()
        assert bar.n == bar.total == 5.0


def test_run_that_was_trained_before_counts_for_what_is_left_of_it(monkeypatch):
    events = [("begin", 1, 0.75), ("end",), ("begin", 0), ("hear", "epoch 1 of 2: error 1")]
    lines = shown(monkeypatch, RUNS, events)
    assert lines[0] == "run 2 of 3, textures, water: trained before"
    # 1 of the expected 4 minutes and 1 of 2 were done in a minute; 1 + 3 are left.
    assert lines[-1].endswith("epoch 1 of 2, all runs: 2 min 0 s left")


def test_runs_of_a_figure_that_failed_are_not_waited_for(monkeypatch):
    events = [
        ("begin", 0),
        ("end",),
        ("begin", 1),
        ("leave_out", [0, 1]),
        ("begin", 2),
        ("hear", "epoch 1 of 3: error 1"),
    ]
    # A minute for 2 of the first run and 1 of the last; 2 are left.
    assert shown(monkeypatch, RUNS, events)[-1].endswith("epoch 1 of 3, all runs: 40 s left")
