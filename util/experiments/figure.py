"""Figures, each by one command: its runs, the figure, and a table of its numbers.

`util.figures` makes them. A figure is a record in `util.figures.records`.
"""

from functools import partial
from pathlib import Path

from util.experiments.running import renew_gallery
from util.figures.demo import refuse_without_demo, write_demo
from util.figures.making import make_figures, refuse_problems, report
from util.figures.records import ALL, FIGURES
from util.figures.steps import unexpected
from util.options.command_line import CommandLine
from util.options.schema import FIELDS
from util.system.errors import CommandLineError


def run(command_line: CommandLine) -> str:
    """Make the figure of --figure, or all figures of the paper; see `make_figures`.

    Raises:
        CommandLineError: no such figure, or flags that do not fit.
        RunError: a figure failed, a number is not as expected, or demo/ cannot be written.
    """
    options = command_line.options
    names = [options.figure]
    if options.figure == ALL:
        names = [name for name, figure in FIGURES.items() if figure.in_paper]
    if not set(names) <= set(FIGURES):
        what = f"--figure {options.figure} is unknown" if options.figure else "no --figure given"
        raise CommandLineError(f"{what}; it can be {', '.join(FIGURES)}, or {ALL}")
    refuse_unfit(names, command_line)
    if options.write_demo:
        refuse_without_demo("leave out --write_demo")
    renew = partial(renew_gallery, Path(options.output_dir))
    made, failed = make_figures(names, command_line, when_stopped=renew)
    report(made, command_line)
    renew()
    if options.write_demo:
        write_demo(made)
    refuse_problems(made, failed)
    return f"figures in {options.output_dir}"


def refuse_unfit(names: list[str], command_line: CommandLine) -> None:
    """Raises CommandLineError for flags that fit no figure, or only one figure."""
    options, given = command_line.options, command_line.given
    if "category" in given:
        raise CommandLineError(
            f"--category {options.category} is for one run; give --categories {options.category}"
        )
    own = [name for name in ("categories", "data_path", "mask_path", "image") if name in given]
    if own and len(names) > 1:
        raise CommandLineError(
            f"--{own[0]} is for one figure; give --figure one of {', '.join(FIGURES)}"
        )
    if options.write_demo:
        changing = ("categories", "seed", "schedule", "precision", "enlarge")
        others = [flag for flag in FIELDS if flag in given and flag in changing]
        others += unexpected(command_line)
        if others:
            raise CommandLineError(
                f"--write_demo writes figures as they are by default, without --{others[0]}; give "
                "only --figure and --output_dir with it"
            )
