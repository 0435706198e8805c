"""The paper's experiments, each a short function."""

from util.preparation import TestingJob, TrainingJob
from util.recovery_results import write_recovered
from util.results import synthesize_from_checkpoint, write_final_result
from util.training import Trained, train


def synthesis(job: TrainingJob | TestingJob) -> str:
    """Dynamic textures: from one clip, videos of any length that look like it.

    Training alternates Langevin inference of the innovations with learning; testing draws new
    innovations and lets the learned dynamics run from the state inferred for the clip's beginning.
    Returns the line that says where the results are.
    """
    if isinstance(job, TestingJob):
        return f"results in {synthesize_from_checkpoint(job)}"
    trained = train(job)
    write_final_result(trained)
    return where_results_are(trained)


def recovery(job: TrainingJob | TestingJob) -> str:
    """Incomplete video: the model learns from the visible pixels and fills in the missing ones.

    Inference and learning see the reconstruction error of visible pixels only; the transition
    carries what it knows of them to where, or when, there are none. A missing pixel is given the
    value that the reconstructions of the last iterations have there. Testing is as in synthesis.
    """
    if isinstance(job, TestingJob):
        return synthesis(job)
    trained = train(job)
    write_recovered(trained)
    return where_results_are(trained)


def inpainting(job: TrainingJob | TestingJob) -> str:
    """Background inpainting: a mask covers an object that moves; what is behind it is recovered.

    The same as recovery. The background has been visible at other times or is like what is.
    """
    return recovery(job)


def where_results_are(trained: Trained) -> str:
    """The last line that a training run prints."""
    return f"results in {trained.run.final_result}, checkpoints in {trained.run.models}"


EXPERIMENTS = {"synthesis": synthesis, "recovery": recovery, "inpainting": inpainting}
