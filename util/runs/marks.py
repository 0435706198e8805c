"""Marks: small files that say what this program wrote, so that it deletes nothing else."""

import json
from collections.abc import Sequence
from pathlib import Path

from util.system.atomic import write_text
from util.system.errors import RunError
from util.system.regular_files import refuse_special

PROGRAM = "dynamic generator"


def write_mark(path: Path, kind: str, names: Sequence[str]) -> None:
    """Write a mark with `names`; `kind` says what they are the names of."""
    write_text(path, json.dumps({"program": PROGRAM, kind: list(names)}) + "\n")


def read_mark(path: Path, kind: str) -> list[str] | None:
    """The names of this kind in a mark; None if there is no mark of this program."""
    try:
        refuse_special(path)
        about = json.loads(path.read_text(encoding="utf-8"))
        if about["program"] == PROGRAM:
            return [str(name) for name in about[kind]]
    except (ValueError, OSError, RecursionError, RunError, TypeError, KeyError):
        pass
    return None
