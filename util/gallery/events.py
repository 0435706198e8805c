"""The figures of a run over its epochs, from its TensorBoard events, without TensorFlow.

An event file is a sequence of frames: length of the data (8 bytes), checksum of the length (4),
data, checksum of the data (4). Videos make the files large. Data of more than `LARGEST` bytes hold
no figures of an epoch, so they are skipped.
"""

import math
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from google.protobuf.message import DecodeError
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from util.system.errors import RunError
from util.system.regular_files import refuse_special

LARGEST = 1 << 14  # bytes; the figures of an epoch have about one thousand
HEADER = struct.Struct("<QI")

Points = dict[int, float]  # epoch → value


class Figures(NamedTuple):
    """The figures of a run.

    Fields:
        points: for each tag, the values by their epochs, in the order of the epochs.
        last_time: seconds since 1970 of the last event with a figure; NaN if there is none.
        problems: what cannot be read, a line for each file.
    """

    points: dict[str, Points]
    last_time: float
    problems: list[str]


class Damaged(Exception):
    """An event file has other bytes than its writer wrote."""


def read_figures(log: Path, tags: frozenset[str]) -> Figures:
    """The figures with these tags in the event files of a folder; NaN and infinity are left out.

    A resumed run has several files. Where a later file begins, it replaces what earlier files have
    from this epoch on. A file whose end is missing is normal, as a killed run leaves it.
    """
    points: dict[str, Points] = {tag: {} for tag in tags}
    last_time = math.nan
    problems = []
    try:
        files = sorted(log.glob("events.out.tfevents.*"), key=_age)
    except OSError as error:
        return Figures({}, math.nan, [f"{log.name}/ cannot be read: {error.strerror}"])
    for path in files:
        try:
            refuse_special(path)
            for data in _records(path):
                event = Event.FromString(data)
                if event.session_log.status == SessionLog.START:
                    _drop_from(event.step, points)
                for value in event.summary.value:
                    if value.tag in tags and value.HasField("simple_value"):
                        last_time = event.wall_time
                        if math.isfinite(value.simple_value):
                            points[value.tag][event.step] = value.simple_value
        except (Damaged, DecodeError, OSError, RunError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is damaged"
            problems.append(f"log/{path.name} cannot be read to its end: {reason}")
    ordered = {tag: dict(sorted(values.items())) for tag, values in points.items() if values}
    return Figures(ordered, last_time, problems)


def _age(path: Path) -> tuple[int, str]:
    """When an event file was begun, from its name: events.out.tfevents.<seconds>.<host>…"""
    seconds = path.name.split(".")[3]
    return int(seconds) if seconds.isascii() and seconds.isdigit() else 0, path.name


def _drop_from(epoch: int, points: dict[str, Points]) -> None:
    for values in points.values():
        for later in [one for one in values if one >= epoch]:
            del values[later]


def _records(path: Path) -> Iterator[bytes]:
    """The data of the frames of an event file, of at most `LARGEST` bytes each.

    Raises:
        Damaged: the length of a frame is not what was written.
    """
    with open(path, "rb") as file:
        left = os.fstat(file.fileno()).st_size
        while left >= HEADER.size:
            header = file.read(HEADER.size)
            length, checksum = HEADER.unpack(header)
            left -= HEADER.size + length + 4
            if left < 0 or not length:
                if masked_crc32c(header[:8]) != checksum or not length:
                    raise Damaged
                return
            if length > LARGEST:
                file.seek(length + 4, os.SEEK_CUR)
            else:
                yield file.read(length)
                file.seek(4, os.SEEK_CUR)
