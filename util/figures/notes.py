"""What the user of a figure should know about its runs."""

import itertools
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from util.figures.numbers import Origin
from util.figures.results import Result
from util.figures.steps import Run
from util.figures.steps_done import StepsDone
from util.runs.run_directory import RunDirectory, git_revision, read_about
from util.system.errors import RunError

SHORT = 10  # letters of a revision


def other_revisions(runs: Sequence[Run]) -> str:
    """A line if other revisions of this program have trained models that are used again.

    Files that differ from a revision do not count: they may be the documents of the figures.
    """
    present = without_changes(git_revision() or "")
    trained = {
        run.name: without_changes(told(run.directory, "git_revision"))
        for run in runs
        if StepsDone(run).is_done(0)
    }
    others = [
        f"{name} ({revision[:SHORT]})"
        for name, revision in trained.items()
        if present and revision and revision != present
    ]
    if not others:
        return ""
    return (
        f"trained by other revisions of this program: {', '.join(others)}; --overwrite True trains "
        "again"
    )


def without_changes(revision: str) -> str:
    """A git revision without its mark of files that differ."""
    return revision.removesuffix("-dirty")


def origin_of(result: Result) -> Origin:
    """Where a finished run was trained."""
    device = told(result.run, "device")
    return Origin(
        machine=f"{device}, {result.options.precision}" if device else "",
        revision=without_changes(told(result.run, "git_revision"))[:SHORT],
    )


def told(run: RunDirectory, what: str) -> str:
    """What options.json says about the training of a run; "" if it does not."""
    about: dict[str, Any] = {}
    with suppress(OSError, ValueError, RecursionError, RunError):
        about = read_about(run.options_file)
    return text if isinstance(text := about.get(what), str) else ""


def other_rates(results: Sequence[Result]) -> str:
    """A line if the clips have different frame rates. The figure plays at the rate of the first."""
    rates = {result.name: sorted(set(result.rates)) for result in results}
    if len(set(itertools.chain(*rates.values()))) == 1:
        return ""
    every = ", ".join(
        f"{name} {' and '.join(f'{rate:g}' for rate in theirs)}" for name, theirs in rates.items()
    )
    return f"all videos play at {results[0].rate:g} frames per second; their own rates: {every}"
