"""Sheets: enlarged videos or pictures in rows, with labels in the white margins.

No label lies on a frame. Labels stand left of the rows and above the frames. A video that is over
plays again: a line below it and its label say so.
"""

import itertools
from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from util.pictures.enlarging import enlarged, enlargement
from util.pictures.labels import draw_label, line_height, text_width

COLUMNS = 15  # frames in a row of a contact sheet
BEFORE, AFTER = 5, 10  # frames in a row around a change
GAP = 8  # pixels around frames
MARK = (2, 6)  # pixels from a video that plays again to the top and bottom of the line below it
MARK_COLOUR = (0, 110, 220)
BORDER = (2, 1)  # width of a border, and its distance from the frame, in pixels
BORDER_COLOUR = (220, 90, 0)
AGAIN = ", again"
LEAST_COLUMN = 44  # pixels; enough for a number of six digits
MOST_MARGIN = 240  # pixels for the labels left of the rows
TEXT_SIZES = (12, 20)  # smallest and largest font


class Row(NamedTuple):
    """A row of a sheet.

    Fields:
        label: the text left of the row, in one or more lines.
        videos: uint8 [T, H, W, 3] each. A picture is a video of one frame.
        heads: a text above each video, or none.
        corner: the text left of the heads.
        framed_from: for each video its frame from which it has a thin border; () for no borders.
    """

    label: str
    videos: Sequence[np.ndarray] | np.ndarray
    heads: Sequence[str] = ()
    corner: str = ""
    framed_from: Sequence[int] = ()


