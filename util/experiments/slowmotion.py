"""Slow motion: more frames a second, filled in from the posterior.

The frames of the clip lie at every --factor-th instant of a finer time. The frames between them are
missing, as in recovery. The transition carries what is seen at the instants to those between. Each
new frame is the mean of its last reconstructions.
"""

import numpy as np

from util.data.frames import to_bytes
from util.data.pieces import OneByOne
from util.experiments.recovery import report, ways_to_recover
from util.experiments.synthesis import check, drop_earlier_results, tell_less_for_others, test
from util.metrics.motion_compensation import LEAST_SIDE, motion_compensated
from util.metrics.recovered import scores_of
from util.pictures.layout import in_place_of, write_sequence
from util.pictures.showing import write_shown
from util.runs.jobs import TrainingJob
from util.runs.showing import showing_of
from util.runs.training import TrainingResult, train_model

__all__ = ["check", "test", "train"]


def train(job: TrainingJob) -> None:
    """Train, and write the clips with the frames in between."""
    write_slow_motion(train_model(job))


def write_slow_motion(result: TrainingResult) -> None:
    """Write the clip and the slow motion of each sequence, and the scores if the truth is known.

    `recovered` plays at the finer rate, so as fast as the clip. `slow` shows the same frames at the
    rate of the clip. A frame of the clip stays until the next one in `observed`.

    Raises:
        ValueError: no frame is missing in training.
    """
    run, clips, options = result.run, result.clips, result.options
    if result.recovery is None:
        raise ValueError("nothing is missing in the clips of this training")
    factor, ways = options.factor, ways_to_recover(result.recovery, clips)
    average = next(iter(ways.values()))

    def observed(index: int) -> np.ndarray:
        return to_bytes(clips.frames[index][::factor])

    if clips.truth is not None and options.image_size >= LEAST_SIDE:
        ways["motion compensation"] = OneByOne(
            lambda index: motion_compensated(observed(index), factor), clips.frames.shape
        )
    tell_less_for_others(len(clips.names) - options.results_for)
    drop_earlier_results(result)
    for index, name in enumerate(clips.names[: options.results_for]):
        showing = showing_of(options, clips.formats[index])
        shown = observed(index)
        held = shown.repeat(factor, axis=0)[: options.num_frames]
        videos = {"observed": held, "recovered": average[index]}
        if clips.truth is not None:
            videos["original"] = clips.truth[index]
        with in_place_of(run.final_result / name) as folder:
            write_sequence(folder, videos, list(videos), options.num_frames, showing)
            slower = showing._replace(rate=showing.rate / factor)
            write_shown(folder / "slow", average[index], slower)
        print(f"{name}: {len(shown)} frames of the clip became {options.num_frames}")
    report(result, scores_of(ways, clips))
