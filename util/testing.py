"""What is made from a checkpoint: sampled videos, interpolations, images set in motion."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from model.dynamic_generator import DynamicGenerator
from model.latents import Latents, of_sequences
from model.sampling import between, reconstruct
from util.building import build_generator, restore
from util.clips import squared
from util.errors import CommandLineError, RunError
from util.frames import to_bytes, to_model_range
from util.options import Options, numbers_of, pairs_of
from util.pictures import COLUMNS, above, beside, video_writer, write_png, write_video
from util.preparation import TestingJob, read
from util.results import write_overview, write_playing
from util.run_directory import free_name
from util.run_state import RunState, digest, read_state
from util.sampled_videos import FOR_RESULTS, sampled, sampled_bytes, sampled_in_batches


class Tested(NamedTuple):
    """A model from a checkpoint, with the sequences asked for, and the folder for its videos.

    Fields:
        names, latents: of those training sequences.
        rows: their numbers among all training sequences, from 0.
        state: all that the checkpoint holds.
        images: those to be animated, RGB, as large as they come.
    """

    options: Options
    generator: DynamicGenerator
    names: list[str]
    latents: Latents
    rows: list[int]
    state: RunState
    folder: Path
    images: list[Image.Image]


def open_checkpoint(job: TestingJob) -> Tested:
    """Build the model of a checkpoint and make the folder for what comes of it.

    Raises:
        RunError: the checkpoint is damaged or of another model.
        CommandLineError: a flag contradicts the checkpoint, or names a sequence that it has not.
    """
    command_line, checkpoint, folder, images = job
    state = read_state(checkpoint)
    options = command_line.over(state.options)
    command_line.warn_of_idle(options)
    count = len(state.sequence_names)
    rows = numbers_of(options.sequences) or list(range(count))
    refuse_unknown(rows, count, f"--sequences {options.sequences}")
    if options.experiment == "interpolation":
        refuse_no_line(options, count)
    refuse_no_image(options, checkpoint)
    generator = build_generator(options)
    restore(generator, state, checkpoint)
    if options.overwrite and folder.exists():
        shutil.rmtree(folder)
    folder = free_name(folder)
    folder.mkdir(parents=True)
    names = [state.sequence_names[row] for row in rows]
    latents = of_sequences(state.latents, rows)
    return Tested(options, generator, names, latents, rows, state, folder, images)


def refuse_unknown(rows: list[int], count: int, flag: str) -> None:
    """Raises CommandLineError where a number is not that of one of `count` sequences."""
    for row in rows:
        if row >= count:
            raise CommandLineError(
                f"{flag} asks for sequence {row}; the checkpoint has {count}, numbered from 0"
            )


def refuse_no_line(options: Options, count: int) -> None:
    """Raises CommandLineError where there are no two appearances to interpolate between."""
    if options.content_size == 0 or count < 2:
        raise CommandLineError(
            f"nothing to interpolate between: the checkpoint has {count} sequences and "
            f"--content_size {options.content_size}; train on several by --experiment action"
        )
    asked = [row for pair in pairs_of(options.pairs) for row in pair]
    refuse_unknown(asked, count, f"--pairs {options.pairs}")


def refuse_no_image(options: Options, checkpoint: Path) -> None:
    """Raises CommandLineError where there is nothing to animate, or no model that can."""
    if options.experiment == "animation" and not options.image:
        raise CommandLineError(
            f"nothing to animate by {checkpoint}; give still images by --image PATH [PATH ...]"
        )
    if options.image and options.experiment != "animation":
        raise CommandLineError(
            f"--image {options.image[0]} cannot be animated by --experiment {options.experiment} "
            f"of {checkpoint}; train a model by --experiment animation"
        )


def write_sampled(tested: Tested) -> None:
    """Write `num_batches_in_test` videos of each sequence, chunk by chunk."""
    options, generator = tested.options, tested.generator
    for video in range(options.num_batches_in_test):
        for rows, chunks in sampled_in_batches(generator, options, tested.latents, video):
            of_batch = [f"{name}_{video + 1}" for name in tested.names[rows]]
            write_as_sampled(tested.folder, of_batch, chunks, options.image_size)


def write_rows(tested: Tested) -> None:
    """All sequences in a row, as observed, over rows of videos sampled for each.

    Where the clips are no longer what was trained on, or not there, the first row is what the
    model reconstructs of them.
    """
    options, generator = tested.options, tested.generator
    videos = range(options.num_batches_in_test)
    rows = [sampled_bytes(generator, options, tested.latents, video) for video in videos]
    write_overview(tested.folder / "overview", [observed_again(tested), *rows])


def observed_again(tested: Tested) -> np.ndarray:
    """The training clips, or else their reconstructions, uint8 [n, T, H, W, 3]."""
    options = tested.options
    try:
        clips = read(options, options.data_path)
        if digest(clips.frames) == tested.state.clips_digest:
            return to_bytes(clips.frames[tested.rows])
        reason = f"the clips in {options.data_path} are not those trained on"
    except RunError as error:
        reason = str(error)
    print(f"{reason}; the first row is reconstructed", file=sys.stderr)
    length, size = options.truncated_backprop_length, options.batch_size
    return to_bytes(reconstruct(tested.generator, tested.latents, length, size))


def write_interpolations(tested: Tested) -> None:
    """A row for each pair of sequences: from one appearance to the other, all moving alike."""
    options, generator, folder = tested.options, tested.generator, tested.folder
    names, latents = tested.state.sequence_names, tested.state.latents
    rows = []
    pairs = pairs_of(options.pairs) or default_pairs(len(names))
    for first, second in pairs:
        columns = [
            np.concatenate([to_bytes(frames[0]) for frames in chunks])
            for chunks in interpolated(generator, options, latents, first, second)
        ]
        rows.append(np.stack(columns))
        print(f"{names[first]} to {names[second]}")
    write_overview(folder / "overview", rows)
    for (first, second), columns in zip(pairs, rows, strict=True):
        write_video(folder / f"{names[first]}_to_{names[second]}", beside(list(columns)))


def default_pairs(count: int) -> list[tuple[int, int]]:
    """Up to four pairs: 0 and 1, 2 and 3, …"""
    return [(first, first + 1) for first in range(0, min(count, 8) - 1, 2)]


def interpolated(
    generator: DynamicGenerator, options: Options, latents: Latents, first: int, second: int
) -> Iterator[Iterator[np.ndarray]]:
    """Yield the videos on the way from one sequence's appearance to another's, each in chunks.

    Every video is sampled by itself, from the same start and with the same innovations, so that
    it depends on nothing but its appearance vector.
    """
    for current in between(latents, first, second, options.interpolation_steps):
        yield sampled(generator, options, current, options.num_sections_in_test, FOR_RESULTS, 0)


def write_animations(tested: Tested) -> None:
    """Every image followed by the videos that it sets in motion, and all of them together."""
    options, generator, folder = tested.options, tested.generator, tested.folder
    stills = np.stack([squared(image, options.image_size) for image in tested.images])
    names = [f"{number}_{Path(path).stem}" for number, path in enumerate(options.image, 1)]
    latents = encoded(generator, to_model_range(stills))
    rows = []
    for video in range(options.num_batches_in_test):
        sampled_frames = sampled_bytes(generator, options, latents, video)
        rows.append(np.concatenate([stills[:, np.newaxis], sampled_frames], axis=1))
        for name, frames in zip(names, rows[-1], strict=True):
            write_video(folder / f"{name}_{video + 1}", frames)
    length = rows[0].shape[1]
    waiting = np.repeat(stills[:, np.newaxis], length, axis=1)
    write_playing(folder / "overview", [waiting, *rows])
    shown = np.linspace(0, length - 1, min(length, COLUMNS)).round().astype(int)
    of_each_image = [beside(video[shown]) for videos in zip(*rows, strict=True) for video in videos]
    write_png(folder / "overview.png", above(of_each_image))


def encoded(generator: DynamicGenerator, images: np.ndarray) -> Latents:
    """What videos that begin with images [n, H, W, 3] in [-1, 1] start from; no innovations yet."""
    sizes = generator.settings.sizes
    appearance, initial_state = generator.encode(images)
    return Latents(
        np.zeros((len(images), 0, sizes.z_size), np.float32),
        initial_state,
        appearance,
        np.zeros((len(images), sizes.motion_type_size), np.float32),
    )


def write_as_sampled(
    folder: Path, names: list[str], chunks: Iterator[np.ndarray], side: int
) -> None:
    """Write one video a sequence while its frames [n, T, side, side, 3] in [-1, 1] come."""
    with ExitStack() as files:
        writers = [files.enter_context(video_writer(folder / name, side, side)) for name in names]
        for frames in chunks:
            for write, chunk in zip(writers, to_bytes(frames), strict=True):
                write(chunk)
