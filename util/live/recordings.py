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
            numbered = (self.folder / f"{NAME}_{number}" for number in count(1))
            path = next(one for one in numbered if not os.path.lexists(f"{one}.mp4"))
            for video in unfinished.glob("*.mp4"):  # also the enlarged one
                video.rename(path.with_name(f"{path.name}{video.name.removeprefix(NAME)}"))
        return path.with_suffix(".mp4")


def new_folder(asked: Path) -> Path:
    """Make the folder `asked`, or the first free name of `asked`_2, `asked`_3, …"""
    while True:
        folder = free_name(asked)
        with contextlib.suppress(FileExistsError):  # another program was faster
            folder.mkdir()
            return folder
