"""Running an experiment, by the module that its record names."""

import sys
from importlib import import_module
from pathlib import Path

from util.experiments.registry import EXPERIMENTS
from util.options.command_line import CommandLine
from util.options.experiment import Experiment
from util.runs.closing import after_sampling, after_training, look_at
from util.runs.jobs import TestingJob, TrainingJob
from util.system.explanations import explain


def run_experiment(job: TrainingJob | TestingJob) -> str:
    """Train or test a model, as the job says. TensorFlow must have been started before.

    Returns:
        A line for the user with the folder of the results.
    """
    if isinstance(job, TestingJob):
        return test(job)
    module_of(job.experiment).train(job)
    print(look_at(job.run.final_result, job.clips.names))
    renew_gallery(job.run.path.parent)
    print(after_training(job.options, job.experiment.encodes))
    return f"results in {job.run.final_result}, checkpoints in {job.run.models}"


def renew_gallery(folder: Path) -> None:
    """Make the page over all runs of a folder anew, and the pages above it that have its runs, too.

    If this fails, a line on stderr says why. The results of the training are there already, so no
    failure of the page may end the program.
    """
    try:
        # A package of the page may be missing in an environment of an earlier version.
        from util.gallery.page import pages_above, write_gallery

        for place in (folder, *pages_above(folder)):
            page, _ = write_gallery(place, EXPERIMENTS)
            print(f"all runs on one page: {page}")
    except Exception as error:
        print(f"warning: the page of all runs is not renewed: {explain(error)}", file=sys.stderr)


def test(job: TestingJob) -> str:
    """Test a checkpoint. The experiment may refuse it before anything is written."""
    from util.runs.loading import built_run, read_checkpoint  # here, as it imports TensorFlow

    checkpoint = read_checkpoint(job)
    module = module_of(checkpoint.experiment)
    module.check(checkpoint)
    if checkpoint.experiment.serves:
        return module.serve(job, checkpoint)
    with built_run(job, checkpoint) as run:
        module.test(run)
    print(look_at(run.results.final, run.names))
    if "innovations_in_test" in checkpoint.experiment.uses:
        print(after_sampling(checkpoint.options))
    return f"results in {run.results.final}"


def work_on_runs(command_line: CommandLine) -> str:
    """Run an experiment that works on run directories, without TensorFlow.

    Returns:
        The last line for the user.
    """
    command_line.warn_of_idle(command_line.options)
    return module_of(command_line.experiment(command_line.options)).run(command_line)


def module_of(experiment: Experiment):
    """The module that runs an experiment. `Experiment` says which functions it has."""
    return import_module(experiment.module)
