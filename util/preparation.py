"""From options to a job: what can be refused without TensorFlow is refused here, before it.

Nothing is written, and importing this module does not import TensorFlow, so that a mistake shows
at once.
"""

import os
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from util import checkpoints
from util.clips import Clips, existing_categories, nearest_pixels, read_category, read_image
from util.errors import CommandLineError, RunError
from util.frames import to_bytes
from util.masks import masks
from util.options import CommandLine, Options, refuse_other_mode
from util.run_directory import RunDirectory


class TrainingJob(NamedTuple):
    """What a run trains on and where it writes."""

    options: Options
    run: RunDirectory
    clips: Clips


class TestingJob(NamedTuple):
    """The checkpoint to synthesize from and the folder for the videos, if its name is free.

    `images` are those that are to be animated, RGB, as large as they come.
    """

    command_line: CommandLine
    checkpoint: Path
    folder: Path
    images: list[Image.Image]


def prepare(command_line: CommandLine) -> TrainingJob | TestingJob:
    """What the command line asks for, found to be possible.

    Raises:
        CommandLineError: a flag contradicts the run that is resumed.
        RunError: clips or checkpoint are missing or broken, or the output is not writable or
            would touch an earlier run.
    """
    if command_line.options.isTraining:
        return prepare_training(command_line)
    return prepare_testing(command_line)


def prepare_training(command_line: CommandLine) -> TrainingJob:
    """Find the clips and the run directory; see `prepare`."""
    options = command_line.options
    if not options.category:
        raise CommandLineError(
            f"no --category given; {existing_categories(Path(options.data_path))}"
        )
    if options.ckpt or options.ckpt_name:
        raise CommandLineError(
            f"--ckpt {options.ckpt or options.ckpt_name} names a checkpoint to test: add "
            "--isTraining False, or go on training by --resume True"
        )
    if options.image:
        raise CommandLineError(
            f"--image {options.image[0]} is to be animated by a trained model: add "
            "--isTraining False, or leave it out to train"
        )
    run = RunDirectory(Path(options.output_dir) / options.category)
    if run.holds_run() and not (options.resume or options.overwrite):
        raise RunError(
            f"{run.path} already holds a run; go on with it by --resume True, replace it by "
            "--overwrite True, or choose another --output_dir"
        )
    if options.resume and (recorded := run.recorded_options()):
        options = command_line.over(recorded)
    refuse_other_mode(options)
    command_line.warn_of_idle(options)
    clips = read(options, options.data_path)
    if options.training_mode == "incomplete":
        clips = hide(clips, options)
    refuse_unwritable(run.path)
    return TrainingJob(options, run, clips)


def read(options: Options, data_path: str, hidden: list[np.ndarray] | None = None) -> Clips:
    """The frames of a category that the options ask for; see `read_category`."""
    return read_category(
        data_path,
        options.category,
        options.first_frame,
        options.num_frames,
        options.image_size,
        hidden,
    )


def hide(clips: Clips, options: Options) -> Clips:
    """The clips without what their masks hide, and the truth about it as far as it is known.

    The truth is in <truth_path>/<category>. Where no folder is given, that of recovery is in the
    clips themselves, and that of inpainting, whose clips show the object, is not known.

    Raises:
        RunError: there is no such mask, or it does not fit; or the truth is of other sequences.
    """
    hidden = masks(options, clips.names)
    missing = np.stack([nearest_pixels(mask, *clips.frames.shape[2:4]) for mask in hidden])
    missing = missing[..., np.newaxis]
    observed = read(options, options.data_path, hidden)
    return Clips(
        clips.names,
        np.where(missing, np.float32(-1.0), observed.frames),
        missing,
        truth_about(clips, options),
    )


def truth_about(clips: Clips, options: Options) -> np.ndarray | None:
    """The clips with nothing hidden, uint8 [N, T, H, W, 3], or None; see `hide`."""
    if not options.truth_path and options.experiment == "recovery":
        return to_bytes(clips.frames)
    if not options.truth_path:
        print("no --truth_path: what is recovered cannot be scored", file=sys.stderr)
        return None
    if not (Path(options.truth_path) / options.category).is_dir():
        print(
            f"no {options.category} in --truth_path {options.truth_path}: what is recovered "
            "cannot be scored",
            file=sys.stderr,
        )
        return None
    truth = read(options, options.truth_path)
    if sorted(truth.names) != sorted(clips.names):
        raise RunError(
            f"the sequences {', '.join(truth.names)} in {options.truth_path} are not those of "
            f"{options.category} in {options.data_path}, {', '.join(clips.names)}; name them "
            "alike, or choose another --truth_path"
        )
    order = [truth.names.index(name) for name in clips.names]
    return to_bytes(truth.frames[order])


def prepare_testing(command_line: CommandLine) -> TestingJob:
    """Find the checkpoint, and the folder for what is made from it; see `prepare`.

    For --ckpt <output_dir>/<run>/<any folder>/model.ckpt-N it is <output_dir>/<run>/test/synthesis,
    for a checkpoint of the category's run <output_dir>/<category>/final_result_testing; what is
    interpolated, or animated, has the name of that in the place of the last word.
    """
    options = command_line.options
    special = "interpolation" if options.experiment == "interpolation" else ""
    if options.image:
        special = "animation"
    if options.resume:
        raise CommandLineError("--resume True goes on training: leave out --isTraining False")
    if options.ckpt:
        checkpoint = checkpoints.find(Path(options.ckpt))
        run = Path(os.path.abspath(checkpoint)).parent.parent
        parent = Path(options.output_dir) if "output_dir" in command_line.given else run.parent
        folder = parent / run.name / "test" / (special or "synthesis")
    elif options.category:
        run = RunDirectory(Path(options.output_dir) / options.category)
        name = options.ckpt_name or checkpoints.newest(run.models).name
        checkpoint = checkpoints.find(run.models / name)
        folder = run.path / f"final_result_{special or 'testing'}"
    else:
        raise CommandLineError("no checkpoint named; give --ckpt PATH, or --category NAME of a run")
    refuse_unwritable(folder)
    images = [read_image(Path(path)) for path in options.image]
    return TestingJob(command_line, checkpoint, folder, images)


def refuse_unwritable(folder: Path) -> None:
    """Raises RunError where `folder`, which need not exist yet, could not be written into."""
    existing = existing_part(folder)
    if not existing.is_dir():
        raise RunError(f"cannot write to {folder}: {existing} is a file; choose another place")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise RunError(f"no permission to write to {existing}; choose another --output_dir")


def existing_part(path: Path) -> Path:
    """The path itself or its nearest parent that exists."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
