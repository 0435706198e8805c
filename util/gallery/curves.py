"""Curves of a run as paths of an SVG, with the ticks of their axes."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from util.gallery.events import Points

# The plot area in units of the SVG: left, top, right, bottom.
WIDTH, HEIGHT = 320, 190
LEFT, TOP, RIGHT, BOTTOM = 56, 10, 304, 154
BUCKETS = 120  # each gives the curve its least and its largest value
FULL_DECADES = 20  # an axis is logarithmic if its largest value is so many times its least

ERROR = ("1_error/mean_squared", "reconstruction_error")
SECONDS = ("8_time/seconds_per_epoch",)


class Curve(NamedTuple):
    """A curve of a plot. `tags` are its names in TensorBoard, those of earlier versions last."""

    label: str
    tags: tuple[str, ...]


# For each plot, its title, the label of its vertical axis, and its curves.
PLOTS = (
    ("Error", "mean squared error", (Curve("mean squared error", ERROR),)),
    (
        "Energy",
        "energy",
        (
            Curve(
                "negative log-likelihood",
                ("5_energy/minus_log_likelihood", "energy/likelihood"),
            ),
            Curve("negative log-prior", ("5_energy/minus_log_prior", "energy/prior")),
        ),
    ),
    (
        "Gradients",
        "gradient norm",
        (
            Curve("transition α", ("7_learning/gradient_norm_of_alpha", "gradient_norm/alpha")),
            Curve("emission β", ("7_learning/gradient_norm_of_beta", "gradient_norm/beta")),
        ),
    ),
)
TAGS = frozenset(
    [tag for *_, curves in PLOTS for curve in curves for tag in curve.tags] + [*ERROR, *SECONDS]
)


class Line(NamedTuple):
    """A drawn curve: its label, its last value, and its path in an SVG."""

    label: str
    last: str
    path: str


class Tick(NamedTuple):
    """A mark of an axis: its place in units of the SVG, and its text."""

    place: float
    text: str


class Plot(NamedTuple):
    """A plot that is ready to be drawn."""

    title: str
    label: str
    lines: list[Line]
    across: list[Tick]
    up: list[Tick]


class Axis(NamedTuple):
    """An axis from `low` to `high`, drawn from `begin` to `end`."""

    low: float
    high: float
    begin: float
    end: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return self.begin + (value - low) / (high - low) * (self.end - self.begin)


def named(points: Mapping[str, Points], tags: Sequence[str]) -> Points:
    """The value of each epoch. If several tags have an epoch, the first of these tags counts.

    A run that another version has continued has several tags for one curve.
    """
    return {epoch: value for tag in reversed(tags) for epoch, value in points.get(tag, {}).items()}


def plots(points: Mapping[str, Points]) -> list[Plot]:
    """The plots of a run; those without a curve are left out."""
    return [
        drawn
        for title, label, curves in PLOTS
        if (drawn := _plot(title, label, {one.label: named(points, one.tags) for one in curves}))
    ]


def _plot(title: str, label: str, curves: Mapping[str, Points]) -> Plot | None:
    curves = {name: values for name, values in curves.items() if values}
    if not curves:
        return None
    epochs = [epoch for values in curves.values() for epoch in values]
    heights = [value for values in curves.values() for value in values.values()]
    across = Axis(*_apart(min(epochs), max(epochs)), LEFT, RIGHT)
    up = _vertical(min(heights), max(heights))
    lines = [
        Line(name, figure(list(values.values())[-1]), _path(thinned(values), across, up))
        for name, values in curves.items()
    ]
    return Plot(title, label, lines, _whole_ticks(across), _ticks(up))


def thinned(points: Points) -> list[tuple[int, float]]:
    """At most 2 · `BUCKETS` points, which keep the least and the largest value of each bucket."""
    pairs = list(points.items())
    if len(pairs) <= 2 * BUCKETS:
        return pairs
    kept = []
    for number in range(BUCKETS):
        begin, end = (len(pairs) * edge // BUCKETS for edge in (number, number + 1))
        bucket = pairs[begin:end]
        ends = {min(bucket, key=lambda pair: pair[1]), max(bucket, key=lambda pair: pair[1])}
        kept += sorted(ends)
    return kept


def _path(pairs: Sequence[tuple[int, float]], across: Axis, up: Axis) -> str:
    """M x y L x y …; a single point becomes a short line, so that it can be seen."""
    places = [f"{across.place(epoch):.1f} {up.place(value):.1f}" for epoch, value in pairs]
    return f"M{places[0]}h2" if len(places) == 1 else "M" + "L".join(places)


def _apart(low: float, high: float) -> tuple[float, float]:
    """Two different limits of an axis."""
    if low < high:
        return low, high
    around = abs(low) / 2 or 0.5
    return low - around, high + around


def _vertical(low: float, high: float) -> Axis:
    if low > 0 and high / low >= FULL_DECADES:
        return Axis(low, high, BOTTOM, TOP, logarithmic=True)
    step = _step((high - low) or abs(high) or 1)
    low, high = _apart(math.floor(low / step) * step, math.ceil(high / step) * step)
    return Axis(low, high, BOTTOM, TOP)


def _ticks(axis: Axis) -> list[Tick]:
    if axis.logarithmic:
        first, last = math.ceil(math.log10(axis.low)), math.floor(math.log10(axis.high))
        every = math.ceil((last - first + 1) / 5) or 1
        values = [10.0**power for power in range(first, last + 1, every)]
    else:
        step = _step(axis.high - axis.low)
        first = math.ceil(axis.low / step - 1e-9)
        last = math.floor(axis.high / step + 1e-9)
        values = [number * step for number in range(first, last + 1)]
    return [Tick(round(axis.place(value), 1), _round(value)) for value in values]


def _whole_ticks(axis: Axis) -> list[Tick]:
    """Ticks at whole numbers."""
    step = max(1, round(_step(axis.high - axis.low)))
    first = math.ceil(axis.low / step)
    values = range(first * step, math.floor(axis.high) + 1, step)
    return [Tick(round(axis.place(value), 1), str(value)) for value in values]


def _step(span: float) -> float:
    """1, 2 or 5 times a power of ten, so that a span has about four steps."""
    power = 10.0 ** math.floor(math.log10(span / 4))
    return next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= 5)


def figure(value: float) -> str:
    """A number with at least three digits: 0.0123, 0.350, 1240, 3.14e6."""
    if not value or 100 <= abs(value) < 1e5:
        return f"{value:.0f}"
    return _short_power(f"{value:#.3g}".removesuffix("."))


def _round(value: float) -> str:
    """The number of a tick, as short as possible: 0.1, 500, 1e4."""
    return _short_power(f"{value:g}" if abs(value) < 1e4 else f"{value:.2e}")


def _short_power(text: str) -> str:
    """3.10e+06 → 3.10e6; 1.00e4 of a round number → 1e4."""
    mantissa, e, power = text.partition("e")
    if e and not float(mantissa) % 1:
        mantissa = f"{float(mantissa):.0f}"
    return f"{mantissa}e{int(power)}" if e else text
