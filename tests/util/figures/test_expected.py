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


@pytest.mark.parametrize("value, holds", [(1.78, False), (1.8, True), (2.2, True), (2.22, False)])
def test_value_may_differ_by_a_tenth_if_the_seeds_hardly_do(value, holds):
    assert Expected(2.0, 1.99, 2.01, 3).holds(value, "motion") == holds


@pytest.mark.parametrize("value, holds", [(1.97, False), (1.99, True), (2.01, True), (2.03, False)])
@pytest.mark.parametrize("name", ["error of temporal mean", "PSNR", "SSIM"])
def test_value_that_was_the_same_with_all_seeds_may_differ_by_a_hundredth(name, value, holds):
    assert Expected(2.0, 2.0, 2.0, 3).holds(value, name) == holds


@pytest.mark.parametrize("ratio, holds", [(0.9, False), (0.92, True), (1.09, True), (1.11, False)])
def test_psnr_may_differ_as_a_tenth_of_the_error_does(ratio, holds):
    value = 30.0 - 20 * math.log10(ratio)  # `ratio` is the error over the expected one
    assert Expected(30.0, 29.999, 30.001, 3).holds(value, "PSNR") == holds


@pytest.mark.parametrize(
    "value, holds", [(0.944, False), (0.946, True), (0.954, True), (0.956, False)]
)
def test_ssim_may_differ_by_a_tenth_of_what_lacks(value, holds):
    assert Expected(0.95, 0.9499, 0.9501, 3).holds(value, "SSIM") == holds


def test_ssim_of_the_baselines_of_the_pond_is_not_as_expected():
    ssim = read_expected()["fast", "inpainting", "pond", "SSIM"]
    assert ssim.holds(ssim.expected, "SSIM")
    assert not any(ssim.holds(baseline, "SSIM") for baseline in (0.911, 0.925, 0.928))


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
