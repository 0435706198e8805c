"""The paper's experiments, each a short function of what to train on."""

from util.preparation import TestingJob, TrainingJob
from util.recovery_results import write_recovered
from util.results import synthesize_from_checkpoint, write_final_result
from util.training import train


def synthesis(job: TrainingJob) -> None:
    """Dynamic textures: from one clip, videos of any length that look like it.

    Training alternates Langevin inference of the innovations with learning; then new innovations
    are drawn, and the learned dynamics run from the state inferred for the clip's beginning.
    """
    write_final_result(train(job))


def recovery(job: TrainingJob) -> None:
    """Incomplete video: the model learns from the visible pixels and fills in the missing ones.

    Inference and learning see the reconstruction error of visible pixels only; the transition
    carries what it knows of them to where, or when, there are none. A missing pixel is given the
    value that the reconstructions of the last iterations have there.
    """
    write_recovered(train(job))


def inpainting(job: TrainingJob) -> None:
    """Background inpainting: a mask covers an object that moves; what is behind it is recovered.

    The same as recovery: the background has been visible at other times, or is like what is.
    """
    recovery(job)


EXPERIMENTS = {"synthesis": synthesis, "recovery": recovery, "inpainting": inpainting}


def run_experiment(job: TrainingJob | TestingJob) -> str:
    """Train as the run's options ask, or synthesize from a checkpoint; says where results are."""
    if isinstance(job, TestingJob):
        return f"results in {synthesize_from_checkpoint(job)}"
    EXPERIMENTS[job.options.experiment](job)
    return f"results in {job.run.final_result}, checkpoints in {job.run.models}"
