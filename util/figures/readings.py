"""The numbers of a figure, read from its runs."""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from util.figures.results import Result

MEASURES = ("sharpness", "motion", "wasserstein")
REFERENCES = ("linear system", "floor")  # rows of evaluation.csv to compare with
SCORES = {"absolute_error": "error", "psnr": "PSNR", "ssim": "SSIM"}
FILLED_BY_MODEL = "average of the last"


def synthesized(result: Result) -> dict[str, float]:
    """The error of the reconstruction, and measures of the synthesized videos, as means.

    The error is the mean squared error for pixels in [-1, 1].
    """
    rows = result.table("evaluation.csv")
    videos = [row for row in rows if row["video"].startswith("synthesized")]
    numbers = {"error": reconstruction_error(result)}
    for measure in MEASURES:
        numbers[measure] = mean(row[measure] for row in videos)
    for reference in REFERENCES:
        values = [row["wasserstein"] for row in rows if row["video"] == reference]
        numbers[f"wasserstein of the {reference}"] = mean(values)
    return numbers


def interpolated(result: Result) -> dict[str, float]:
    """The numbers of the training, and how evenly the columns lie between the two appearances.

    The step between neighbouring columns, and from frame to frame, are mean absolute differences
    (0 to 255). There are none of the columns in results of an earlier version.
    """
    numbers = synthesized(result)
    if (result.tested("") / "interpolation.csv").is_file():
        rows = result.tested_table("interpolation.csv")
        pairs: dict[tuple[str, str], list[float]] = {}
        for row in rows:
            if row["from_previous"]:
                distances = pairs.setdefault((row["first"], row["second"]), [])
                distances.append(float(row["from_previous"]))
        means = {pair: sum(steps) / len(steps) for pair, steps in pairs.items()}
        numbers["column step"] = sum(means.values()) / len(means)
        if largest := [max(steps) / means[pair] for pair, steps in pairs.items() if means[pair]]:
            numbers["largest column step over the mean"] = max(largest)
        numbers["frame step"] = mean(row["mean_step"] for row in rows)
    return numbers


def animated(result: Result) -> dict[str, float]:
    """The numbers of the training, and how the videos go on after the still images.

    A first step is over the mean step after it. A step is a mean absolute difference (0 to 255).
    There are none in results of an earlier version.
    """
    numbers = synthesized(result)
    if (result.tested("") / "animation.csv").is_file():
        rows = result.tested_table("animation.csv")
        numbers["first step"] = mean(row["first_step"] for row in rows)
        numbers["frame step"] = mean(row["mean_step"] for row in rows)
    return numbers


def reconstruction_error(result: Result) -> float:
    """The mean squared error of all reconstructed frames, for pixels in [-1, 1]."""
    errors = []
    for sequence in result.sequences:
        observed = result.video(sequence, "observed").astype(np.float64)
        difference = result.video(sequence, "reconstructed") - observed
        errors.append(np.mean(np.square(difference / 127.5)))
    return float(np.mean(errors))


def recovered(result: Result) -> dict[str, float]:
    """The scores of the recovered pixels, and the errors of the baselines.

    The error is the mean absolute error of the missing pixels (0 to 255). If the truth is unknown,
    there are no numbers.
    """
    if not result.has_table("recovery_error.csv"):
        return {}  # the truth is unknown
    rows = result.table("recovery_error.csv")
    all_sequences = [row for row in rows if row["sequence"] == "all"]
    numbers: dict[str, float] = {}
    for row in all_sequences or rows:
        way = row["recovered_by"]
        if way.startswith(FILLED_BY_MODEL):
            numbers |= {SCORES[name]: float(row[name]) for name in SCORES}
        elif way != "last iteration":
            numbers[f"error of {way}"] = float(row["absolute_error"])
    return numbers


def continued(result: Result) -> dict[str, float]:
    """How the futures of the clips begin, and how near they are to the true next frames.

    The steps are over the mean step of the clip. An error is the mean absolute error (0 to 255) of
    the first frames, as many as the table has; the model's is that of the mean of its futures.
    """
    rows = result.tested_table("continuation.csv")
    futures = [row for row in rows if is_numbered(row)]
    steps = [float(row["first_step"]) for row in futures if row["first_step"]]
    numbers = {
        "first step": mean(row["first_step"] for row in futures),
        "largest first step": max(steps, default=math.nan),
    }
    ways = {
        "": [row for row in rows if row["video"].startswith("mean of ")],
        " of the repeated frame": [row for row in rows if row["video"] == "last frame repeated"],
        " of the linear system": [row for row in rows if row["video"] == "linear system"],
    }
    for way, of_way in ways.items():
        numbers[f"error{way}"] = mean(row[error] for row in of_way for error in errors_in(row))
    for measure in MEASURES:
        numbers[measure] = mean(row[measure] for row in futures)
    for way, of_way in ways.items():
        if way:
            numbers[f"wasserstein{way}"] = mean(row["wasserstein"] for row in of_way)
    return numbers


def errors_in(row: Mapping[str, str]) -> list[str]:
    """The columns of continuation.csv that have the error of a frame: error_1, error_2, …"""
    return [column for column in row if column.startswith("error_")]


def looped(result: Result) -> dict[str, float]:
    """How well the loops close, and measures of loops and of videos that are no loops.

    A seam is the step from the last frame of a loop to its first, over the mean step inside. It
    varies from loop to loop, as any step does: ordinary steps have the mean 1. A gap is the
    distance of the last state from the state before the first frame, over the mean step of the
    states.
    """
    seams = result.tested_table("seams.csv")
    steps = [float(row["seam_step"]) for row in seams if row["seam_step"]]
    numbers = {
        "mean seam": float(np.mean(steps)) if steps else math.nan,
        "largest seam": max(steps, default=math.nan),
        "largest gap": max(float(row["state_gap"]) for row in seams),
    }
    if (result.tested("") / "evaluation.csv").is_file():  # otherwise the clips are gone
        rows = result.tested_table("evaluation.csv")
        ways = {
            "": [row for row in rows if is_numbered(row)],
            " of no loop": [row for row in rows if row["video"].startswith("unlooped ")],
        }
        for measure in ("motion", "wasserstein"):
            for way, of_way in ways.items():
                numbers[f"{measure}{way}"] = mean(row[measure] for row in of_way)
    return numbers


def is_numbered(row: Mapping[str, str]) -> bool:
    """Whether a row of a test's table is of a video of the model, <sequence>_1, …"""
    return row["video"].startswith(f"{row['sequence']}_")


def mean(values: Iterable[str]) -> float:
    """The mean of the values that exist; NaN if none exists."""
    exist = [float(value) for value in values if value]
    return sum(exist) / len(exist) if exist else math.nan
