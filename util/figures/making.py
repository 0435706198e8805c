"""Making figures: their runs, one after the other, then the pictures and the numbers."""

import itertools
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from util.figures.checking import refuse_impossible, refuse_other_figure, refuse_other_run
from util.figures.expected import (
    FEWEST_SEEDS,
    MINUTES,
    Expected,
    Key,
    read_expected,
    usual_minutes,
)
from util.figures.files import COMMAND, COMMAND_FILE, FILES, NAME, NUMBERS
from util.figures.layouts import ENLARGE, Place
from util.figures.notes import origin_of, other_rates, other_revisions
from util.figures.numbers import OUTSIDE, Number, as_text, compared, rows_of, write_rows
from util.figures.processes import run_process
from util.figures.progress import Planned, RunsProgress
from util.figures.records import FIGURES
from util.figures.results import Result, refuse_damaged
from util.figures.steps import Run, runs_of, typed_flags, unexpected, words_of
from util.figures.steps_done import LOG, StepsDone, beside, fingerprint
from util.options.command_line import CommandLine
from util.options.schema import Options
from util.system.atomic import delete_leftovers, write_text
from util.system.counting import counted
from util.system.errors import Interrupted, RunError
from util.system.folder_lock import HOLDER, is_locked, locked
from util.system.notes import NOTE

ALMOST_DONE = 0.95  # the share of a run that is done if its training is, and not more
PATIENCE = 1.0  # seconds between two looks at the lock of a run
NOT_IN_COMMAND = (
    *("experiment", "figure", "isTraining", "output_dir", "overwrite", "write_demo", "debug"),
)


class Made(NamedTuple):
    """A figure that was made: its folder and its numbers."""

    folder: Path
    numbers: Sequence[Number]


def make_figures(
    names: Sequence[str], command_line: CommandLine, when_stopped: Callable[[], None]
) -> tuple[dict[str, Made], list[str]]:
    """Make figures.

    A run that is done is used again, and an interrupted one goes on. If a run of one figure fails,
    the other figures are made all the same.

    Args:
        when_stopped: is called if the only figure fails, or if a signal comes: the runs may have
            changed. It is not called if the command is refused.

    Returns:
        The figures that were made, and the names of those that failed.

    Raises:
        CommandLineError: the flags do not fit a figure; nothing is written then.
        RunError: a category or a mask does not exist, the only figure failed, a folder has another
            figure or other runs, or their clips have changed.
        Interrupted: a signal came. The same command goes on where it stopped.
    """
    options = command_line.options
    output = Path(options.output_dir)
    plans = {name: runs_of(name, FIGURES[name], command_line) for name in names}
    all_runs = list(itertools.chain(*plans.values()))
    clips = [fingerprint(run) for run in all_runs]
    refuse_impossible(all_runs, command_line)
    for name in names:
        refuse_other_figure(name, command_line)
    for run, theirs in zip(all_runs, clips, strict=True):
        refuse_other_run(run, theirs, options.overwrite)
    expected = {} if unexpected(command_line) else read_expected()
    minutes = {} if unexpected(command_line) else usual_minutes()
    made: dict[str, Made] = {}
    failed: list[str] = []
    output.mkdir(parents=True, exist_ok=True)
    with locked(output):
        clear(names, all_runs, options)
        with RunsProgress(
            [planned(run, options.schedule, minutes) for run in all_runs]
        ) as progress:
            for name, runs in plans.items():
                if note := other_revisions(runs):
                    progress.say(f"{NOTE}{name}: {note}")
                try:
                    for run in runs:
                        do_run(run, all_runs.index(run), progress, options)
                    results = [Result(run.name, run.directory, run.test_folder) for run in runs]
                    made[name] = write_figure(name, runs, results, command_line, expected)
                    if note := other_rates(results):
                        progress.say(f"{NOTE}{name}: {note}")
                except RunError as error:
                    if len(names) == 1:
                        when_stopped()
                        raise
                    progress.leave_out([all_runs.index(run) for run in runs])
                    progress.say(f"failed: {name}: {error}")
                    failed.append(name)
                except Interrupted:
                    when_stopped()
                    raise
    return made, failed


def clear(names: Sequence[str], runs: Sequence[Run], options: Options) -> None:
    """Remove what killed commands left unfinished, and with --overwrite the figures themselves.

    This command has the lock of the figures, so nobody else writes there. A run that a killed
    command has started may still be ending.
    """
    folders = [Path(options.output_dir) / name for name in names]
    if options.overwrite:
        for run in runs:
            StepsDone(run).start_again()
        for folder, file in itertools.product(folders, FILES):
            (folder / file).unlink(missing_ok=True)
    for folder in folders:
        delete_leftovers(folder, age=0.0)
    for folder in {run.directory.path.parent for run in runs}:
        delete_leftovers(folder)


def planned(run: Run, schedule: str, minutes: Mapping[Key, float]) -> Planned:
    """A run with the minutes that it usually takes."""
    usual = minutes.get((schedule, run.figure, run.name, MINUTES))
    return Planned(f"{run.figure}, {run.name}", usual)


