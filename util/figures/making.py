"""Making figures: their runs, one after the other, then the pictures and the numbers."""

import itertools
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from util.data.clips import find_clips
from util.figures.expected import MINUTES, Expected, Key, read_expected
from util.figures.files import COMMAND, FILES, NAME, NUMBERS
from util.figures.layouts import Place
from util.figures.numbers import OUTSIDE, Number, as_text, compared, rows_of, write_rows
from util.figures.processes import run_process
from util.figures.progress import Planned, RunsProgress
from util.figures.record import Record, beside
from util.figures.records import FIGURES
from util.figures.results import Result
from util.figures.steps import Run, only_in_tests, runs_of, typed_flags, unexpected, words_of
from util.options.command_line import CommandLine, parse
from util.system.atomic import write_text
from util.system.errors import RunError
from util.system.folder_lock import HOLDER, is_locked, locked

ENLARGE = 2  # the usual factor, for small files
PATIENCE = 1.0  # seconds between two looks at the lock of a run
NOT_IN_COMMAND = ("experiment", "figure", "isTraining", "output_dir", "overwrite", "write_demo")


class Made(NamedTuple):
    """A figure that was made: its folder and its numbers."""

    folder: Path
    numbers: Sequence[Number]


def make_figures(names: Sequence[str], command_line: CommandLine) -> dict[str, Made]:
    """Make figures, and print their numbers.

    A run that is done is used again, and an interrupted one goes on. If a run of one figure fails,
    the other figures are made all the same.

    Raises:
        CommandLineError: the flags do not fit a figure; nothing is written then.
        RunError: a run failed, a number is not as expected, or a folder has another figure.
        Interrupted: a signal came. The same command goes on where it stopped.
    """
    options = command_line.options
    output = Path(options.output_dir)
    plans = {name: runs_of(name, FIGURES[name], command_line) for name in names}
    all_runs = list(itertools.chain(*plans.values()))
    refuse_impossible(all_runs, command_line)
    for name in names:
        refuse_other_figure(output / name, command_of(name, command_line), options.overwrite)
    for run in all_runs:
        refuse_other_training(run, options.overwrite)
    expected = {} if unexpected(command_line) else read_expected()
    made: dict[str, Made] = {}
    failed: list[str] = []
    output.mkdir(parents=True, exist_ok=True)
    with locked(output):
        if options.overwrite:
            for run in all_runs:
                Record(run).start_again()
        with RunsProgress(
            [planned(run, options.schedule, expected) for run in all_runs]
        ) as progress:
            for name, runs in plans.items():
                try:
                    for run in runs:
                        do_run(run, all_runs.index(run), progress)
                    made[name] = write_figure(name, runs, command_line, expected)
                except RunError as error:
                    if len(names) == 1:
                        raise
                    progress.say(f"failed: {name}: {error}")
                    failed.append(name)
    report(made, failed, command_line)
    return made


def refuse_impossible(runs: Sequence[Run], command_line: CommandLine) -> None:
    """Check all command lines and clips, before the first of them runs for minutes.

    Raises:
        CommandLineError: flags contradict.
        RunError: a category does not exist.
    """
    steps = [step for run in runs for step in run.steps]
    for step in steps:
        options = parse(step.words, command_line.experiments).options
        if step.trains:
            find_clips(options.data_path, options.category)
    if all(step.trains for step in steps):
        for name in sorted(filter(only_in_tests, command_line.given)):
            print(f"warning: --{name} does nothing: the figure shows no test", file=sys.stderr)


def planned(run: Run, schedule: str, expected: Mapping[Key, Expected]) -> Planned:
    """A run with the minutes that it is expected to take."""
    minutes = expected.get((schedule, run.figure, run.name, MINUTES))
    return Planned(f"{run.figure}, {run.name}", minutes.expected if minutes else None)


def do_run(run: Run, number: int, progress: RunsProgress) -> None:
    """Do the steps of a run that are not done; `number` counts all runs from 0."""
    wait_for_other(run, progress)
    record = Record(run)
    to_do = [place for place in range(len(run.steps)) if not record.is_done(place)]
    progress.begin(number, was_done=not to_do)
    for place in to_do:
        do_step(run, place, record, progress)
    progress.end()


