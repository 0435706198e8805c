"""What a command says at its end: what to look at first, and what to type next."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from util.options.schema import SEED, Options

LOOK_AT = 3  # files that are named


def look_at(folder: Path, sequences: Sequence[str]) -> str:
    """The files of a result that tell most, a line for each."""
    first = sequences[0] if sequences else ""
    candidates = (
        "overview.gif",
        f"{first}/side_by_side.gif",
        f"{first}/side_by_side.png",
        f"{first}_1.gif",
        *sorted(path.name for path in folder.glob("*.csv")),
        f"{first}_2.gif",
    )
    found = [name for name in candidates if (folder / name).is_file()][:LOOK_AT]
    return "\n".join(["look first at", *(f"  {folder / name}" for name in found)])


def after_training(options: Options, encodes: bool) -> str:
    """The command that samples more videos from the trained model."""
    words = ["python", "main_dyn_G.py", "--category", options.category, "--isTraining", "False"]
    if options.experiment != Options.experiment or options.output_dir != Options.output_dir:
        words += ["--output_dir", options.output_dir]
    command = shlex.join(words)
    if encodes:
        return f"next, animate images: {command} --image PATH [PATH ...]"
    return f"next, sample new videos: {command}"


def after_sampling(options: Options) -> str:
    """How to get other videos than those that a test has written."""
    other = options.seed + 1 if SEED.holds(options.seed + 1) else 0
    return f"other videos: the same command with --seed {other}"
