"""Appearance interpolation: from the appearance of one sequence to another's as the motion runs.

The model is one of actions. Straight lines lead from one inferred appearance vector to another.
All videos of a line start from one state and are driven by the same innovations.
"""

from collections.abc import Iterator

import numpy as np

from model.dynamic_generator import DynamicGenerator
from model.latents import Latents
from model.sampling import between
from util.data.frames import to_bytes
from util.experiments.pairs import check_pairs, pairs
from util.options.schema import Options
from util.pictures.encoding import write_video
from util.pictures.layout import stack_columns, write_overview
from util.runs.loading import LoadedCheckpoint, LoadedRun
from util.runs.sampling import FOR_RESULTS, sampled


def check(checkpoint: LoadedCheckpoint) -> None:
    """Raises CommandLineError where there are no two appearances, or a pair is not there."""
    check_pairs(checkpoint)


def test(run: LoadedRun) -> None:
    """Write a row for each pair: from one appearance to the other, all with the same motion."""
    latents = run.checkpoint.state.latents
    rows = []
    for pair in pairs(run):
        columns = [
            np.concatenate([to_bytes(frames[0]) for frames in chunks])
            for chunks in interpolated(run.generator, run.options, latents, pair.first, pair.second)
        ]
        rows.append(np.stack(columns))
        write_video(run.folder / pair.name, stack_columns(columns))
        print(pair.name)
    write_overview(run.folder / "overview", rows)


def interpolated(
    generator: DynamicGenerator, options: Options, latents: Latents, first: int, second: int
) -> Iterator[Iterator[np.ndarray]]:
    """Yield the videos on the line between the appearances of two sequences, each in chunks.

    Every video is sampled alone, from the same start and with the same innovations, so it depends
    on nothing but its appearance vector.
    """
    for current in between(latents, first, second, options.interpolation_steps):
        yield sampled(generator, options, current, options.num_sections_in_test, FOR_RESULTS, 0)
