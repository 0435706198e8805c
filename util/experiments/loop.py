"""Loops: videos that end where they began, to be repeated for ever.

The innovations of one round drive the transition again and again, until its states repeat; see
`model.loop`. A round of the repeating states is the loop.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from model.latents import Latents, of_sequences
from model.loop import CLOSED, Loop, drawn_loop, in_whole_chunks
from model.random_keys import Stream, random_generator
from model.sampling import drawn_start, reconstruct
from util.data.frames import to_bytes
from util.metrics.evaluation import evaluate
from util.metrics.measures import compare
from util.metrics.steps import Seam, from_ordinary_step, seam
from util.metrics.tables import write_table
from util.pictures.layout import write_overview
from util.pictures.sheets import Row
from util.pictures.showing import all_shaped, write_repeating
from util.runs.evaluations import report_evaluations
from util.runs.loading import LoadedCheckpoint, LoadedRun, observed_again
from util.runs.sampling import (
    FOR_RESULTS,
    drawn_in_test,
    from_inferred_states,
    posterior_check,
    sampled,
)
from util.system.notes import tell_once


def check(checkpoint: LoadedCheckpoint) -> None:
    """Accept every checkpoint: a loop can be sampled from any model."""


def test(run: LoadedRun) -> None:
    """Write `num_batches_in_test` loops of each sequence, their seams and their measures."""
    options = run.options
    observed = observed_again(run)
    if observed is None:
        tell_once("the loops are not measured")
    clips = {}
    if observed is not None:
        clips = {
            name: observed[row] for name, row in zip(run.names, run.checkpoint.rows, strict=True)
        }
    length = options.truncated_backprop_length
    evaluations = {
        name: evaluate({}, clip, length, options.seed, options.baseline_states, options.loop_length)
        for name, clip in clips.items()
    }
    seams: dict[str, tuple[str, Loop, Seam]] = {}
    rows = []
    for number, video in enumerate(run.videos, 1):
        videos = []
        for index, name in enumerate(run.names):
            loop, frames = looped(run, of_sequences(run.latents, [index]), video)
            label = f"{name}_{number}"
            seams[label] = (name, loop, seam(frames))
            print(f"{label}: {in_words(seams[label][2])}")
            if loop.gap > CLOSED:
                tell_once(f"{label} does not close: take another --seed or --loop_length")
            videos.append(from_ordinary_step(frames))
            write_repeating(run.folder / label, videos[-1], run.showings[index])
            if name in clips:
                free = unlooped(run, of_sequences(run.latents, [index]), video)
                evaluation = evaluations[name]
                evaluation.videos[label] = compare(frames, clips[name], length)
                evaluation.references[f"unlooped {number}"] = compare(free, clips[name], length)
        rows.append(Row(f"loop {number}", all_shaped(videos, run.showings), run.names))
    write_overview(run.folder / "overview", rows, options.enlarge, run.showings[0].rate)
    write_seams(run.folder / "seams.csv", seams)
    if evaluations:
        state = run.checkpoint.state
        whole = run.checkpoint.whole_sequences
        started = from_inferred_states(options)
        ratios = posterior_check(run.sampler.generator, started, state.latents, state.epoch, whole)
        report_evaluations(run.folder, evaluations, ratios, run.num_shown, run.results.final)


def looped(run: LoadedRun, latents: Latents, video: int) -> tuple[Loop, np.ndarray]:
    """A loop of one sequence: its latents, and its frames, uint8 [T, side, side, 3].

    The frames begin where the innovations begin, so the seam is between the last and the first.
    """
    options, sampler = run.options, run.sampler
    numbers = random_generator(options.seed, Stream.START, video)
    start = drawn_start(
        latents, numbers, drawn_in_test(sampler.generator, from_inferred_states(options))
    )
    length = options.truncated_backprop_length

    def innovations(draw: int) -> np.ndarray:
        noise = random_generator(options.seed, Stream.LOOP, video, draw)
        drawn = sampler.innovations.draw(noise, (1, options.loop_length, options.z_size))
        latents = start._replace(innovations=drawn)
        return sampler.innovations.pulled(sampler.generator, latents).innovations[0]

    loop = drawn_loop(sampler.generator, start, innovations, length)
    whole = loop.latents._replace(innovations=in_whole_chunks(loop.latents.innovations, length))
    frames = reconstruct(sampler.generator, whole, length, 1, sampler.statistics)
    return loop, to_bytes(frames[0, : options.loop_length])


def unlooped(run: LoadedRun, latents: Latents, video: int) -> np.ndarray:
    """A sampled video as long as a loop, from the same start, uint8 [T, side, side, 3]."""
    options = run.options
    num_chunks = math.ceil(options.loop_length / options.truncated_backprop_length)
    sampler = run.sampler._replace(options=from_inferred_states(options))
    chunks = sampled(sampler, latents, num_chunks, FOR_RESULTS, video)
    return np.concatenate([to_bytes(frames[0]) for frames in chunks])[: options.loop_length]


def in_words(seam: Seam) -> str:
    """The seam of a loop, in one line."""
    if math.isnan(seam.step):
        return "the loop stands still, so the step over its seam cannot be compared"
    return (
        f"the step over the seam is {seam.step:.2f} of the mean step (largest {seam.largest:.2f})"
    )


def write_seams(path: Path, seams: Mapping[str, tuple[str, Loop, Seam]]) -> None:
    """Write the seam of each loop as a CSV table."""
    rows = [
        (sequence, video, str(length), loop.gap, steps.step, steps.largest)
        for video, (sequence, loop, steps) in seams.items()
        for length in [loop.latents.innovations.shape[1]]
    ]
    columns = ("sequence", "video", "frames", "state_gap", "seam_step", "largest_step")
    write_table(path, columns, rows)
