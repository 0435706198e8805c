"""What is refused before a figure is made: what cannot be made, and figures and runs of others."""

import dataclasses
import io
import itertools
import os
import shlex
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any, NamedTuple

from util.data.clip_facts import facts_of
from util.data.clips import find_clips, unique_names
from util.data.observed import observed_sequences, refuse_short
from util.data.stills import refuse_unreadable
from util.figures.files import COMMAND_FILE, FILES, commands_in
from util.figures.layouts import ENLARGE
from util.figures.records import ALL, FIGURES
from util.figures.steps import (
    OF_PLACES,
    OF_TRAININGS,
    Run,
    Step,
    only_in_tests,
    runs_of,
)
from util.figures.steps_done import LOG, RECORD, StepsDone, beside
from util.options.command_line import CommandLine, parse, refuse_jumps
from util.options.schema import refuse_impossible_pairs
from util.system.errors import CommandLineError, RunError

BESIDE = (LOG, RECORD)  # the endings of files beside a run directory
LONGEST_NAME = 255  # bytes, on the usual file systems
MOST_DECODED = 16  # sequences of a run that are read before the first run trains


def refuse_impossible(runs: Sequence[Run], command_line: CommandLine) -> None:
    """Check all command lines, clips and images, before the first of them runs for minutes.

    Raises:
        CommandLineError: flags contradict, do nothing where they must not, or name sequences that
            do not exist.
        RunError: a clip is too short, or a clip, a mask or an image cannot be read. Of many
            sequences, the first `MOST_DECODED` are read.
    """
    refuse_names_of_files(runs)
    for run in runs:
        trained = run.asked.options
        sources = find_clips(trained.data_path, trained.category)
        trainer = run.asked.experiment(trained)
        facts = [facts_of(source) for source in sources]
        for clip in facts:
            refuse_short(clip, trained, trainer)
        if not StepsDone(run).is_done(0):
            decoded = observed_sequences(trained, trainer, facts, unique_names(sources))
            with redirect_stderr(io.StringIO()):  # the run itself says the same
                deque(itertools.islice(decoded, MOST_DECODED), maxlen=0)  # keep none
        for step in run.steps[1:]:
            line = parse(step.words, command_line.experiments)
            test = line.over(trained)
            tester = line.experiment(test)
            line.refuse_idle(test, trained.experiment)
            refuse_jumps(test, tester)
            if "pairs" in tester.uses:
                refuse_impossible_pairs(test, len(sources), f"category {trained.category}")
            refuse_unreadable(test.image)
    if all(step.trains for run in runs for step in run.steps):
        for name in sorted(filter(only_in_tests, command_line.given)):
            print(f"warning: --{name} does nothing: the figure shows no test", file=sys.stderr)


def refuse_names_of_files(runs: Sequence[Run]) -> None:
    """Raises CommandLineError if a category has the name of a file beside the run directories."""
    files = {beside(run, suffix) for run in runs for suffix in BESIDE}
    for run in runs:
        folder = run.directory.path
        if folder in files:
            raise CommandLineError(
                f"category {folder.name} has the name of a file that the figure writes beside its "
                "runs; rename the folder of the category"
            )
        most = LONGEST_NAME - max(map(len, BESIDE))
        if len(os.fsencode(folder.name)) > most:
            raise CommandLineError(
                f"category {folder.name} is too long a name for a figure: at most {most} bytes"
            )


def refuse_other_figure(name: str, command_line: CommandLine) -> None:
    """Raises RunError if the folder has another figure, or nothing can be written there."""
    folder = Path(command_line.options.output_dir) / name
    if os.path.lexists(folder) and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise RunError(f"{folder} is no folder to write to; choose another --output_dir")
    if command_line.options.overwrite:
        return
    if not any(os.path.lexists(folder / file) for file in FILES):
        return
    try:
        found, *_of_runs = commands_in(folder / COMMAND_FILE)
    except (OSError, ValueError):
        found = "another program"
    theirs, ours = made_by(found, name, command_line), what_is_made(name, command_line)
    if theirs == ours:
        return
    if theirs is not None and theirs.has_same_trainings(ours):
        way_out = (
            f"delete {folder} to make the figure anew, which uses trained runs again, or choose "
            "another --output_dir"
        )
    else:
        way_out = (
            "choose another --output_dir, or replace the figure and its runs with --overwrite True"
        )
    raise RunError(f"{folder} has a figure made by `{found}`; {way_out}")


class WhatIsMade(NamedTuple):
    """What a figure is made of. Two figures with the same are the same.

    Options that change no result (`OF_PLACES`) are left out.

    Fields:
        trainings, tests: the options of each run, by names.
        enlarge: the enlargement of its pictures.
        is_named: whether a command makes this figure at all.
    """

    trainings: Sequence[tuple[str, Mapping[str, Any]]]
    tests: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]
    enlarge: int
    is_named: bool

    def has_same_trainings(self, other: "WhatIsMade") -> bool:
        """Whether the trainings that both have are the same."""
        theirs = dict(other.trainings)
        return all(theirs.get(name, options) == options for name, options in self.trainings)


def made_by(command: str, name: str, command_line: CommandLine) -> WhatIsMade | None:
    """What the line of a command makes; None if it cannot be read."""
    try:
        return what_is_made(name, parse(shlex.split(command)[2:], command_line.experiments))
    except (CommandLineError, ValueError, SystemExit):  # of another version, or changed by hand
        return None


def what_is_made(name: str, command_line: CommandLine) -> WhatIsMade:
    """What the figure of a command line is made of."""

    def placeless(step: Step, ignored: Sequence[str]) -> Mapping[str, Any]:
        options = parse(step.words, command_line.experiments).options.with_whole_paths()
        return {**dataclasses.asdict(options), **dict.fromkeys(ignored)}

    runs = runs_of(name, FIGURES[name], command_line)
    options = command_line.options
    return WhatIsMade(
        trainings=[(run.name, placeless(run.steps[0], OF_TRAININGS)) for run in runs],
        tests=[(run.name, [placeless(step, OF_PLACES) for step in run.steps[1:]]) for run in runs],
        enlarge=options.enlarge or ENLARGE,
        is_named=options.figure in (name, ALL),
    )


def refuse_other_run(run: Run, clips: str, overwrite: bool) -> None:
    """Check that a run that is there is the one that is asked for.

    It may belong to another figure, too, or be one that the user has made.

    Args:
        clips: the `fingerprint` of the run.

    Raises:
        RunError: it has other options, or its clips have changed.
    """
    done = StepsDone(run)
    if overwrite or done.starts_again:
        return
    what = run.other_options
    if not what and run.directory.holds_run() and done.has_other_clips(clips):
        what = f"the clips, masks or truth have changed since {run.directory.path} was trained"
    if not what and (match := run.find_other_match()):
        what = f"what is matched to the clips has changed since the run was trained: {match}"
    if what:
        raise RunError(
            f"{what}; choose another --output_dir, or train it anew with --overwrite True"
        )
