"""What the numbers of a figure are expected to be: measured with several seeds, in expected.csv.

    python -m util.figures.expected output_figures_0 output_figures_1 output_figures_2

writes the table anew from the figures in these folders, each made with another --seed.
"""

import csv
import io
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from util.system.atomic import write_text

TABLE = Path(__file__).with_name("expected.csv")
KEY = ("schedule", "figure", "run", "number")
COLUMNS = (*KEY, "expected", "smallest", "largest", "seeds")
MINUTES = "minutes"  # a number that depends on the machine, so it is never outside
WIDENED = 2.0  # how many widths of the seeds' range a number may lie beside this range
TOLERANCE = 0.1  # and so large a part of the expected value, if that is more


class Expected(NamedTuple):
    """What a number was with several seeds: its mean, the smallest and the largest value."""

    expected: float
    smallest: float
    largest: float
    seeds: int

    def holds(self, value: float) -> bool:
        """Whether a value of another seed or machine is as expected.

        It may lie beside the range of the seeds by twice the width of the range, or by a tenth of
        the expected value. With three seeds, this is about a 95 % prediction interval.
        """
        width = self.largest - self.smallest
        beside = max(WIDENED * width, TOLERANCE * abs(self.expected))
        return self.smallest - beside <= value <= self.largest + beside


Key = tuple[str, str, str, str]


def read_expected(path: Path = TABLE) -> dict[Key, Expected]:
    """The table: by schedule, figure, run and number."""
    if not path.exists():
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        return {
            (row["schedule"], row["figure"], row["run"], row["number"]): Expected(
                float(row["expected"]),
                float(row["smallest"]),
                float(row["largest"]),
                int(row["seeds"]),
            )
            for row in csv.DictReader(file)
        }


def summary(values: Sequence[float]) -> Expected:
    """The mean and the range of what a number was with each seed."""
    return Expected(sum(values) / len(values), min(values), max(values), len(values))


def write_expected(
    measured: Sequence[Mapping[Key, float]], path: Path = TABLE
) -> dict[Key, Expected]:
    """Write the table from the numbers that each seed gave. Rows of other figures stay."""
    figures = {key[:2] for numbers in measured for key in numbers}
    table = {key: row for key, row in read_expected(path).items() if key[:2] not in figures}
    for key in dict.fromkeys(key for numbers in measured for key in numbers):
        values = [numbers[key] for numbers in measured if key in numbers]
        values = [value for value in values if not math.isnan(value)]
        if values:
            table[key] = summary(values)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for key, row in table.items():
        writer.writerow([*key, *(f"{value:.4g}" for value in row[:3]), row.seeds])
    write_text(path, text.getvalue())
    return table


def numbers_in(folder: Path) -> dict[Key, float]:
    """All numbers of the figures in an output folder."""
    found: dict[Key, float] = {}
    for path in sorted(folder.glob("*/numbers.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["value"]:
                    key = (row["schedule"], row["figure"], row["run"], row["number"])
                    found[key] = float(row["value"])
    return found


if __name__ == "__main__":
    print(f"{len(write_expected([numbers_in(Path(name)) for name in sys.argv[1:]]))} numbers")
