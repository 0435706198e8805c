"""How good the synthesized videos of a run are: printed, and written as evaluation.csv."""

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

from model.posterior_check import PosteriorCheck
from util.metrics.evaluation import Evaluation
from util.metrics.measures import Comparison
from util.metrics.tables import as_text, in_words, write_csv

WHOLE_TABLES = 2  # of more sequences, only the rows of the synthesized videos are printed


def report_evaluations(
    folder: Path,
    evaluations: Mapping[str, Evaluation],
    check: PosteriorCheck,
    num_shown: int,
    final: Path | None = None,
) -> None:
    """Write the measures of all sequences to `folder` as evaluation.csv, and print the first.

    Args:
        evaluations: the table of each sequence, by its name.
        num_shown: the number of sequences whose measures are printed.
        check: the check of the model. It is written beside each synthesized video.
        final: the name that `folder` gets later, to be printed.
    """
    path = folder / "evaluation.csv"
    write_csv(path, evaluations, dict.fromkeys(evaluations, check._asdict()))
    for name, evaluation in islice(evaluations.items(), num_shown):
        if len(evaluations) <= WHOLE_TABLES:
            print(f"{name}:\n{as_text(evaluation)}")
        else:
            for video, comparison in evaluation.videos.items():
                print(f"{name}, {video}: {in_words(comparison)}")
    print(check_in_words(check))
    print(in_short(evaluations))
    print(f"all measures, with reference rows of each clip: {(final or folder) / path.name}")


def in_short(evaluations: Mapping[str, Evaluation]) -> str:
    """What the measures say, with what is good, as means over the videos that have the measure."""
    videos = [video for evaluation in evaluations.values() for video in evaluation.videos.values()]
    references = [evaluation.references for evaluation in evaluations.values()]

    def values(rows: Iterable[Comparison], measure: str) -> list[float]:
        return [row[measure] for row in rows if not math.isnan(row.get(measure, math.nan))]

    def mean(rows: Iterable[Comparison], measure: str) -> float:
        found = values(rows, measure)
        return sum(found) / len(found) if found else math.nan

    ratios = [
        f"{measure} {value:.2f}"
        for measure in ("sharpness", "motion")
        if not math.isnan(value := mean(videos, measure))
    ]
    parts = [f"{' and '.join(ratios)} of the observed (1 is alike)"] if ratios else []
    distance = mean(videos, "wasserstein")
    if not math.isnan(distance):
        known = [
            f"{name} {value:.3f}"
            for name in ("floor", "linear system")
            if not math.isnan(
                value := mean((row.get(name, {}) for row in references), "wasserstein")
            )
        ]
        compared = f"; {', '.join(known)}" if known else ""
        measured = len(values(videos, "wasserstein"))
        some = f" of the first {measured}" if measured < len(videos) else ""
        parts.append(f"distance of space-time patches{some} {distance:.3f} (0 is alike{compared})")
    count = f"mean of {len(videos)} videos" if len(videos) > 1 else "of one video"
    return f"in short, {count}: {', '.join(parts) or 'no measure exists'}"


def check_in_words(check: PosteriorCheck) -> str:
    """Ratios of inferred latents to those of the prior, and a second line if some are missed."""
    exist = {name: value for name, value in check._asdict().items() if not math.isnan(value)}
    if not exist:
        return "inferred and sampled latents cannot be compared in this model"
    line = "inferred latents over latents sampled from the prior (ideal 1): "
    line += ", ".join(f"{name} {value:.2f}" for name, value in exist.items())
    missed = check.missed()
    if missed:
        line += f"\nthe prior is missed by more than a fifth: {', '.join(missed)}"
    return line
