"""The figures in demo/, and their numbers in the tables of README.md and demo/README.md."""

import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from util.data.clip_facts import facts_of
from util.figures.expected import MINUTES, TABLE, key_of, read_expected
from util.figures.files import NAME, NUMBERS
from util.figures.layouts import frames_of
from util.figures.making import Made
from util.figures.numbers import Number, Origin, Row, read_rows, rows_of, write_rows
from util.figures.records import ALL, FIGURES
from util.pictures.encoding import FRAMES_PER_SECOND, write_webp
from util.system.atomic import delete_leftovers, write_text
from util.system.errors import RunError

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = {"README.md": "demo/README.md", "demo/README.md": ""}  # and where the details are
COMMAND = "python main_dyn_G.py --experiment figure --figure"
NOT_RECORDED = "not recorded"  # by an earlier version
Rows = Sequence[Row]  # of numbers.csv
GENERATED = re.compile(r"(<!-- (\w+) of --write_demo -->\n).*?(<!-- end -->)", re.DOTALL)


def refuse_without_demo(advice: str, project: Path = PROJECT) -> None:
    """Raises RunError if demo/ or a document is not there, or cannot be written.

    Args:
        advice: what to do then.
    """
    for path in (project / "demo", *(project / name for name in DOCUMENTS)):
        if not os.access(path, os.W_OK):
            what = "no permission to write to" if path.exists() else "there is no"
            raise RunError(f"{what} {path}; {advice}")


def write_demo(made: Mapping[str, Made]) -> None:
    """Copy figures to demo/, with their numbers in demo/numbers.csv, and write the tables.

    Videos and pictures become small files that web pages show beside their text. Other figures in
    demo/ and their numbers stay.
    """
    demo = PROJECT / "demo"
    delete_leftovers(demo)
    for name, figure in made.items():
        with Image.open(figure.folder / f"{NAME}.png") as picture:
            write_webp(demo / f"{name}_frames.webp", np.asarray(picture.convert("RGB"))[np.newaxis])
        video = figure.folder / f"{NAME}.mp4"
        rate = facts_of(video).rate or FRAMES_PER_SECOND
        write_webp(demo / f"{name}.webp", frames_of(video), rate)
    by_figure: dict[str, list[Row]] = {name: [] for name in FIGURES}
    for row in read_rows(demo / NUMBERS):
        by_figure.setdefault(row["figure"], []).append(row)
    by_figure |= {name: rows_of(figure.numbers) for name, figure in made.items()}
    write_rows(demo / NUMBERS, [row for rows in by_figure.values() for row in rows])
    write_tables(PROJECT)


def update_demo(project: Path = PROJECT, table: Path = TABLE) -> None:
    """Put the numbers in demo/numbers.csv beside what is expected now, and write the tables."""
    expected = read_expected(table)
    numbers = [
        Number(
            key_of(row),
            float(row["value"] or "nan"),
            expected.get(key_of(row)),
            Origin(row["machine"], row["revision"]),
        )
        for row in read_rows(project / "demo" / NUMBERS)
    ]
    write_rows(project / "demo" / NUMBERS, rows_of(numbers))
    write_tables(project)


def write_tables(project: Path) -> None:
    """Write the tables of the documents from demo/numbers.csv."""
    rows = read_rows(project / "demo" / NUMBERS)
    for name, details in DOCUMENTS.items():
        path = project / name
        write_text(path, with_tables(path.read_text(encoding="utf-8"), rows, details))


def with_tables(text: str, rows: Rows, details: str) -> str:
    """A document with its generated parts made from the rows of numbers.csv.

    Args:
        details: the page with a section for each figure; "" for the document itself.
    """

    def generated(found: re.Match) -> str:
        begin, name, end = found.groups()
        if name == "commands":
            table = commands(rows, details)
        else:
            table = machines(rows) if name == "machines" else numbers(rows, name)
        return f"{begin}\n{table}\n\n{end}"

    return GENERATED.sub(generated, text)


def commands(rows: Rows, details: str) -> str:
    """A line for each figure: its command, its minutes, and what it shows.

    The figures of the paper come first, then the line for all of them, then the other figures.
    """
    table = [["figure", "command", "minutes", "what it shows"], ["---"] * 4]
    of_paper = {name: minutes_of(name, rows) for name, figure in FIGURES.items() if figure.in_paper}
    for name, minutes in of_paper.items():
        table.append(command(name, minutes, details, FIGURES[name].summary))
    total = whole(sum(of_paper.values()))
    table.append(["all", f"`{COMMAND} {ALL}`", total, "all above"])
    for name, figure in FIGURES.items():
        if not figure.in_paper:
            summary = f"new: {figure.summary}"
            table.append(command(name, minutes_of(name, rows), details, summary))
    return markdown(table)


def minutes_of(figure: str, rows: Rows) -> float:
    """The minutes of all runs of a figure; NaN if they are not known."""
    minutes = [
        float(row["value"]) for row in rows if row["figure"] == figure and row["number"] == MINUTES
    ]
    return sum(minutes) if minutes else math.nan


def command(figure: str, minutes: float, details: str, summary: str) -> list[str]:
    """The line of a figure in the table of the commands."""
    link = f"[{figure}]({details}#{figure})"
    return [link, f"`{COMMAND} {figure}`", whole(minutes), summary]


def whole(minutes: float) -> str:
    """A whole number of minutes; a dash if they are not known."""
    return "–" if math.isnan(minutes) else f"{minutes:.0f}"


def machines(rows: Rows) -> str:
    """A line for each machine and revision that trained, with the figures."""
    figures: dict[Origin, dict[str, None]] = {}  # without doubles, in their order
    for row in rows:
        figures.setdefault(Origin(row["machine"], row["revision"]), {})[row["figure"]] = None
    table = [["figures", "machine", "revision"], ["---"] * 3]
    for origin, theirs in figures.items():
        table.append([", ".join(theirs), origin.machine or NOT_RECORDED, origin.revision])
    return markdown(table)


def numbers(rows: Rows, figure: str) -> str:
    """A table of all numbers of a figure: a line for each run."""
    of_figure = [row for row in rows if row["figure"] == figure]
    if not of_figure:
        return "Nobody has run this figure yet."
    names = list(dict.fromkeys(row["number"] for row in of_figure))
    runs = list(dict.fromkeys(row["run"] for row in of_figure))
    cells = {(row["run"], row["number"]): cell(row) for row in of_figure}
    table = [["run", *names], ["---"] * (1 + len(names))]
    table += [[run, *(cells.get((run, name), "") for name in names)] for run in runs]
    return markdown(table)


def cell(row: Mapping[str, str]) -> str:
    """0.87 (0.85 to 0.9): a value, and the range of the seeds if it varies."""
    if row["number"] == MINUTES or not row["smallest"] or row["smallest"] == row["largest"]:
        return row["value"]
    return f"{row['value']} ({row['smallest']} to {row['largest']})"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
