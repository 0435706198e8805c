"""The expected values of numbers, from runs with several seeds."""

import math

import pytest

from util.figures.expected import (
    Expected,
    enter,
    read_expected,
    read_measured,
    summary,
    usual_minutes,
)
from util.figures.records import FIGURES

KEY = ("fast", "textures", "fire", "motion")


def test_summary_is_the_mean_and_the_range():
    assert summary([1.0, 4.0, 4.0]) == Expected(3.0, 1.0, 4.0, 3)


@pytest.mark.parametrize(
    "value, holds", [(0.59, False), (0.61, True), (1.0, True), (1.39, True), (1.41, False)]
)
def test_value_may_lie_beside_the_range_by_twice_its_width(value, holds):
    assert Expected(1.0, 0.92, 1.08, 3).holds(value) == holds


@pytest.mark.parametrize("value, holds", [(1.79, False), (1.81, True), (2.19, True), (2.21, False)])
def test_value_may_differ_by_a_tenth_if_the_seeds_hardly_do(value, holds):
    assert Expected(2.0, 2.0, 2.0, 3).holds(value) == holds


def test_missing_value_is_not_as_expected():
    assert not Expected(1.0, 0.0, 2.0, 3).holds(math.nan)


def test_one_seed_alone_does_not_say_what_to_expect(tmp_path):
    table = tmp_path / "expected.csv"
    enter(1, {KEY: 0.9}, table)
    assert read_measured(table) == {KEY: {1: 0.9}}
    assert read_expected(table) == {}


def test_minutes_of_one_seed_say_how_long_a_run_takes(tmp_path):
    table = tmp_path / "expected.csv"
    minutes = (*KEY[:3], "minutes")
    enter(0, {KEY: 0.9, minutes: 4.0}, table)
    assert usual_minutes(table) == {minutes: 4.0}
    enter(1, {minutes: 6.0}, table)
    assert usual_minutes(table) == {minutes: 5.0}


def test_new_numbers_of_a_figure_replace_those_of_its_seed_alone(tmp_path):
    table = tmp_path / "expected.csv"
    other, old = ("fast", "actions", "walkers", "motion"), ("fast", "textures", "fire", "old")
    enter(0, {other: 1.0, KEY: 1.0, old: 1.0}, table)
    enter(1, {KEY: 3.0}, table)
    enter(0, {KEY: 2.0}, table)
    assert read_measured(table) == {other: {0: 1.0}, KEY: {0: 2.0, 1: 3.0}}


def test_no_table_means_that_nothing_is_expected(tmp_path):
    assert read_expected(tmp_path / "gone.csv") == {}


def test_every_row_of_the_table_belongs_to_a_figure():
    for schedule, figure, _, _ in read_measured():
        assert schedule in ("fast", "published") and figure in FIGURES
