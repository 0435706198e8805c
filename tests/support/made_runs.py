"""Run directories as a training leaves them, made without a training."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from support.command_line import encode, moving_pattern, recorded

BEGAN = 1_700_000_000.0  # seconds since 1970
EVALUATION = """\
sequence,video,wasserstein,sharpness,motion,state_step
ripples,synthesized_1,0.25,0.5,1,1.5
ripples,synthesized_2,0.75,1,,1.5
ripples,floor,0.125,1,1,
"""
RECOVERY = """\
sequence,recovered_by,absolute_error,psnr,ssim
ripples,average of the last 20,10.5,23.5,0.96
ripples,temporal mean,22,18.5,0.93
"""


def make_run(
    folder: Path,
    *arguments: str,
    errors: Sequence[float] = (0.5, 0.25, 0.125),
    videos: Mapping[str, int] | None = None,
    table: tuple[str, str] | None = ("evaluation.csv", EVALUATION),
    sequences: Sequence[str] = ("ripples",),
    began: float = BEGAN,
    versions: Mapping[str, str] | None = None,
) -> Path:
    """Make a run directory.

    Args:
        arguments: the command line of the training.
        errors: the mean squared error of each epoch.
        videos: the number of frames of each video in final_result/<sequence>/.
        table: name and text of the table in final_result/; None for none.
        began: when the run began, in seconds since 1970.
    """
    folder.mkdir(parents=True)
    about: dict[str, Any] = {
        "options": json.loads(recorded(arguments).to_json()),
        "command_lines": [["main_dyn_G.py", *arguments]],
        "versions": {"python": "3.11.7"} if versions is None else versions,
        "git_revision": "0123456789abcdef0123456789abcdef01234567-dirty",
    }
    (folder / "options.json").write_text(json.dumps(about), encoding="utf-8")
    mark = {"program": "dynamic generator", "sequences": list(sequences)}
    (folder / ".run").write_text(json.dumps(mark))
    write_events(folder / "log" / "events.out.tfevents.1700000000.host", errors, began=began)
    if table:
        (folder / "final_result").mkdir()
        (folder / "final_result" / table[0]).write_text(table[1], encoding="utf-8")
    for seed, name in enumerate(sequences):
        for kind, length in (videos or {}).items():
            (folder / "final_result" / name).mkdir(parents=True, exist_ok=True)
            write_mp4(folder / "final_result" / name / f"{kind}.mp4", seed, length)
    return folder


def write_mp4(path: Path, seed: int, length: int) -> None:
    """A video of 16 × 16 pixels at 25 frames per second, as the program writes it."""
    encode(path, moving_pattern(seed, length, 16), "-c:v", "libx264", "-pix_fmt", "yuv420p")


def write_events(
    path: Path,
    errors: Sequence[float],
    first_epoch: int = 0,
    tag: str = "1_error/mean_squared",
    began: float = BEGAN,
) -> None:
    """An event file with one value for each epoch, a second apart, and a start before them."""
    path.parent.mkdir(exist_ok=True)
    events = [
        Event(file_version="brain.Event:2"),
        Event(step=first_epoch + 1, session_log=SessionLog(status=SessionLog.START)),
    ]
    for epoch, error in enumerate(errors, first_epoch + 1):
        value = Summary.Value(tag=tag, simple_value=error)
        time = began + epoch
        events.append(Event(step=epoch, wall_time=time, summary=Summary(value=[value])))
    with open(path, "wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString())
