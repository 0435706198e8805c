"""Measures in words, as text, as CSV and as JSON."""

import csv
import json
import math

import pytest

from util.metrics.evaluation import Evaluation
from util.metrics.measures import MEASURES
from util.metrics.tables import WIDTH, as_text, in_words, write_comparisons, write_csv


def row(first):
    """A comparison with the values first, first + 1, …"""
    return {name: first + number for number, name in enumerate(MEASURES)}


EVALUATION = Evaluation(
    {"synthesized_1": row(0.25), "synthesized_2": row(0.5) | {"cut_step": math.nan}},
    {"floor": row(100.0), "linear system": row(20.0) | {"motion": math.nan}},
)


def parsed(text):
    """The cells of a text table by row and measure, and its lines of rules as row numbers."""
    cells: dict[str, dict[str, str]] = {}
    for block in text.split("\n\n"):
        header, *lines = block.split("\n")
        columns = header.split()
        for line in lines:
            if not line.startswith("-"):
                name, *values = line.rsplit(maxsplit=len(columns))
                cells.setdefault(name.strip(), {}).update(zip(columns, values, strict=True))
    return cells


def test_line_of_words_has_the_measures_that_exist_with_their_ideal_values():
    line = in_words(
        {"mean": 0.123, "sharpness": 0.987, "motion": math.nan, "std": 0.0, "diversity": 0.5}
    )
    assert line == "mean 0.12, std 0.00 (ideal 0); sharpness 0.99 (ideal 1); diversity 0.50"


def test_line_of_words_says_if_nothing_exists():
    assert in_words({"motion": math.nan}) == "no measure exists for this video"


def test_text_has_every_value_and_the_ideal_ones():
    cells = parsed(as_text(EVALUATION))
    assert list(cells) == ["ideal", "synthesized_1", "synthesized_2", "floor", "linear system"]
    for name, comparison in (EVALUATION.videos | EVALUATION.references).items():
        assert cells[name] == {
            measure: "-" if math.isnan(value) else f"{value:.3f}"
            for measure, value in comparison.items()
        }
    assert cells["ideal"] == {
        name: "-" if measure.ideal is None else f"{measure.ideal:.3f}"
        for name, measure in MEASURES.items()
    }


@pytest.mark.parametrize("name", ["v", "synthesized_1", "a very long name of a video" * 3])
def test_text_fits_and_is_aligned(name):
    text = as_text(EVALUATION._replace(videos={name: row(12345.0)}))
    for block in text.split("\n\n"):
        lines = block.split("\n")
        assert len({len(line) for line in lines}) == 1
        assert len(lines[0]) <= WIDTH
        assert all(line[0] != " " and line[-1] != " " for line in lines[1:])
        for place, letter in enumerate(lines[1]):  # a rule
            if letter == " ":
                assert all(line[place] == " " for line in lines)


def test_single_column_stays_beside_a_name_that_is_too_long():
    text = as_text(EVALUATION._replace(videos={"n" * WIDTH: row(0.0)}))
    assert len(text.split("\n\n")) == len(MEASURES)


def test_references_stand_below_the_videos_behind_a_rule():
    lines = as_text(EVALUATION).split("\n\n")[0].split("\n")
    first = [line.split()[0] for line in lines[1:]]
    first = ["rule" if set(word) == {"-"} else word for word in first]
    assert first == [
        *("rule", "ideal", "rule", "synthesized_1", "synthesized_2"),
        *("rule", "floor", "linear"),
    ]


def test_csv_has_a_row_for_each_video_and_empty_cells_where_nothing_exists(tmp_path):
    write_csv(tmp_path / "evaluation.csv", {"fire, wild": EVALUATION, "water": EVALUATION})
    with open(tmp_path / "evaluation.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["sequence", "video", *MEASURES]
    comparisons = EVALUATION.videos | EVALUATION.references
    assert [(one["sequence"], one["video"]) for one in rows] == [
        (sequence, video) for sequence in ("fire, wild", "water") for video in comparisons
    ]
    for one in rows:
        for name, value in comparisons[one["video"]].items():
            assert one[name] == ("" if math.isnan(value) else f"{value:g}")


def test_csv_has_further_columns_for_the_synthesized_videos(tmp_path):
    path = tmp_path / "evaluation.csv"
    further = {"one": {"innovations": 0.5, "states": math.nan}, "two": {"error": 2.0}}
    write_csv(path, dict.fromkeys(("one", "two", "three"), EVALUATION), further)
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = ["innovations", "states", "error"]
    assert list(rows[0]) == ["sequence", "video", *MEASURES, *names]
    for one in rows:
        found = [one[name] for name in names]
        own = {"one": ["0.5", "", ""], "two": ["", "", "2"]}.get(one["sequence"], [""] * 3)
        assert found == (own if one["video"] in EVALUATION.videos else [""] * 3)


def test_csv_keeps_six_digits(tmp_path):
    path = tmp_path / "evaluation.csv"
    write_csv(path, {"s": Evaluation({"v": {"mean": 1 / 3, "std": 123456789.0}}, {})})
    assert path.read_text("utf-8").splitlines()[1].startswith("s,v,0.333333,1.23457e+08,,")


def test_json_has_null_where_a_measure_does_not_exist(tmp_path):
    comparisons = {"swell_1": {"sharpness": 0.5, "cut_step": math.nan}, "swell_2": {"motion": 0.0}}
    write_comparisons(tmp_path / "comparison.json", comparisons)
    text = (tmp_path / "comparison.json").read_text("utf-8")
    assert json.loads(text, parse_constant=pytest.fail) == {
        "swell_1": {"sharpness": 0.5, "cut_step": None},
        "swell_2": {"motion": 0.0},
    }
