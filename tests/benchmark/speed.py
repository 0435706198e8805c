"""How fast training and synthesis are, beside how fast this machine multiplies matrices.

    python tests/benchmark/speed.py
    python tests/benchmark/speed.py --setting recovery --rounds 1
    python tests/benchmark/speed.py --shrink 4 --json

For one setting it makes clips, trains on them as the command line does, in float32 and in
bfloat16, and then times Langevin inference, the learning step and synthesis again, each right
after the machine's rate. Any flag of main_dyn_G.py but --precision and --first_frame may be added.
Take the figures of a run as ratios within that run: the machine's speed drifts.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from util.experiments.registry import EXPERIMENTS  # noqa: E402
from util.options.command_line import parse  # noqa: E402
from util.options.schema import Options  # noqa: E402
from util.pictures.encoding import write_frames  # noqa: E402
from util.runs.jobs import prepare  # noqa: E402
from util.system.errors import CommandLineError, RunError  # noqa: E402
from util.system.tensorflow_setup import start_tensorflow  # noqa: E402

PRECISIONS = ("float32", "bfloat16")
MATRIX_SIDE = 2048
SETTINGS: dict[str, dict[str, Any]] = {
    "synthesis": {"sequences": 1, "num_frames": 60, "truncated_backprop_length": 30},
    "action": {
        "sequences": 30,
        "num_frames": 30,
        "truncated_backprop_length": 30,
        "batch_size": 30,
        "state_size": 3,
        "content_size": 100,
    },
    "recovery": {
        "sequences": 1,
        "image_size": 150,
        "num_frames": 70,
        "truncated_backprop_length": 70,
        "refsig": 0.5,
    },
    "inpainting": {
        "sequences": 1,
        "image_size": 128,
        "num_frames": 150,
        "truncated_backprop_length": 150,
        "refsig": 0.5,
    },
}


def spread(values: Sequence[float]) -> dict[str, float]:
    """The median of repeated measurements, and the smallest and the largest."""
    return {"median": float(np.median(values)), "min": min(values), "max": max(values)}


class Operations(NamedTuple):
    """Multiplications and additions in the transposed convolutions, of one pass over one frame.

    Fields:
        forward: 2·k²·channels in·channels out for every position of every layer's input. The
            gradient of the input takes as many, and the gradient of the kernel too.
        inside: the share of it that reaches pixels of the output, not beyond the border.
    """

    forward: float
    inside: float


def operations(options: Options) -> Operations:
    """Count what the emission network computes."""
    from model.networks import NETWORKS
    from model.transition import TRANSITIONS

    seen = TRANSITIONS[options.dynamic_mode].num_seen(options.state_size)
    side, channels = 1, options.content_size + seen
    total = inside = 0.0
    for spec in NETWORKS[options.frame_generator_mode]:
        out = spec.output_side(side)
        cut = max(spec.kernel - spec.stride, 0) // 2 if spec.padding == "SAME" else 0
        reached = sum(
            0 <= spec.stride * i - cut + tap < out
            for i in range(side)
            for tap in range(spec.kernel)
        )
        each = 2.0 * channels * spec.channels
        total += each * (side * spec.kernel) ** 2
        inside += each * reached**2
        side, channels = out, spec.channels
    return Operations(total, inside / total)


class MatrixRate:
    """The rate, in operations a second, at which TensorFlow multiplies two large matrices."""

    def __init__(self, precision: str):
        import tensorflow.compat.v1 as tf

        graph = tf.Graph()
        with graph.as_default():
            draw = tf.random.stateless_normal([MATRIX_SIDE, MATRIX_SIDE], [0, 1])
            matrix = tf.Variable(tf.cast(draw, precision), use_resource=True)
            self._product = tf.matmul(matrix, matrix).op
        self._session = tf.Session(graph=graph)
        self._session.run(matrix.initializer)
        self.measure()

    def measure(self) -> float:
        """The median of a few products."""
        times = [seconds(self._session.run, self._product) for _ in range(5)]
        return 2.0 * MATRIX_SIDE**3 / float(np.median(times))


def seconds(function: Callable, *arguments: Any) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - began


@contextmanager
def noting(owner: type, method: str, notes: list[tuple[float, float]]):
    """While active, note when each call of a method began and ended."""
    original = getattr(owner, method)

    def noted(*arguments, **keywords):
        began = time.perf_counter()
        result = original(*arguments, **keywords)
        notes.append((began, time.perf_counter()))
        return result

    setattr(owner, method, noted)
    try:
        yield
    finally:
        setattr(owner, method, original)


def make_clips(folder: Path, number: int, options: Options) -> None:
    """Clips of drifting waves and noise, as folders of pictures."""
    draw = np.random.default_rng(0)
    side = options.image_size
    down, across, times = np.ogrid[:side, :side, : options.num_frames]
    for clip in range(number):
        waves = [
            np.sin((a * down + b * across) * 2 * np.pi / side + c * times + phase)
            for a, b, c, phase in draw.uniform([-4, -4, -0.5, 0], [4, 4, 0.5, 6], (6, 4))
        ]
        bright = 127 + 30 * np.stack([waves[0] + waves[1], waves[2] + waves[3], sum(waves[3:])])
        bright = bright + 5 * draw.standard_normal(bright.shape)
        frames = np.clip(bright, 0, 255).astype(np.uint8).transpose(3, 1, 2, 0)
        write_frames(folder / f"{clip:03d}", frames)


class Run(NamedTuple):
    """A training run of one epoch as the user starts it, from clips to results.

    Fields:
        began: when the command was given, in seconds since 1970.
        peak: the largest amount of memory that it held, in bytes.
        log: its folder of TensorBoard events.
    """

    began: float
    peak: float
    log: Path

    def start(self) -> float:
        """Seconds from the command to the first epoch."""
        import tensorflow.compat.v1 as tf

        (events,) = self.log.iterdir()
        first = next(e for e in tf.train.summary_iterator(str(events)) if e.HasField("session_log"))
        return first.wall_time - self.began


def run_command(arguments: list[str], output: Path) -> Run:
    """Run one epoch in a process of its own.

    To be called while this process is small: a new process inherits the peak of its parent.
    """
    command = [sys.executable, str(PROJECT / "main_dyn_G.py"), *arguments, "--num_epochs", "1"]
    with tempfile.TemporaryFile() as messages:
        began = time.time()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=messages)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            messages.seek(0)
            raise SystemExit(messages.read().decode())
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(began, unit * usage.ru_maxrss, output / "waves" / "log")


class Epochs(NamedTuple):
    """Epochs of a training run with one checkpoint among them, all that belongs to them included.

    Fields:
        seconds: for one epoch.
        over_steps: that, divided by the time in its Langevin and learning steps.
    """

    seconds: float
    over_steps: float


def train_here(arguments: list[str], epochs: int) -> tuple[Epochs, Any]:
    """Train in this process; times `epochs` epochs after the first, and returns the model."""
    from model.dynamic_generator import DynamicGenerator
    from util.runs.epoch_log import EpochReporter
    from util.runs.training import train_model

    arguments = [*arguments, "--num_epochs", str(epochs + 1), "--log_step", str(epochs)]
    infer, learn, report = [], [], []
    with (
        noting(DynamicGenerator, "infer", infer),
        noting(DynamicGenerator, "learn", learn),
        noting(EpochReporter, "report", report),
    ):
        trained = train_model(prepare(parse(arguments, EXPERIMENTS)))
    opened, closed = report[0][1], report[-1][1]
    steps = sum(end - began for began, end in [*infer, *learn] if began > opened)
    return Epochs((closed - opened) / epochs, (closed - opened) / steps), trained


class Timed(NamedTuple):
    """One computation on one chunk: its time, the machine's rate before it, its frames."""

    seconds: float
    rate: float
    frames: int


