"""The progress of a training: a bar in a terminal, otherwise plain lines."""

import io
import re
import sys

import pytest

from util.runs.progress import Progress, in_words


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(monkeypatch, stream, total=8, first=0, line_every=3, seconds=60.0):
    """What a training of `total` epochs shows, each epoch of which takes `seconds`."""
    clock = iter(range(0, 10**6, int(seconds)))
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr("util.runs.progress.time.monotonic", lambda: next(clock))
    progress = Progress("fire", total, first, line_every)
    for epoch in range(first + 1, total + 1):
        progress.advance(epoch, f"error {epoch / 100}", seconds)
    progress.close()
    return stream.getvalue()


def test_line_at_each_log_step_and_at_the_end_where_there_is_no_terminal(monkeypatch):
    text = shown(monkeypatch, io.StringIO())
    assert "\r" not in text
    lines = [line for line in text.splitlines() if line.startswith("epoch")]
    assert [line.split(",")[0] for line in lines] == [
        "epoch 3 of 8: error 0.03",
        "epoch 6 of 8: error 0.06",
        "epoch 8 of 8: error 0.08",
    ]
    assert all(re.search(r", \d+ (s|min \d+ s) left$", line) for line in lines)
    assert lines[-1].endswith(", 0 s left")


def test_time_left_counts_only_the_epochs_of_this_call(monkeypatch):
    text = shown(monkeypatch, io.StringIO(), total=6, first=3, line_every=4, seconds=10)
    line = next(line for line in text.splitlines() if line.startswith("epoch 4"))
    assert line.endswith(", 20 s left")  # two more epochs, as long as the first of this call


def test_cost_is_said_once_after_the_first_epochs(monkeypatch):
    text = shown(monkeypatch, io.StringIO(), total=100, line_every=1000)
    (line,) = (line for line in text.splitlines() if line.startswith("expected"))
    assert line.startswith("expected: 100 epochs × 60 s = 1 h 40 min; end: ")


def test_terminal_has_a_bar_with_the_figures_and_no_lines(monkeypatch):
    text = shown(monkeypatch, Terminal())
    assert "epoch 3 of 8" not in text
    assert "8/8" in text and "error 0.08" in text and "fire" in text
    assert "expected: 8 epochs" in text


def shown_within(monkeypatch, stream, seconds, chunks=7):
    """What an epoch shows, each chunk of which takes `seconds`, and then the end of the epoch."""
    monkeypatch.setattr(sys, "stderr", stream)
    progress = Progress("fire", 8, 0, 3)
    for done in range(1, chunks + 1):
        monkeypatch.setattr("util.runs.progress.time.monotonic", lambda done=done: done * seconds)
        progress.within(2, done, chunks)
    inside = stream.getvalue()
    progress.advance(1, "error 0.01", 1.0)
    progress.close()
    return inside, stream.getvalue()


def test_chunks_of_a_long_epoch_are_told_in_lines(monkeypatch):
    text, _ = shown_within(monkeypatch, io.StringIO(), 15.0)
    assert text.splitlines() == [
        "epoch 2: 3 of 7 chunks, 1 min 0 s left in it",
        "epoch 2: 5 of 7 chunks, 30 s left in it",
    ]


def test_chunks_of_a_long_epoch_are_told_by_the_bar_until_it_ends(monkeypatch):
    inside, text = shown_within(monkeypatch, Terminal(), 2.0)
    assert "fire, chunk 3 of 7" in inside and "chunk 4 of 7" not in inside
    assert "epoch 2" not in inside
    assert "chunk" not in text.rsplit("\r", 1)[-1]


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_chunks_of_a_short_epoch_are_not_told(monkeypatch, stream):
    text, _ = shown_within(monkeypatch, stream(), 0.01)
    assert "chunk" not in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (58000, "16 h 6 min"),
        (180000, "2 d 2 h"),
    ],
)
def test_duration_in_words(seconds, words):
    assert in_words(seconds) == words
