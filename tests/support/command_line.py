"""Running main_dyn_G.py as its users do: small clips, a new directory, a separate process.

A process is a child of a server that has imported TensorFlow already (`start`, `run`), or of Python
(`start_alone`). `run_here` runs the command line in the process of the tests.
"""

import atexit
import contextlib
import functools
import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest import mock

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from support.processes import Child, Ended, Server
from support.server import ROOT, SCRIPT

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import main_dyn_G  # noqa: E402
from model import dynamic_generator  # noqa: E402
from model.graph import ModelGraph, build_graph  # noqa: E402
from model.initial_motion import FROM_PRIOR  # noqa: E402
from model.matched_to_clips import MATCHED  # noqa: E402
from util.experiments.registry import EXPERIMENTS  # noqa: E402
from util.options import command_line  # noqa: E402
from util.options.schema import Options  # noqa: E402
from util.pictures.encoding import write_frames  # noqa: E402
from util.pictures.sheets import Row, Sheet  # noqa: E402
from util.runs import checkpoints  # noqa: E402
from util.system import notes  # noqa: E402
from util.system.errors import RunError  # noqa: E402

# A run that takes seconds; 5 frames in chunks of 2 leave a shorter last chunk.
SMALL = {
    "category": "waves",
    "image_size": 8,
    "num_frames": 5,
    "truncated_backprop_length": 2,
    "state_size": 4,
    "z_size": 3,
    "sample_steps": 2,
    "num_epochs": 6,
    "log_step": 2,
    "enlarge": 1,
}
# Enough epochs to learn, and to kill the run at a random moment before it has ended.
LONGER = {
    **SMALL,
    "isTraining": True,
    "num_epochs": 31,
    "log_step": 3,
    "max_to_keep": 50,
    "num_batches_in_test": 1,
    "num_sections_in_test": 1,
}
LONG_ENOUGH = 300  # seconds after which a process counts as hung


# --- Clips ---


def moving_pattern(seed: int, length: int = 7, side: int = 12) -> np.ndarray:
    """Travelling coloured waves, uint8 [length, side, side, 3]; all frames differ."""
    random = np.random.default_rng(seed)
    down, across = np.indices((side, side)) / side
    time_, colours = np.arange(length), random.uniform(0, 6, 3)
    speed = random.uniform(0.5, 1.0)
    phase = 6 * (down + random.uniform(0.5, 1.5) * across)[..., None] + colours
    return np.uint8(127 + 120 * np.sin(phase - speed * time_[:, None, None, None]))


def encode(path: Path, frames: np.ndarray, *output: str) -> Path:
    """Write uint8 frames [T, H, W, 3] as a video, by ffmpeg with the arguments `output`."""
    height, width = frames.shape[1:3]
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "25"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *source, "-i", "-"]
    subprocess.run([*command, *output, str(path)], input=frames.tobytes(), check=True)
    return path


def make_folder(place: Path) -> Path:
    """Make the folder of the category of `SMALL`, in the default --data_path."""
    folder = place / "trainingVideo" / "dynamicTexture" / SMALL["category"]
    folder.mkdir(parents=True)
    return folder


def make_clips(place: Path) -> Path:
    """Write two sequences in the category's folder: a lossless video and a folder of images."""
    folder = make_folder(place)
    encode(folder / "ripples.avi", moving_pattern(1), "-c:v", "ffv1", "-pix_fmt", "bgr0")
    write_frames(folder / "swell", moving_pattern(2))
    return folder


def make_sequences(place: Path, names: Sequence[str], length: int) -> None:
    """Write clips of `length` frames below `place`: the category `waves` of the action dataset."""
    folder = place / "trainingVideo" / "action_dataset" / "waves"
    folder.mkdir(parents=True)
    for seed, name in enumerate(names):
        lossless = ("-c:v", "ffv1", "-pix_fmt", "bgr0")
        encode(folder / f"{name}.avi", moving_pattern(seed, length), *lossless)


IN_A_GIF = 1e-3  # relative tolerance of measures: a few colours of a GIF are rounded


def played(path: Path, side: tuple[int, int]) -> np.ndarray:
    """The frames of a GIF, uint8 [T, H, W, 3]; `side` is (height, width)."""
    frames = []
    with Image.open(path) as image:
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
    assert frames[0].shape[:2] == side
    return np.stack(frames)


