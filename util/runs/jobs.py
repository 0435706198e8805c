"""From the command line to a job, with all checks that do not need TensorFlow.

This module writes nothing but the lock and the cache of the clips. It does not import TensorFlow,
so that the user sees a mistake at once. Only the checkpoint of a resumed run needs TensorFlow: the
options in it count.
"""

import contextlib
import math
import os
import sys
from collections.abc import Container, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from model.initial_motion import FROM_CLIPS, windows_as_states
from model.matched_to_clips import MATCHED, MATCHES
from model.sequence_steps import correlation_of_steps
from model.workers import ALONE, Workers
from util.data.clips import Clips, existing_categories, find_clips
from util.data.observed import observed_clips
from util.options.command_line import (
    CommandLine,
    refuse_conditional,
    refuse_other_mode,
    refuse_states_that_cannot_follow,
    refuse_unfitted_transition,
    refuse_unusable,
)
from util.options.experiment import Experiment
from util.options.schema import Options
from util.runs import checkpoints
from util.runs.memory import refuse_too_large
from util.runs.run_directory import RunDirectory, result_name
from util.system.errors import CommandLineError, RunError
from util.system.folder_lock import locked
from util.system.names import existing_form, safe_names
from util.system.tensorflow_setup import start_tensorflow

# Names of files in final_result/, beside the folders of the sequences.
RESERVED = ("evaluation.csv", "recovery_error.csv", "overview.mp4", "overview.gif", "overview.png")


if TYPE_CHECKING:
    from util.runs.run_state import RunState  # it imports TensorFlow


class TrainingJob(NamedTuple):
    """A model to train, its clips, and its run directory.

    `state` is the newest checkpoint of a resumed run, otherwise None. The `workers` train together.
    `missing_values` is the number of missing values of the clips, three for each pixel.
    """

    options: Options
    experiment: Experiment
    run: RunDirectory
    clips: Clips
    state: "RunState | None" = None
    workers: Workers = ALONE
    missing_values: int = 0


class TrainingPlan(NamedTuple):
    """A `TrainingJob` whose clips have not been read.

    `given` are the names of the options that the command line gave. Nothing that is matched to the
    clips changes them.
    """

    options: Options
    experiment: Experiment
    run: RunDirectory
    state: "RunState | None" = None
    given: frozenset[str] = frozenset()


class TestingJob(NamedTuple):
    """A checkpoint to test, and the run directory for the results.

    Fields:
        run: the run directory of the checkpoint, or its place in --output_dir.
        named_by_path: whether --ckpt gave the checkpoint. The name of the result folder depends
            on this.
    """

    command_line: CommandLine
    checkpoint: Path
    run: Path
    named_by_path: bool

    def result_folder(self, experiment: Experiment) -> Path:
        """The folder for the results of the test; the caller may add a number to its name.

        With --ckpt it is <run>/test/<result>, otherwise <run>/final_result_<result>.
        """
        if self.named_by_path:
            return self.run / "test" / (experiment.result or "synthesis")
        return self.run / result_name(experiment.result)

    @property
    def takes_newest(self) -> bool:
        """Whether the user named no checkpoint."""
        return not (self.command_line.options.ckpt or self.command_line.options.ckpt_name)


@contextlib.contextmanager
def locked_run(command_line: CommandLine) -> Iterator[None]:
    """Hold the lock of the run directory of a training. A test holds no lock.

    If the block fails and nothing was written but the cache, the folders that were created for the
    lock are removed, and the cache, too.

    Raises:
        RunError: another process trains in this directory, or the directory is not writable.
    """
    options = command_line.options
    if not (options.isTraining and options.category):
        yield
        return
    run = directory_of(options)
    refuse_unwritable(run.path)
    with no_folders_left_if_refused(run.path) as created:
        run.path.mkdir(parents=True, exist_ok=True)
        # Without the lock, the cache may be that of a process that is training there.
        with locked(run.path), no_cache_left_if_refused(run, run.path in created):
            yield


@contextlib.contextmanager
def nothing_left_if_refused(run: RunDirectory) -> Iterator[None]:
    """If the block fails and nothing was written but the cache, remove it and new folders."""
    with (
        no_folders_left_if_refused(run.path) as created,
        no_cache_left_if_refused(run, run.path in created),
    ):
        yield


@contextlib.contextmanager
def no_folders_left_if_refused(folder: Path) -> Iterator[list[Path]]:
    """Yield `folder` and those above it that do not exist. If the block fails, remove them."""
    created = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield created
    except BaseException:
        for path in created:
            with contextlib.suppress(OSError):  # not empty, or another process was faster
                path.rmdir()
        raise