def time_computations(trained: Any, rate: MatrixRate, repeats: int) -> dict[str, list[Timed]]:
    """Time inference, learning and synthesis of the first chunk in turn."""
    from model.latents import of_sequences
    from model.random_keys import Stream, random_key
    from util.runs.sampling import make_sampler

    options, generator = trained.options, trained.generator
    length = min(options.truncated_backprop_length, options.num_frames)
    statistics = make_sampler(generator, options, trained.latents).statistics
    latents = of_sequences(trained.latents, slice(options.batch_size))
    latents = latents._replace(innovations=latents.innovations[:, :length])
    frames = trained.clips.frames[: options.batch_size, :length]
    visible = trained.clips.visible
    if visible is not None:
        visible = visible[: options.batch_size, :length]
    key = random_key(0, Stream.LANGEVIN, 0, 0, 0)
    computations = {
        "langevin": lambda: generator.infer(frames, latents, True, key, visible),
        "learning": lambda: generator.learn(frames, latents, True, options.lr_gen, visible),
        "synthesis": lambda: generator.generate(latents, statistics),
    }
    measured = {name: [] for name in computations}
    for compute in computations.values():
        compute()
    for _ in range(repeats):
        for name, compute in computations.items():
            before = rate.measure()
            measured[name].append(
                Timed(seconds(compute), before, frames.shape[0] * frames.shape[1])
            )
    return measured


