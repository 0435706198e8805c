"""What a trained model makes: results of training, and videos synthesized from a checkpoint."""

import math
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from model.dynamic_generator import DynamicGenerator
from model.latents import Latents, of_sequences, spans
from model.random_keys import Stream, random_generator
from model.sampling import reconstruct, synthesize, with_drawn_motion_type
from util.building import build_generator, restore
from util.frames import to_bytes
from util.options import Options
from util.pictures import (
    COLUMNS,
    above,
    beside,
    padded,
    video_writer,
    widened,
    write_frames,
    write_png,
    write_video,
)
from util.preparation import TestingJob
from util.run_directory import free_name
from util.run_state import read_state
from util.training import Trained
from util.video_statistics import compare, write_comparisons


def write_final_result(trained: Trained) -> None:
    """Per sequence: observed, reconstructed and synthesized, as videos and frames, side by side."""
    options, run, clips, generator, latents, _ = trained
    chunk_length, batch_size = options.truncated_backprop_length, options.batch_size
    made = {
        "observed": to_bytes(clips.frames),
        "reconstructed": to_bytes(reconstruct(generator, latents, chunk_length, batch_size)),
    }
    for video in range(options.num_batches_in_test):
        batches = (
            np.concatenate([to_bytes(frames) for frames in chunks], axis=1)
            for _, chunks in sampled_videos(generator, options, latents, video)
        )
        made[f"synthesized_{video + 1}"] = np.concatenate(list(batches))
    for index, name in enumerate(clips.names):
        videos = {kind: frames[index] for kind, frames in made.items()}
        synthesized = {kind: frames for kind, frames in videos.items() if kind.startswith("synth")}
        comparisons = {
            kind: compare(frames, videos["observed"], chunk_length)
            for kind, frames in synthesized.items()
        }
        with in_place_of(run.final_result / name) as folder:
            write_sequence(folder, videos, ["observed", *synthesized], options.num_frames)
            write_comparisons(folder / "comparison.json", comparisons)
        for kind, comparison in comparisons.items():
            print(f"{name}, {kind}: {comparison}")


@contextmanager
def in_place_of(folder: Path) -> Iterator[Path]:
    """A new folder that takes the place of `folder` when all that belongs into it is written."""
    unfinished = folder.with_name(f".partial-{folder.name}")
    unfinished.mkdir()
    yield unfinished
    if folder.exists():  # of the same run, before it was resumed
        shutil.rmtree(folder)
    unfinished.rename(folder)


def write_sequence(
    folder: Path, videos: dict[str, np.ndarray], panels: list[str], num_frames: int
) -> None:
    """The videos of one sequence, uint8 [T, H, W, 3] each, one by one and beside one another.

    Args:
        panels: which of them play beside one another; all are shown on the picture.
        num_frames: how many frames the picture covers.
    """
    for kind, frames in videos.items():
        write_video(folder / kind, frames)
        write_frames(folder / kind, frames)
    shown = slice(0, num_frames, math.ceil(num_frames / COLUMNS))
    rows = [beside(frames[shown]) for frames in videos.values()]
    width = max(row.shape[1] for row in rows)
    write_png(folder / "side_by_side.png", above([widened(row, width) for row in rows]))
    length = max(len(frames) for frames in videos.values())
    write_video(folder / "side_by_side", beside([padded(videos[kind], length) for kind in panels]))


def sampled_videos(
    generator: DynamicGenerator, options: Options, latents: Latents, video: int
) -> Iterator[tuple[slice, Iterator[np.ndarray]]]:
    """Sample one video of every sequence, a batch of sequences at a time.

    Yields which sequences they are, and their frames [n, T, H, W, 3] in [-1, 1], chunk by chunk.
    """
    for batch, rows in enumerate(spans(len(latents.innovations), options.batch_size)):
        yield (
            rows,
            synthesize(
                generator,
                with_drawn_motion_type(
                    of_sequences(latents, rows),
                    random_generator(options.seed, Stream.MOTION_TYPE, video, batch),
                ),
                options.truncated_backprop_length,
                options.num_sections_in_test,
                options.normalization_in_test,
                partial(random_generator, options.seed, Stream.SYNTHESIS, video, batch),
            ),
        )


def synthesize_from_checkpoint(job: TestingJob) -> Path:
    """Write `num_batches_in_test` videos of each sequence, chunk by chunk; returns their folder.

    Raises:
        RunError: the checkpoint is damaged or of another model.
        CommandLineError: a flag contradicts the checkpoint.
    """
    command_line, checkpoint, folder = job
    state = read_state(checkpoint)
    options = command_line.over(state.options)
    generator = build_generator(options)
    restore(generator, state, checkpoint)
    if options.overwrite and folder.exists():
        shutil.rmtree(folder)
    folder = free_name(folder)
    folder.mkdir(parents=True)
    for video in range(options.num_batches_in_test):
        for rows, chunks in sampled_videos(generator, options, state.latents, video):
            names = [f"{name}_{video + 1}" for name in state.sequence_names[rows]]
            write_as_sampled(folder, names, chunks, options.image_size)
    return folder


def write_as_sampled(
    folder: Path, names: list[str], chunks: Iterator[np.ndarray], side: int
) -> None:
    """Write one video a sequence while its frames [n, T, side, side, 3] in [-1, 1] come."""
    with ExitStack() as files:
        writers = [files.enter_context(video_writer(folder / name, side, side)) for name in names]
        for frames in chunks:
            for write, chunk in zip(writers, to_bytes(frames), strict=True):
                write(chunk)