def frames_in(folder: Path) -> np.ndarray:
    """The frames of a folder of numbered pictures, uint8 [T, H, W, 3]."""
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f"{number:05d}.png" for number in range(len(files))]
    return np.stack([np.asarray(Image.open(file)) for file in files])


def places_of(sheet: np.ndarray, frame: np.ndarray, factor: int) -> list[tuple[int, int]]:
    """Where a frame [h, w, 3] is on a sheet [H, W, 3], enlarged: (top, left), row by row."""
    whole = np.kron(frame.transpose(2, 0, 1), np.ones((factor, factor), np.uint8))
    whole = whole.transpose(1, 2, 0)
    height, width = whole.shape[:2]
    corners = sheet[: sheet.shape[0] - height + 1, : sheet.shape[1] - width + 1]
    candidates = np.argwhere((corners == whole[0, 0]).all(axis=-1)).tolist()
    return [
        (top, left)
        for top, left in candidates
        if np.array_equal(sheet[top : top + height, left : left + width], whole)
    ]


def panels(picture: np.ndarray, rows: Sequence[Row]) -> list[np.ndarray]:
    """The frames of each row of a sheet with factor 1, uint8 [n, H, W, 3].

    Args:
        rows: the labels of the sheet, and any frames of the right size.
    """
    sheet = Sheet(rows, 1)
    assert picture.shape[:2] == sheet.size
    return [
        np.stack(
            [
                picture[top : top + video.shape[1], left : left + video.shape[2]]
                for video, left in zip(row.videos, sheet.lefts, strict=False)
            ]
        )
        for row, top in zip(rows, sheet.tops, strict=True)
    ]


# --- Command lines ---


def parse(arguments: Sequence[str]) -> command_line.CommandLine:
    """Read a command line as main_dyn_G.py does."""
    return command_line.parse(arguments, EXPERIMENTS)


def recorded(arguments: Sequence[str], transition: str = "nonlinear") -> Options:
    """The options that a run with a command line records.

    Args:
        transition: the one of its clips, if it is to be matched. First latents that are to be
            matched come from the prior.
    """
    options = parse(arguments).options
    if options.dynamic_mode == MATCHED:
        options = replace(options, dynamic_mode=transition)
    if options.initial_latents == MATCHED:
        options = replace(options, initial_latents=FROM_PRIOR)
    return options


def flags(**options: Any) -> list[str]:
    """Options as a command line."""
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]


@functools.cache
def fork_server() -> tuple[Server, Path]:
    """The server of this process of tests, and the folder of what its children print."""
    server, printed = Server(), Path(tempfile.mkdtemp(prefix="printed-"))
    atexit.register(shutil.rmtree, printed, ignore_errors=True)
    atexit.register(server.close)
    return server, printed


def start(
    place: Path,
    *arguments: Any,
    environment: Mapping[str, str] | None = None,
    largest_file: int = 0,
) -> Child:
    """Start main_dyn_G.py in the directory `place`; `environment` and `largest_file` as `Child`."""
    server, printed = fork_server()
    words = [str(argument) for argument in arguments]
    return Child(server, place, printed, words, environment, largest_file)


def start_alone(
    place: Path, *arguments: Any, script: tuple = (SCRIPT,), **process: Any
) -> subprocess.Popen:
    """Start a new Python with main_dyn_G.py, for what a child of the server cannot show.

    Args:
        script: the words before the arguments, for other things to run than main_dyn_G.py.
        process: as of `subprocess.Popen`.
    """
    return subprocess.Popen(
        [sys.executable, *map(str, (*script, *arguments))],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **process,
    )


def end_of(process: Child | subprocess.Popen, patience: float = LONG_ENOUGH) -> Ended:
    """Wait for a process; kill it and fail if it is not over in `patience` seconds."""
    if isinstance(process, Child):
        ended = process.end(patience)
        assert not ended.hung, ended
        return ended
    try:
        stdout, stderr = process.communicate(timeout=patience)
    finally:
        process.kill()
    return Ended(process.returncode, stdout, stderr)


def run(place: Path, *arguments: Any, **process: Any) -> Ended:
    """Run main_dyn_G.py in the directory `place`, in its own process; `process` as of `start`."""
    return end_of(start(place, *arguments, **process))


def built_once(settings, chunk_lengths, learns, workers) -> ModelGraph:
    """The graph of a model. It never changes, and building it takes most of the time of a run."""
    return _built(settings, frozenset(chunk_lengths), learns, workers)


