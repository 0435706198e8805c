"""The videos, pictures, checkpoints and folders of a run that the page links."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from util.pictures.encoding import ENLARGED
from util.runs import checkpoints
from util.runs.run_directory import RunDirectory

# What plays together, in this order. The mask is linked with the folder.
KINDS = ("observed", "reconstructed", "synthesized", "recovered", "original")
NUMBERED = "synthesized"  # of this kind, a sequence has several videos
SHEETS = r"epoch_(\d{5,})_(reconstruction|synthesis|recovered)\.png"
TESTS = r"final_result_[a-z]+(_\d+)?"
# Of a folder of results: the files that are linked, beside its tables.
OVERVIEWS = ("overview.mp4", "overview.png")


class Video(NamedTuple):
    """A video: its name in words, and its address. `whole` is whether it has all frames of a clip,
    from which the page takes the frames in a second."""

    name: str
    address: str
    whole: bool


class Sequence(NamedTuple):
    """The videos of a sequence, which play together."""

    name: str
    videos: list[Video]


class Link(NamedTuple):
    """A link: its text and its address."""

    text: str
    address: str


class Media(NamedTuple):
    """What a run has written.

    Fields:
        sequences: the videos of the final result, or the observed clips while there is none.
        is_final: whether they are of the final result.
        sheets: the newest contact sheet of each kind.
        checkpoints: one link for each, named by its epoch.
        links: folders and files, in the order in which they are shown.
    """

    sequences: list[Sequence]
    is_final: bool
    sheets: list[Link]
    checkpoints: list[Link]
    links: list[Link]


def address(path: Path, page_folder: Path) -> str:
    """The address of a file or folder, relative to the folder of the page, percent-encoded.

    It begins with ./, so that a colon in a name is not taken for the end of http: and its like.
    """
    return "./" + quote(os.fsencode(path.relative_to(page_folder)))


def find_media(run: RunDirectory, page_folder: Path) -> Media:
    """What the run has written. Folders that cannot be read count as empty."""
    sequences = [
        Sequence(shown(folder.name), videos)
        for folder in _entries(run.final_result)
        if os.path.isdir(folder) and (videos := _videos(folder, page_folder))
    ]
    is_final = bool(sequences)
    if not sequences:
        sequences = [
            Sequence(shown(path.stem), [Video("observed", address(path, page_folder), True)])
            for path in _entries(run.observed_sequence)
            if path.suffix == ".mp4"
        ]
    return Media(
        sequences,
        is_final,
        _newest_sheets(run.synthesis_sequence, page_folder),
        _checkpoints(run.models, page_folder),
        list(_links(run, page_folder)),
    )


def shown(name: str) -> str:
    """A name as text; bytes that are not UTF-8 are replaced."""
    return os.fsencode(name).decode("utf-8", "replace")


def _entries(folder: Path) -> list[Path]:
    """What a folder holds, without hidden names; nothing if it cannot be read."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def _videos(folder: Path, page_folder: Path) -> list[Video]:
    """The videos of a sequence; the enlarged copy of a video is taken if there is one."""
    names = {path.name for path in _entries(folder) if path.suffix == ".mp4"}
    kinds = [name.removesuffix(".mp4") for name in names]
    kinds = sorted((kind for kind in kinds if _kind_of(kind)[0] in KINDS), key=_order)
    return [
        Video(
            kind.replace("_", " "),
            address(folder / (enlarged if enlarged in names else f"{kind}.mp4"), page_folder),
            _kind_of(kind)[0] != NUMBERED,
        )
        for kind in kinds
        for enlarged in [f"{kind}{ENLARGED}.mp4"]
    ]


def _kind_of(name: str) -> tuple[str, int]:
    """The kind of a video, and its number or 0: ("synthesized", 2) of synthesized_2."""
    numbered = re.fullmatch(rf"({NUMBERED})_(\d+)", name)
    return (numbered[1], int(numbered[2])) if numbered else (name, 0)


def _order(name: str) -> tuple[int, int]:
    kind, number = _kind_of(name)
    return KINDS.index(kind), number


def _newest_sheets(folder: Path, page_folder: Path) -> list[Link]:
    newest: dict[str, tuple[int, Path]] = {}
    for path in _entries(folder):
        if match := re.fullmatch(SHEETS, path.name):
            newest[match[2]] = max(newest.get(match[2], (0, path)), (int(match[1]), path))
    return [
        Link(f"{kind}, epoch {epoch}", address(path, page_folder))
        for kind, (epoch, path) in sorted(newest.items())
    ]


def _checkpoints(folder: Path, page_folder: Path) -> list[Link]:
    try:
        found = checkpoints.existing(folder)
    except OSError:
        return []
    return [
        Link(str(epoch), address(path.with_name(f"{path.name}.index"), page_folder))
        for epoch, path in found
    ]


def _links(run: RunDirectory, page_folder: Path) -> Iterable[Link]:
    name = run.final_result.name
    yield from _overviews_and_tables(run.final_result, name, page_folder, ("overview.mp4",))
    if os.path.isfile(run.options_file):
        yield Link(run.options_file.name, address(run.options_file, page_folder))
    for folder in run.folders:
        if os.path.isdir(folder):
            yield Link(f"{folder.name}/", f"{address(folder, page_folder)}/")
    tests = [path for path in _entries(run.path) if re.fullmatch(TESTS, path.name)]
    for folder in [*tests, *_entries(run.path / "test")]:
        if os.path.isdir(folder):
            name = folder.relative_to(run.path).as_posix()
            yield Link(f"{shown(name)}/", f"{address(folder, page_folder)}/")
            yield from _overviews_and_tables(folder, shown(name), page_folder, OVERVIEWS)


def _overviews_and_tables(
    folder: Path, name: str, page_folder: Path, overviews: tuple[str, ...]
) -> Iterable[Link]:
    """Links to the overviews and the tables in a folder of results with this name."""
    tables = [path.name for path in _entries(folder) if path.suffix == ".csv"]
    for file in (*overviews, *tables):
        if os.path.isfile(folder / file):
            yield Link(f"{name}/{shown(file)}", address(folder / file, page_folder))
