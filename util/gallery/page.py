"""The page: index.html in a folder, made from page.html, page.css and page.js.

The page holds its style and its script, and links what the runs have written. It needs no server
and no network.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from markupsafe import Markup

from util.gallery.curves import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, figure
from util.gallery.finding import DEEPEST, find_runs
from util.gallery.run import Run, read_run
from util.options.experiment import Experiments
from util.system.atomic import delete_leftovers, write_text
from util.system.errors import RunError
from util.system.regular_files import refuse_special
from util.system.templates import environment, rendered

NAME = "index.html"
GENERATOR = "dynamic generator gallery"
MARK = f'<meta name="generator" content="{GENERATOR}">'
BEGINNING = 1024  # bytes of a page, in which its mark is
HERE = Path(__file__).parent


def write_gallery(
    folder: Path, experiments: Experiments, overwrite: bool = False
) -> tuple[Path, int]:
    """Write the page of a folder, completely or not at all.

    Args:
        overwrite: whether an index.html that this program did not write is replaced.

    Returns:
        The path of the page, and the number of runs.

    Raises:
        RunError: there is no such folder, or no run in it; its index.html is of others; or the
            page cannot be written.
    """
    path = folder / NAME
    if not folder.is_dir():
        what = "is not a folder" if os.path.lexists(folder) else "does not exist"
        raise RunError(f"{folder} {what}; name the folder of the runs by --output_dir")
    if not is_ours(path) and not overwrite:
        raise RunError(
            f"{path} was not written by this program, so it is not replaced; move it away, or "
            "replace it by --experiment gallery --overwrite True"
        )
    runs = [read_run(run, folder, experiments) for run in find_runs(folder)]
    if not runs and not path.exists():
        raise RunError(
            f"no run in {folder} or in the folders below it; train first, or name the folder of "
            "the runs by --output_dir"
        )
    try:
        write_text(path, page(folder.resolve().name, runs))
    except OSError as error:  # the usual advice, another --output_dir, is for results
        raise RunError(
            f"cannot write {path}: {error.strerror}; the page lies in the folder of its runs: make "
            "room, make the folder writable, or copy it to another place"
        ) from error
    with suppress(OSError):  # the page is there
        delete_leftovers(folder, ".html")
    return path, len(runs)


def pages_above(folder: Path) -> list[Path]:
    """The folders above that have a page of this program over the runs in `folder`.

    They lie in the working directory or are this directory itself.
    """
    here = Path.cwd()
    above = [place for place in folder.resolve().parents if place == here or here in place.parents]
    with_page = [place for place in above[: DEEPEST - 1] if (place / NAME).is_file()]
    return [Path(os.path.relpath(place)) for place in with_page if is_ours(place / NAME)]


def is_ours(path: Path) -> bool:
    """Whether the page may be replaced: this program wrote it, or there is none.

    Raises:
        RunError: a folder or something else is in its place.
    """
    if not os.path.lexists(path):
        return True
    refuse_special(path)
    if not path.exists():  # a link to nothing
        return False
    with open(path, "rb") as file:
        return MARK.encode() in file.read(BEGINNING)


def page(title: str, runs: Sequence[Run]) -> str:
    """The page as HTML, with the newest run first. All texts of the runs are escaped."""
    templates = environment(HERE)
    templates.filters["figure"] = figure
    # The order of the options stays. JSON has no NaN, which would end the script of the page.
    templates.policies["json.dumps_kwargs"] = {"allow_nan": False}
    return rendered(
        templates,
        "page.html",
        title=title,
        mark=Markup(MARK),
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
        script=Markup((HERE / "page.js").read_text(encoding="utf-8")),
        runs=(runs := sorted(runs, key=lambda run: (-run.date, run.place))),
        data=[_for_script(run) for run in runs],
        experiments=sorted({run.experiment for run in runs}),
        area={
            "width": WIDTH, "height": HEIGHT,
            "left": LEFT, "top": TOP, "right": RIGHT, "bottom": BOTTOM,
        },
    )  # fmt: skip


def _for_script(run: Run) -> dict[str, Any]:
    """What the script needs of a run. It has no NaN, which JSON does not know."""
    return {
        "name": run.name,
        "place": run.place,
        "experiment": run.experiment,
        "facts": [run.state, *run.facts, run.day],
        "date": run.date,
        "error": run.error,
        "patches": run.patch_distance,
        "psnr": run.psnr,
        "frames": run.num_frames,
        "sequences": [
            {"name": name, "videos": [video._asdict() for video in videos]}
            for name, videos in run.media.sequences
        ],
        "scores": {
            **({} if run.error is None else {"error": figure(run.error)}),
            **{number.name: number.text for number in run.numbers},
        },
        "options": {"experiment": run.experiment, **run.options},
        "versions": {**dict(run.versions), "git revision": run.revision},
        "words": [*run.commands, *(f"{name} {value}" for name, value, _ in run.differing)],
    }
