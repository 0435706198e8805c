"""From the record of a figure and the command line to the command lines of its runs."""

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from util.data.observed import observed_clips
from util.figures.records import Figure, Training
from util.options.command_line import CommandLine, parse
from util.options.schedule import SCHEDULES
from util.options.schema import FIELDS, Options, categories_of
from util.runs.jobs import matched_to
from util.runs.run_directory import RunDirectory, result_name
from util.system.errors import CommandLineError
from util.system.names import existing_form

# Options of the figure command itself. All others go to the runs.
OF_FIGURES = (
    "experiment",
    "isTraining",
    "figure",
    "categories",
    "write_demo",
    "output_dir",
    "overwrite",
    "debug",
)
# Flags of all trainings: many runs together need a lot of space.
ALWAYS = {"max_to_keep": 2}
# Options that change no result of a run. Figures show frames of a training as they are, and of
# some tests enlarged pictures.
OF_PLACES = ("output_dir", "cache_dir", "max_to_keep", "log_step")
OF_TRAININGS = (*OF_PLACES, "enlarge")
# With any other option, the numbers may be others than the expected ones.
WITH_EXPECTED = (*OF_FIGURES, *OF_PLACES, "schedule", "seed", "precision", "enlarge")

TRAINING = "training"  # the name of this step of a run


class Step(NamedTuple):
    """A command line of a run: a training, or a test of the trained model.

    Fields:
        flags: its flags, but not --resume and --overwrite.
        trains: whether it is a training.
    """

    flags: Mapping[str, Any]
    trains: bool

    @property
    def name(self) -> str:
        """A training, or the experiment of a test: a run has one step of each name."""
        return TRAINING if self.trains else self.flags["experiment"]

    @property
    def words(self) -> list[str]:
        """The words of the command line after the name of the program."""
        return words_of(self.flags)

    @property
    def identity(self) -> list[str]:
        """The words without those that change none of its results."""
        return words_of({name: self.flags[name] for name in self.flags if name not in OF_PLACES})


class Run(NamedTuple):
    """A run of a figure.

    Fields:
        figure: the name of the figure.
        name: the category, and the label of the training if it has one.
        directory: the run directory.
        steps: the training, and the test if the figure shows one.
        test_folder: the results of the test; None without a test.
        asked: the command line of the training, as it was read.
    """

    figure: str
    name: str
    directory: RunDirectory
    steps: Sequence[Step]
    test_folder: Path | None
    asked: CommandLine

    @property
    def other_options(self) -> str:
        """How the run in the directory differs from the one that is asked for; "" if it does not.

        A precision that the schedule chose for the processor is no difference. For what is matched
        to the clips, see `find_other_match`.
        """
        if not self.directory.holds_run():
            return ""
        asked, ignored = self.asked.options, set(OF_TRAININGS)
        if SCHEDULES[asked.schedule].bfloat16 and "precision" not in self.asked.given:
            ignored.add("precision")
        return self.directory.difference_to(asked, ignored | self._may_be_matched)

    @property
    def _may_be_matched(self) -> set[str]:
        asked = self.asked.options
        return self.asked.experiment(asked).may_be_matched(asked, self.asked.given)

    def find_other_match(self) -> str:
        """How the run differs in what is matched to the clips; "" if it does not.

        The clips are read, from the cache if they are there.

        Raises:
            RunError: a clip cannot be read.
        """
        asked = self.asked.options
        if not self._may_be_matched or not self.directory.holds_run():
            return ""
        experiment, given = self.asked.experiment(asked), self.asked.given
        clips = observed_clips(asked, experiment, self.directory.cache_for(asked))
        others = set(FIELDS) - self._may_be_matched
        return self.directory.difference_to(matched_to(clips, asked, experiment, given), others)


def words_of(flags: Mapping[str, Any]) -> list[str]:
    """Flags as the words of a command line."""
    words: list[str] = []
    for name, value in flags.items():
        values = list(map(str, value if isinstance(value, tuple) else (value,)))
        if len(values) == 1 and values[0].startswith("-"):  # it looks like a flag
            words.append(f"--{name}={values[0]}")
        else:
            words += [f"--{name}", *values]
    return words


