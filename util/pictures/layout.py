"""Laying out videos and pictures: beside one another, as sheets, as the folder of a sequence."""

import math
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from util.pictures.encoding import write_frames, write_png, write_video

GAP = 2  # pixels between the panels of a sheet
WHITE = 255
COLUMNS = 15  # frames in a row of a sheet
MOMENTS = 4  # of a video on a picture of many

Panels = Sequence[np.ndarray] | np.ndarray  # pictures or videos, along the first axis


def stack_columns(panels: Panels) -> np.ndarray:
    """Pictures or videos [..., H, W, 3] of one size beside one another, with a gap."""
    gap = np.full((*panels[0].shape[:-2], GAP, 3), WHITE, np.uint8)
    return np.concatenate([part for panel in panels for part in (gap, panel)][1:], axis=-2)


def stack_rows(panels: Panels) -> np.ndarray:
    """Pictures [H, W, 3] of one width above one another, with a gap."""
    gap = np.full((GAP, *panels[0].shape[1:]), WHITE, np.uint8)
    return np.concatenate([part for panel in panels for part in (gap, panel)][1:], axis=0)


def contact_sheet(frames: np.ndarray, columns: int = COLUMNS) -> np.ndarray:
    """All frames of a video [T, H, W, 3] on one picture, row after row."""
    blank = np.full((-len(frames) % columns, *frames.shape[1:]), WHITE, np.uint8)
    if len(frames) <= columns:
        return stack_columns(frames)
    frames = np.concatenate([frames, blank])
    return stack_rows([stack_columns(row) for row in np.split(frames, len(frames) // columns)])


def padded(frames: np.ndarray, length: int) -> np.ndarray:
    """A video [T, H, W, 3] followed by black up to `length` frames."""
    black = np.zeros((max(0, length - len(frames)), *frames.shape[1:]), np.uint8)
    return np.concatenate([frames, black])


def widened(picture: np.ndarray, width: int) -> np.ndarray:
    """A picture [H, W, 3] with white to its right up to `width`."""
    margin = ((0, 0), (0, width - picture.shape[1]), (0, 0))
    return np.pad(picture, margin, constant_values=WHITE)


@contextmanager
def in_place_of(folder: Path) -> Iterator[Path]:
    """A new folder that takes the place of `folder` when all that belongs into it is written."""
    unfinished = folder.with_name(f".partial-{folder.name}")
    unfinished.mkdir()
    yield unfinished
    if folder.exists():  # of the same run, before it was resumed
        shutil.rmtree(folder)
    unfinished.rename(folder)


def write_sequence(
    folder: Path, videos: dict[str, np.ndarray], panels: list[str], num_frames: int
) -> None:
    """The videos of one sequence, uint8 [T, H, W, 3] each, one by one and beside one another.

    Args:
        panels: which of them play beside one another; all are shown on the picture.
        num_frames: how many frames the picture covers.
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
    """Rows of videos, uint8 [n, T, H, W, 3] each, as one video.

    Returns the rows as they play, uint8 [longest T, height, width, 3] each.
    """
    length = max(videos.shape[1] for videos in rows)
    playing = [stack_columns([padded(video, length) for video in videos]) for videos in rows]
    write_video(path, np.stack([stack_rows(pictures) for pictures in zip(*playing, strict=True)]))
    return playing


def write_overview(path: Path, rows: Sequence[np.ndarray]) -> None:
    """Rows of videos, uint8 [n, T, H, W, 3] each, as one video and as one picture.

    The picture shows, row by row, four moments of the shortest video.
    """
    playing = write_playing(path, rows)
    shortest = min(videos.shape[1] for videos in rows)
    moments = np.linspace(0, shortest - 1, min(shortest, MOMENTS)).round().astype(int)
    sheet = [row[moment] for row in playing for moment in moments]
    write_png(path.with_name(f"{path.name}.png"), stack_rows(sheet))
