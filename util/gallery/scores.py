"""The scores of a run, from the tables in its final_result/."""

import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from util.system.errors import RunError
from util.system.whole_table import read_whole_table

SYNTHESIZED = "synthesized_"
TABLES = ("evaluation.csv", "recovery_error.csv")  # a run has one of them, or none

# The scores that a run shows first: column of the table, name, and what is good.
OF_SYNTHESIS = (
    ("wasserstein", "patch distance", "0 is alike"),
    ("sharpness", "sharpness", "1 is alike"),
    ("motion", "motion", "1 is alike"),
    ("diversity", "diversity", "0 is a copy"),
)
OF_RECOVERY = (
    ("absolute_error", "absolute error", "lower is better"),
    ("psnr", "PSNR", "dB, higher is better"),
    ("ssim", "SSIM", "1 is alike"),
)


class Row(NamedTuple):
    """A row of a table: what is scored, and its scores by the names of the columns."""

    name: str
    scores: dict[str, float]


class Scores(NamedTuple):
    """The scores of a run.

    Fields:
        columns: the names of all scores.
        rows: what the run made comes first, then what it is compared with; each is a mean over
            the sequences.
        problem: what cannot be read, in one line; "" if everything can.
    """

    columns: list[str]
    rows: list[Row]
    problem: str = ""


def read_scores(final_result: Path) -> Scores:
    """The scores in evaluation.csv, or in recovery_error.csv where pixels were missing."""
    for name, read in zip(TABLES, (_of_synthesis, _of_recovery), strict=True):
        path = final_result / name
        if not os.path.exists(path):  # also if the folder cannot be read
            continue
        try:
            columns, rows = read_whole_table(path)
            return Scores(columns[2:], read(rows))
        except (ValueError, OSError, RunError, KeyError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is damaged"
            return Scores([], [], f"final_result/{name} cannot be read: {reason}")
    return Scores([], [])


def _of_synthesis(rows: list[dict[str, str]]) -> list[Row]:
    made = [row for row in rows if row["video"].startswith(SYNTHESIZED)]
    references = [row for row in rows if not row["video"].startswith(SYNTHESIZED)]
    names = dict.fromkeys(row["video"] for row in references)
    groups = {name: [row for row in references if row["video"] == name] for name in names}
    return [Row("synthesized", _means(made)), *(Row(*_mean(group)) for group in groups.items())]


def _of_recovery(rows: list[dict[str, str]]) -> list[Row]:
    whole = [row for row in rows if row["sequence"] == "all"] or rows
    ways = dict.fromkeys(row["recovered_by"] for row in whole)
    groups = {way: [row for row in whole if row["recovered_by"] == way] for way in ways}
    return [Row(*_mean(group)) for group in groups.items()]


def _mean(group: tuple[str, list[dict[str, str]]]) -> tuple[str, dict[str, float]]:
    return group[0], _means(group[1])


def _means(rows: Iterable[dict[str, str]]) -> dict[str, float]:
    """The mean of each score over the rows that have it. Raises ValueError if it is too large."""
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, cell in list(row.items())[2:]:
            if cell and math.isfinite(value := float(cell)):
                values.setdefault(name, []).append(value)
    means = {name: sum(found) / len(found) for name, found in values.items()}
    if not all(map(math.isfinite, means.values())):
        raise ValueError
    return means
