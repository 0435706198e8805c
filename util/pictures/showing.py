"""How the videos of a sequence are shown: their rate, their size, their proportions."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from util.pictures.encoding import FRAMES_PER_SECOND, KINDS, video_writer
from util.pictures.enlarging import enlargement
from util.pictures.sheets import even

REPEATED = 10.0  # seconds
MOST = 10.0  # the longer side over the shorter, at most


class Showing(NamedTuple):
    """How videos are shown.

    Fields:
        enlarge: --enlarge; see `enlargement`.
        rate: frames per second.
        proportions: width over height. Square frames are stretched to it; their shorter side stays.
    """

    enlarge: int = 0
    rate: float = FRAMES_PER_SECOND
    proportions: float = 1.0


def shown_size(side: int, proportions: float) -> tuple[int, int]:
    """Height and width in pixels of a square frame in these proportions; the longer one is even."""
    proportions = min(max(proportions, 1 / MOST), MOST)
    if proportions >= 1:
        return side, even(round(side * proportions)) if proportions > 1 else side
    return even(round(side / proportions)), side


def shaped(frames: np.ndarray, proportions: float) -> np.ndarray:
    """Frames, uint8 [T, side, side, 3], in these proportions: uint8 [T, height, width, 3]."""
    height, width = shown_size(frames.shape[1], proportions)
    if (height, width) == frames.shape[1:3]:
        return frames
    resized = (Image.fromarray(frame).resize((width, height)) for frame in frames)
    return np.stack([np.asarray(image) for image in resized])


def all_shaped(videos: Iterable[np.ndarray], showings: Sequence[Showing]) -> list[np.ndarray]:
    """Square videos, each in its proportions."""
    return [
        shaped(video, showing.proportions) for video, showing in zip(videos, showings, strict=True)
    ]


@contextmanager
def shown_writer(
    path: Path, side: int, showing: Showing, kinds: Sequence[str] = KINDS
) -> Iterator[Callable[[np.ndarray], None]]:
    """`video_writer` for square frames, uint8 [T, side, side, 3], to be shown in this way."""
    height, width = shown_size(side, showing.proportions)
    factor = enlargement(showing.enlarge, [height], [width])
    with video_writer(path, height, width, showing.rate, factor, kinds) as write:
        yield lambda frames: write(shaped(frames, showing.proportions))


def write_shown(path: Path, frames: np.ndarray, showing: Showing) -> None:
    """Write the videos of square frames, uint8 [T, side, side, 3]; see `video_writer`."""
    with shown_writer(path, frames.shape[1], showing) as write:
        write(frames)


def write_repeating(path: Path, frames: np.ndarray, showing: Showing) -> None:
    """Write a loop of square frames, uint8 [T, side, side, 3], as `path`.gif and `path`.mp4.

    The GIF has one round and repeats for ever. An MP4 cannot say that it repeats, so it has the
    whole rounds that last `REPEATED` seconds, at least two.
    """
    rounds = max(2, math.ceil(REPEATED * showing.rate / len(frames)))
    for kind, count in ((".gif", 1), (".mp4", rounds)):
        with shown_writer(path, frames.shape[1], showing, (kind,)) as write:
            for _ in range(count):
                write(frames)
