"""A training by several workers. Worker 0 does what one process does; the others help it."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace

from model.workers import Workers
from util.experiments.running import run_experiment
from util.options.command_line import CommandLine
from util.options.schema import Options
from util.runs.jobs import (
    TrainingPlan,
    directory_of,
    locked_run,
    nothing_left_if_refused,
    plan_training,
    with_clips,
)
from util.system.counting import counted
from util.system.errors import CommandLineError, RunError
from util.system.tensorflow_setup import start_tensorflow
from util.workers.cluster import VARIABLE, Cluster, cluster_in
from util.workers.local import local_cluster, local_workers, take_own_share
from util.workers.meeting import PLACES, joined


def cluster_of(command_line: CommandLine) -> Cluster | None:
    """The workers of this call, from TF_CONFIG or --workers; None if this process works alone.

    Raises:
        CommandLineError: TF_CONFIG is wrong, or contradicts the command line.
    """
    options = command_line.options
    cluster = cluster_in(os.environ)
    if cluster is None:
        if options.workers > 1:
            return local_cluster(options.workers)
        if options.shared_statistics and "shared_statistics" in command_line.given:
            print("--shared_statistics does nothing with one worker", file=sys.stderr)
        return None
    if not options.isTraining:
        raise CommandLineError(
            f"{VARIABLE} names {len(cluster.addresses)} workers, and only a training is shared; "
            f"unset {VARIABLE} for this call"
        )
    if options.workers not in (1, len(cluster.addresses)):
        raise CommandLineError(
            f"--workers {options.workers} starts workers on this machine, and {VARIABLE} names "
            f"{len(cluster.addresses)} that others start; leave one of them out"
        )
    return cluster


def train_together(command_line: CommandLine, cluster: Cluster, arguments: Sequence[str]) -> str:
    """Train as one of several workers; the line for the user, "" for all but worker 0.

    Args:
        arguments: the command line in words, for the workers that this process starts.

    Raises:
        RunError: see `joined`; or the workers have other clips.
    """
    if cluster.number > 0:
        help_first_worker(command_line, cluster)
        return ""
    given = take_own_share(cluster) if cluster.starts_others else {}
    with locked_run(command_line):
        plan = plan_training(command_line)
        refuse_idle_workers(plan, len(cluster.addresses))
        with started(cluster, arguments, given) as refuse_ended:
            start_tensorflow(command_line.options.debug)
            with joined(cluster, command_line.options, refuse_ended) as workers:
                job = with_clips(plan, workers)
                workers.texts(json.dumps(asdict(job.options)))
                refuse_other_clips(workers, job.clips.digest)
                print(in_words(plan.options, workers.count), file=sys.stderr)
                return run_experiment(job)


def in_words(options: Options, count: int) -> str:
    """How the workers share the training."""
    of_whom = "the whole batch" if options.shared_statistics else "each worker's own frames"
    return (
        f"workers: {count}; they share each batch of {options.batch_size}, and normalise by the "
        f"statistics of {of_whom}"
    )


@contextlib.contextmanager
def started(
    cluster: Cluster, arguments: Sequence[str], given: Mapping[str, str]
) -> Iterator[Callable[[], None]]:
    """Start the other workers, if this process does; see `local_workers`."""
    if cluster.starts_others:
        with local_workers(cluster, arguments, given) as refuse_ended:
            yield refuse_ended
    else:
        yield nothing


def nothing() -> None:
    """Refuse nothing: others have started the workers."""


def help_first_worker(command_line: CommandLine, cluster: Cluster) -> None:
    """Train as a worker that writes nothing but its cache of the clips, and prints only errors."""
    options = command_line.options
    start_tensorflow(options.debug)
    from util.runs.training import help_to_train  # here, as it imports TensorFlow

    with joined(cluster, options, nothing) as workers:
        of_first = Options.from_json(workers.texts("")[0])
        options = with_own_places(of_first, command_line)
        run = directory_of(options)
        # Worker 0 has matched its options to the clips.
        plan = TrainingPlan(options, command_line.experiment(options), run)
        with nothing_left_if_refused(run):
            with contextlib.redirect_stderr(io.StringIO()):  # worker 0 prints the same
                job = with_clips(plan, workers)
            refuse_other_clips(workers, job.clips.digest)
        help_to_train(job)


def with_own_places(of_first: Options, command_line: CommandLine) -> Options:
    """The options of worker 0, with the places that this worker's command line gives."""
    own = command_line.options
    given = {name: getattr(own, name) for name in PLACES if name in command_line.given}
    return replace(of_first, **{"output_dir": own.output_dir, **given})


def refuse_idle_workers(plan: TrainingPlan, count: int) -> None:
    """Raises RunError if a worker would have no sequence of any batch."""
    from util.data.clips import find_clips

    sequences = len(find_clips(plan.options.data_path, plan.options.category))
    if sequences < count:
        raise RunError(
            f"{count} workers for {counted(sequences, 'sequence')}: every worker needs "
            f"one; start at most {sequences}"
        )
    if plan.options.batch_size < count:
        raise RunError(
            f"{count} workers share each batch, and --batch_size {plan.options.batch_size} gives "
            f"some of them nothing to do; start at most {plan.options.batch_size}, or train a new "
            f"run with --batch_size {count}"
        )


def refuse_other_clips(workers: Workers, digest: str) -> None:
    """Raises RunError if a worker has other clips or masks than worker 0."""
    first, *others = workers.texts(digest)
    for number, other in enumerate(others, 1):
        if other != first:
            raise RunError(
                f"worker {number} has other clips or masks than worker 0, or decodes videos "
                "otherwise; give all workers the same files and machines of one kind"
            )
