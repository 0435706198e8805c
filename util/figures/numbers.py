"""The numbers of a figure beside the expected ones: as a table to read, and as numbers.csv."""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from util.figures.expected import MINUTES, Expected, Key
from util.system.atomic import write_text

INSIDE, OUTSIDE = "inside", "outside"
COLUMNS = (
    *("schedule", "figure", "run", "number"),
    *("value", "expected", "smallest", "largest", "seeds", "verdict"),
    *("machine", "revision"),
)
Row = dict[str, str]  # a row of numbers.csv, by the names in `COLUMNS`


class Origin(NamedTuple):
    """Where a number was made; "" if it is not known.

    Fields:
        machine: the device and the precision of the training.
        revision: the git revision of this program.
    """

    machine: str = ""
    revision: str = ""


class Number(NamedTuple):
    """A number of a figure.

    Fields:
        key: schedule, figure, run, and the name of the number.
        value: NaN if it does not exist.
        expected: None if nothing is expected.
        origin: where it was made.
    """

    key: Key
    value: float
    expected: Expected | None
    origin: Origin = Origin()

    @property
    def verdict(self) -> str:
        """Whether the value is as expected; "" if nothing is, or if it depends on the machine."""
        if self.expected is None or self.key[-1] == MINUTES:
            return ""
        return INSIDE if self.expected.holds(self.value, self.key[-1]) else OUTSIDE

    def __str__(self) -> str:
        _, figure, run, name = self.key
        text = f"{figure}, {run}: {name} {digits(self.value) or 'is missing'}"
        if self.expected is None:
            return text
        return f"{text}, expected {digits(self.expected.expected)} ({range_of(self.expected)})"


def range_of(expected: Expected) -> str:
    """The range of the seeds, as "0.85 to 0.95, 3 seeds"."""
    low, high = digits(expected.smallest), digits(expected.largest)
    return f"{low} to {high}, {expected.seeds} seeds"


def digits(value: float) -> str:
    """Four significant digits; "" for a value that does not exist."""
    return "" if math.isnan(value) else f"{value:.4g}"


def compared(
    schedule: str,
    figure: str,
    values: Mapping[str, Mapping[str, float]],
    expected: Mapping[Key, Expected],
    origins: Mapping[str, Origin] | None = None,
) -> list[Number]:
    """Put the values of each run beside the expected ones.

    Args:
        values: the numbers of each run, by the name of the run and the name of the number.
        expected: empty if nothing is expected of these runs. An expected number without a value
            is there with the value NaN.
        origins: where the numbers of each run were made.
    """
    origins = origins or {}
    found: dict[Key, float] = {
        (schedule, figure, run, name): value
        for run, numbers in values.items()
        for name, value in numbers.items()
    }
    missing = {
        key: math.nan
        for key in expected
        if key[:2] == (schedule, figure) and key[2] in values and key not in found
    }
    return [
        Number(key, value, expected.get(key), origins.get(key[2], Origin()))
        for key, value in {**found, **missing}.items()
    ]


def rows_of(numbers: Sequence[Number]) -> list[Row]:
    """The rows of numbers.csv. What does not exist is empty."""
    rows = []
    for number in numbers:
        row = number.expected
        seeds = [*map(digits, row[:3]), str(row.seeds)] if row else [""] * 4
        cells = [*number.key, digits(number.value), *seeds, number.verdict, *number.origin]
        rows.append(dict(zip(COLUMNS, cells, strict=True)))
    return rows


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write numbers.csv."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def read_rows(path: Path) -> list[Row]:
    """The rows of a numbers.csv; none if there is no such file.

    Columns that an earlier version did not write are empty.
    """
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return [{**dict.fromkeys(COLUMNS, ""), **row} for row in csv.DictReader(file)]


def as_text(numbers: Sequence[Number]) -> Iterator[str]:
    """The lines of a table for people."""
    rows = [("run", "number", "value", "expected", "seeds", "")]
    run = ""
    for number in numbers:
        row = number.expected
        rows.append(
            (
                number.key[2] if number.key[2] != run else "",
                number.key[3],
                digits(number.value) or "-",
                digits(row.expected) if row else "-",
                range_of(row) if row else "-",
                number.verdict,
            )
        )
        run = number.key[2]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        yield "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
