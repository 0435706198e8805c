"""The numbers of a figure, read from its runs."""

import math
from collections.abc import Iterable

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


def mean(values: Iterable[str]) -> float:
    """The mean of the values that exist; NaN if none exists."""
    exist = [float(value) for value in values if value]
    return sum(exist) / len(exist) if exist else math.nan
