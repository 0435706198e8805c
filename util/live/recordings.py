"""Recordings: what a page has shown, as videos in a folder of the run.

A session gets a folder of its own at its first recording. A recording is moved there when it is
whole, and replaces no file. The next recording or test deletes what a killed session left.
"""

import contextlib
import os
from itertools import count
from pathlib import Path

import numpy as np

from util.pictures.showing import Showing, shown_writer
from util.system.moving import free_name
from util.system.unfinished import unfinished_folder

NAME = "recording"


class Recordings:
    """The recordings of one session. Only one thread may write them.

    Attributes:
        folder: where they are; None before the first one.
    """

    def __init__(self, asked: Path):
        """The folder will be `asked`, or its first free name at the first recording."""
        self._asked = asked
        self.folder: Path | None = None

    def write(self, frames: np.ndarray, showing: Showing) -> Path:
        """Write square frames, uint8 [T, side, side, 3], and return the path of the video.

        Raises:
            OSError: the video cannot be written. No file is left.
        """
        self._asked.parent.mkdir(parents=True, exist_ok=True)
        with unfinished_folder(self._asked.parent, self._asked.name) as unfinished:
            made = unfinished / NAME
            with shown_writer(made, frames.shape[1], showing, (".mp4",)) as write:
                write(frames)
            if self.folder is None or not self.folder.is_dir():
                self.folder = new_folder(self._asked)
            videos = list(unfinished.glob("*.mp4"))  # also the enlarged one
            for number in count(1):
                named = {video: self.folder / numbered(video.name, number) for video in videos}
                if not any(map(os.path.lexists, named.values())):
                    break
            for video, path in named.items():
                video.rename(path)
        return self.folder / numbered(f"{NAME}.mp4", number)


def numbered(name: str, number: int) -> str:
    """The name of a file of recording `number`: recording_2_enlarged.mp4 for the second."""
    return f"{NAME}_{number}{name.removeprefix(NAME)}"


def new_folder(asked: Path) -> Path:
    """Make the folder `asked`, or the first free name of `asked`_2, `asked`_3, …"""
    while True:
        folder = free_name(asked)
        with contextlib.suppress(FileExistsError):  # another program was faster
            folder.mkdir()
            return folder