@contextlib.contextmanager
def no_cache_left_if_refused(run: RunDirectory, is_new: bool) -> Iterator[None]:
    """If the block fails and a new run directory holds nothing but the cache, remove the cache."""
    try:
        yield
    except BaseException:
        if is_new and not run.holds_run():
            run.clear_cache()
        raise


def directory_of(options: Options) -> RunDirectory:
    """The run directory <output_dir>/<category>."""
    return RunDirectory(existing_form(Path(options.output_dir) / options.category))


def prepare(command_line: CommandLine) -> TrainingJob | TestingJob:
    """Check the command line and return its job.

    Raises:
        CommandLineError: flags are missing, contradict each other or contradict the resumed run.
        RunError: clips or checkpoint do not exist or are broken, the output is not writable, or
            it would change an earlier run.
    """
    if command_line.options.isTraining:
        return prepare_training(command_line)
    return prepare_testing(command_line)


def prepare_training(command_line: CommandLine) -> TrainingJob:
    """Find the clips and the run directory, and read the clips; see `prepare`."""
    return with_clips(plan_training(command_line))


def plan_training(command_line: CommandLine) -> TrainingPlan:
    """Find the clips and the run directory; see `prepare`."""
    options = command_line.options
    if not options.category:
        raise CommandLineError(
            f"no --category given; {existing_categories(Path(options.data_path))}"
        )
    if options.ckpt or options.ckpt_name:
        raise CommandLineError(
            f"--ckpt {options.ckpt or options.ckpt_name} names a checkpoint to test: add "
            "--isTraining False, or continue training with --resume True"
        )
    run = directory_of(options)
    refuse_among_clips(run.path, options)
    run.refuse_unusable()
    if run.holds_run() and not (options.resume or options.overwrite):
        raise RunError(
            f"{run.path} already holds a run; continue it with --resume True, replace it with "
            "--overwrite True, or choose another --output_dir"
        )
    if options.overwrite:
        run.refuse_foreign()
    state = None
    if options.resume:
        state = newest_state(run, command_line)
        if recorded := state.options if state else checked_options(run, command_line):
            options = command_line.over(recorded)
        if state is None:
            refuse_lost_checkpoints(run)
    experiment = command_line.experiment(options)
    refuse_other_mode(options, experiment)
    refuse_conditional(options, experiment)
    refuse_states_that_cannot_follow(options, experiment)
    refuse_unfitted_transition(options, experiment, experiment)
    command_line.warn_of_idle(options)
    refuse_too_large(options, experiment)  # before the clips fill the memory
    refuse_too_large(options, experiment, len(find_clips(options.data_path, options.category)))
    refuse_unwritable(run.path)
    refuse_unwritable(
        run.cache_for(options), "--cache_dir" if options.cache_dir else "--output_dir"
    )
    return TrainingPlan(options, experiment, run, state, command_line.given)


def with_clips(plan: TrainingPlan, workers: Workers = ALONE) -> TrainingJob:
    """Read the clips; see `prepare`."""
    options, experiment, run, state, given = plan
    clips = observed_clips(options, experiment, run.cache_for(options))
    missing_values = 3 * clips.count_missing()
    refuse_too_large(options, experiment, len(clips.names), missing_values)
    clips = clips._replace(names=safe_names(clips.names, RESERVED))
    options = matched_to(clips, options, experiment, given)
    return TrainingJob(options, experiment, run, clips, state, workers, missing_values)


def matched_to(
    clips: Clips, options: Options, experiment: Experiment, given: Container[str]
) -> Options:
    """The options with what is to be matched to the clips; see `Experiment.matched`.

    Clips that move in too few directions count as clips of which nothing is known.
    """
    if all(getattr(options, name) != MATCHED for name in MATCHES):
        return options
    correlation = correlation_of_steps(clips.frames, clips.visible)
    found = experiment.matched(options, given, correlation)
    follows = found.initial_latents == FROM_CLIPS
    if follows and windows_as_states(clips.frames, found.state_size) is None:
        return experiment.matched(options, given, correlation=math.nan)
    return found


def refuse_among_clips(run: Path, options: Options) -> None:
    """Raises RunError if the run would lie in the folder of its clips.

    The pictures and videos of the run would be sequences of the next run.
    """
    clips = existing_form(Path(options.data_path) / options.category)
    if clips.resolve() in (run.resolve(), *run.resolve().parents):
        raise RunError(
            f"the results would be written among the clips in {clips}, and the next run would "
            "take them for clips; choose another --output_dir"
        )


