"""The paper's experiments, each a short function."""

from util.preparation import TestingJob, TrainingJob
from util.results import synthesize_from_checkpoint, write_final_result
from util.training import train


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
    return f"results in {trained.run.final_result}, checkpoints in {trained.run.models}"


EXPERIMENTS = {"synthesis": synthesis}
