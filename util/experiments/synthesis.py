"""Dynamic textures: the model learns one clip and synthesizes similar videos of any length.

Training alternates between Langevin inference of the innovations and learning. A test draws
innovations from the prior. The synthesized video starts from the inferred start state of the clip.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from model.sampling import reconstruct
from util.data.frames import to_bytes
from util.metrics.evaluation import Evaluation, evaluate
from util.metrics.measures import MOST_FRAMES, compare
from util.metrics.tables import write_comparisons
from util.pictures.layout import in_place_of, in_words, write_overview, write_sequence
from util.pictures.sheets import Row
from util.pictures.showing import Showing, all_shaped, shown_writer
from util.runs.evaluations import report_evaluations
from util.runs.jobs import TrainingJob
from util.runs.loading import LoadedCheckpoint, LoadedRun, observed_again
from util.runs.sampling import make_sampler, posterior_check, sampled_bytes, sampled_in_batches
from util.runs.showing import showing_of
from util.runs.training import TrainingResult, train_model


def train(job: TrainingJob) -> None:
    """Train, and write the reconstruction and the synthesized videos of every sequence."""
    write_final_result(train_model(job))


def test(run: LoadedRun) -> None:
    """Write sampled videos, and compare them with the observed clips."""
    write_sampled(run, observed_again(run))


def check(checkpoint: LoadedCheckpoint) -> None:
    """Accept every checkpoint: videos can be sampled from any model."""


def write_final_result(result: TrainingResult) -> None:
    """Write observed, reconstructed and synthesized videos of each sequence, with their frames."""
    options, clips = result.options, result.clips
    generator, latents = result.generator, result.latents
    chunk_length, batch_size = options.truncated_backprop_length, options.batch_size
    made = {
        "observed": to_bytes(clips.frames),
        "reconstructed": to_bytes(reconstruct(generator, latents, chunk_length, batch_size)),
    }
    sampler = make_sampler(generator, options, latents)
    for video in range(options.num_batches_in_test):
        made[f"synthesized_{video + 1}"] = sampled_bytes(sampler, latents, video)
    showings = [showing_of(options, clip) for clip in clips.formats]
    evaluations: dict[str, Evaluation] = {}
    for index, name in enumerate(clips.names):
        videos = {kind: frames[index] for kind, frames in made.items()}
        synthesized = {kind: frames for kind, frames in videos.items() if kind.startswith("synth")}
        evaluations[name] = evaluate(
            synthesized, videos["observed"], chunk_length, options.seed, options.baseline_states
        )
        with in_place_of(result.run.final_result / name) as folder:
            panels = ["observed", *synthesized]
            write_sequence(folder, videos, panels, options.num_frames, showings[index])
            write_comparisons(folder / "comparison.json", evaluations[name].videos)
    check = posterior_check(generator, options, latents, options.num_epochs)
    report_evaluations(result.run.final_result, evaluations, check)
    if len(clips.names) > 1:
        del made["reconstructed"]
        rows = [
            Row(in_words(kind), all_shaped(frames, showings), clips.names)
            for kind, frames in made.items()
        ]
        first = showings[0]
        write_overview(result.run.final_result / "overview", rows, first.enlarge, first.rate)


def write_sampled(run: LoadedRun, observed: np.ndarray | None) -> None:
    """Write `num_batches_in_test` videos of each sequence, chunk by chunk, and their measures.

    Args:
        observed: see `observed_again`. If it is None, nothing is measured.
    """
    options, checkpoint = run.options, run.checkpoint
    if observed is None:
        print("the synthesized videos are not measured", file=sys.stderr)
    clips = {} if observed is None else dict(zip(run.names, observed[checkpoint.rows], strict=True))
    evaluations = {
        name: evaluate(
            {}, clip, options.truncated_backprop_length, options.seed, options.baseline_states
        )
        for name, clip in clips.items()
    }
    for number, video in enumerate(run.videos, 1):
        for batch in sampled_in_batches(run.sampler, run.latents, video):
            sequences = run.names[batch.rows]
            names = [f"{name}_{number}" for name in sequences]
            showings = run.showings[batch.rows]
            beginnings = write_chunks(run.folder, names, batch.chunks, options.image_size, showings)
            for sequence, name, beginning in zip(sequences, names, beginnings, strict=True):
                if sequence in clips:
                    evaluations[sequence].videos[name] = compare(
                        beginning, clips[sequence], options.truncated_backprop_length
                    )
    if evaluations:
        comparisons = {
            video: comparison
            for evaluation in evaluations.values()
            for video, comparison in evaluation.videos.items()
        }
        write_comparisons(run.folder / "comparison.json", comparisons)
        generator, state = run.sampler.generator, checkpoint.state
        whole = not (checkpoint.trained_by.encodes and state.options.encoded_frame == "random")
        check = posterior_check(generator, options, state.latents, state.epoch, whole)
        report_evaluations(run.folder, evaluations, check, run.results.final)


def write_chunks(
    folder: Path,
    names: list[str],
    chunks: Iterator[np.ndarray],
    side: int,
    showings: list[Showing],
) -> np.ndarray:
    """Write one video for each name, chunk by chunk.

    Args:
        chunks: frames [n, T, side, side, 3] in [-1, 1].
        showings: how each video is shown.

    Returns:
        The frames to be measured, uint8 [n, at most MOST_FRAMES, side, side, 3].
    """
    kept: list[np.ndarray] = []
    count = 0
    with ExitStack() as files:
        writers = [
            files.enter_context(shown_writer(folder / name, side, showing))
            for name, showing in zip(names, showings, strict=True)
        ]
        for frames in map(to_bytes, chunks):
            for write, chunk in zip(writers, frames, strict=True):
                write(chunk)
            if count < MOST_FRAMES:
                kept.append(frames)
                count += frames.shape[1]
    return np.concatenate(kept, axis=1)[:, :MOST_FRAMES]