def newest_state(run: RunDirectory, command_line: CommandLine) -> "RunState | None":
    """The newest checkpoint of a run that can be read; None if the run has no checkpoint yet.

    If options.json has other options than the checkpoint, a line on stderr says so.

    Raises:
        RunError: no checkpoint can be read, or one is of another program.
    """
    found = checkpoints.existing(run.models)
    if not found:
        return None
    start_tensorflow(command_line.options.debug)
    from util.runs.run_state import read_state

    for _, path in reversed(found):
        try:
            state = read_state(path, command_line.experiments)
        except checkpoints.UnreadableCheckpoint as error:
            print(f"warning: {error}; trying the one before it", file=sys.stderr)
            continue
        if difference := run.difference_to(state.options):
            print(f"{difference}; the options in {path.name} count", file=sys.stderr)
        return state
    raise RunError(f"no checkpoint in {run.models} can be read; start again with --overwrite True")


def refuse_lost_checkpoints(run: RunDirectory) -> None:
    """Check that a run without a checkpoint can begin, and would replace nothing.

    Raises:
        RunError: another program has written into the folder, or the run has results already.
    """
    run.refuse_foreign()
    if run.final_result.is_dir() and any(run.final_result.iterdir()):
        raise RunError(
            f"{run.path} has results, but {run.models} has no checkpoint to go on from; restore "
            "the checkpoints, or train anew with --overwrite True"
        )


def checked_options(run: RunDirectory, command_line: CommandLine) -> Options | None:
    """The options in options.json; None if there is no such file.

    Raises:
        RunError: the file cannot be read, or no command line could have given these options.
    """
    options = run.recorded_options()
    if options:
        try:
            refuse_unusable(options, command_line.experiments)
        except CommandLineError as error:
            raise RunError(
                f"{run.options_file} has options of no run: {error}; restore it, or start again "
                "with --overwrite True"
            ) from error
    return options


def prepare_testing(command_line: CommandLine) -> TestingJob:
    """Find the checkpoint; see `prepare`.

    For --ckpt <output_dir>/<run>/<any folder>/model.ckpt-N, the run is <output_dir>/<run>.
    """
    options = command_line.options
    refuse_without_packages(command_line.experiment(options))
    if options.resume:
        raise CommandLineError("--resume True continues training: leave out --isTraining False")
    if options.ckpt:
        checkpoint = checkpoints.find(Path(options.ckpt))
        run = Path(os.path.abspath(checkpoint)).parent.parent
        if "output_dir" in command_line.given:
            run = Path(options.output_dir) / run.name
    elif options.category:
        directory = directory_of(options)
        if Path(options.ckpt_name).name != options.ckpt_name or options.ckpt_name == "..":
            raise CommandLineError(
                f"--ckpt_name {options.ckpt_name} is not a name of a checkpoint; give a path as "
                "--ckpt"
            )
        name = options.ckpt_name or checkpoints.newest(directory.models).name
        checkpoint = checkpoints.find(directory.models / name)
        run = directory.path
    else:
        raise CommandLineError("no checkpoint named; give --ckpt PATH, or --category NAME of a run")
    refuse_unwritable(run)
    return TestingJob(command_line, checkpoint, run, named_by_path=bool(options.ckpt))


def refuse_without_packages(experiment: Experiment) -> None:
    """Raises ModuleNotFoundError if a package that only this experiment needs is missing."""
    for name in experiment.packages:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def refuse_unwritable(folder: Path, flag: str = "--output_dir") -> None:
    """Raises RunError if the program cannot write into `folder`, which need not exist yet.

    Args:
        flag: the flag that names another place.
    """
    try:
        existing = existing_part(folder)
    except OSError as error:
        raise RunError(
            f"cannot write to {folder}: {error.strerror}; choose another {flag}"
        ) from error
    if not existing.is_dir():
        what = "a link to nothing" if existing.is_symlink() else "a file"
        raise RunError(f"cannot write to {folder}: {existing} is {what}; choose another {flag}")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise RunError(f"no permission to write to {existing}; choose another {flag}")


def existing_part(path: Path) -> Path:
    """The path itself or its nearest parent that exists."""
    path = path.absolute()
    while not (path.exists() or path.is_symlink()):
        path = path.parent
    return path