def do_step(run: Run, place: int, record: Record, progress: RunsProgress) -> None:
    """Do a step, and record that it is done."""
    step, words = run.steps[place], list(run.steps[place].words)
    if not step.trains:
        words += ["--overwrite", "True"]  # of an earlier test of the same folder
    elif run.directory.holds_run():
        words += ["--overwrite" if record.starts_again else "--resume", "True"]
    record.begin(place)
    succeeded = False
    try:
        run_process(words, beside(run, ".log"), progress.hear)
        succeeded = True
    finally:
        record.end(place, succeeded)


def wait_for_other(run: Run, progress: RunsProgress) -> None:
    """Wait while another process trains in the run directory, as one of a killed command may."""
    folder = run.directory.path
    told = False
    while folder.is_dir() and (folder / HOLDER).exists() and is_locked(folder):
        if not told:
            progress.say(f"waiting for the process that trains in {folder}")
        told = True
        time.sleep(PATIENCE)


def write_figure(
    name: str, runs: Sequence[Run], command_line: CommandLine, expected: Mapping[Key, Expected]
) -> Made:
    """Write the files of a figure whose runs are done.

    command.txt comes first, so that a killed command leaves nothing that it does not know again.
    """
    options, figure = command_line.options, FIGURES[name]
    folder = Path(options.output_dir) / name
    folder.mkdir(exist_ok=True)
    commands = [program_line(step.words) for run in runs for step in run.steps]
    write_text(folder / COMMAND, "\n".join([command_of(name, command_line), *commands]) + "\n")
    results = [Result(run.name, run.directory, run.test_folder) for run in runs]
    figure.layout(results, Place(folder, options.enlarge or ENLARGE))
    values = {
        result.name: {**figure.numbers(result), MINUTES: Record(run).minutes}
        for run, result in zip(runs, results, strict=True)
    }
    numbers = compared(options.schedule, name, values, expected)
    write_rows(folder / NUMBERS, rows_of(numbers))
    return Made(folder, numbers)


def command_of(name: str, command_line: CommandLine) -> str:
    """The command that makes this figure alone, without the place of the output."""
    typed = typed_flags(command_line, without=NOT_IN_COMMAND)
    words = words_of({"experiment": "figure", "figure": name, **typed})
    return program_line(words)


def program_line(words: Sequence[str]) -> str:
    return shlex.join(["python", "main_dyn_G.py", *words])


def refuse_other_figure(folder: Path, command: str, overwrite: bool) -> None:
    """Raises RunError if the files of a figure would replace others than of the same command."""
    if overwrite or not any(os.path.lexists(folder / name) for name in FILES):
        return
    try:
        found = (folder / COMMAND).read_text(encoding="utf-8").split("\n")[0]
    except (OSError, ValueError):
        found = "another program"
    if found != command:
        raise RunError(
            f"{folder} has a figure made by `{found}`; choose another --output_dir, or replace "
            "the figure and its runs with --overwrite True"
        )


def refuse_other_training(run: Run, overwrite: bool) -> None:
    """Raises RunError if a run is there that another command line has trained.

    It may belong to another figure, too.
    """
    trained_by = Record(run).trained_by
    if trained_by in (None, run.steps[0].words) or overwrite or not run.directory.holds_run():
        return
    raise RunError(
        f"{run.directory.path} was trained by `{program_line(trained_by)}`; choose another "
        "--output_dir, or train it anew with --overwrite True"
    )


def report(made: Mapping[str, Made], failed: Sequence[str], command_line: CommandLine) -> None:
    """Print the tables of all figures.

    Raises:
        RunError: a figure failed, or a number is not as expected.
    """
    outside = []
    for name, figure in made.items():
        print(f"\n{name}: {figure.folder / NAME}.mp4, .gif, .png")
        print("\n".join(as_text(figure.numbers)))
        outside += [number for number in figure.numbers if number.verdict == OUTSIDE]
    print()
    if given := unexpected(command_line):
        flags = ", ".join(f"--{flag}" for flag in given)
        print(f"no number is expected, because the clips or settings are others: {flags}")
    elif not any(number.expected for figure in made.values() for number in figure.numbers):
        schedule = command_line.options.schedule
        print(f"no number is expected: none was measured with --schedule {schedule}")
    for number in outside:
        print(f"outside: {number}", file=sys.stderr)
    problems = [f"not made: {', '.join(failed)}"] if failed else []
    if outside:
        problems.append(f"{len(outside)} numbers are outside of what is expected")
    if problems:
        raise RunError("; ".join(problems))
