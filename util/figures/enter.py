"""Enter the numbers of figures in the table of what is expected.

    python -m util.figures.enter output_figures output_figures_1

enters the figures in these folders, each under the seed of its command. What other seeds and other
figures gave stays, so each seed may be measured at another time.
"""

import shlex
import sys
from pathlib import Path

from util.figures.expected import TABLE, Key, enter
from util.figures.files import COMMAND, NUMBERS
from util.figures.numbers import read_rows
from util.options.schema import Options


def enter_figures(folder: Path, path: Path = TABLE) -> None:
    """Enter all figures in an output folder, each under its seed."""
    for found in sorted(folder.glob(f"*/{NUMBERS}")):
        seed = seed_of(found.parent)
        enter(seed, numbers_in(found), path)
        print(f"{found.parent}: seed {seed}")


def numbers_in(path: Path) -> dict[Key, float]:
    """The numbers of a numbers.csv that exist."""
    return {
        (row["schedule"], row["figure"], row["run"], row["number"]): float(row["value"])
        for row in read_rows(path)
        if row["value"]
    }


def seed_of(figure: Path) -> int:
    """The seed of the command that made the figure in a folder."""
    own, *_of_runs = (figure / COMMAND).read_text(encoding="utf-8").split("\n")
    words = shlex.split(own)
    return int(words[words.index("--seed") + 1]) if "--seed" in words else Options.seed


if __name__ == "__main__":
    for name in sys.argv[1:]:
        enter_figures(Path(name))
