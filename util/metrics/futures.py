"""How good continuations are, where the true next frames are known.

Each continuation is compared with the true frames in two ways: the error of each of the first
frames, and the measures of `util.metrics.measures`, which compare distributions.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from util.data.frames import to_bytes, to_model_range
from util.metrics import linear_system
from util.metrics.measures import MEASURES, Comparison, compare, mean_of
from util.metrics.ratios import ratio
from util.metrics.steps import size, steps
from util.metrics.tables import write_table

PREDICTED = 5  # frames whose errors are given; later ones are hardly predictable


class Future(NamedTuple):
    """The scores of one continuation.

    Fields:
        first_step: the size of the step from the last observed frame to the first new one, over
            the mean observed step; NaN if nothing moves.
        errors: the mean absolute error of each of the first `PREDICTED` frames, in [0, 255]; fewer
            or none where the true frames are unknown.
        measures: the measures against the true frames; {} if they are unknown, or make no sense.
    """

    first_step: float
    errors: list[float]
    measures: Comparison


def errors_of(frames: np.ndarray, truth: np.ndarray) -> list[float]:
    """The mean absolute errors of the first frames, uint8 or float [T, H, W, 3] in [0, 255]."""
    count = min(len(frames), len(truth), PREDICTED)
    difference = np.abs(frames[:count].astype(np.float64) - truth[:count])
    return difference.mean(axis=(1, 2, 3)).tolist()


def scores_of(
    video: np.ndarray, observed: np.ndarray, truth: np.ndarray | None, chunk_length: int
) -> Future:
    """The scores of a continuation, uint8 [T, H, W, 3]; the arguments are as in `compared`."""
    mean = float(steps(observed).mean()) if len(observed) > 1 else math.nan
    first_step = ratio(size(observed[-1], video[0]), mean)
    if truth is None:
        return Future(first_step, [], {})
    measures = compare(video[: len(truth)], truth[: len(video)], chunk_length)
    return Future(first_step, errors_of(video, truth), measures)


def compared(
    futures: Mapping[str, np.ndarray],
    observed: np.ndarray,
    truth: np.ndarray | None,
    chunk_length: int,
    states: int,
    random: np.random.Generator,
) -> dict[str, Future]:
    """The scores of continuations, and if the truth is known of what needs no model, by name.

    The mean of all continuations is a prediction and no video: it has only errors. The errors of
    the linear dynamical system are those of its expected continuation. Its first step and its
    measures are means of sampled continuations.

    Args:
        futures: the continuations, uint8 [T, H, W, 3], by name.
        observed: the frames before them, uint8 [T, H, W, 3].
        truth: the true next frames, uint8 [T, H, W, 3]; None if they are unknown.
        chunk_length: number of frames of a chunk.
        states, random: of the linear dynamical system, see `linear_system`.
    """
    found = {
        name: scores_of(video, observed, truth, chunk_length) for name, video in futures.items()
    }
    if truth is None:
        return found
    truth = truth[: min(map(len, futures.values()))]  # so that all rows have the same frames
    values = to_model_range(observed).reshape(len(observed), -1)
    system = linear_system.fit(values, states)
    expected, *sampled = (
        to_bytes(
            linear_system.continued(system, values[-1], len(truth), noise).reshape(truth.shape)
        )
        for noise in (None, *[random] * linear_system.SAMPLES)
    )
    mean = np.mean([video.astype(np.float64) for video in futures.values()], axis=0)
    repeated = np.repeat(observed[-1:], len(truth), axis=0)
    linear = [scores_of(video, observed, truth, chunk_length) for video in sampled]
    return {
        **found,
        f"mean of {len(futures)}": Future(math.nan, errors_of(mean, truth), {}),
        "last frame repeated": scores_of(repeated, observed, truth, chunk_length),
        "linear system": Future(
            float(np.mean([future.first_step for future in linear])),
            errors_of(expected, truth),
            mean_of([future.measures for future in linear]),
        ),
    }


def in_words(future: Future) -> str:
    """The first step and the errors of the first frames, in one line."""
    parts = []
    if not math.isnan(future.first_step):
        parts.append(f"first new step {future.first_step:.2f} of the mean observed step")
    if future.errors:
        errors = ", ".join(f"{error:.2f}" for error in future.errors)
        parts.append(f"errors of the next frames {errors}")
    return "; ".join(parts) or "nothing moved before, so the first new step has no measure"


def write_futures(path: Path, tables: Mapping[str, Mapping[str, Future]]) -> None:
    """Write the scores of each sequence as a CSV table. A value that does not exist is empty."""
    numbered = [f"error_{number}" for number in range(1, PREDICTED + 1)]
    rows: list[Sequence[str | float]] = []
    for sequence, table in tables.items():
        for video, future in table.items():
            missing = [math.nan] * (PREDICTED - len(future.errors))
            measures = [future.measures.get(name, math.nan) for name in MEASURES]
            scores = [future.first_step, *future.errors, *missing, *measures]
            rows.append([sequence, video, *scores])
    write_table(path, ["sequence", "video", "first_step", *numbered, *MEASURES], rows)