_built = functools.lru_cache(maxsize=16)(build_graph)


def run_here(place: Path, *arguments: Any) -> Ended:
    """Like `run`, but in this process.

    It saves the start of TensorFlow, and it builds no graph that an earlier run has built.
    """
    notes._tell.cache_clear()  # a line told to an earlier command line is told again
    stdout, stderr = io.StringIO(), io.StringIO()
    before = os.getcwd()
    os.chdir(place)
    try:
        with (
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
            mock.patch.object(dynamic_generator, "build_graph", built_once),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("error", RuntimeWarning)  # a person would see it as noise
            returncode = main_dyn_G.main([str(argument) for argument in arguments])
    finally:
        os.chdir(before)
    return Ended(returncode, stdout.getvalue(), stderr.getvalue())


def train_on_sequences(
    place: Path, names: Sequence[str], length: int, training: dict[str, Any]
) -> Ended:
    """Make the clips of several sequences in `place` and train on them, as a process."""
    make_sequences(place, names, length)
    outcome = run(place, *flags(**training))
    assert outcome.returncode == 0, outcome.stderr
    return outcome


def wait_until(happened: Callable[[], bool], process: Child | subprocess.Popen) -> None:
    """Wait until `happened` is true; fails if the process ends before, or hangs and is killed."""
    give_up = time.monotonic() + LONG_ENOUGH
    while not happened():
        assert process.poll() is None, end_of(process)
        if time.monotonic() > give_up:
            process.kill()
            pytest.fail(f"waited in vain for {end_of(process)}")
        time.sleep(0.001)


def refused(outcome: Ended, exit_code: int) -> str:
    """The error line of a refused command line."""
    assert outcome.returncode == exit_code, outcome
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("error: "), outcome.stderr
    assert outcome.stderr.count("\n") == 1, outcome.stderr
    return outcome.stderr


def refusal(call: Callable, *arguments: Any, **named: Any) -> str:
    """The error line of a function that refuses its arguments by RunError."""
    with pytest.raises(RunError) as caught:
        call(*arguments, **named)
    message = str(caught.value)
    assert "\n" not in message
    return message


# --- Results of a run ---


def run_directory(place: Path) -> Path:
    """The run directory of `SMALL`."""
    return place / "output_synthesis" / SMALL["category"]


def change_checkpoint(place: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the arrays of the newest checkpoint of `SMALL`; `change` gets them by name."""
    models, epoch = run_directory(place) / "model", SMALL["num_epochs"]
    values = checkpoints.load(models / f"model.ckpt-{epoch}")
    change(values)
    checkpoints.save(models, epoch, values, max_to_keep=5)


def script_module(path: Path) -> ModuleType:
    """A script that is run by hand, as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tree(folder: Path) -> dict[str, str]:
    """All paths below a folder, with the digest of each file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in folder.rglob("*")
    }


def arrays(checkpoint: Path) -> dict[str, bytes]:
    """The bytes of every array of a checkpoint except the options, as TensorFlow reads them."""
    import tensorflow.compat.v1 as tf

    reader = tf.train.load_checkpoint(str(checkpoint))
    types = reader.get_variable_to_dtype_map()
    values = {name: reader.get_tensor(name) for name in types if name != "options"}
    return {
        name: repr(value).encode() if types[name] == tf.string else np.asarray(value).tobytes()
        for name, value in values.items()
    }


class Trained(NamedTuple):
    """A finished training run, shared by all tests. No test may change it."""

    place: Path
    outcome: Ended

    def copy(self, place: Path) -> Path:
        """Copy its clips and results to `place`. Returns the run directory there."""
        shutil.copytree(self.place, place, dirs_exist_ok=True)
        return run_directory(place)


@functools.cache
def trained(**further: Any) -> Trained:
    """A run of `SMALL` with further options, trained once for all tests."""
    return _train(isTraining=True, **SMALL, **further)


@functools.cache
def trained_longer() -> Trained:
    """A run of `LONGER` without interruption, trained once for all tests."""
    return _train(**LONGER)


def _train(**options: Any) -> Trained:
    place = Path(tempfile.mkdtemp(prefix="trained-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    make_clips(place)
    outcome = run(place, *flags(**options))
    assert outcome.returncode == 0, outcome.stderr
    return Trained(place, outcome)
