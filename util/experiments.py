"""The paper's experiments, each a short function of what to train on, or of what was trained."""

from util.preparation import TestingJob, TrainingJob
from util.recovery_results import write_recovered
from util.results import write_final_result
from util.testing import (
    Tested,
    open_checkpoint,
    write_animations,
    write_interpolations,
    write_rows,
    write_sampled,
)
from util.training import train, with_first_frames_encoded


def synthesis(work: TrainingJob | Tested) -> None:
    """Dynamic textures: from one clip, videos of any length that look like it.

    Training alternates Langevin inference of the innovations with learning; testing draws new
    innovations and lets the learned dynamics run from the state inferred for the clip's beginning.
    """
    if isinstance(work, Tested):
        write_sampled(work)
    else:
        write_final_result(train(work))


def action(work: TrainingJob | Tested) -> None:
    """Action patterns: many short sequences, one transition, an appearance vector for each.

    The appearance vectors are inferred with the innovations, one for a whole sequence. Testing
    gives every appearance new motions: innovations and start state are drawn from the prior.
    """
    if isinstance(work, Tested):
        write_sampled(work)
        write_rows(work)
    else:
        write_final_result(train(work))


def recovery(work: TrainingJob | Tested) -> None:
    """Incomplete video: the model learns from the visible pixels and fills in the missing ones.

    Inference and learning see the reconstruction error of visible pixels only; the transition
    carries what it knows of them to where, or when, there are none. A missing pixel is given the
    value that the reconstructions of the last iterations have there. Testing is as in synthesis.
    """
    if isinstance(work, Tested):
        write_sampled(work)
    else:
        write_recovered(train(work))


def inpainting(work: TrainingJob | Tested) -> None:
    """Background inpainting: a mask covers an object that moves; what is behind it is recovered.

    The same as recovery: the background has been visible at other times, or is like what is.
    """
    recovery(work)


def interpolation(tested: Tested) -> None:
    """Appearance interpolation: from one sequence's looks to another's while the motion runs.

    A model of actions, and straight lines between the appearance vectors that it inferred; all
    videos of a line start alike and are driven by the same innovations.
    """
    write_interpolations(tested)


def animation(work: TrainingJob | Tested) -> None:
    """Animating a still image: an encoder finds its appearance and the state that it begins with.

    The encoder learns with transition and emission, by the reconstruction of the frames from the
    one that it sees; of the latents only the innovations are inferred. Testing encodes images
    that the model has never seen and lets innovations from the prior set them in motion.
    """
    if isinstance(work, Tested):
        write_animations(work)
    else:
        write_final_result(with_first_frames_encoded(train(work)))


EXPERIMENTS = {
    "synthesis": synthesis,
    "action": action,
    "recovery": recovery,
    "inpainting": inpainting,
    "interpolation": interpolation,
    "animation": animation,
}


def run_experiment(job: TrainingJob | TestingJob) -> str:
    """Train as the run's options ask, or test as they and the checkpoint's do.

    Returns the line that says where the results are.
    """
    if isinstance(job, TestingJob):
        tested = open_checkpoint(job)
        EXPERIMENTS[tested.options.experiment](tested)
        return f"results in {tested.folder}"
    EXPERIMENTS[job.options.experiment](job)
    return f"results in {job.run.final_result}, checkpoints in {job.run.models}"
