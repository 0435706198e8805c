"""Appearance interpolation: videos with one motion, between the appearances of two sequences.

The model is an action model. The appearance vectors lie on the straight line between two inferred
appearance vectors. All videos of a line have the same start state, motion type and innovations.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from model.latents import Latents
from model.sampling import between
from util.data.frames import to_bytes
from util.experiments.pairs import check_pairs, pairs
from util.metrics.steps import mean_step, size
from util.metrics.tables import write_table
from util.pictures.layout import write_overview, write_playing
from util.pictures.sheets import Row
from util.pictures.showing import shaped
from util.runs.loading import LoadedCheckpoint, LoadedRun
from util.runs.sampling import FOR_RESULTS, Sampler, sampled


def check(checkpoint: LoadedCheckpoint) -> None:
    """Raises CommandLineError for fewer than two appearances, or for an unknown sequence."""
    check_pairs(checkpoint)


def test(run: LoadedRun) -> None:
    """Write one row of videos for each pair: from one appearance to the other, with one motion."""
    latents = run.checkpoint.state.latents
    names = run.checkpoint.state.sequence_names
    shares = [f"{share:.0%}" for share in np.linspace(0, 1, run.options.interpolation_steps)]
    rows: list[Row] = []
    table: list[tuple[str, str, str, float, float]] = []
    for pair in pairs(run):
        showing = run.showing(pair.first)
        columns = [
            shaped(np.concatenate([to_bytes(frames[0]) for frames in chunks]), showing.proportions)
            for chunks in interpolated(
                run.sampler, latents, pair.first, pair.second, run.videos.start
            )
        ]
        first, second = names[pair.first], names[pair.second]
        rows.append(Row(f"{first}\nto {second}", columns, shares))
        table += [
            (first, second, share, *numbers)
            for share, numbers in zip(shares, columns_in_numbers(columns), strict=True)
        ]
        playing = Row("", columns, [first, *shares[1:-1], second])
        write_playing(run.folder / pair.name, [playing], showing.enlarge, showing.rate)
        print(pair.name)
    header = ["first", "second", "share", "from_previous", "mean_step"]
    write_table(run.folder / "interpolation.csv", header, table)
    showing = run.showing(next(pairs(run)).first)
    write_overview(run.folder / "overview", rows, showing.enlarge, showing.rate)


def columns_in_numbers(columns: Sequence[np.ndarray]) -> Iterator[tuple[float, float]]:
    """For each video of a line, how far it is from the video before, and how much it moves.

    Both are mean absolute differences, in bytes. The first video has no video before: NaN.
    """
    for before, column in zip([None, *columns], columns, strict=False):
        yield math.nan if before is None else size(before, column), mean_step(column)


def interpolated(
    sampler: Sampler, latents: Latents, first: int, second: int, video: int
) -> Iterator[Iterator[np.ndarray]]:
    """Yield the videos on the line between the appearances of two sequences, each in chunks.

    Each video is sampled alone, with the same start state, motion type and innovations. It
    therefore differs from the other videos only by its appearance vector.

    Args:
        video: the number of the video, which gives the random numbers.
    """
    options = sampler.options
    for current in between(latents, first, second, options.interpolation_steps):
        yield sampled(sampler, current, options.num_sections_in_test, FOR_RESULTS, video)
