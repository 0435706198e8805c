"""The names of the files of a figure in its folder."""

import re
from pathlib import Path

NAME = "figure"  # without a suffix
NUMBERS = "numbers.csv"
COMMAND = "python main_dyn_G.py"  # how each command begins
COMMAND_FILE = "command.txt"  # the command of the figure, then one for each step of its runs
FILES = (f"{NAME}.mp4", f"{NAME}.gif", f"{NAME}.png", NUMBERS, COMMAND_FILE)


def commands_in(file: Path) -> list[str]:
    """The command of a figure, and then the commands of its runs; their paths may have line breaks.

    Raises:
        OSError: the file cannot be read.
        UnicodeDecodeError: it is no text.
    """
    return re.split(rf"\n(?={COMMAND} )", file.read_text(encoding="utf-8").rstrip("\n"))
