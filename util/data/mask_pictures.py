"""Masks in pictures: a video, a folder of numbered images, or one image for all frames."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from util.data.clip_facts import ClipFacts
from util.data.kinds import in_words, numbers_of, stills_in
from util.data.stills import open_image, read_image
from util.data.videos import video_frames
from util.system.errors import RunError
from util.system.notes import tell_once

BRIGHT = 127  # a brighter pixel is missing
GREY = (32, 223)  # a mask is black and white, but compression may change its values a little
MOST_GREY = 0.02  # share of grey pixels where black and white meet


def read_video(source: Path, num_frames: int) -> np.ndarray:
    """The first `num_frames` frames of a video, bool [T, height, width], or all if it is shorter.

    Raises:
        RunError: the video cannot be decoded.
    """
    frames = video_frames(source)
    try:
        images = islice(frames, num_frames)
        return stacked(source, (bright(source, image) for image in images))
    finally:
        frames.close()


def read_images(
    source: Path, first_frame: int, num_frames: int, clip: ClipFacts | None
) -> np.ndarray:
    """The images of a folder for frames first_frame … first_frame + num_frames - 1 of a clip.

    If the frames of the clip have numbers, the images of the same numbers are taken. Otherwise the
    numbers must count from 0 or 1. Images without numbers are taken in order.

    Returns:
        bool [T, height, width]; T is smaller than num_frames if the folder has too few images.

    Raises:
        RunError: an image cannot be decoded, their sizes differ, or their numbers do not fit.
    """
    stills = stills_in(source)
    numbers = numbers_of(stills)
    if numbers and clip and clip.numbers:
        wanted = clip.numbers[first_frame : first_frame + num_frames]
        numbered = dict(zip(numbers, stills, strict=True))
        if not set(wanted) <= numbered.keys():
            raise RunError(
                f"mask {source} has the images {in_words(numbers)}, but the frames of {clip.path} "
                f"are {in_words(wanted)}; give each image of the mask the number of its frame"
            )
        chosen = [numbered[number] for number in wanted]
    else:
        if numbers and (numbers[0] > 1 or numbers[-1] - numbers[0] >= len(numbers)):
            last = (clip.length if clip else first_frame + num_frames) - 1
            raise RunError(
                f"mask {source} has the images {in_words(numbers)}, but the frames of "
                f"{clip.path if clip else 'the clip'} are 0–{last}; number the images from 0, "
                "without gaps"
            )
        chosen = stills[first_frame : first_frame + num_frames]
    return stacked(source, map(read_still, chosen)) if stills else stacked(source, [])


def read_still(path: Path) -> np.ndarray:
    """Where an image is missing, bool [height, width].

    A palette image has the numbers of objects: 0 is visible, any other number is missing. In any
    other image, bright pixels are missing.

    Raises:
        RunError: the image cannot be read.
    """
    image = open_image(path)
    if image.mode == "P":
        tell_once(f"mask {path.parent} has palette images: number 0 is visible, others are missing")
        return np.asarray(image) != 0
    return bright(path.parent, read_image(path))


def bright(source: Path, image: Image.Image) -> np.ndarray:
    """Where an image is bright, bool [height, width]. A line on stderr tells of grey or colour."""
    grey = np.asarray(image.convert("L"))
    if np.mean((grey > GREY[0]) & (grey < GREY[1])) > MOST_GREY:
        tell_once(
            f"mask {source} is not black and white: pixels brighter than {BRIGHT} of 255 are "
            "missing, all others are visible"
        )
    return grey > BRIGHT


def stacked(source: Path, frames: Iterable[np.ndarray]) -> np.ndarray:
    """Frames [height, width] as [T, height, width].

    Raises:
        RunError: there are none, or their sizes differ.
    """
    frames = list(frames)
    if len({frame.shape for frame in frames}) > 1:
        raise RunError(f"mask {source} has images of several sizes; replace it")
    return np.stack(frames) if frames else np.zeros((0, 1, 1), bool)
