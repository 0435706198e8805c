"""The progress over all runs of a figure command, with the time that is left."""

import re
import sys
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tqdm import tqdm

from util.runs.progress import in_words
from util.system.notes import NOTE

EPOCH = re.compile(r"epoch (\d+) of (\d+): (.*)")
RESUMED = re.compile(r"continues after epoch (\d+) of (\d+)")
TOLD = ("warning: ", NOTE)  # how lines begin that the user must see
FORMAT = "{desc} {percentage:3.0f} % [{elapsed}{postfix}]"


class Planned(NamedTuple):
    """A run to come: its name, and how many minutes it is expected to take, if that is known."""

    label: str
    minutes: float | None


class RunsProgress:
    """Shows on stderr what runs now: a bar in a terminal, otherwise plain lines.

    The time left follows from the expected minutes of the runs, and from how much faster or slower
    this machine was so far. A run that nobody has measured counts as the mean of the others.
    """

    def __init__(self, runs: Sequence[Planned]):
        known = [run.minutes for run in runs if run.minutes]
        usual = sum(known) / len(known) if known else 1.0
        self._runs = runs
        self._minutes = [run.minutes or usual for run in runs]
        self._current = 0
        self._share = 0.0  # of the current run that is done
        self._before = 0.0  # the part of this share that was done before this call
        self._done = 0.0  # expected minutes of the runs that were done in this call
        self._left_out = 0.0  # and of those that were done before
        self._ended: set[int] = set()
        self._began = time.monotonic()
        self._is_terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=sum(self._minutes),
            bar_format=FORMAT,
            dynamic_ncols=True,
            disable=not self._is_terminal,
        )

    def __enter__(self) -> "RunsProgress":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def usual_minutes(self, number: int) -> float | None:
        """How many minutes run `number` is expected to take, if that is known."""
        return self._runs[number].minutes

    def begin(self, number: int, share_before: float = 0.0) -> None:
        """Run `number`, from 0, begins. A share of it was done before: 1 for all of it."""
        self._current = number
        self._share = self._before = share_before
        minutes = self._runs[number].minutes
        expected = f": expected to take {in_words(60 * minutes)}" if minutes else ""
        said = {0.0: expected, 1.0: ": done before"}
        self.say(f"{self._place()}{said.get(share_before, ': trained before')}")

    def hear(self, line: str) -> None:
        """Read the progress of the current run from a line that it prints."""
        if found := EPOCH.match(line):
            self._share = int(found[1]) / int(found[2])
            self._show(f"epoch {found[1]} of {found[2]}")
        elif found := RESUMED.match(line):
            self._share = self._before = int(found[1]) / int(found[2])
        elif line.startswith(TOLD):
            self.say(f"{self._place()}: {line}")

    def end(self) -> None:
        """The current run is done."""
        minutes = self._minutes[self._current]
        self._left_out += self._before * minutes
        self._done += (1 - self._before) * minutes
        self._share = self._before = 0.0
        self._ended.add(self._current)
        self._draw()

    def leave_out(self, numbers: Iterable[int]) -> None:
        """These runs, if they have not ended, never will: one of their figure has failed."""
        for number in set(numbers) - self._ended:
            self._minutes[number] = 0.0
        self._share = self._before = 0.0
        self._draw()

    def say(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        tqdm.write(line, file=sys.stderr)

    def left(self) -> float:
        """The seconds that are left for all runs."""
        minutes = self._minutes[self._current]
        here = self._done + (self._share - self._before) * minutes
        all_left = sum(self._minutes) - self._left_out - self._before * minutes - here
        pace = (time.monotonic() - self._began) / here if here else 60.0
        return pace * all_left

    def _draw(self) -> None:
        """Draw the bar as it is now."""
        self._bar.total = sum(self._minutes)
        ended = self._done + self._left_out
        self._bar.n = ended + self._share * self._minutes[self._current]
        self._bar.refresh()

    def _place(self) -> str:
        run = self._runs[self._current]
        return f"run {self._current + 1} of {len(self._runs)}, {run.label}"

    def _show(self, epoch: str) -> None:
        left = f"all runs: {in_words(self.left())} left"
        if self._is_terminal:
            self._bar.set_description_str(f"{self._place()}, {epoch}", refresh=False)
            self._bar.set_postfix_str(left, refresh=False)
            self._draw()
        else:
            self.say(f"{self._place()}: {epoch}, {left}")
