"""Reading a CSV table that this program wrote."""

import csv
import io
from pathlib import Path

from util.system.regular_files import refuse_special

LARGEST = 1 << 24  # bytes


def read_whole_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The names of the columns, and the rows by these names: at least one.

    Raises:
        ValueError: the table is damaged: it is no text, too large, has no row, or a row has more or
            fewer cells than there are columns.
        OSError: it cannot be read.
        RunError: it is not a regular file.
    """
    refuse_special(path)
    if path.stat().st_size > LARGEST:
        raise ValueError("it is too large")
    try:
        text = path.read_text(encoding="utf-8")
        columns, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if not rows:
        raise ValueError("it has no rows")
    if any(len(row) != len(columns) for row in rows):
        raise ValueError("its rows differ in length")
    return columns, [dict(zip(columns, row, strict=True)) for row in rows]
