"""The layouts of the figures: which videos stand beside each other, as in the paper if it has them.

Each layout writes figure.mp4 and figure.gif, which play, and figure.png with some frames of each.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.interpolate import make_interp_spline

from model.latents import evenly
from util.data.clip_facts import ClipFacts, facts_of
from util.data.clips import find_clips, read_clip
from util.data.stills import read_image
from util.data.videos import video_frames
from util.figures.files import NAME
from util.figures.results import Result
from util.options.schema import Options
from util.pictures.layout import (
    in_words,
    under_one_head,
    write_overview,
    write_picture,
    write_playing,
)
from util.pictures.sheets import Row, around_change, frames_at
from util.pictures.showing import shaped
from util.system.errors import RunError

KNOWN = 30  # true next frames of a clip, at most; as many as continuation compares
ENLARGE = 2  # the usual factor, for small files
MOST_COLUMNS = 8  # sequences beside each other
MOMENTS = 8  # frames of a video in figure.png
AROUND = 4  # frames of figure.png on each side of the seam of a loop
SHOWN, FIRST = 9, 4  # successive frames of slow motion; the first is a multiple of all factors


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


def continued(results: Sequence[Result], place: Place) -> None:
    """A row for each clip: it goes on as it really did, and in several possible futures.

    The new frames of the futures have a border.
    """
    playing, pictures = [], []
    for result in results:
        change = result.options.num_frames
        for (sequence, label), clip in zip(labelled(result), clips(result, KNOWN), strict=True):
            futures = [frames_of(path) for path in numbered(result, sequence)]
            videos = {"clip": clip}
            videos |= {f"future {number}": video for number, video in enumerate(futures, 1)}
            changes = [len(clip), *[change] * len(futures)]
            playing.append(Row(label, list(videos.values()), list(videos), framed_from=changes))
            pictures += [
                around_change(f"{label}\n{name}", video, change, framed=name != "clip")
                for name, video in videos.items()
            ]
    write_both(place, playing, pictures, results[0].rate)


def looped(results: Sequence[Result], place: Place) -> None:
    """A row for each clip: the clip, a loop, and a sampled video. The first two play again.

    The picture shows the last frames of the file, and with a border those with which it begins.
    """
    rows, pictures = [], []
    for result in results:
        length = int(result.tested_table("seams.csv")[0]["frames"])  # the file has many rounds
        for sequence, label in labelled(result):
            again = {
                "clip": result.video(sequence, "observed"),
                "loop": frames_of(numbered(result, sequence)[0])[:length],
            }
            rows.append(
                Panels(label, {**again, "sampled": result.video(sequence, "synthesized_1")})
            )
            pictures += [around_seam(f"{label}\n{name}", video) for name, video in again.items()]
    write_both(place, as_rows(rows), pictures, results[0].rate)


def around_seam(label: str, video: np.ndarray) -> Row:
    """The last frames of a video and its first ones, which have a border."""
    numbers = range(-AROUND, AROUND)
    return frames_at(label, video, numbers, framed=range(AROUND))


def slowed(results: Sequence[Result], place: Place) -> None:
    """A row for each clip: its frames, with new ones in between, and the same without a model.

    The picture has successive frames. Those that are not of the clip have a border.
    """
    rows, pictures = [], []
    for result in results:
        factor = result.options.factor
        for sequence, label in labelled(result):
            slow = result.video(sequence, "recovered")
            new = [number for number in range(len(slow)) if number % factor]
            filled = {"slow motion": slow, "linear interpolation": straight(slow, factor)}
            truth = {}
            if result.kinds(sequence, "original"):
                truth["truth"] = result.video(sequence, "original")
            rows.append(
                Panels(label, {"clip": result.video(sequence, "observed"), **filled, **truth})
            )
            first = len(slow) // 2 // FIRST * FIRST
            shown = range(first, min(first + SHOWN, len(slow)))
            pictures += [
                frames_at(f"{label}\n{name}", video, shown, framed=new if name in filled else ())
                for name, video in {**filled, **truth}.items()
            ]
    write_both(place, as_rows(rows), pictures, results[0].rate)


def straight(video: np.ndarray, factor: int) -> np.ndarray:
    """A video, uint8 [T, H, W, 3]: every factor-th frame, and the others interpolated linearly."""
    known = video[::factor].astype(np.float64)
    line = make_interp_spline(np.arange(len(known)), known, k=1)
    return np.rint(line(np.arange(len(video)) / factor)).clip(0, 255).astype(np.uint8)


def numbered(result: Result, sequence: str) -> list[Path]:
    """The videos of a sequence in a test, <sequence>_1.mp4, …, in the order of their numbers.

    Raises:
        RunError: they are gone.
    """
    found = {}
    for path in result.tested("").glob("*.mp4"):
        if match := re.fullmatch(rf"{re.escape(sequence)}_(\d+)\.mp4", path.name):
            found[int(match[1])] = path
    return [path for _, path in sorted(found.items())] or [result.tested(f"{sequence}_1.mp4")]


def write_panels(
    rows: Sequence[Panels], place: Place, rate: float, stills: Sequence[Panels] | None = None
) -> None:
    """Write rows of panels. In the picture, each panel is a row of frames.

    Args:
        stills: the panels of the picture, if they differ.
    """
    pictures = [
        frames_at(f"{row.label}\n{in_words(name)}", video, moments(row))
        for row in stills or rows
        for name, video in row.videos.items()
    ]
    write_both(place, as_rows(rows), pictures, rate)


def write_both(place: Place, playing: list[Row], pictures: list[Row], rate: float) -> None:
    """Write figure.mp4 and figure.gif of the rows that play, and figure.png of the others."""
    write_playing(place.path, under_one_head(playing), place.enlarge, rate)
    write_picture(place.path, under_one_head(pictures), place.enlarge)


def as_rows(rows: Sequence[Panels]) -> list[Row]:
    """Rows of panels as rows of a sheet."""
    return [
        Row(row.label, list(row.videos.values()), list(map(in_words, row.videos))) for row in rows
    ]


def moments(row: Panels) -> list[int]:
    """The numbers of the frames in the picture, within the shortest video of the row."""
    shortest = min(map(len, row.videos.values()))
    return evenly(shortest, MOMENTS).tolist()


def labelled(result: Result) -> list[tuple[str, str]]:
    """The sequences of a result with their labels; a single sequence has the result's name."""
    if len(result.sequences) == 1:
        return [(result.sequences[0], result.name)]
    return [(sequence, f"{result.name}\n{sequence}") for sequence in result.sequences]


def clips(result: Result, more: int = 0) -> list[np.ndarray]:
    """The shown clips of a run without any mask, uint8 [T, H, W, 3] each, as its videos.

    Args:
        more: so many of the frames that come next, as far as the clips have them. A clip that is
            damaged there is shown without them.
    """
    options = result.options
    sources = find_clips(options.data_path, options.category)[: len(result.sequences)]
    shown = []
    for source, sequence in zip(map(facts_of, sources), result.sequences, strict=True):
        frames = as_far_as_known(source, options, more)
        shown.append(shaped(frames, result.format_of(sequence).proportions))
    return shown


def as_far_as_known(source: ClipFacts, options: Options, more: int) -> np.ndarray:
    """The frames of a training and at most `more` next ones; none of these if they are damaged."""
    first, side = options.first_frame, options.image_size
    length = min(options.num_frames + more, source.length - first)
    try:
        return read_clip(source, first, length, side, fit=options.fit)
    except RunError:
        if not more:
            raise
        return as_far_as_known(source, options, 0)


def frames_of(path: Path) -> np.ndarray:
    """All frames of a video, uint8 [T, H, W, 3]."""
    return np.stack([np.asarray(image) for image in video_frames(path, facts_of(path).length)])
