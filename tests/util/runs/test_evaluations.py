"""The measures at the end of a run: what is printed of them, and what is written."""

import csv
import math

import pytest

from model.posterior_check import PosteriorCheck
from util.metrics.evaluation import Evaluation
from util.metrics.measures import MEASURES
from util.metrics.tables import as_text, in_words
from util.runs.evaluations import WHOLE_TABLES, check_in_words, in_short, report_evaluations

CHECK = PosteriorCheck(1.05, 1.19, 0.81, 1.0, 1.1, 0.7, 1.3, 0.9)
RATIOS = "inferred latents over latents sampled from the prior (ideal 1): "


def row(first):
    """A comparison with the values first, first + 1, …"""
    return {name: first + number for number, name in enumerate(MEASURES)}


def evaluations(number):
    """The tables of some sequences, with two videos and one reference each."""
    return {
        f"clip {index}": Evaluation(
            {"one": row(index + 0.25), "two": row(index + 0.5) | {"motion": math.nan}},
            {"floor": row(index + 0.75)},
        )
        for index in range(number)
    }


def report(folder, capsys, number=1, check=CHECK, num_shown=0):
    """What is printed of some sequences, line by line; and what is written, row by row."""
    report_evaluations(folder, evaluations(number), check, num_shown or number)
    (file,) = folder.iterdir()
    assert file == folder / "evaluation.csv"
    with open(file, newline="", encoding="utf-8") as table:
        return capsys.readouterr().out.splitlines(), list(csv.DictReader(table))


# --- In short ---


def test_in_short_has_the_means_and_what_is_good():
    first = {"sharpness": 0.9, "motion": 0.5, "wasserstein": 0.2}
    second = {"sharpness": 1.0, "motion": math.nan, "wasserstein": 0.1}
    references = {"floor": {"wasserstein": 0.06}, "linear system": {"wasserstein": 0.3}}
    table = {"a": Evaluation({"one": first, "two": second}, references)}
    assert in_short(table) == (
        "in short, mean of 2 videos: sharpness 0.95 and motion 0.50 of the observed (1 is alike), "
        "distance of space-time patches 0.150 (0 is alike; floor 0.060, linear system 0.300)"
    )


def test_in_short_tells_how_many_videos_have_the_distance():
    """Of many sequences, only the first have it."""
    whole = {"sharpness": 0.9, "wasserstein": 0.2}
    table = {
        "a": Evaluation({"one": whole, "two": whole}, {}),
        "b": Evaluation({"one": {"sharpness": 0.9}}, {}),
    }
    line = in_short(table)
    assert "mean of 3 videos" in line
    assert "distance of space-time patches of the first 2 0.200" in line


def test_in_short_leaves_out_what_does_not_exist():
    nothing = dict.fromkeys(("sharpness", "motion", "wasserstein"), math.nan)
    assert in_short({"a": Evaluation({"one": nothing}, {})}).endswith("no measure exists")
    sharp = Evaluation({"one": nothing | {"sharpness": 1.0}}, {})
    line = in_short({"a": sharp})
    assert line == "in short, of one video: sharpness 1.00 of the observed (1 is alike)"


# --- The posterior check in words ---


def test_check_has_every_ratio_by_name():
    assert check_in_words(CHECK) == (
        RATIOS + "innovation_spread 1.05, state_step 1.19, state_spread 0.81, state_distance 1.00, "
        "state_persistence 1.10, start_spread 0.70, appearance_spread 1.30, motion_type_spread 0.90"
    )


def test_ratio_that_does_not_exist_is_left_out():
    check = PosteriorCheck(1.05, *[math.nan] * 7)
    assert check_in_words(check) == RATIOS + "innovation_spread 1.05"


@pytest.mark.parametrize(
    ("check", "missed"),
    [
        (CHECK._replace(state_step=1.21), "state_step"),
        (CHECK._replace(state_spread=0.79), "state_spread"),
        (CHECK._replace(state_persistence=1.3), "state_persistence"),
        (PosteriorCheck(2.0, 0.5, math.nan, 1.0, *[math.nan] * 4), "innovation_spread, state_step"),
    ],
)
def test_ratios_that_are_more_than_a_fifth_from_1_are_named_in_a_second_line(check, missed):
    ratios, second = check_in_words(check).split("\n")
    assert ratios.startswith(RATIOS)
    assert second == f"the prior is missed by more than a fifth: {missed}"


# --- What is printed ---


@pytest.mark.parametrize("number", range(1, WHOLE_TABLES + 1))
def test_of_few_sequences_the_whole_tables_are_printed(tmp_path, capsys, number):
    printed, _ = report(tmp_path, capsys, number)
    *tables, check, short, where = printed
    texts = [f"{name}:\n{as_text(one)}" for name, one in evaluations(number).items()]
    assert tables == "\n".join(texts).split("\n")
    assert short == in_short(evaluations(number))
    assert check == check_in_words(CHECK)
    assert where.endswith(f": {tmp_path / 'evaluation.csv'}")


def test_of_more_sequences_a_line_for_each_video_is_printed(tmp_path, capsys):
    number = WHOLE_TABLES + 1
    printed, _ = report(tmp_path, capsys, number)
    *lines, check, short, where = printed
    assert lines == [
        f"{name}, {video}: {in_words(comparison)}"
        for name, evaluation in evaluations(number).items()
        for video, comparison in evaluation.videos.items()
    ]
    assert check == check_in_words(CHECK)
    assert where.endswith(f": {tmp_path / 'evaluation.csv'}")


def test_only_the_first_sequences_are_printed_and_all_are_written(tmp_path, capsys):
    printed, written = report(tmp_path, capsys, number=3, num_shown=1)
    told = "\n".join(printed)
    assert "clip 0" in told and "clip 1" not in told and "clip 2" not in told
    assert {row["sequence"] for row in written} == {"clip 0", "clip 1", "clip 2"}


def test_missed_prior_is_told_after_the_ratios(tmp_path, capsys):
    printed, _ = report(tmp_path, capsys, check=CHECK._replace(state_step=3.0))
    *_, ratios, missed, short, where = printed
    assert "state_step 3.00" in ratios
    assert missed.endswith("more than a fifth: state_step")
    assert "evaluation.csv" in where


# --- What is written ---


@pytest.mark.parametrize("number", [1, WHOLE_TABLES + 1])
def test_every_row_of_every_sequence_is_written(tmp_path, capsys, number):
    _, rows = report(tmp_path, capsys, number)
    expected = {
        (name, video): comparison
        for name, evaluation in evaluations(number).items()
        for video, comparison in (evaluation.videos | evaluation.references).items()
    }
    assert [(one["sequence"], one["video"]) for one in rows] == list(expected)
    for one in rows:
        for name, value in expected[one["sequence"], one["video"]].items():
            assert one[name] == ("" if math.isnan(value) else f"{value:g}")


def test_check_stands_beside_the_synthesized_videos_and_not_beside_the_references(tmp_path, capsys):
    check = CHECK._replace(state_distance=math.nan)
    _, rows = report(tmp_path, capsys, 2, check)
    beside = {
        one["video"]: [one[name] for name in PosteriorCheck._fields]
        for one in rows
        if one["sequence"] == "clip 1"
    }
    of_model = ["1.05", "1.19", "0.81", "", "1.1", "0.7", "1.3", "0.9"]
    assert beside == {"one": of_model, "two": of_model, "floor": [""] * 8}