class Sheet:
    """Rows of videos as one labelled video.

    Attributes:
        length: number of frames, those of the longest video.
        size: height and width in pixels; both are even.
        factor: the factor by which the frames are enlarged.
        tops: the first line of the frames of each row, in pixels.
        lefts: the first column of the frames of each column, in pixels.
    """

    def __init__(self, rows: Sequence[Row], enlarge: int = 0):
        """Lay out a sheet. `enlarge` is the factor, or 0; see `enlargement`."""
        self._rows = rows
        self.length = max(len(video) for row in rows for video in row.videos)
        heights = [max(video.shape[1] for video in row.videos) for row in rows]
        widths = [
            max(video.shape[2] for video in column if video is not None)
            for column in itertools.zip_longest(*(row.videos for row in rows))
        ]
        self.factor = enlargement(enlarge, heights, widths)
        self._text = int(np.clip(min(widths) * self.factor // 8, *TEXT_SIZES))
        self._margin = self._width_of_labels()
        least = LEAST_COLUMN if any(row.heads for row in rows) else 0
        self._columns = [even(max(width * self.factor, least)) for width in widths]
        self.lefts = running_sum(GAP + self._margin, (width + GAP for width in self._columns))
        line = line_height(self._text)
        self.tops, top = [], GAP
        for row, height in zip(rows, heights, strict=True):
            top += line * bool(row.heads)
            self.tops.append(top)
            lines = len(row.label.split("\n"))
            top += even(max(height * self.factor, lines * line)) + GAP
        self.size = (top, self.lefts.pop())
        self._marks: tuple[list[list[bool]], list[list[bool]]] | None = None
        self._background = np.empty(0)

    def at(self, moment: int) -> np.ndarray:
        """The frame at a moment from 0, uint8 [height, width, 3]."""
        again = [[moment >= len(video) for video in row.videos] for row in self._rows]
        framed = [
            [
                moment % len(video) >= first
                for video, first in zip(row.videos, row.framed_from, strict=False)
            ]
            for row in self._rows
        ]
        if (again, framed) != self._marks:
            self._marks = again, framed
            self._background = self._without_frames(again)
            self._draw_borders(framed)
        sheet = self._background.copy()
        for row, top in zip(self._rows, self.tops, strict=True):
            for video, left in zip(row.videos, self.lefts, strict=False):
                frame = enlarged(video[moment % len(video)], self.factor)
                sheet[top : top + len(frame), left : left + frame.shape[1]] = frame
        return sheet

    def _without_frames(self, again: list[list[bool]]) -> np.ndarray:
        """The margins with their labels and marks; `again` tells for each video of each row."""
        height, width = self.size
        canvas = Image.new("RGB", (width, height), "white")
        size, line = self._text, line_height(self._text)
        mark = ImageDraw.Draw(canvas)
        for row, top, repeats in zip(self._rows, self.tops, again, strict=True):
            draw_label(canvas, row.corner, GAP, top - line, self._margin - GAP, size)
            heads = row.heads or [""] * len(row.videos)
            for video, head, left, column, repeated in zip(
                row.videos, heads, self.lefts, self._columns, repeats, strict=False
            ):
                said = head + AGAIN * (repeated and not row.label)
                draw_label(canvas, said, left, top - line, column, size)
                if repeated:
                    below = top + video.shape[1] * self.factor
                    right = left + video.shape[2] * self.factor
                    mark.rectangle(
                        (left, below + MARK[0], right - 1, below + MARK[1] - 1), MARK_COLOUR
                    )
            lines = row.label.split("\n")
            lines[-1] += AGAIN * (any(repeats) and bool(row.label))
            for number, text in enumerate(lines):
                draw_label(canvas, text, GAP, top + number * line, self._margin - GAP, size)
        return np.array(canvas)

    def _draw_borders(self, framed: list[list[bool]]) -> None:
        """Draw the borders into the gaps around the frames; `framed` tells for each video."""
        width, distance = BORDER
        for row, top, borders in zip(self._rows, self.tops, framed, strict=True):
            for video, left, framed_now in zip(row.videos, self.lefts, borders, strict=False):
                if framed_now:
                    height, breadth = (side * self.factor for side in video.shape[1:3])
                    for far in range(distance, distance + width):
                        outer = slice(top - far - 1, top + height + far + 1)
                        across = slice(left - far - 1, left + breadth + far + 1)
                        self._background[[outer.start, outer.stop - 1], across] = BORDER_COLOUR
                        self._background[outer, [across.start, across.stop - 1]] = BORDER_COLOUR

    def _width_of_labels(self) -> int:
        """The width of the margin left of the rows, 0 if there are no labels."""
        texts = [row.corner for row in self._rows]
        for row in self._rows:
            over = any(len(video) < self.length for video in row.videos)
            texts += (row.label + AGAIN * (over and bool(row.label))).split("\n")
        widest = max(text_width(text, self._text) for text in texts if text) if any(texts) else 0
        return even(min(widest + GAP, MOST_MARGIN)) if widest else 0


def contact_sheet(label: str, frames: np.ndarray, columns: int = COLUMNS) -> list[Row]:
    """All frames of a video [T, H, W, 3] as rows of numbered pictures."""
    numbers = range(len(frames))
    return [
        frames_at(label, frames, numbers[first : first + columns])
        for first in range(0, len(frames), columns)
    ]


def within(rows: Sequence[Row], enlarge: int, most: int) -> list[Row]:
    """The first rows and columns of a sheet whose height and width have at most `most` pixels."""
    rows = list(rows)
    while len(rows) > 1 and (height := Sheet(rows, enlarge).size[0]) > most:
        rows = rows[: max(1, len(rows) * most // height)]
    while (columns := columns_of(rows)) > 1 and (width := Sheet(rows, enlarge).size[1]) > most:
        count = max(1, columns * most // width)
        rows = [
            row._replace(
                videos=row.videos[:count],
                heads=row.heads[:count],
                framed_from=row.framed_from[:count],
            )
            for row in rows
        ]
    return rows


def columns_of(rows: Sequence[Row]) -> int:
    """The number of columns of a sheet."""
    return max(len(row.videos) for row in rows)


def frames_at(
    label: str, frames: np.ndarray, numbers: Sequence[int], framed: Container[int] = ()
) -> Row:
    """Frames of a video [T, H, W, 3] as a row of pictures with their numbers above.

    Args:
        framed: the numbers of the frames that have a border.
    """
    pictures = frames[list(numbers), np.newaxis]
    borders = [0 if number in framed else 1 for number in numbers]  # a picture has one moment, 0
    return Row(label, pictures, [str(number) for number in numbers], "frame", borders)


def around_change(label: str, frames: np.ndarray, change: int, framed: bool = True) -> Row:
    """The frames around frame number `change` of a video [T, H, W, 3] as a row of pictures.

    Args:
        framed: whether the frames from `change` on have a border.
    """
    numbers = range(max(change - BEFORE, 0), min(change + AFTER, len(frames)))
    return frames_at(label, frames, numbers, framed=range(change, len(frames)) if framed else ())


def even(length: int) -> int:
    """The length, or the next one that is even; videos need it."""
    return length + length % 2


def running_sum(first: int, steps: Iterable[int]) -> list[int]:
    """`first`, and all sums of it and the first steps."""
    return list(itertools.accumulate(steps, initial=first))