def do_run(run: Run, number: int, progress: RunsProgress, options: Options) -> None:
    """Do the steps of a run that are not done; `number` counts all runs from 0.

    Args:
        options: the options of the figure command.
    """
    wait_for_other(run, progress)
    done = StepsDone(run)
    to_do = [place for place in range(len(run.steps)) if not done.is_done(place)]
    progress.begin(number, share_before(done, to_do, progress.usual_minutes(number)))
    for place in to_do:
        do_step(run, place, done, progress, options)
    progress.end()


def share_before(done: StepsDone, to_do: Sequence[int], usual: float | None) -> float:
    """The share of a run that was done before: 1 for all, 0 if its training is to do.

    A training that goes on tells its epochs itself.

    Args:
        usual: the minutes that the run usually takes, if they are known.
    """
    if not to_do:
        return 1.0
    if to_do[0] == 0:
        return 0.0
    return min(done.minutes / usual, ALMOST_DONE) if usual else ALMOST_DONE


def do_step(
    run: Run, place: int, done: StepsDone, progress: RunsProgress, options: Options
) -> None:
    """Do a step, and note that it is done."""
    step, words = run.steps[place], list(run.steps[place].words)
    if not step.trains:
        words += ["--overwrite", "True"]  # of an earlier test of the same folder
    elif run.directory.holds_run():
        words += ["--overwrite" if done.starts_again else "--resume", "True"]
    if options.debug:
        words += ["--debug", "True"]
    same = "the same command without --overwrite" if options.overwrite else "the same command"
    done.begin(place)
    succeeded = False
    try:
        run_process(words, beside(run, LOG), progress.hear, f"{same} goes on from here")
        succeeded = True
    finally:
        done.end(place, succeeded)


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
    name: str,
    runs: Sequence[Run],
    results: list[Result],
    command_line: CommandLine,
    expected: Mapping[Key, Expected],
) -> Made:
    """Write the files of a figure whose runs are done.

    command.txt comes first, so that a killed command leaves nothing that it does not know again.
    """
    options, figure = command_line.options, FIGURES[name]
    folder = Path(options.output_dir) / name
    folder.mkdir(exist_ok=True)
    commands = [program_line(step.words) for run in runs for step in run.steps]
    write_text(folder / COMMAND_FILE, "\n".join([command_of(name, command_line), *commands]) + "\n")
    values = {}
    for run, result in zip(runs, results, strict=True):
        with refuse_damaged([result]):
            values[result.name] = {**figure.numbers(result), MINUTES: StepsDone(run).minutes}
    with refuse_damaged(results):
        figure.layout(results, Place(folder, options.enlarge or ENLARGE))
    origins = {result.name: origin_of(result) for result in results}
    numbers = compared(options.schedule, name, values, expected, origins)
    write_rows(folder / NUMBERS, rows_of(numbers))
    return Made(folder, numbers)


def command_of(name: str, command_line: CommandLine) -> str:
    """The command that makes this figure alone, without the place of the output."""
    typed = typed_flags(command_line, without=NOT_IN_COMMAND)
    words = words_of({"experiment": "figure", "figure": name, **typed})
    return program_line(words)


def program_line(words: Sequence[str]) -> str:
    return f"{COMMAND} {shlex.join(words)}"


def report(made: Mapping[str, Made], command_line: CommandLine) -> None:
    """Print the tables of all figures."""
    for name, figure in made.items():
        print(f"\n{name}: {figure.folder / NAME}.mp4, .gif, .png")
        print("\n".join(as_text(figure.numbers)))
    print()
    if given := unexpected(command_line):
        flags = ", ".join(f"--{flag}" for flag in given)
        print(f"no number is expected, because the clips or settings are others: {flags}")
        return
    for name, figure in made.items():
        for line in without_expectation(name, figure.numbers, command_line):
            print(line)


def without_expectation(
    name: str, numbers: Sequence[Number], command_line: CommandLine
) -> Iterator[str]:
    """Lines that say of which numbers nothing is expected, and why."""
    schedule, figure = command_line.options.schedule, FIGURES[name]
    known = {category for training in figure.trainings for category in training.categories}
    runs: dict[str, list[Number]] = {}
    for number in numbers:
        if number.key[-1] != MINUTES:
            runs.setdefault(number.key[2], []).append(number)
    few = f"fewer than {FEWEST_SEEDS} seeds were measured with --schedule {schedule}"
    for run, theirs in runs.items():
        lacking = [number.key[-1] for number in theirs if number.expected is None]
        if lacking:
            what = "no number" if len(lacking) == len(theirs) else f"no {', '.join(lacking)}"
            own = not any(run == category or run.startswith(f"{category}, ") for category in known)
            why = "this figure was measured with other clips" if own else few
            yield f"{name}, {run}: {what} is expected: {why}"


def refuse_problems(made: Mapping[str, Made], failed: Sequence[str]) -> None:
    """Raises RunError if a figure failed, or a number is not as expected."""
    numbers = [number for figure in made.values() for number in figure.numbers]
    outside = [number for number in numbers if number.verdict == OUTSIDE]
    for number in outside:
        print(f"outside: {number}", file=sys.stderr)
    problems = [f"not made: {', '.join(failed)}"] if failed else []
    if outside:
        are = "is" if len(outside) == 1 else "are"
        problems.append(f"{counted(len(outside), 'number')} {are} outside of what is expected")
    if problems:
        raise RunError("; ".join(problems))
