"""The results of recovery and inpainting: the clips filled in, and how well, beside baselines."""

import csv
import io
from pathlib import Path

import numpy as np

from util.atomic import write_text
from util.baselines import RANK, linear_interpolation, low_rank_imputation, temporal_mean
from util.clips import Clips
from util.frames import to_bytes
from util.results import in_place_of, write_sequence
from util.scores import Scores, score
from util.training import Trained

BASELINES = {
    "temporal mean": temporal_mean,
    "linear interpolation": linear_interpolation,
    f"imputation of rank {RANK}": low_rank_imputation,
}
OVERALL = "all"


def write_recovered(trained: Trained) -> None:
    """Per sequence: with holes, filled in, and the truth if it is known; and the scores of all.

    Of the two ways to recover the one with the smaller error is written, or the average where
    nobody knows the truth.
    """
    _, run, clips, _, _, recovery = trained
    last, average = recovery.recovered()
    kept = trained.options.average_last
    ways = {f"average of the last {kept}": average, "last iteration": last}
    scores = recovery_table(ways, clips) if clips.truth is not None else {}
    observed = to_bytes(clips.frames)
    for index, name in enumerate(clips.names):
        best = min(ways, key=lambda way: scores[name, way].absolute_error if scores else 0)
        videos = {"observed": observed[index], "recovered": ways[best][index]}
        if clips.truth is not None:
            videos["original"] = clips.truth[index]
        mask = np.where(clips.missing[index], np.uint8(255), np.uint8(0)).repeat(3, axis=-1)
        with in_place_of(run.final_result / name) as folder:
            write_sequence(folder, {**videos, "mask": mask}, list(videos), len(mask))
        print(f"{name}: missing pixels from the {best}")
    if scores:
        write_scores(run.final_result / "recovery_error.csv", scores)
        for (name, way), figures in scores.items():
            print(f"{name}, {way}: {figures}")


def recovery_table(ways: dict[str, np.ndarray], clips: Clips) -> dict[tuple[str, str], Scores]:
    """The scores of each way to recover and each baseline, by sequence and way.

    Where there are several sequences, those over all of them come last.
    """
    ways = dict(ways)
    for baseline, fill in BASELINES.items():
        filled = [
            fill(frames, missing)
            for frames, missing in zip(clips.frames, clips.missing, strict=True)
        ]
        ways[baseline] = to_bytes(np.stack(filled))
    parts = {name: index for index, name in enumerate(clips.names)}
    if len(parts) > 1:
        parts[OVERALL] = slice(None)
    return {
        (name, way): score(frames[part], clips.truth[part], clips.missing[part])
        for name, part in parts.items()
        for way, frames in ways.items()
    }


def write_scores(path: Path, scores: dict[tuple[str, str], Scores]) -> None:
    """Write the scores as a table, one line for each sequence and way to recover it."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["sequence", "recovered_by", *Scores._fields])
    for (name, way), figures in scores.items():
        writer.writerow([name, way, *(f"{value:.4f}" for value in figures)])
    write_text(path, table.getvalue())