def benchmark(
    setting: dict[str, Any],
    shrink: int,
    rounds: int,
    epochs: int,
    repeats: int,
    flags: Sequence[str],
) -> dict[str, Any]:
    """All figures of a setting, by name; see `main` for the arguments."""
    # The figures of README.md are of the 15 Langevin steps of the published schedule.
    setting = {"schedule": "published", **setting}
    sequences = max(1, setting.pop("sequences") // shrink)
    for name in ("num_frames", "truncated_backprop_length"):
        setting[name] = max(2, setting[name] // shrink)
    setting["batch_size"] = sequences
    base = [*(f"--{name}={value}" for name, value in setting.items()), *flags]
    options = parse(base, EXPERIMENTS).options
    runs: dict[str, list[Run]] = {precision: [] for precision in PRECISIONS}
    trainings: dict[str, list[Epochs]] = {precision: [] for precision in PRECISIONS}
    timed: dict[str, dict[str, list[Timed]]] = {precision: {} for precision in PRECISIONS}
    with tempfile.TemporaryDirectory() as place:
        make_clips(Path(place) / "clips" / "waves", sequences, options)
        base += ["--category", "waves", "--data_path", f"{place}/clips"]

        def arguments(precision: str, output: Path) -> list[str]:
            return [*base, "--precision", precision, "--output_dir", str(output)]

        for turn in range(rounds):
            for precision in PRECISIONS:
                output = Path(place) / f"command_{precision}_{turn}"
                runs[precision].append(run_command(arguments(precision, output), output))
        start_tensorflow(debug=False)
        rates = {precision: MatrixRate(precision) for precision in PRECISIONS}
        for turn in range(rounds):
            for precision in PRECISIONS:
                output = Path(place) / f"here_{precision}_{turn}"
                seen, trained = train_here(arguments(precision, output), epochs)
                trainings[precision].append(seen)
                found = time_computations(trained, rates[precision], repeats)
                trained.generator.close()
                for name, values in found.items():
                    timed[precision].setdefault(name, []).extend(values)
        starts = {precision: [run.start() for run in runs[precision]] for precision in PRECISIONS}
    count = operations(options)
    passes = {"langevin": 2 * options.sample_steps, "learning": 3, "synthesis": 1}
    figures: dict[str, Any] = {
        "sequences": sequences,
        "num_frames": options.num_frames,
        "chunk_length": options.truncated_backprop_length,
        "image_size": options.image_size,
        "sample_steps": options.sample_steps,
        "operations_per_frame_and_pass": count.forward,
        "share_inside_the_border": count.inside,
    }
    for precision in PRECISIONS:
        found = timed[precision]
        of_computations: dict[str, Any] = {}
        for name, values in found.items():
            counted = passes[name] * count.forward
            of_computations[f"{name}_seconds"] = spread([one.seconds for one in values])
            of_computations[f"{name}_share"] = spread(
                [counted * one.frames / one.seconds / one.rate for one in values]
            )
        figures[precision] = {
            "matrix_rate": spread([one.rate for values in found.values() for one in values]),
            **of_computations,
            "synthesis_frames_per_second": spread(
                [one.frames / one.seconds for one in found["synthesis"]]
            ),
            "epoch_seconds": spread([seen.seconds for seen in trainings[precision]]),
            "epoch_over_steps": spread([seen.over_steps for seen in trainings[precision]]),
            "start_seconds": spread(starts[precision]),
            "peak_bytes": spread([run.peak for run in runs[precision]]),
        }
    return figures


ROWS = (
    # What a row is called, the figure that it shows, the unit that it is divided by, its form.
    ("matrix product, GFLOP/s", "matrix_rate", 1e9, ".0f"),
    ("Langevin loop of a chunk, s", "langevin_seconds", 1, ".3f"),
    ("  share of the matrix rate, %", "langevin_share", 0.01, ".0f"),
    ("learning step of a chunk, s", "learning_seconds", 1, ".3f"),
    ("  share of the matrix rate, %", "learning_share", 0.01, ".0f"),
    ("synthesis, frames/s", "synthesis_frames_per_second", 1, ".0f"),
    ("  share of the matrix rate, %", "synthesis_share", 0.01, ".0f"),
    ("epoch as the user runs it, s", "epoch_seconds", 1, ".2f"),
    ("  over its Langevin and learning", "epoch_over_steps", 1, ".3f"),
    ("start to first epoch, s", "start_seconds", 1, ".1f"),
    ("peak memory, MB", "peak_bytes", 1e6, ".0f"),
)


def table(figures: dict[str, Any]) -> str:
    """The figures for people: median, and smallest to largest."""
    lines = [
        "{sequences} x {num_frames} frames of {image_size}x{image_size}, chunks of {chunk_length}, "
        "{sample_steps} Langevin steps; {mega:.0f} MFLOP a frame and pass, all of the kernel "
        "counted at the border too ({inside:.0%} falls inside)".format(
            mega=figures["operations_per_frame_and_pass"] / 1e6,
            inside=figures["share_inside_the_border"],
            **figures,
        ),
        "",
        f"{'':34}" + "".join(f"{precision:28}" for precision in PRECISIONS),
    ]
    for title, name, unit, form in ROWS:
        cells = []
        for precision in PRECISIONS:
            values = [figures[precision][name][key] / unit for key in ("median", "min", "max")]
            cells.append("{} ({} to {})".format(*(format(value, form) for value in values)))
        lines.append(f"{title:34}" + "".join(f"{cell:28}" for cell in cells))
    epochs = [figures[precision]["epoch_seconds"]["median"] for precision in PRECISIONS]
    lines.append(f"\nan epoch in bfloat16 is {epochs[0] / epochs[1]:.2f} times as fast")
    return "\n".join(line.rstrip() for line in lines)


def at_least_1(text: str) -> int:
    """A number of times.

    Raises:
        ValueError: less than 1, or no number.
    """
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--setting", choices=SETTINGS, default="synthesis", help="sizes of which experiment")
    for name, default, text in (
        ("--shrink", 1, "divide frames, chunks and sequences by this"),
        ("--rounds", 3, "times that the whole is repeated"),
        ("--epochs", 10, "epochs timed in a round, after one that is not"),
        ("--repeats", 5, "times that each computation is timed in a round"),
    ):
        add(name, type=at_least_1, default=default, help=f"{text} (default: {default})")
    add("--json", action="store_true", help="print JSON, in seconds, operations and bytes")
    given, flags = parser.parse_known_args()
    setting = SETTINGS[given.setting]
    try:
        figures = benchmark(setting, given.shrink, given.rounds, given.epochs, given.repeats, flags)
    except (CommandLineError, RunError) as error:
        raise SystemExit(f"error: {error}") from error
    print(json.dumps(figures, indent=2) if given.json else table(figures))


if __name__ == "__main__":
    main()
