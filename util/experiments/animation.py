"""Animating a still image: an encoder maps it to its appearance vector and its start state.

The encoder learns together with transition and emission, from the reconstruction of the chunk that
begins at the encoded frame. Only the innovations and the motion type are inferred. A test encodes
new images and draws innovations, which set the images in motion.
"""

import itertools
import math
from pathlib import Path

import numpy as np

from model.alternating import infer_onwards
from model.dynamic_generator import DynamicGenerator
from model.latents import Latents, copied, evenly, split_range
from util.data.clip_facts import ClipFormat
from util.data.clips import resize_square
from util.data.fit import fitted
from util.data.frames import to_model_range
from util.data.stills import read_image, refuse_unreadable
from util.experiments.synthesis import reconstructions, write_final_result
from util.metrics.steps import first_step, mean_step
from util.metrics.tables import write_table
from util.pictures.layout import under_one_head, write_picture, write_playing
from util.pictures.sheets import COLUMNS, Row, frames_at
from util.pictures.showing import all_shaped, write_shown
from util.runs.jobs import TrainingJob
from util.runs.loading import LoadedCheckpoint, LoadedRun
from util.runs.sampling import sampled_bytes
from util.runs.showing import showing_of
from util.runs.training import TrainingResult, train_model
from util.system.errors import CommandLineError
from util.system.names import safe_names, shortened

INFERENCES_AFTER_TRAINING = 20  # number of sampler runs on each chunk
ENCODED_AT_ONCE = 256  # images


def train(job: TrainingJob) -> None:
    """Train, and write the videos of every sequence, which start from its encoded first frame."""
    result = with_first_frames_encoded(train_model(job))
    write_final_result(result, reconstructions(result))


def check(checkpoint: LoadedCheckpoint) -> None:
    """Check the model and the images.

    Raises:
        CommandLineError: no image is given, or the model has no encoder.
        RunError: an image is a folder or cannot be read.
    """
    if not checkpoint.options.image:
        raise CommandLineError(
            f"no image to animate with {checkpoint.path}; give --image PATH [PATH ...]"
        )
    if not checkpoint.trained_by.encodes:
        raise CommandLineError(
            f"--image {checkpoint.options.image[0]} cannot be animated with {checkpoint.path}, "
            f"trained by --experiment {checkpoint.state.options.experiment}; train a model with "
            "--experiment animation"
        )
    refuse_unreadable(checkpoint.options.image)


def test(run: LoadedRun) -> None:
    """Write each image followed by its synthesized video, an overview of all, and their steps."""
    options, sampler, folder = run.options, run.sampler, run.folder
    images, proportions = [], []
    for path in options.image:  # large images are not all in memory at once
        image = fitted(read_image(Path(path)), options.fit)
        images.append(resize_square(image, options.image_size))
        proportions.append(image.width / image.height)
    stills = np.stack(images)
    stems = [safe_names([Path(path).stem])[0] for path in options.image]
    names = [shortened(f"{number}_{stem}") for number, stem in enumerate(stems, 1)]
    latents = encoded(sampler.generator, to_model_range(stills))
    rate = run.checkpoint.state.format_of(0).rate
    showings = [showing_of(options, ClipFormat(rate, shape)) for shape in proportions]
    rows = []
    for video in range(options.num_batches_in_test):
        sampled_frames = sampled_bytes(sampler, latents, video)
        rows.append(np.concatenate([stills[:, np.newaxis], sampled_frames], axis=1))
        for name, frames, showing in zip(names, rows[-1], showings, strict=True):
            write_shown(folder / f"{name}_{video + 1}", frames, showing)
    write_steps(folder / "animation.csv", names, rows)
    length = rows[0].shape[1]
    waiting = np.repeat(stills[:, np.newaxis], length, axis=1)
    shaped_rows = [all_shaped(videos, showings) for videos in (waiting, *rows)]
    labels = ["image", *(f"synthesized {video + 1}" for video in range(len(rows)))]
    playing = map(Row, labels, shaped_rows, itertools.repeat(names))
    all_rows = under_one_head(list(playing))
    write_playing(folder / "overview", all_rows, options.enlarge, showings[0].rate)
    shown = evenly(length, COLUMNS).tolist()
    of_each_image = [
        frames_at(f"{name}\n{label}", video, shown)
        for name, videos in zip(names, zip(*shaped_rows[1:], strict=True), strict=True)
        for label, video in zip(labels[1:], videos, strict=True)
    ]
    write_picture(folder / "overview", under_one_head(of_each_image), options.enlarge)


def write_steps(path: Path, names: list[str], videos: list[np.ndarray]) -> None:
    """Write and print how each video goes on after its image, and how much it moves then.

    Args:
        names: the name of each image.
        videos: the videos of all images, uint8 [n, T, side, side, 3]; the first frame is the image.
    """
    table: list[tuple[str, str, float, float]] = []
    for place, name in enumerate(names):
        for number, of_images in enumerate(videos, 1):
            first, mean = first_step(of_images[place]), mean_step(of_images[place][1:])
            table.append((name, f"{name}_{number}", first, mean))
            if not math.isnan(first):
                print(f"{name}_{number}: first step {first:.2f} times the mean step of {mean:.2f}")
    write_table(path, ["image", "video", "first_step", "mean_step"], table)


def encoded(generator: DynamicGenerator, images: np.ndarray) -> Latents:
    """The latents at the start of videos of images [n, H, W, 3] in [-1, 1]; no innovations yet."""
    sizes = generator.settings.sizes
    code = generator.encode(images)
    return Latents(
        np.zeros((len(images), 0, sizes.z_size), np.float32),
        code.initial_state,
        code.appearance,
        np.zeros((len(images), sizes.motion_type_size), np.float32),
    )


def with_first_frames_encoded(result: TrainingResult) -> TrainingResult:
    """Encode the first frame of each sequence, and infer the innovations again.

    In training, an innovation may belong to a chunk that began at another frame than the chunk of
    the next innovation. The new innovations of a sequence all follow from its first frame. The
    statistics that were calibrated belong to other latents, so they are dropped.
    """
    options, generator, frames = result.options, result.generator, result.clips.frames
    latents = copied(result.latents)
    for rows in split_range(len(frames), ENCODED_AT_ONCE):
        code = generator.encode(frames[rows, 0])
        latents.appearance[rows] = code.appearance
        latents.initial_state[rows] = code.initial_state
    infer_onwards(
        generator,
        frames=frames,
        latents=latents,
        batch_size=options.batch_size,
        chunk_length=options.truncated_backprop_length,
        seed=options.seed,
        repeats=INFERENCES_AFTER_TRAINING,
    )
    return result._replace(latents=latents, calibrated=None)
