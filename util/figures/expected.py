"""What the numbers of a figure are expected to be: measured with several seeds, in expected.csv.

`util.figures.enter` fills the table.
"""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from util.system.atomic import write_text

TABLE = Path(__file__).with_name("expected.csv")
KEY = ("schedule", "figure", "run", "number")
SEED = "seed "  # begins the name of a column, as in "seed 0"
FEWEST_SEEDS = 3  # with fewer, it is not known how much a number varies
MINUTES = "minutes"  # a number that depends on the machine, so it is never outside
WIDENED = 2.0  # how many widths of the seeds' range a number may lie beside this range
TOLERANCE = 0.1  # and so large a part of an error or a measure, if that is more
WITHOUT_SEEDS = 0.01  # such a part of a number that was the same with all seeds

# How far numbers on other scales may lie beside the range: an error that is larger by `TOLERANCE`.
OTHER_SCALES: dict[str, Callable[[float], float]] = {
    "PSNR": lambda _: 20 * math.log10(1 + TOLERANCE),  # decibel
    "SSIM": lambda expected: TOLERANCE * (1 - expected),
}


class Expected(NamedTuple):
    """What a number was with several seeds: its mean, the smallest and the largest value."""

    expected: float
    smallest: float
    largest: float
    seeds: int

    def holds(self, value: float, name: str = "") -> bool:
        """Whether a value of another seed or machine is as expected.

        It may lie beside the range of the seeds by twice the width of the range. With three seeds,
        this is about a 95 % prediction interval. It may also lie beside it by a tenth of the
        expected value, or of the error that a PSNR or SSIM stands for. A number that was the same
        with all seeds, such as an error of a baseline, may differ by a hundredth.

        Args:
            name: the name of the number.
        """
        width = self.largest - self.smallest
        if not width:
            beside = WITHOUT_SEEDS * abs(self.expected)
        elif name in OTHER_SCALES:
            beside = OTHER_SCALES[name](self.expected)
        else:
            beside = TOLERANCE * abs(self.expected)
        beside = max(beside, WIDENED * width)
        return self.smallest - beside <= value <= self.largest + beside


Key = tuple[str, str, str, str]
Measured = dict[Key, dict[int, float]]  # the value of each number with each seed


def read_expected(path: Path = TABLE) -> dict[Key, Expected]:
    """What is expected of each number that was measured with several seeds."""
    return {
        key: summary(list(values.values()))
        for key, values in read_measured(path).items()
        if len(values) >= FEWEST_SEEDS
    }


def usual_minutes(path: Path = TABLE) -> dict[Key, float]:
    """The mean over all measured seeds of the minutes that each run took, even if it is one."""
    return {
        key: summary(list(values.values())).expected
        for key, values in read_measured(path).items()
        if key[-1] == MINUTES
    }


def summary(values: Sequence[float]) -> Expected:
    """The mean and the range of what a number was with each seed."""
    return Expected(sum(values) / len(values), min(values), max(values), len(values))


def read_measured(path: Path = TABLE) -> Measured:
    """The table: what each number was with each seed."""
    if not path.exists():
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        return {
            key_of(row): {
                int(name.removeprefix(SEED)): float(value)
                for name, value in row.items()
                if name.startswith(SEED) and value
            }
            for row in csv.DictReader(file)
        }


def key_of(row: Mapping[str, str]) -> Key:
    """Which number a row of this table, or of a numbers.csv, is about."""
    schedule, figure, run, number = (row[name] for name in KEY)
    return schedule, figure, run, number


def enter(seed: int, numbers: Mapping[Key, float], path: Path = TABLE) -> None:
    """Enter all numbers of some figures in the table, in the place of older ones of this seed."""
    figures = {key[:2] for key in numbers}
    measured = read_measured(path)
    for key, values in measured.items():
        if key[:2] in figures:
            values.pop(seed, None)
    for key, value in numbers.items():
        if not math.isnan(value):
            measured.setdefault(key, {})[seed] = value
    seeds = sorted({seed for values in measured.values() for seed in values})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*KEY, *(f"{SEED}{seed}" for seed in seeds)])
    for key, values in measured.items():
        if values:
            cells = [f"{values[seed]:.4g}" if seed in values else "" for seed in seeds]
            writer.writerow([*key, *cells])
    write_text(path, text.getvalue())
