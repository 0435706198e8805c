"""What is known of a clip before its frames are read: size, length, numbers of frames, rate."""

import math
from pathlib import Path
from typing import NamedTuple

from util.data.kinds import numbers_of, stills_in
from util.data.stills import open_image
from util.data.videos import count_packets, video_size, video_timing


class ClipFormat(NamedTuple):
    """How a clip plays.

    Fields:
        rate: frames per second; None if the clip has none, as a folder of images.
        proportions: width over height, as players show it.
    """

    rate: float | None = None
    proportions: float = 1.0


def believed(proportions: float) -> float:
    """Width over height, at most a thousand to one."""
    return min(max(proportions, 1e-3), 1e3)


def are_alike(one: float, other: float) -> bool:
    """Whether two proportions differ by at most a tenth."""
    return math.isclose(one, other, rel_tol=0.1)


class ClipFacts(NamedTuple):
    """A clip.

    Fields:
        path: the video, or the folder of images.
        length: number of frames.
        height, width: the size of its frames in pixels.
        numbers: the number of each image in its name; None for a video, and without numbers.
        rate, pixel_shape: see `Timing`.
    """

    path: Path
    length: int
    height: int
    width: int
    numbers: tuple[int, ...] | None = None
    rate: float | None = None
    pixel_shape: float = 1.0

    @property
    def format(self) -> ClipFormat:
        proportions = self.width * self.pixel_shape / self.height
        return ClipFormat(self.rate, believed(proportions))


def facts_of(source: Path) -> ClipFacts:
    """The facts of a video or of a folder of images.

    Raises:
        RunError: the clip cannot be read.
    """
    if source.is_dir():
        stills = stills_in(source)
        width, height = open_image(stills[0]).size
        return ClipFacts(source, len(stills), height, width, numbers_of(stills))
    length = count_packets(source)
    width, height = video_size(source)
    return ClipFacts(source, length, height, width, None, *video_timing(source))
