"""Action patterns: many short sequences, one transition, an appearance vector for each sequence.

The appearance vector of a sequence is inferred together with its innovations. A test gives each
appearance a new motion: new innovations, and a start state that is drawn from the prior.
"""

from util.experiments.synthesis import check, train, write_sampled
from util.pictures.layout import write_overview
from util.pictures.sheets import Row
from util.pictures.showing import all_shaped
from util.runs.loading import LoadedRun, observed_again, observed_or_reconstructed
from util.runs.sampling import sampled_bytes

__all__ = ["check", "test", "train"]


def test(run: LoadedRun) -> None:
    """Write sampled videos of each sequence, and an overview with the observed sequences on top."""
    observed = observed_again(run)
    write_sampled(run, observed)
    shown = {
        "reconstructed" if observed is None else "observed": observed_or_reconstructed(
            run, observed, run.checkpoint.rows
        )[: run.num_shown]
    }
    for number, video in enumerate(run.videos, 1):
        shown[f"synthesized {number}"] = sampled_bytes(
            run.sampler, run.latents, video, run.num_shown
        )
    showings, names = run.showings[: run.num_shown], run.names[: run.num_shown]
    rows = [Row(label, all_shaped(videos, showings), names) for label, videos in shown.items()]
    write_overview(run.folder / "overview", rows, showings[0].enlarge, showings[0].rate)
