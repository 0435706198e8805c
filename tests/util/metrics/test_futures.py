"""Scores of continuations, by hand."""

import csv
import math

import numpy as np
import pytest
from support.command_line import moving_pattern

from util.metrics.futures import PREDICTED, compared, errors_of, in_words, write_futures
from util.metrics.measures import MEASURES, compare

FRAMES = moving_pattern(seed=3, length=30, side=8)
OBSERVED, TRUTH = FRAMES[:20], FRAMES[20:]


def scores(truth, **futures):
    return compared(futures, OBSERVED, truth, 5, 4, np.random.default_rng(0))


def test_errors_are_mean_absolute_differences_of_the_first_frames():
    frames = np.arange(7, dtype=np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, 2, 2, 3), np.uint8)
    assert errors_of(frames, np.zeros_like(frames)) == [0, 1, 2, 3, 4]
    assert errors_of(frames, np.zeros_like(frames)[:2]) == [0, 1]


def test_true_future_has_no_error_and_its_neighbours_have():
    table = scores(TRUTH, right=TRUTH, other=OBSERVED[:10])
    assert list(table) == ["right", "other", "mean of 2", "last frame repeated", "linear system"]
    assert table["right"].errors == [0] * PREDICTED
    assert table["right"].measures == pytest.approx(dict(compare(TRUTH, TRUTH, 5)), nan_ok=True)
    half = np.abs(TRUTH.astype(float) - OBSERVED[:10]).mean(axis=(1, 2, 3)) / 2
    assert table["mean of 2"].errors == pytest.approx(half[:PREDICTED])
    still = np.abs(TRUTH.astype(float) - OBSERVED[-1]).mean(axis=(1, 2, 3))
    assert table["last frame repeated"].errors == pytest.approx(still[:PREDICTED])
    assert table["last frame repeated"].first_step == 0
    assert 0 < table["linear system"].errors[0] < still.max()


def test_first_step_is_relative_to_the_observed_steps():
    future = np.clip(OBSERVED[-1:].astype(int) - 30, 0, 255).astype(np.uint8)
    size = np.abs(future[0].astype(float) - OBSERVED[-1]).mean()
    ordinary = np.abs(np.diff(OBSERVED.astype(float), axis=0)).mean()
    assert scores(None, one=future)["one"].first_step == pytest.approx(size / ordinary)


def test_unknown_future_has_only_its_first_step(tmp_path):
    table = scores(None, one=TRUTH)
    assert list(table) == ["one"]
    assert table["one"].errors == [] and table["one"].measures == {}
    assert "error" not in in_words(table["one"])
    write_futures(tmp_path / "scores.csv", {"clip": table})
    with open(tmp_path / "scores.csv", newline="", encoding="utf-8") as file:
        header, row = csv.reader(file)
    numbered = [f"error_{number}" for number in range(1, PREDICTED + 1)]
    assert header == ["sequence", "video", "first_step", *numbered, *MEASURES]
    assert row[:2] == ["clip", "one"] and float(row[2]) == pytest.approx(
        table["one"].first_step, rel=1e-4
    )
    assert set(row[3:]) == {""}


def test_clip_of_one_frame_has_no_first_step():
    table = compared({"one": TRUTH}, OBSERVED[:1], None, 5, 4, np.random.default_rng(0))
    assert math.isnan(table["one"].first_step)
    assert in_words(table["one"]) == "nothing moved before, so the first new step has no measure"


def test_shorter_futures_are_compared_over_their_own_length():
    """All rows of a table are about the same frames."""
    futures = {"one": OBSERVED[:4], "other": OBSERVED[5:9]}
    whole, cut = scores(TRUTH, **futures), scores(TRUTH[:4], **futures)
    assert str(whole) == str(cut)
