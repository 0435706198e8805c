"""What is done of a run of a figure, in a file beside the run directory."""

import json
import time
from pathlib import Path
from typing import Any

from util.figures.steps import TRAINING, Run
from util.runs import checkpoints
from util.system.atomic import write_text
from util.system.errors import RunError
from util.system.regular_files import refuse_special


def beside(run: Run, suffix: str) -> Path:
    """A file of the figure command beside the run directory."""
    return run.directory.path.with_name(f"{run.directory.path.name}{suffix}")


class Record:
    """The steps of a run that are done, and the seconds that each step took.

    Several figures may share the training of a run. Each of them has its own test.
    A training that was killed with this program counts until its last checkpoint.

    Attributes:
        starts_again: whether the next training replaces what is there.
    """

    def __init__(self, run: Run):
        self._run = run
        self._path = beside(run, ".steps.json")
        self._done: dict[str, list[str]] = {}  # the command line of each step that is done
        self._seconds: dict[str, float] = {}
        self._began: float | None = None
        self.starts_again = False
        self._read()

    @property
    def minutes(self) -> float:
        """How long the steps of this run took so far."""
        return sum(self._seconds.get(step.name, 0.0) for step in self._run.steps) / 60

    @property
    def trained_by(self) -> list[str] | None:
        """The command line of the finished training; None if none is known."""
        return self._done.get(TRAINING)

    def is_done(self, number: int) -> bool:
        """Whether step `number`, from 0, and those before it are done, with their results."""
        run, directory = self._run, self._run.directory
        return (
            all(self._done.get(step.name) == step.words for step in run.steps[: number + 1])
            and directory.options_file.is_file()
            and directory.final_result.is_dir()
            and bool(checkpoints.existing(directory.models))
            and (run.steps[number].trains or (run.test_folder or directory.path).is_dir())
        )

    def start_again(self) -> None:
        """Nothing counts as done, and the next training replaces what is there."""
        self._done, self._seconds, self._began, self.starts_again = {}, {}, None, True
        self._write()

    def begin(self, number: int) -> None:
        """A step begins. From now on it does not count as done; of a training, no test either."""
        step = self._run.steps[number]
        if self._began is not None:
            models = self._run.directory.models
            last = max((path.stat().st_mtime for path in models.glob("*.index")), default=0.0)
            self._add(TRAINING, max(0.0, last - self._began))
        if step.trains:
            self._done = {}
        else:
            self._done.pop(step.name, None)
            self._seconds[step.name] = 0.0  # a test does not go on where an earlier one stopped
        self._began = time.time()
        self.starts_again = False
        self._write()

    def end(self, number: int, succeeded: bool) -> None:
        """A step has ended."""
        step = self._run.steps[number]
        self._add(step.name, time.time() - (self._began or time.time()))
        self._began = None
        if succeeded:
            self._done[step.name] = step.words
        self._write()

    def _add(self, name: str, seconds: float) -> None:
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds

    def _read(self) -> None:
        """Read the file; if it is gone or damaged, nothing is known to be done."""
        try:
            refuse_special(self._path)
            about: Any = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(about["done"], list):
                about = of_earlier_version(about)
            done = {name: [str(word) for word in words] for name, words in about["done"].items()}
            seconds = {name: float(value) for name, value in about["seconds"].items()}
            began = None if about["began"] is None else float(about["began"])
            starts_again = bool(about["starts_again"])
        except (
            OSError,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            RecursionError,
            RunError,
        ):
            return
        self._done, self._seconds, self._began = done, seconds, began
        self.starts_again = starts_again

    def _write(self) -> None:
        about = {
            "done": self._done,
            "seconds": {name: round(value, 1) for name, value in self._seconds.items()},
            "began": self._began,
            "starts_again": self.starts_again,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_text(self._path, json.dumps(about) + "\n")


def of_earlier_version(about: dict[str, Any]) -> dict[str, Any]:
    """A record that had a list of the steps, and one time for all of them."""
    names = [TRAINING, *(words[words.index("--experiment") + 1] for words in about["done"][1:])]
    return {
        **about,
        "done": dict(zip(names, about["done"], strict=False)),
        "seconds": {TRAINING: about["seconds"]},
    }
