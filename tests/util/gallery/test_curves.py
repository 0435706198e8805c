"""Curves as paths: where their points lie, what is thinned, which ticks an axis has."""

import math
import re

import pytest

from util.gallery.curves import BOTTOM, LEFT, RIGHT, TOP, figure, named, plots, thinned


def drawn(values, tag="1_error/mean_squared"):
    (plot,) = plots({tag: values})
    return plot


def places(path):
    return [tuple(map(float, pair.split())) for pair in re.split("[ML]", path)[1:]]


def test_linear_curve_lies_between_its_ticks():
    plot = drawn({1: 1.0, 2: 2.0, 3: 5.0})
    assert [tick.text for tick in plot.up] == ["1", "2", "3", "4", "5"]
    assert [tick.text for tick in plot.across] == ["1", "2", "3"]
    (line,) = plot.lines
    middle = (LEFT + RIGHT) / 2
    quarter = BOTTOM + (TOP - BOTTOM) / 4
    assert places(line.path) == [(LEFT, BOTTOM), (middle, quarter), (RIGHT, TOP)]
    assert (line.label, line.last) == ("mean squared error", "5.00")


def test_curve_over_decades_is_logarithmic():
    plot = drawn({1: 1000.0, 2: 1.0, 3: 10.0})
    assert [tick.text for tick in plot.up] == ["1", "10", "100", "1000"]
    third = BOTTOM + (TOP - BOTTOM) / 3
    heights = [y for _, y in places(plot.lines[0].path)]
    assert heights == pytest.approx([TOP, BOTTOM, third], abs=0.1)


@pytest.mark.parametrize(
    "values",
    [{1: 0.0}, {5: 3.0}, {1: 2.0, 2: 2.0}, {1: -1.0, 2: 1e9}, {1: 1e-30, 2: 1e30}, {1: -5.0}],
)
def test_every_curve_lies_in_the_plot(values):
    plot = drawn(values)
    for x, y in places(plot.lines[0].path.replace("h2", "")):
        assert LEFT <= x <= RIGHT and TOP <= y <= BOTTOM
    assert 1 <= len(plot.up) <= 7
    for tick in plot.up:
        assert TOP - 0.1 <= tick.place <= BOTTOM + 0.1
    assert len({tick.text for tick in plot.up}) == len(plot.up)


def test_long_curve_is_thinned_and_keeps_its_ends_and_its_peaks():
    values = {epoch: math.sin(epoch / 50) for epoch in range(1, 3001)}
    values[1234], values[2001] = 7.0, -7.0
    pairs = thinned(values)
    assert len(pairs) <= 300
    assert pairs == sorted(pairs)
    assert (1234, 7.0) in pairs and (2001, -7.0) in pairs
    assert set(pairs) <= set(values.items())
    assert thinned({1: 1.0, 2: 0.5}) == [(1, 1.0), (2, 0.5)]


def test_tags_of_earlier_versions_are_read():
    points = {"reconstruction_error": {1: 1.0}, "energy/prior": {1: 2.0}}
    points["gradient_norm/beta"] = {1: 3.0}
    labels = {plot.title: [line.label for line in plot.lines] for plot in plots(points)}
    assert labels == {
        "Error": ["mean squared error"],
        "Energy": ["negative log-prior"],
        "Gradients": ["emission β"],
    }


def test_run_that_went_on_with_another_version_has_one_curve():
    points = {
        "1_error/mean_squared": {3: 0.3, 4: 0.2},
        "reconstruction_error": {1: 1.0, 2: 0.5, 3: 0.4},
    }
    assert named(points, ["1_error/mean_squared", "reconstruction_error"]) == {
        1: 1.0, 2: 0.5, 3: 0.3, 4: 0.2,
    }  # fmt: skip


def test_run_without_figures_has_no_plot():
    assert plots({}) == []


@pytest.mark.parametrize(
    "value, text",
    [
        (0.000612345, "0.000612"), (0.35, "0.350"), (1, "1.00"), (12.34, "12.3"), (224.4, "224"),
        (12783.2, "12783"), (3.14159e6, "3.14e6"), (1.2e-7, "1.20e-7"), (0, "0"), (-2.5, "-2.50"),
        (99.97, "100"),
    ],
)  # fmt: skip
def test_figure(value, text):
    assert figure(value) == text
