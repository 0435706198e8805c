"""The figures in demo/, and their numbers in the tables of README.md and demo/README.md."""

import csv
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from util.figures.expected import MINUTES
from util.figures.layouts import NAME
from util.figures.making import NUMBERS, Made
from util.figures.numbers import write_numbers
from util.figures.records import FIGURES
from util.system.atomic import atomic_path, write_text

PROJECT = Path(__file__).resolve().parents[2]
SUFFIXES = ("png", "gif")
DOCUMENTS = ("README.md", "demo/README.md")
Rows = Sequence[Mapping[str, str]]  # of numbers.csv
GENERATED = re.compile(r"(<!-- (\w+) of --write_demo -->\n).*?(<!-- end -->)", re.DOTALL)


def write_demo(made: Mapping[str, Made]) -> None:
    """Copy the figures to demo/, with all numbers as demo/numbers.csv, and write the tables."""
    demo = PROJECT / "demo"
    for name, figure in made.items():
        for suffix in SUFFIXES:
            with atomic_path(demo / f"{name}.{suffix}") as partial:
                shutil.copyfile(figure.folder / f"{NAME}.{suffix}", partial)
    write_numbers(demo / NUMBERS, [number for figure in made.values() for number in figure.numbers])
    write_tables(PROJECT)


def write_tables(project: Path) -> None:
    """Write the tables of the documents from demo/numbers.csv."""
    with open(project / "demo" / NUMBERS, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for name in DOCUMENTS:
        path = project / name
        write_text(path, with_tables(path.read_text(encoding="utf-8"), rows))


def with_tables(text: str, rows: Rows) -> str:
    """A document with its generated parts made from the rows of numbers.csv."""

    def generated(found: re.Match) -> str:
        begin, name, end = found.groups()
        return f"{begin}\n{PARTS[name](rows)}\n\n{end}"

    return GENERATED.sub(generated, text)


def commands(rows: Rows) -> str:
    """A line for each figure: what it shows, its command, and its minutes."""
    table = [["figure", "command", "minutes", "what it shows"], ["---"] * 4]
    for name, figure in FIGURES.items():
        minutes = [
            float(row["value"]) for row in rows if (row["figure"], row["number"]) == (name, MINUTES)
        ]
        command = f"`python main_dyn_G.py --experiment figure --figure {name}`"
        table.append([f"[{name}](#{name})", command, f"{sum(minutes):.0f}", figure.summary])
    total = sum(float(row["value"]) for row in rows if row["number"] == MINUTES)
    all_figures = "`python main_dyn_G.py --experiment figure --figure all`"
    table.append(["all", all_figures, f"{total:.0f}", ""])
    return markdown(table)


def numbers(rows: Rows, figure: str) -> str:
    """A table of all numbers of a figure: a line for each run."""
    of_figure = [row for row in rows if row["figure"] == figure]
    names = list(dict.fromkeys(row["number"] for row in of_figure))
    runs = list(dict.fromkeys(row["run"] for row in of_figure))
    cells = {(row["run"], row["number"]): cell(row) for row in of_figure}
    table = [["run", *names], ["---"] * (1 + len(names))]
    table += [[run, *(cells.get((run, name), "") for name in names)] for run in runs]
    return markdown(table)


def cell(row: Mapping[str, str]) -> str:
    """0.87 (0.85 to 0.9): a value, and the range of three seeds if it varies."""
    if row["number"] == MINUTES or not row["smallest"] or row["smallest"] == row["largest"]:
        return row["value"]
    return f"{row['value']} ({row['smallest']} to {row['largest']})"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


PARTS: dict[str, Callable[[Rows], str]] = {
    "commands": commands,
    **{name: partial(numbers, figure=name) for name in FIGURES},
}
