"""Results as files: the folder of a sequence, sheets that play, and overviews of sequences."""

import itertools
import math
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from model.latents import evenly
from util.pictures.encoding import (
    ENLARGED,
    FRAMES_PER_SECOND,
    video_writer,
    write_frames,
    write_png,
)
from util.pictures.sheets import COLUMNS, Row, Sheet, columns_of, frames_at, within
from util.pictures.showing import Showing, shaped, write_shown
from util.system.atomic import PARTIAL_NAME, partial_name
from util.system.deleting import delete_matching, delete_whole
from util.system.interruption import uninterrupted
from util.system.moving import free_name, move_into

MOMENTS = 4  # frames of each video in the picture of an overview
MOST_PIXELS = 16384  # in height and in width of a video in H.264, by its library

# The files of `write_sequence` and the measures beside them, as regular expressions.
PICTURES = r"(mp4|gif|png)"
_KINDS = r"(observed|reconstructed|synthesized_\d+|recovered|slow|original|mask)"
IN_SEQUENCE = (
    rf"{_KINDS}\.{PICTURES}|{_KINDS}{ENLARGED}\.mp4|{_KINDS}/\d{{5,}}\.png"
    rf"|side_by_side\.{PICTURES}|comparison\.json"
)


@contextmanager
def in_place_of(folder: Path) -> Iterator[Path]:
    """Yield a new folder, which replaces `folder` if the block succeeds.

    Files in `folder` that `write_sequence` did not write stay. If `folder` is a link to a folder,
    the link stays. If it is a file or a link to nothing, the new folder gets another name.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        folder = free_name(folder)
    place = folder if folder.is_symlink() else folder.parent  # on the disk of `folder`
    unfinished = place / partial_name()
    unfinished.mkdir()
    try:
        yield unfinished
    except BaseException:  # also after Ctrl-C
        delete_whole(unfinished)
        raise
    with uninterrupted():
        if folder.exists():  # from the same run before it was resumed
            for path in folder.iterdir():
                if re.fullmatch(PARTIAL_NAME, path.name) and path != unfinished:
                    delete_whole(path)
            delete_matching(folder, IN_SEQUENCE)
        move_into(unfinished, folder)


def write_sequence(
    folder: Path,
    videos: dict[str, np.ndarray],
    panels: list[str],
    num_frames: int,
    showing: Showing,
) -> None:
    """Write the videos of one sequence, uint8 [T, side, side, 3], one by one and side by side.

    Args:
        panels: names of the videos in the side-by-side video. The picture shows all videos.
        num_frames: number of frames that the picture covers.
        showing: how they are shown. The folders of frames keep the frames of the model.
    """
    for kind, frames in videos.items():
        write_shown(folder / kind, frames, showing)
        write_frames(folder / kind, frames)
    videos = {kind: shaped(frames, showing.proportions) for kind, frames in videos.items()}
    shown = range(0, num_frames, math.ceil(num_frames / COLUMNS))
    rows = [
        frames_at(in_words(kind), frames, [number for number in shown if number < len(frames)])
        for kind, frames in videos.items()
    ]
    write_picture(folder / "side_by_side", under_one_head(rows), showing.enlarge)
    playing = Row("", [videos[kind] for kind in panels], [in_words(kind) for kind in panels])
    write_playing(folder / "side_by_side", [playing], showing.enlarge, showing.rate)


def write_playing(
    path: Path, rows: Sequence[Row], enlarge: int, rate: float = FRAMES_PER_SECOND
) -> None:
    """Write a sheet as `path`.mp4 and `path`.gif, frame by frame.

    A line on stderr says if it is too large for a video, and shows only its beginning.
    """
    fitting = within(rows, enlarge, MOST_PIXELS)
    shown, whole = (f"{len(some)} rows of {columns_of(some)}" for some in (fitting, rows))
    if shown != whole:
        print(f"{path.name}.mp4 and .gif show {shown} videos, not {whole}", file=sys.stderr)
    sheet = Sheet(fitting, enlarge)
    with video_writer(path, *sheet.size, rate) as write:
        for moment in range(sheet.length):
            write(sheet.at(moment)[np.newaxis])


def write_picture(path: Path, rows: Sequence[Row], enlarge: int) -> None:
    """Write the first frame of a sheet as `path`.png."""
    write_png(path.with_name(f"{path.name}.png"), Sheet(rows, enlarge).at(0))


def write_overview(
    path: Path, rows: Sequence[Row], enlarge: int, rate: float = FRAMES_PER_SECOND
) -> None:
    """Write rows of videos as one video and as one picture.

    The picture shows each row at four moments within the length of the shortest video.
    """
    write_playing(path, under_one_head(rows), enlarge, rate)
    shortest = min(len(video) for row in rows for video in row.videos)
    moments = evenly(shortest, MOMENTS)
    shown = [
        row._replace(
            label=f"{row.label}\nframe {moment}",
            videos=[video[[moment]] for video in row.videos],
        )
        for row in rows
        for moment in moments
    ]
    write_picture(path, under_one_head(shown), enlarge)


def under_one_head(rows: Sequence[Row]) -> list[Row]:
    """Rows without the texts above their videos, where the row above has the same."""
    below = (
        row._replace(heads=(), corner="") if list(row.heads) == list(above.heads) else row
        for above, row in itertools.pairwise(rows)
    )
    return [rows[0], *below]


def in_words(kind: str) -> str:
    """synthesized_1 → synthesized 1."""
    return kind.replace("_", " ")
