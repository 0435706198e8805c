"""The layouts of the figures: which videos stand beside which, as in the paper.

Each layout writes figure.mp4 and figure.gif, which play, and figure.png with some frames of each.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from util.data.clip_facts import facts_of
from util.data.clips import find_clips, read_clip
from util.data.stills import read_image
from util.data.videos import video_frames
from util.figures.results import Result
from util.pictures.layout import (
    in_words,
    under_one_head,
    write_overview,
    write_picture,
    write_playing,
)
from util.pictures.sheets import Row, frames_at

NAME = "figure"
MOST_COLUMNS = 8  # sequences beside each other
MOMENTS = 8  # frames of a video in figure.png


class Place(NamedTuple):
    """Where a layout writes, and the factor by which it enlarges frames."""

    folder: Path
    enlarge: int

    @property
    def path(self) -> Path:
        """The path of the figure without its suffix."""
        return self.folder / NAME


class Panels(NamedTuple):
    """Videos beside each other, uint8 [T, H, W, 3] each, by their names, and the row's label."""

    label: str
    videos: Mapping[str, np.ndarray]


def textures(results: Sequence[Result], place: Place) -> None:
    """A row for each clip: observed, synthesized videos."""
    rows = [
        Panels(label, {kind: result.video(sequence, kind) for kind in ("observed", *synthesized)})
        for result in results
        for sequence, label in labelled(result)
        for synthesized in [result.kinds(sequence, "synthesized")]
    ]
    write_panels(rows, place, results[0].rate)


def recovered(results: Sequence[Result], place: Place) -> None:
    """A row for each clip and mask: with holes, recovered, and the original if it is known."""
    rows = [
        Panels(
            label,
            {
                "with holes": result.video(sequence, "observed"),
                "recovered": result.video(sequence, "recovered"),
                **{kind: result.video(sequence, kind) for kind in original},
            },
        )
        for result in results
        for sequence, label in labelled(result)
        for original in [result.kinds(sequence, "original")]
    ]
    write_panels(rows, place, results[0].rate)


def inpainted(results: Sequence[Result], place: Place) -> None:
    """A row for each clip: original, masked, result, and the truth if it is known."""
    rows = [
        Panels(
            label,
            {
                "original": clip,
                "masked": result.video(sequence, "observed"),
                "result": result.video(sequence, "recovered"),
                **({"truth": result.video(sequence, "original")} if known else {}),
            },
        )
        for result in results
        for (sequence, label), clip in zip(labelled(result), clips(result), strict=True)
        for known in [result.kinds(sequence, "original")]
    ]
    write_panels(rows, place, results[0].rate)


def actions(results: Sequence[Result], place: Place) -> None:
    """Columns of sequences: the observed ones, and below them their synthesized videos."""
    rows = []
    for result in results:
        sequences = result.sequences[:MOST_COLUMNS]
        for kind in ("observed", *result.kinds(sequences[0], "synthesized")):
            label = in_words(kind) if len(results) == 1 else f"{result.name}\n{in_words(kind)}"
            videos = [result.video(sequence, kind) for sequence in sequences]
            rows.append(Row(label, videos, sequences if len(results) == 1 else ()))
    write_overview(place.path, rows, place.enlarge, results[0].rate)


def interpolated(results: Sequence[Result], place: Place) -> None:
    """The overview of each test: a row for each pair, from one appearance to the other."""
    playing = [Row(result.name, [frames_of(result.tested("overview.mp4"))]) for result in results]
    pictures = [
        Row(result.name, [np.asarray(read_image(result.tested("overview.png")))[np.newaxis]])
        for result in results
    ]
    write_playing(place.path, playing, 1, results[0].rate)
    write_picture(place.path, pictures, 1)


def animated(results: Sequence[Result], place: Place) -> None:
    """A row for each still image: the image, and the videos that begin with it."""
    rows, stills = [], []
    for result in results:
        for image, videos in animations(result):
            waiting = np.repeat(videos[0][:1], len(videos[0]), axis=0)
            label = f"{result.name}\n{image}"
            named = {f"video {number}": video for number, video in enumerate(videos, 1)}
            rows.append(Panels(label, {"image": waiting, **named}))
            stills.append(Panels(label, named))
    write_panels(rows, place, results[0].rate, stills)


def animations(result: Result) -> list[tuple[str, list[np.ndarray]]]:
    """The name of each animated image, and its videos, in the order of --image."""
    videos: dict[tuple[int, str], dict[int, Path]] = {}
    for path in result.tested("").glob("*.mp4"):
        if found := re.fullmatch(r"(\d+)_(.+)_(\d+)\.mp4", path.name):
            number, image, video = found.groups()
            videos.setdefault((int(number), image), {})[int(video)] = path
    return [
        (image, [frames_of(path) for _, path in sorted(of_image.items())])
        for (_, image), of_image in sorted(videos.items())
    ]


def write_panels(
    rows: Sequence[Panels], place: Place, rate: float, stills: Sequence[Panels] | None = None
) -> None:
    """Write rows of panels. In the picture, each panel is a row of frames.

    Args:
        stills: the panels of the picture, if they differ.
    """
    playing = [
        Row(row.label, list(row.videos.values()), list(map(in_words, row.videos))) for row in rows
    ]
    write_playing(place.path, under_one_head(playing), place.enlarge, rate)
    pictures = [
        frames_at(f"{row.label}\n{in_words(name)}", video, moments(row))
        for row in stills or rows
        for name, video in row.videos.items()
    ]
    write_picture(place.path, under_one_head(pictures), place.enlarge)


def moments(row: Panels) -> list[int]:
    """The numbers of the frames in the picture, within the shortest video of the row."""
    shortest = min(map(len, row.videos.values()))
    return np.linspace(0, shortest - 1, min(shortest, MOMENTS)).round().astype(int).tolist()


def labelled(result: Result) -> list[tuple[str, str]]:
    """The sequences of a result with their labels; a single sequence has the result's name."""
    if len(result.sequences) == 1:
        return [(result.sequences[0], result.name)]
    return [(sequence, f"{result.name}\n{sequence}") for sequence in result.sequences]


def clips(result: Result) -> list[np.ndarray]:
    """The clips of a run without any mask, uint8 [T, H, W, 3] each, in the order of the names."""
    options = result.options
    sources = find_clips(options.data_path, options.category)
    return [
        read_clip(
            facts_of(source),
            options.first_frame,
            options.num_frames,
            options.image_size,
            fit=options.fit,
        )
        for source in sources
    ]


def frames_of(path: Path) -> np.ndarray:
    """All frames of a video, uint8 [T, H, W, 3]."""
    return np.stack([np.asarray(image) for image in video_frames(path, facts_of(path).length)])
