"""Enter the numbers of figures in the table of what is expected.

    python -m util.figures.enter output_figures output_figures_1

enters the figures in these folders, each under the seed of its command. What other seeds and other
figures gave stays, so each seed may be measured at another time. The tables of the documents then
have the new ranges.
"""

import shlex
import sys
from pathlib import Path

from util.figures.demo import refuse_without_demo, update_demo
from util.figures.expected import TABLE, Key, enter, key_of
from util.figures.files import COMMAND_FILE, NUMBERS, commands_in
from util.figures.numbers import read_rows
from util.figures.steps import WITH_EXPECTED
from util.options.schema import Options
from util.system.errors import RunError


def enter_figures(folder: Path, path: Path = TABLE) -> None:
    """Enter all figures in an output folder, each under its seed.

    Raises:
        RunError: there is no figure, or one has own clips or other settings; nothing is entered
            then.
    """
    figures = [found.parent for found in sorted(folder.glob(f"*/{NUMBERS}"))]
    if not figures:
        raise RunError(f"no figure in {folder}; give an --output_dir of --experiment figure")
    seeds = [seed_of(figure) for figure in figures]
    for figure, seed in zip(figures, seeds, strict=True):
        enter(seed, numbers_in(figure / NUMBERS), path)
        print(f"{figure}: seed {seed}")


def numbers_in(path: Path) -> dict[Key, float]:
    """The numbers of a numbers.csv that exist."""
    return {key_of(row): float(row["value"]) for row in read_rows(path) if row["value"]}


def seed_of(figure: Path) -> int:
    """The seed of the command that made the figure in a folder.

    Raises:
        RunError: its flags change more than the seed.
    """
    own, *_of_runs = commands_in(figure / COMMAND_FILE)
    words = shlex.split(own)
    flags = [word.removeprefix("--").split("=")[0] for word in words if word.startswith("--")]
    if others := [name for name in flags if name == "categories" or name not in WITH_EXPECTED]:
        raise RunError(f"{figure} was made with --{others[0]}; enter only figures without it")
    return int(words[words.index("--seed") + 1]) if "--seed" in words else Options.seed


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("error: no folder given; see the first lines of util/figures/enter.py")
    try:
        refuse_without_demo("run this in a clone of the repository")
        try:
            for name in sys.argv[1:]:
                enter_figures(Path(name))
        finally:  # also for the folders before one that is refused
            update_demo()
    except (RunError, OSError) as error:
        sys.exit(f"error: {error}")
