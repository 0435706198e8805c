"""Recovery of incomplete video, and background inpainting.

The model learns from the visible pixels and fills in the missing pixels. Inference and learning
use the reconstruction error of visible pixels only. The transition carries this information to
places and times where pixels are missing. Each missing pixel gets the mean of its last
reconstructions.

In background inpainting, the mask covers a moving object. The background behind the object is
visible at other times, or it resembles the visible background.
"""

import csv
import io
from pathlib import Path

import numpy as np

from util.data.clips import Clips
from util.data.frames import to_bytes
from util.data.pieces import Indexable
from util.experiments.synthesis import check, drop_earlier_results, tell_less_for_others, test
from util.metrics.recovered import Recovery, filled_by_baselines, scores_of
from util.metrics.scores import Scores
from util.pictures.layout import in_place_of, write_sequence
from util.runs.evaluations import check_in_words
from util.runs.jobs import TrainingJob
from util.runs.sampling import posterior_check
from util.runs.showing import showing_of
from util.runs.training import TrainingResult, train_model
from util.system.atomic import write_text

__all__ = ["check", "test", "train"]


def train(job: TrainingJob) -> None:
    """Train, and write the clips with missing pixels filled in."""
    write_recovered(train_model(job))


def write_recovered(result: TrainingResult) -> None:
    """Write the observed and the recovered videos, the truth if it is known, and the scores.

    The table of scores also contains the baselines and the last reconstruction alone, which is one
    sample of the posterior.

    Raises:
        ValueError: no pixel was missing in training.
    """
    run, clips, recovery = result.run, result.clips, result.recovery
    if recovery is None:
        raise ValueError("nothing is missing in the clips of this training")
    ways, missing = ways_to_recover(recovery, clips), recovery.missing
    by_average = next(iter(ways))
    scores = scores_of(ways, clips)
    tell_less_for_others(len(clips.names) - result.options.results_for)
    drop_earlier_results(result)
    for index, name in enumerate(clips.names[: result.options.results_for]):
        videos = {"observed": to_bytes(clips.frames[index]), "recovered": ways[by_average][index]}
        if clips.truth is not None:
            videos["original"] = clips.truth[index]
        mask = np.where(hidden := missing[index], np.uint8(255), np.uint8(0)).repeat(3, axis=-1)
        showing = showing_of(result.options, clips.formats[index])
        with in_place_of(run.final_result / name) as folder:
            write_sequence(folder, {**videos, "mask": mask}, list(videos), len(mask), showing)
        if hidden.any():
            print(f"{name}: each missing pixel is the {by_average} reconstructions")
        else:
            print(f"{name}: nothing is missing")
    report(result, scores)


def ways_to_recover(recovery: Recovery, clips: Clips) -> dict[str, Indexable]:
    """The clips as the model and the baselines recover them; the average of the model is first."""
    recovered = recovery.recovered()
    by_model: dict[str, Indexable] = {
        f"average of the last {len(recovery.samples)}": recovered.average,
        "last iteration": recovered.last,
    }
    return by_model | filled_by_baselines(clips)


def report(result: TrainingResult, scores: dict[tuple[int | None, str], Scores]) -> None:
    """Write all scores, and print those of the shown sequences and the check of the posterior.

    Without scores, there is no table.
    """
    names, options = result.clips.names, result.options
    table = result.run.final_result / "recovery_error.csv"
    table.unlink(missing_ok=True)  # from the same run before it was resumed
    if scores:
        write_scores(table, scores, names)
    for (row, way), values in scores.items():
        if row is None or row < options.results_for:
            print(f"{label(row, names)}, {way}: {values}")
    ratios = posterior_check(result.generator, options, result.latents, options.num_epochs)
    print(check_in_words(ratios))


def write_scores(
    path: Path, scores: dict[tuple[int | None, str], Scores], names: list[str]
) -> None:
    """Write the scores as a CSV table, one line for each sequence and recovery method."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["sequence", "recovered_by", *Scores._fields])
    for (index, way), values in scores.items():
        writer.writerow([label(index, names), way, *(f"{value:.4f}" for value in values)])
    write_text(path, table.getvalue())


def label(index: int | None, names: list[str]) -> str:
    """The name of a sequence in the table; None stands for all sequences."""
    return "all" if index is None else names[index]
