"""Measures as text for people, as CSV and as JSON."""

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from util.metrics.evaluation import Evaluation
from util.metrics.measures import MEASURES, Comparison
from util.system.atomic import write_text

WIDTH = 100  # characters of a line
GAP = "  "  # between columns


def in_words(comparison: Comparison) -> str:
    """The measures that exist, in one line, with their ideal values."""
    by_ideal: dict[float | None, list[str]] = {}
    for name, value in comparison.items():
        if not math.isnan(value):
            by_ideal.setdefault(MEASURES[name].ideal, []).append(f"{name} {value:.2f}")
    groups = [
        ", ".join(values) + ("" if ideal is None else f" (ideal {ideal:g})")
        for ideal, values in by_ideal.items()
    ]
    return "; ".join(groups) or "no measure exists for this video"


def as_text(evaluation: Evaluation) -> str:
    """An aligned table of at most `WIDTH` characters a line: ideal values, videos, references.

    Measures that do not fit beside each other follow in further blocks of rows. A measure that
    does not exist is "-".
    """
    ideal = {name: math.nan if row.ideal is None else row.ideal for name, row in MEASURES.items()}
    rule = None
    rows = [
        *(rule, ("ideal", ideal)),
        *(rule, *evaluation.videos.items()),
        *(rule, *evaluation.references.items()),
    ]
    names = column(["", *(row and row[0] for row in rows)], str.ljust)
    blocks = [[names]]
    for measure in MEASURES:
        cells = column([measure, *(row and number(row[1], measure) for row in rows)], str.rjust)
        length = sum(len(GAP) + len(cell) for cell, *_ in blocks[-1]) + len(cells[0])
        if length > WIDTH and len(blocks[-1]) > 1:
            blocks.append([names])
        blocks[-1].append(cells)
    return "\n\n".join("\n".join(map(GAP.join, zip(*block, strict=True))) for block in blocks)


def column(cells: list[str | None], align: Callable[[str, int], str]) -> list[str]:
    """Cells of equal width; None becomes a rule."""
    width = max(len(cell) for cell in cells if cell)
    return ["-" * width if cell is None else align(cell, width) for cell in cells]


def number(comparison: Comparison, name: str) -> str:
    value = comparison.get(name, math.nan)
    return "-" if math.isnan(value) else f"{value:.3f}"


def write_csv(
    path: Path,
    evaluations: Mapping[str, Evaluation],
    further: Mapping[str, Mapping[str, float]] | None = None,
) -> None:
    """Write the tables of all sequences as CSV.

    The columns are: sequence, video, every measure, every further column. A value that does not
    exist is empty.

    Args:
        evaluations: the table of each sequence, by its name.
        further: for a sequence, values of further columns, by their names. The rows of its
            synthesized videos have them; its references do not.
    """
    further = further or {}
    extra = list(dict.fromkeys(name for values in further.values() for name in values))
    rows: list[Sequence[str | float]] = []
    for sequence, evaluation in evaluations.items():
        own = further.get(sequence, {})
        for group, added in ((evaluation.videos, own), (evaluation.references, {})):
            for video, comparison in group.items():
                measures = [comparison.get(name, math.nan) for name in MEASURES]
                more = [added.get(name, math.nan) for name in extra]
                rows.append([sequence, video, *measures, *more])
    write_table(path, ["sequence", "video", *MEASURES, *extra], rows)


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str | float]]) -> None:
    """Write a CSV table. Numbers have six significant digits; NaN is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(map(cell_of, row) for row in rows)
    write_text(path, text.getvalue())


def cell_of(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return "" if math.isnan(value) else f"{value:.6g}"


def write_comparisons(path: Path, comparisons: Mapping[str, Comparison]) -> None:
    """Write the measures of each video as JSON, by its name; null if a measure does not exist."""
    figures = {
        video: {name: None if math.isnan(value) else value for name, value in comparison.items()}
        for video, comparison in comparisons.items()
    }
    write_text(path, json.dumps(figures, indent=2) + "\n")
