"""What is done of a run of a figure, in a file beside the run directory."""

import json
import math
import time
from pathlib import Path
from typing import Any

from util.data.clips import find_clips, unique_names
from util.data.source_digest import cache_key, digest_of, digest_of_folder
from util.figures.steps import TRAINING, Run, Step
from util.runs import checkpoints
from util.system.atomic import write_text
from util.system.errors import RunError
from util.system.regular_files import refuse_special

# With another number, the results of finished runs are made anew from their trained models.
RESULTS = 2
LOG, RECORD = ".log", ".steps.json"  # the endings of files beside a run directory


def beside(run: Run, suffix: str) -> Path:
    """A file of the figure command beside the run directory."""
    return run.directory.path.with_name(f"{run.directory.path.name}{suffix}")


def fingerprint(run: Run) -> str:
    """What tells the clips, masks and truth of a run from others.

    Raises:
        RunError: a clip or a mask does not exist.
    """
    options = run.asked.options
    sources = find_clips(options.data_path, options.category)
    return cache_key(options, run.asked.experiment(options), sources, unique_names(sources))


def identity(step: Step) -> list[str]:
    """What tells the results of a step from others: its words, and the bytes of its images."""
    return [*step.identity, *(digest_of(Path(image)) for image in step.flags.get("image", ()))]


class StepsDone:
    """The steps of a run that are done, and the seconds that each step took.

    Several figures may share the training of a run. Each of them has its own test.
    A training that was killed with this program counts until its last checkpoint.
    """

    def __init__(self, run: Run):
        self._run = run
        self._path = beside(run, RECORD)
        self._done: dict[str, list[str]] = {}  # the identity of each step that is done
        self._results: dict[str, str] = {}  # what the folder of each test had in it then
        self._seconds: dict[str, float] = {}
        self._began: float | None = None
        self._starts_again = 0  # when what is to be replaced was written; 0 if nothing is
        self._clips = ""  # the fingerprint when the training began
        self._version = RESULTS  # of the results that are done
        self._read()

    @property
    def minutes(self) -> float:
        """How long the steps of this run took so far."""
        return sum(self._seconds.get(step.name, 0.0) for step in self._run.steps) / 60

    @property
    def starts_again(self) -> bool:
        """Whether the next training replaces what is there: none has done so yet."""
        return bool(self._starts_again) and self._starts_again == self._options_written()

    def has_other_clips(self, clips: str) -> bool:
        """Whether the training began with clips of another `fingerprint`, as far as is known."""
        return self._clips not in ("", clips)

    def is_done(self, number: int) -> bool:
        """Whether step `number`, from 0, and those before it are done, with their results.

        That the options of the training are those asked for is checked by `Run.other_options`.
        """
        run, directory = self._run, self._run.directory
        tests = [step for step in run.steps[: number + 1] if not step.trains]
        return (
            self._version == RESULTS
            and TRAINING in self._done
            and directory.options_file.is_file()
            and directory.final_result.is_dir()
            and bool(checkpoints.existing(directory.models))
            and all(self._done.get(step.name) == identity(step) for step in tests)
            and all(self._results.get(step.name) == contents(run.test_folder) for step in tests)
        )

    def start_again(self) -> None:
        """Nothing counts as done, and the next training replaces what is there."""
        self._done, self._results, self._seconds, self._began = {}, {}, {}, None
        self._starts_again = self._options_written()
        self._write()

    def begin(self, number: int) -> None:
        """A step begins. It does not count as done any more, and if it trains, no test does."""
        step, models = self._run.steps[number], self._run.directory.models
        if self._began is not None:
            last = max((path.stat().st_mtime for path in models.glob("*.index")), default=0.0)
            self._add(TRAINING, max(0.0, last - self._began))
        if step.trains:
            self._done, self._version = {}, RESULTS
            self._clips = fingerprint(self._run)
        else:
            self._done.pop(step.name, None)
        if not step.trains or not checkpoints.existing(models):
            self._seconds[step.name] = 0.0  # it does not go on where an earlier one stopped
        self._began = time.time()
        self._write()

    def end(self, number: int, succeeded: bool) -> None:
        """A step has ended."""
        step = self._run.steps[number]
        self._add(step.name, time.time() - (self._began or time.time()))
        self._began = None
        if succeeded:
            self._done[step.name] = identity(step)
            if not step.trains:
                self._results[step.name] = contents(self._run.test_folder)
        self._write()

    def _options_written(self) -> int:
        """When the options of the run directory were written, in nanoseconds; -1 without any.

        It is only compared with itself: the clock of a network folder may be another one.
        """
        file = self._run.directory.options_file
        return file.stat().st_mtime_ns if file.is_file() else -1

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
            results = {name: str(digest) for name, digest in about.get("results", {}).items()}
            seconds = {name: float(value) for name, value in about["seconds"].items()}
            began = None if about["began"] is None else float(about["began"])
            starts_again, clips = about["starts_again"], str(about.get("clips", ""))
            if isinstance(starts_again, float):  # of an earlier version: the time of the command
                older = 0 < self._options_written() <= starts_again * 1e9
                starts_again = self._options_written() if older else 0
            starts_again, version = int(starts_again), int(about.get("version", 0))
            if not all(map(math.isfinite, [*seconds.values(), began or 0.0])):
                raise ValueError
        except (
            OSError,
            ValueError,
            OverflowError,
            TypeError,
            LookupError,
            AttributeError,
            RecursionError,
            RunError,
        ):
            return
        self._done, self._results, self._seconds, self._began = done, results, seconds, began
        self._starts_again, self._clips, self._version = starts_again, clips, version

    def _write(self) -> None:
        about = {
            "done": self._done,
            "results": self._results,
            "seconds": {name: round(value, 1) for name, value in self._seconds.items()},
            "began": self._began,
            "starts_again": self._starts_again,
            "clips": self._clips,
            "version": self._version,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_text(self._path, json.dumps(about) + "\n")


def contents(folder: Path | None) -> str:
    """The fingerprint of the files of a folder; "" if it is gone. A copy has the same one."""
    return digest_of_folder(folder) if folder and folder.is_dir() else ""


def of_earlier_version(about: dict[str, Any]) -> dict[str, Any]:
    """A record that had a list of the steps, and one time for all of them."""
    names = [TRAINING, *(words[words.index("--experiment") + 1] for words in about["done"][1:])]
    return {
        **about,
        "done": dict(zip(names, about["done"], strict=False)),
        "seconds": {TRAINING: about["seconds"]},
    }
