"""How a synthesized video compares with the observed one, in three figures."""

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from util.atomic import write_text


class Comparison(NamedTuple):
    """A synthesized video against the observed one.

    Fields:
        sharpness: its mean absolute spatial gradient, divided by the observed video's.
        motion: the same for the standard deviation over time of the frame differences, mean
            over pixels. A frozen video has 0.
        seams: its mean absolute frame difference where two chunks meet, divided by that
            elsewhere; 1 where no cut is seen, NaN where there is only one chunk.
    """

    sharpness: float
    motion: float
    seams: float

    def __str__(self) -> str:
        seams = f", seams {self.seams:.2f}" if np.isfinite(self.seams) else ""
        return f"sharpness {self.sharpness:.2f}, motion {self.motion:.2f} of the observed{seams}"


def compare(synthesized: np.ndarray, observed: np.ndarray, chunk_length: int) -> Comparison:
    """Compare two videos [T, H, W, 3] of the same scale; the lengths may differ."""
    return Comparison(
        ratio(sharpness(synthesized), sharpness(observed)),
        ratio(motion(synthesized), motion(observed)),
        seams(synthesized, chunk_length),
    )


def ratio(value: float, reference: float) -> float:
    """value / reference; NaN where the reference is 0, as in a clip in which nothing moves."""
    return value / reference if reference else math.nan


def sharpness(video: np.ndarray) -> float:
    """Mean absolute difference of neighbouring pixels, down and across."""
    video = video.astype(np.float64)
    return float(np.abs(np.diff(video, axis=1)).mean() + np.abs(np.diff(video, axis=2)).mean()) / 2


def motion(video: np.ndarray) -> float:
    """Mean over pixels of the standard deviation over time of frame-to-frame differences."""
    if len(video) < 2:
        return math.nan
    return float(np.diff(video.astype(np.float64), axis=0).std(axis=0).mean())


def seams(video: np.ndarray, chunk_length: int) -> float:
    """Mean absolute frame difference at the cuts between chunks over that elsewhere."""
    steps = np.abs(np.diff(video.astype(np.float64), axis=0)).mean(axis=(1, 2, 3))
    at_cut = np.arange(1, len(video)) % chunk_length == 0
    if not at_cut.any() or at_cut.all():
        return float("nan")
    return ratio(float(steps[at_cut].mean()), float(steps[~at_cut].mean()))


def write_comparisons(path: Path, comparisons: dict[str, Comparison]) -> None:
    """Write the figures of each video by its name, as JSON; null for what is not a number."""
    figures = {
        name: {
            figure: None if math.isnan(value) else value
            for figure, value in comparison._asdict().items()
        }
        for name, comparison in comparisons.items()
    }
    write_text(path, json.dumps(figures, indent=2) + "\n")
