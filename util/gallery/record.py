"""What options.json says about a run, as far as it can be read."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from util.options.schema import Options
from util.runs.marks import read_mark
from util.runs.run_directory import RunDirectory, read_about
from util.system.errors import RunError


class Record(NamedTuple):
    """The record of a run.

    Fields:
        options: None if they cannot be read.
        command_lines: the words of each command line, oldest first.
        versions: the version of each package.
        revision: the git revision; "" if it is unknown.
        problem: what cannot be read, in one line; "" if everything can.
    """

    options: Options | None = None
    command_lines: tuple[tuple[str, ...], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    revision: str = ""
    problem: str = ""


def read_record(folder: Path) -> Record | None:
    """The record of the run in `folder`; None if `folder` is no run of this program.

    A folder with a damaged options.json is a run if it has the mark of a run.
    """
    run = RunDirectory(folder)
    if not (run.options_file.is_file() or run.mark.is_file()):
        return None
    try:
        about = read_about(run.options_file)
    except (ValueError, OSError, RecursionError, RunError) as error:
        marked = read_mark(run.mark, "sequences") is not None
        return Record(problem=f"options.json cannot be read: {_reason(error)}") if marked else None
    options, problem = None, ""
    try:
        options = Options.from_json(json.dumps(about["options"]))
    except (ValueError, RecursionError) as error:
        problem = f"the options in options.json cannot be read: {_reason(error)}"
    return Record(
        options,
        _command_lines(about["command_lines"]),
        _versions(about.get("versions")),
        about["git_revision"] if isinstance(about.get("git_revision"), str) else "",
        problem,
    )


def _command_lines(lines: Any) -> tuple[tuple[str, ...], ...]:
    """The command lines that are lists of words."""
    if not isinstance(lines, list):
        return ()
    return tuple(
        tuple(line)
        for line in lines
        if isinstance(line, list) and line and all(isinstance(word, str) for word in line)
    )


def _versions(versions: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(versions, dict):
        return ()
    return tuple((str(name), str(version)) for name, version in versions.items())


def _reason(error: Exception) -> str:
    """The message of an error, in one line and without the path, which the page shows already."""
    text = (error.strerror or "") if isinstance(error, OSError) else str(error)
    return " ".join(text.split()) or type(error).__name__
