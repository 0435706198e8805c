"""What is done of a run of a figure, in a file beside the run directory."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from util.figures.steps import Run
from util.runs import checkpoints
from util.system.atomic import write_text
from util.system.errors import RunError
from util.system.regular_files import refuse_special


def beside(run: Run, suffix: str) -> Path:
    """A file of the figure command beside the run directory."""
    return run.directory.path.with_name(f"{run.directory.path.name}{suffix}")


class Record:
    """The steps of a run that are done, and the seconds that all steps took.

    A step that was killed with this program counts until its last checkpoint.

    Attributes:
        starts_again: whether the next training replaces what is there.
    """

    def __init__(self, run: Run):
        self._run = run
        self._path = beside(run, ".steps.json")
        self._done: list[list[str]] = []
        self._seconds = 0.0
        self._began: float | None = None
        self.starts_again = False
        self._read()

    @property
    def minutes(self) -> float:
        """How long all steps took so far."""
        return self._seconds / 60

    def is_done(self, number: int) -> bool:
        """Whether step `number`, from 0, and those before it are done, with their results."""
        run, directory = self._run, self._run.directory
        wanted = [step.words for step in run.steps[: number + 1]]
        return (
            self._done[: number + 1] == wanted
            and directory.options_file.is_file()
            and directory.final_result.is_dir()
            and bool(checkpoints.existing(directory.models))
            and (run.steps[number].trains or (run.test_folder or directory.path).is_dir())
        )

    def start_again(self) -> None:
        """Nothing counts as done, and the next training replaces what is there."""
        self._done, self._seconds, self._began, self.starts_again = [], 0.0, None, True
        self._write()

    def begin(self, number: int) -> None:
        """A step begins; from now on, neither it nor a later one counts as done."""
        if self._began is not None:
            models = self._run.directory.models
            last = max((path.stat().st_mtime for path in models.glob("*.index")), default=0.0)
            self._seconds += max(0.0, last - self._began)
        self._done = self._done[:number]
        self._began = time.time()
        self.starts_again = False
        self._write()

    def end(self, words: Sequence[str] | None) -> None:
        """The step has ended; `words` is its command line if it is done."""
        self._seconds += time.time() - (self._began or time.time())
        self._began = None
        self._done += [list(words)] if words else []
        self._write()

    def _read(self) -> None:
        """Read the file; if it is gone or damaged, nothing is known to be done."""
        try:
            refuse_special(self._path)
            about: Any = json.loads(self._path.read_text(encoding="utf-8"))
            done = [[str(word) for word in words] for words in about["done"]]
            seconds = float(about["seconds"])
            began = None if about["began"] is None else float(about["began"])
            starts_again = bool(about["starts_again"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError, RunError):
            return
        self._done, self._seconds, self._began = done, seconds, began
        self.starts_again = starts_again

    def _write(self) -> None:
        about = {
            "done": self._done,
            "seconds": round(self._seconds, 1),
            "began": self._began,
            "starts_again": self.starts_again,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_text(self._path, json.dumps(about) + "\n")
