"""Numbers beside the expected ones."""

import math

from util.figures.expected import Expected
from util.figures.numbers import (
    COLUMNS,
    Origin,
    as_text,
    compared,
    read_rows,
    rows_of,
    write_rows,
)

MOTION = ("fast", "textures", "fire", "motion")
EXPECTED = {
    MOTION: Expected(0.9, 0.85, 0.95, 3),
    ("fast", "textures", "fire", "minutes"): Expected(3.0, 3.0, 3.0, 3),
}


def numbers(values, expected=EXPECTED):
    return compared("fast", "textures", values, expected)


def test_verdict_says_whether_a_number_is_as_expected():
    (good,) = numbers({"fire": {"motion": 0.8, "minutes": 3.0}})[:1]
    (bad,) = numbers({"fire": {"motion": 0.5, "minutes": 3.0}})[:1]
    assert (good.verdict, bad.verdict) == ("inside", "outside")
    assert str(bad) == "textures, fire: motion 0.5, expected 0.9 (0.85 to 0.95, 3 seeds)"


def test_minutes_are_never_outside():
    assert numbers({"fire": {"minutes": 99.0}})[0].verdict == ""


def test_number_that_nobody_has_measured_has_no_verdict():
    (number,) = numbers({"fire": {"new": 1.0}}, {})
    assert number.verdict == "" and str(number) == "textures, fire: new 1"


def test_expected_number_that_is_gone_is_outside():
    found = {number.key[-1]: number for number in numbers({"fire": {"minutes": 3.0}})}
    assert found["motion"].verdict == "outside"
    assert str(found["motion"]).startswith("textures, fire: motion is missing, expected 0.9")


def test_runs_that_are_not_shown_are_not_missed():
    assert {number.key[2] for number in numbers({"water": {"motion": 1.0}})} == {"water"}


def test_file_has_all_numbers_and_empty_cells_for_what_does_not_exist(tmp_path):
    values = {"fire": {"motion": 0.8}, 'a,"b"': {"motion": math.nan}}
    origins = {"fire": Origin("CPU, 2 cores", "0123456789")}
    found = compared("fast", "textures", values, {MOTION: EXPECTED[MOTION]}, origins)
    write_rows(tmp_path / "numbers.csv", rows_of(found))
    rows = read_rows(tmp_path / "numbers.csv")
    assert rows[0] == {
        "schedule": "fast",
        "figure": "textures",
        "run": "fire",
        "number": "motion",
        "value": "0.8",
        "expected": "0.9",
        "smallest": "0.85",
        "largest": "0.95",
        "seeds": "3",
        "verdict": "inside",
        "machine": "CPU, 2 cores",
        "revision": "0123456789",
    }
    assert (rows[1]["run"], rows[1]["value"], rows[1]["verdict"]) == ('a,"b"', "", "")
    assert (rows[1]["machine"], rows[1]["revision"]) == ("", "")


def test_file_of_an_earlier_version_has_empty_cells_for_newer_columns(tmp_path):
    (tmp_path / "numbers.csv").write_text("schedule,figure,run,number,value\nfast,a,b,c,1\n")
    (row,) = read_rows(tmp_path / "numbers.csv")
    assert list(row) == list(COLUMNS)
    assert (row["value"], row["machine"], row["revision"]) == ("1", "", "")


def test_table_for_people_names_each_run_once():
    lines = list(as_text(numbers({"fire": {"motion": 0.8, "minutes": 3.0}})))
    assert len(lines) == 3
    assert lines[1].split() == [
        *("fire", "motion", "0.8", "0.9"),
        *("0.85", "to", "0.95,", "3", "seeds", "inside"),
    ]
    assert lines[2].split() == ["minutes", "3", "3", "3", "to", "3,", "3", "seeds"]
