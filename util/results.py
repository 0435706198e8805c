"""What a trained model makes: results of training, and videos synthesized from a checkpoint."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from model.dynamic_generator import DynamicGenerator
from model.latents import Latents
from model.random_keys import Stream, random_generator
from model.sampling import reconstruct, synthesize
from util.building import build_generator, restore
from util.frames import to_bytes
from util.options import Options
from util.pictures import (
    above,
    beside,
    evenly,
    padded,
    video_writer,
    write_frames,
    write_png,
    write_video,
)
from util.preparation import TestingJob
from util.run_directory import free_name
from util.run_state import RunState, read_state
from util.training import Trained

COLUMNS = 15  # of the picture that shows a sequence's videos one above the other


def write_final_result(trained: Trained) -> None:
    """Per sequence: observed, reconstructed and synthesized, as videos and frames, side by side."""
    options, folder = trained.options, trained.run.final_result
    made = {
        "observed": trained.clips.frames,
        "reconstructed": reconstruct(
            trained.generator, trained.latents, options.truncated_backprop_length
        ),
    }
    for video in range(options.num_batches_in_test):
        chunks = sampled_video(trained.generator, options, trained.latents, video)
        made[f"synthesized_{video + 1}"] = np.concatenate(list(chunks), axis=1)
    for index, name in enumerate(trained.clips.names):
        videos = {kind: to_bytes(frames[index]) for kind, frames in made.items()}
        (folder / name).mkdir(exist_ok=True)
        for kind, frames in videos.items():
            write_video(folder / name / kind, frames)
            write_frames(folder / name / kind, frames)
        rows = [beside(evenly(frames[: options.num_frames], COLUMNS)) for frames in videos.values()]
        width = max(row.shape[1] for row in rows)
        write_png(folder / name / "side_by_side.png", above([widened(row, width) for row in rows]))
        length = max(map(len, videos.values()))
        del videos["reconstructed"]
        panels = [padded(frames, length) for frames in videos.values()]
        write_video(folder / name / "side_by_side", beside(panels))


def sampled_video(
    generator: DynamicGenerator, options: Options, latents: Latents, video: int
) -> Iterator[np.ndarray]:
    """Sample one video of every sequence: frames [N, T, H, W, 3] in [-1, 1], chunk by chunk."""
    return synthesize(
        generator,
        latents,
        options.truncated_backprop_length,
        options.num_sections_in_test,
        options.normalization_in_test,
        lambda chunk: random_generator(options.seed, Stream.SYNTHESIS, video, chunk),
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
        write_sampled_videos(folder, generator, options, state, video)
    return folder


def write_sampled_videos(
    folder: Path, generator: DynamicGenerator, options: Options, state: RunState, video: int
) -> None:
    """Write one video of each sequence while it is sampled."""
    with ExitStack() as files:
        writers = [
            files.enter_context(
                video_writer(folder / f"{name}_{video + 1}", options.image_size, options.image_size)
            )
            for name in state.sequence_names
        ]
        for frames in sampled_video(generator, options, state.latents, video):
            for write, chunk in zip(writers, to_bytes(frames), strict=True):
                write(chunk)


def widened(picture: np.ndarray, width: int) -> np.ndarray:
    """A picture [H, W, 3] with white to its right up to `width`."""
    return np.pad(picture, ((0, 0), (0, width - picture.shape[1]), (0, 0)), constant_values=255)
