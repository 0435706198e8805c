"""Layouts of videos and pictures: side by side, as contact sheets, as the folder of a sequence."""

import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from util.pictures.encoding import write_frames, write_png, write_video
from util.system.atomic import PARTIAL_NAME, partial_name
from util.system.deleting import delete_matching, delete_whole
from util.system.moving import free_name, move_into

GAP = 2  # pixels between the panels of a sheet
WHITE = 255
COLUMNS = 15  # frames in a row of a sheet
MOMENTS = 4  # frames of each video in the picture of an overview

# The files of `write_sequence` and the measures beside them, as regular expressions.
PICTURES = r"(mp4|gif|png)"
_KINDS = r"(observed|reconstructed|synthesized_\d+|recovered|original|mask)"
IN_SEQUENCE = (
    rf"{_KINDS}\.{PICTURES}|{_KINDS}/\d{{5,}}\.png|side_by_side\.{PICTURES}|comparison\.json"
)

Panels = Sequence[np.ndarray] | np.ndarray  # pictures or videos, along the first axis


def stack_columns(panels: Panels) -> np.ndarray:
    """Put pictures or videos [..., H, W, 3] of one size side by side, with a gap."""
    gap = np.full((*panels[0].shape[:-2], GAP, 3), WHITE, np.uint8)
    return np.concatenate([part for panel in panels for part in (gap, panel)][1:], axis=-2)


def stack_rows(panels: Panels) -> np.ndarray:
    """Put pictures [H, W, 3] of one width below one another, with a gap."""
    gap = np.full((GAP, *panels[0].shape[1:]), WHITE, np.uint8)
    return np.concatenate([part for panel in panels for part in (gap, panel)][1:], axis=0)


def contact_sheet(frames: np.ndarray, columns: int = COLUMNS) -> np.ndarray:
    """Put all frames of a video [T, H, W, 3] into one picture, row by row."""
    blank = np.full((-len(frames) % columns, *frames.shape[1:]), WHITE, np.uint8)
    if len(frames) <= columns:
        return stack_columns(frames)
    frames = np.concatenate([frames, blank])
    return stack_rows([stack_columns(row) for row in np.split(frames, len(frames) // columns)])


def padded(frames: np.ndarray, length: int) -> np.ndarray:
    """Extend a video [T, H, W, 3] to `length` frames by black frames."""
    black = np.zeros((max(0, length - len(frames)), *frames.shape[1:]), np.uint8)
    return np.concatenate([frames, black])


def widened(picture: np.ndarray, width: int) -> np.ndarray:
    """Extend a picture [H, W, 3] to `width` by white pixels on the right."""
    margin = ((0, 0), (0, width - picture.shape[1]), (0, 0))
    return np.pad(picture, margin, constant_values=WHITE)


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
    if folder.exists():  # from the same run before it was resumed
        for path in folder.iterdir():
            if re.fullmatch(PARTIAL_NAME, path.name) and path != unfinished:
                delete_whole(path)
        delete_matching(folder, IN_SEQUENCE)
    move_into(unfinished, folder)


def write_sequence(
    folder: Path, videos: dict[str, np.ndarray], panels: list[str], num_frames: int
) -> None:
    """Write the videos of one sequence, uint8 [T, H, W, 3] each, one by one and side by side.

    Args:
        panels: names of the videos in the side-by-side video. The picture shows all videos.
        num_frames: number of frames that the picture covers.
    """
    for kind, frames in videos.items():
        write_video(folder / kind, frames)
        write_frames(folder / kind, frames)
    shown = slice(0, num_frames, math.ceil(num_frames / COLUMNS))
    rows = [stack_columns(frames[shown]) for frames in videos.values()]
    width = max(row.shape[1] for row in rows)
    write_png(folder / "side_by_side.png", stack_rows([widened(row, width) for row in rows]))
    length = max(len(frames) for frames in videos.values())
    write_video(
        folder / "side_by_side", stack_columns([padded(videos[kind], length) for kind in panels])
    )


def write_playing(path: Path, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Write rows of videos, uint8 [n, T, H, W, 3] each, as one video.

    Returns:
        The rows of the written video, uint8 [longest T, height, width, 3] each.
    """
    length = max(videos.shape[1] for videos in rows)
    playing = [stack_columns([padded(video, length) for video in videos]) for videos in rows]
    write_video(path, np.stack([stack_rows(pictures) for pictures in zip(*playing, strict=True)]))
    return playing


def write_overview(path: Path, rows: Sequence[np.ndarray]) -> None:
    """Write rows of videos, uint8 [n, T, H, W, 3] each, as one video and as one picture.

    The picture shows each row at four moments within the length of the shortest video.
    """
    playing = write_playing(path, rows)
    shortest = min(videos.shape[1] for videos in rows)
    moments = np.linspace(0, shortest - 1, min(shortest, MOMENTS)).round().astype(int)
    sheet = [row[moment] for row in playing for moment in moments]
    write_png(path.with_name(f"{path.name}.png"), stack_rows(sheet))
