"""The results of recovery and inpainting: the clips filled in, and how well, beside baselines."""

import csv
import io
from pathlib import Path

import numpy as np

from util.atomic import write_text
from util.frames import to_bytes
from util.recovery import filled_by_baselines, scores_of
from util.results import in_place_of, write_sequence
from util.scores import Scores
from util.training import Trained


def write_recovered(trained: Trained) -> None:
    """Per sequence: with holes, filled in, and the truth if it is known; and the scores of all.

    Of the two ways to recover a sequence the one with the smaller error is written, or the
    average where nobody knows the truth.
    """
    run, clips, recovery = trained.run, trained.clips, trained.recovery
    last, average = recovery.recovered()
    by_average = f"average of the last {len(recovery.samples)}"
    ways = {by_average: average, "last iteration": last}
    scores = scores_of(ways | filled_by_baselines(clips), clips)
    observed = to_bytes(clips.frames)
    for index, name in enumerate(clips.names):
        written = by_average
        if (index, by_average) in scores:
            written = min(ways, key=lambda way, index=index: scores[index, way].absolute_error)
        videos = {"observed": observed[index], "recovered": ways[written][index]}
        if clips.truth is not None:
            videos["original"] = clips.truth[index]
        mask = np.where(clips.missing[index], np.uint8(255), np.uint8(0)).repeat(3, axis=-1)
        with in_place_of(run.final_result / name) as folder:
            write_sequence(folder, {**videos, "mask": mask}, list(videos), len(mask))
        if clips.missing[index].any():
            print(f"{name}: missing pixels from the {written}")
        else:
            print(f"{name}: nothing is missing")
    table = run.final_result / "recovery_error.csv"
    table.unlink(missing_ok=True)  # of the same run, before it was resumed
    if scores:
        write_scores(table, scores, clips.names)
        for (index, way), figures in scores.items():
            print(f"{label(index, clips.names)}, {way}: {figures}")


def write_scores(
    path: Path, scores: dict[tuple[int | None, str], Scores], names: list[str]
) -> None:
    """Write the scores as a table, one line for each sequence and way to recover it."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["sequence", "recovered_by", *Scores._fields])
    for (index, way), figures in scores.items():
        writer.writerow([label(index, names), way, *(f"{value:.4f}" for value in figures)])
    write_text(path, table.getvalue())


def label(index: int | None, names: list[str]) -> str:
    """What a sequence is called in the table."""
    return "all" if index is None else names[index]
