"""The names of the files of a figure in its folder."""

NAME = "figure"  # without a suffix
NUMBERS = "numbers.csv"
COMMAND_FILE = "command.txt"  # a line for the figure, then a line for each command of its runs
FILES = (f"{NAME}.mp4", f"{NAME}.gif", f"{NAME}.png", NUMBERS, COMMAND_FILE)
