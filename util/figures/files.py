"""The names of the files of a figure in its folder."""

NAME = "figure"  # without a suffix
NUMBERS = "numbers.csv"
COMMAND = "command.txt"  # the command line of the figure, then those of its runs
FILES = (f"{NAME}.mp4", f"{NAME}.gif", f"{NAME}.png", NUMBERS, COMMAND)
