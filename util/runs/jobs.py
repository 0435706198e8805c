"""From the command line to a job, with all checks that do not need TensorFlow.

This module writes nothing and does not import TensorFlow, so that the user sees a mistake at once.
"""

import os
from pathlib import Path
from typing import NamedTuple

from util.data.clips import Clips, existing_categories
from util.data.observed import observed_clips
from util.options.command_line import CommandLine, refuse_other_mode
from util.options.experiment import Experiment
from util.options.schema import Options
from util.runs import checkpoints
from util.runs.run_directory import RunDirectory
from util.system.errors import CommandLineError, RunError


class TrainingJob(NamedTuple):
    """A model to train, its clips, and its run directory."""

    options: Options
    experiment: Experiment
    run: RunDirectory
    clips: Clips


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
        return self.run / f"final_result_{experiment.result or 'testing'}"


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
    run = RunDirectory(Path(options.output_dir) / options.category)
    if run.holds_run() and not (options.resume or options.overwrite):
        raise RunError(
            f"{run.path} already holds a run; continue it with --resume True, replace it with "
            "--overwrite True, or choose another --output_dir"
        )
    if options.resume and (recorded := run.recorded_options()):
        options = command_line.over(recorded)
    experiment = command_line.experiment(options)
    refuse_other_mode(options, experiment)
    command_line.warn_of_idle(options)
    clips = observed_clips(options, experiment)
    refuse_unwritable(run.path)
    return TrainingJob(options, experiment, run, clips)


def prepare_testing(command_line: CommandLine) -> TestingJob:
    """Find the checkpoint; see `prepare`.

    For --ckpt <output_dir>/<run>/<any folder>/model.ckpt-N, the run is <output_dir>/<run>.
    """
    options = command_line.options
    if options.resume:
        raise CommandLineError("--resume True continues training: leave out --isTraining False")
    if options.ckpt:
        checkpoint = checkpoints.find(Path(options.ckpt))
        run = Path(os.path.abspath(checkpoint)).parent.parent
        if "output_dir" in command_line.given:
            run = Path(options.output_dir) / run.name
    elif options.category:
        directory = RunDirectory(Path(options.output_dir) / options.category)
        name = options.ckpt_name or checkpoints.newest(directory.models).name
        checkpoint = checkpoints.find(directory.models / name)
        run = directory.path
    else:
        raise CommandLineError("no checkpoint named; give --ckpt PATH, or --category NAME of a run")
    refuse_unwritable(run)
    return TestingJob(command_line, checkpoint, run, named_by_path=bool(options.ckpt))


def refuse_unwritable(folder: Path) -> None:
    """Raises RunError if the program cannot write into `folder`, which need not exist yet."""
    existing = existing_part(folder)
    if not existing.is_dir():
        raise RunError(f"cannot write to {folder}: {existing} is a file; choose another place")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise RunError(f"no permission to write to {existing}; choose another --output_dir")


def existing_part(path: Path) -> Path:
    """The path itself or its nearest parent that exists."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