def typed_flags(command_line: CommandLine, without: Sequence[str]) -> dict[str, Any]:
    """The flags that the user typed, in the order of the options, but not those in `without`.

    Flags that do nothing in figures are not there; `CommandLine.warn_of_idle` names them.
    """
    figure = command_line.experiment(command_line.options)
    known = {*OF_FIGURES, *figure.uses, *figure.shares}
    typed = (known & command_line.given - command_line.derived).difference(without)
    return {name: getattr(command_line.options, name) for name in FIELDS if name in typed}


def runs_of(name: str, figure: Figure, command_line: CommandLine) -> list[Run]:
    """The runs of a figure, with the flags that the user gave. No two of its runs are alike.

    Raises:
        CommandLineError: flags contradict, or the figure needs images of the user's own category.
    """
    runs: dict[tuple, Run] = {}
    have_labels = labels_tell_apart(figure, command_line)
    for training in figure.trainings:
        for category in categories_of(command_line.options.categories) or training.categories:
            place = Path(command_line.options.output_dir) / "runs"
            folder = training.folder or name
            told = training.label if have_labels else ""
            place /= f"{folder}_{told}" if told else folder
            steps = steps_of(training, category, command_line)
            label = f"{category}, {told}" if told else category
            directory = RunDirectory(existing_form(place / category))
            placed = [
                step._replace(flags={**step.flags, "output_dir": str(place)}) for step in steps
            ]
            tested = None
            if training.test:
                result = command_line.experiments[training.test.experiment].result
                tested = directory.path / result_name(result)
            alike = tuple(tuple(step.words) for step in steps)
            asked = parse(placed[0].words, command_line.experiments)
            runs.setdefault(alike, Run(name, label, directory, placed, tested, asked))
    return list(runs.values())


def labels_tell_apart(figure: Figure, command_line: CommandLine) -> bool:
    """Whether the trainings still differ in flags of the record that the user did not replace."""
    first, *others = (kept_flags(training, command_line, ()) for training in figure.trainings)
    return any(flags != first for flags in others)


def kept_flags(
    training: Training, command_line: CommandLine, of_tests: Container[str]
) -> dict[str, Any]:
    """The flags of the record that the user did not replace; flags in `of_tests` replace none."""
    options = command_line.options
    replaced = {name for name in command_line.given if name not in of_tests}
    if options.mask_type != Options.mask_type:  # then it reads no file
        replaced.add("mask_file")
    recorded = {**ALWAYS, **training.flags, **training.scheduled.get(options.schedule, {})}
    return {name: value for name, value in recorded.items() if name not in replaced}


def steps_of(training: Training, category: str, command_line: CommandLine) -> list[Step]:
    """The command lines of a run. What the user gave replaces what the record has."""
    options, given = command_line.options, command_line.given
    typed = typed_flags(command_line, without=OF_FIGURES)
    tested = training.test.flags if training.test else {}
    of_tests = {
        name: typed.pop(name) for name in list(typed) if only_in_tests(name) or name in tested
    }
    kept = kept_flags(training, command_line, of_tests)
    named: dict[str, Any] = {"experiment": training.experiment, "category": category}
    steps = [Step({**named, "schedule": options.schedule, **kept, **typed}, trains=True)]
    if training.test:
        is_own = category not in training.categories or "data_path" in given
        fits = {name: tested[name] for name in tested if not (is_own and only_in_tests(name))}
        flags = {**fits, **of_tests}
        if training.test.experiment == "animation" and "image" not in flags:
            raise CommandLineError(
                f"the figure has no images for {category}; give them with --image PATH [PATH ...]"
            )
        flags = {name: filled_in(value, category) for name, value in flags.items()}
        named = {**named, "experiment": training.test.experiment, "isTraining": False}
        steps.append(Step({**named, **flags}, trains=False))
    return steps


def only_in_tests(name: str) -> bool:
    return FIELDS[name].metadata["only_in_tests"]


def filled_in(value: Any, category: str) -> Any:
    """The value of a flag, with the category in the place of {category} in its paths."""
    if isinstance(value, tuple):
        return tuple(path.replace("{category}", category) for path in value)
    return value


def unexpected(command_line: CommandLine) -> list[str]:
    """The given flags with which no number is expected."""
    return list(typed_flags(command_line, without=WITH_EXPECTED))
