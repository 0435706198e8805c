"""What is known of a clip before its mask is read: size, length, numbers of its frames."""

from pathlib import Path
from typing import NamedTuple

from util.data.kinds import numbers_of, stills_in
from util.data.stills import open_image
from util.data.videos import count_packets, video_size


class ClipFacts(NamedTuple):
    """A clip.

    Fields:
        path: the video, or the folder of images.
        length: number of frames.
        height, width: the size of its frames in pixels.
        numbers: the number of each image in its name; None for a video, and without numbers.
    """

    path: Path
    length: int
    height: int
    width: int
    numbers: tuple[int, ...] | None = None


def facts_of(source: Path) -> ClipFacts:
    """The facts of a video or of a folder of images.

    Raises:
        RunError: the clip cannot be read.
    """
    if source.is_dir():
        stills = stills_in(source)
        width, height = open_image(stills[0]).size
        return ClipFacts(source, len(stills), height, width, numbers_of(stills))
    width, height = video_size(source)
    return ClipFacts(source, count_packets(source), height, width)
