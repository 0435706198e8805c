"""The expected values of numbers, from runs with several seeds."""

import math

import pytest

from util.figures.expected import Expected, numbers_in, read_expected, summary, write_expected
from util.figures.numbers import compared, rows_of, write_rows
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


def test_table_is_made_of_the_figures_of_several_seeds(tmp_path):
    for seed, motion in enumerate((0.8, 0.9, 1.0)):
        folder = tmp_path / f"output_{seed}" / "textures"
        folder.mkdir(parents=True)
        values = {"fire": {"motion": motion, "sharpness": math.nan}}
        write_rows(folder / "numbers.csv", rows_of(compared("fast", "textures", values, {})))
    measured = [numbers_in(tmp_path / f"output_{seed}") for seed in range(3)]
    table = tmp_path / "expected.csv"
    write_expected(measured, table)
    found = read_expected(table)
    assert found == {KEY: Expected(0.9, 0.8, 1.0, 3)}


def test_new_table_of_a_figure_keeps_the_other_figures_and_no_old_number(tmp_path):
    table = tmp_path / "expected.csv"
    other = ("fast", "actions", "walkers", "motion")
    write_expected([{other: 1.0, ("fast", "textures", "fire", "old"): 1.0}], table)
    write_expected([{KEY: 2.0}], table)
    assert set(read_expected(table)) == {other, KEY}


def test_no_table_means_that_nothing_is_expected(tmp_path):
    assert read_expected(tmp_path / "gone.csv") == {}


def test_every_row_of_the_table_belongs_to_a_figure():
    for schedule, figure, _, _ in read_expected():
        assert schedule in ("fast", "published") and figure in FIGURES
