"""The measures of a synthesized video against the observed video, as one table.

To add a measure, add a function and a row to `MEASURES`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from util.metrics.diversity import diversity
from util.metrics.moments import delta_std, mean, std
from util.metrics.nearest_frames import coverage, nearest_frame
from util.metrics.ratios import cut_step, motion, sharpness
from util.metrics.spectra import fast_motion, log_spectrum, pixel_spectrum, slow_motion
from util.metrics.wasserstein import wasserstein

MOST_FRAMES = 1000  # a longer video is measured only up to this frame

Comparison = Mapping[str, float]  # the values of measures, by name


class Measure(NamedTuple):
    """A measure.

    Fields:
        value: function of the synthesized video, the observed video, and the number of frames in a
            chunk. Videos are uint8 [T, H, W, 3] and may differ in length. A measure that does not
            exist is NaN.
        ideal: its value for a perfect synthesis; None if there is no such value.
        explanation: one sentence for people.
        curve: whether it is cheap enough to be drawn as a curve during training.
    """

    value: Callable[[np.ndarray, np.ndarray, int], float]
    ideal: float | None
    explanation: str
    curve: bool


MEASURES: dict[str, Measure] = {
    "mean": Measure(mean, 0.0, "How much the mean frame differs.", True),
    "std": Measure(std, 0.0, "How much the strength of the variation over time differs.", True),
    "delta_std": Measure(
        delta_std, 0.0, "How much the strength of the steps between frames differs.", True
    ),
    "sharpness": Measure(
        sharpness, 1.0, "How strong the edges are, relative to the observed video.", True
    ),
    "motion": Measure(
        motion, 1.0, "How strongly frames change, relative to the observed video.", True
    ),
    "slow_motion": Measure(
        slow_motion, 1.0, "How strong slow motion is, relative to the observed video.", True
    ),
    "fast_motion": Measure(
        fast_motion,
        1.0,
        "How strong fast motion and jitter are, relative to the observed video.",
        True,
    ),
    "cut_step": Measure(
        cut_step,
        1.0,
        "How large the step between two chunks is, relative to steps inside chunks; "
        "the observed video is not used.",
        True,
    ),
    "log_spectrum": Measure(
        log_spectrum,
        0.0,
        "How much the speed of the ten main motions of the observed video differs.",
        True,
    ),
    "pixel_spectrum": Measure(
        pixel_spectrum,
        0.0,
        "How much the speed of the flicker of single pixels differs, place by place.",
        True,
    ),
    "nearest_frame": Measure(
        nearest_frame, 0.0, "How far a frame is from all observed frames; 0 if it is a copy.", True
    ),
    "coverage": Measure(
        coverage, 0.0, "How far an observed frame is from all synthesized frames.", True
    ),
    "wasserstein": Measure(
        wasserstein, 0.0, "How much the small moving details differ as a whole.", False
    ),
    "diversity": Measure(
        diversity, None, "How new the video is: 0 for a copy, about 1 for a random mixture.", False
    ),
}


def compare(
    synthesized: np.ndarray, observed: np.ndarray, chunk_length: int, curves_only: bool = False
) -> Comparison:
    """All measures of a synthesized video, or only those drawn as curves; see `Measure`."""
    measured = synthesized[:MOST_FRAMES]
    return {
        name: measure.value(measured, observed, chunk_length)
        for name, measure in MEASURES.items()
        if measure.curve or not curves_only
    }


def mean_of(comparisons: Sequence[Comparison]) -> Comparison:
    """The mean of each measure. It is NaN where one of them does not exist."""
    return {
        name: float(np.mean([comparison[name] for comparison in comparisons]))
        for name in comparisons[0]
    }
