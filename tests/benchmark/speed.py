"""How fast training and synthesis are, beside how fast this machine multiplies matrices.

    python tests/benchmark/speed.py
    python tests/benchmark/speed.py --setting recovery --rounds 1
    python tests/benchmark/speed.py --shrink 4 --json

For one setting it makes clips, trains on them as the command line does, in float32 and in
bfloat16, and then times Langevin inference, the learning step and synthesis again, each between
two measurements of the machine's rate. Any flag of main_dyn_G.py may be added. Take the figures
of a run as ratios within that run: the machine's speed drifts.
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

from util.options import Options, parse  # noqa: E402
from util.pictures import write_frames  # noqa: E402
from util.preparation import prepare  # noqa: E402
from util.tensorflow_setup import start_tensorflow  # noqa: E402

PRECISIONS = ("float32", "bfloat16")
MATRIX_SIDE = 2048
CHUNK_FLAGS = ("num_frames", "truncated_backprop_length")
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
    from model.emission import NETWORKS

    side, channels = 1, options.content_size + options.state_size
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
    """A training run as the user starts it, from clips to results.

    Fields:
        start: seconds from the command to the first epoch.
        peak: the largest amount of memory that it held, in bytes.
    """

    start: float
    peak: float


def run_command(arguments: list[str], log: Path) -> Run:
    """Run one epoch in a process of its own."""
    command = [sys.executable, str(PROJECT / "main_dyn_G.py"), *arguments, "--num_epochs", "1"]
    began = time.time()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(message)
    import tensorflow.compat.v1 as tf

    (events,) = log.iterdir()
    first = next(event for event in tf.train.summary_iterator(str(events)) if event.session_log)
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Run(first.wall_time - began, 1024 * kilobytes)


class Epochs(NamedTuple):
    """Epochs of a training run, all that belongs to them included.

    Fields:
        seconds: for one epoch.
        over_steps: that, divided by the time in its Langevin and learning steps.
    """

    seconds: float
    over_steps: float


def train_here(arguments: list[str], epochs: int) -> tuple[Epochs, Any]:
    """Train in this process; times `epochs` epochs after the first, and returns the model."""
    from model.dynamic_generator import DynamicGenerator
    from util.bookkeeping import Bookkeeping
    from util.training import train

    arguments = [*arguments, "--num_epochs", str(epochs + 1), "--overwrite", "True"]
    infer, learn, note = [], [], []
    with (
        noting(DynamicGenerator, "infer", infer),
        noting(DynamicGenerator, "learn", learn),
        noting(Bookkeeping, "note", note),
    ):
        trained = train(prepare(parse(arguments)))
    opened, closed = note[0][1], note[-1][1]
    steps = sum(end - began for began, end in [*infer, *learn] if began > opened)
    return Epochs((closed - opened) / epochs, (closed - opened) / steps), trained


def time_computations(trained: Any, rate: MatrixRate, repeats: int) -> dict[str, list]:
    """Seconds of each computation on the first chunk, and the machine's rate just before it."""
    from model.latents import of_sequences
    from model.random_keys import Stream, random_key

    options, generator = trained.options, trained.generator
    length = options.truncated_backprop_length
    latents = of_sequences(trained.latents, slice(options.batch_size))
    latents = latents._replace(innovations=latents.innovations[:, :length])
    frames = trained.clips.frames[: options.batch_size, :length]
    key = random_key(0, Stream.LANGEVIN, 0, 0, 0)
    computations = {
        "langevin": lambda: generator.infer(frames, latents, True, key),
        "learning": lambda: generator.learn(frames, latents, True),
        "synthesis": lambda: generator.generate(latents, options.normalization_in_test),
    }
    measured = {name: [] for name in computations}
    for compute in computations.values():
        compute()
    for _ in range(repeats):
        for name, compute in computations.items():
            measured[name].append((rate.measure(), seconds(compute)))
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
    setting = dict(setting)
    sequences = max(1, setting.pop("sequences") // shrink)
    for name in ("num_frames", "truncated_backprop_length"):
        setting[name] = max(2, setting[name] // shrink)
    setting["batch_size"] = sequences
    base = [*(f"--{name}={value}" for name, value in setting.items()), *flags]
    options = parse(base).options
    runs: dict[str, list[Run]] = {precision: [] for precision in PRECISIONS}
    trainings: dict[str, list[Epochs]] = {precision: [] for precision in PRECISIONS}
    times: dict[str, dict[str, list]] = {precision: {} for precision in PRECISIONS}
    with tempfile.TemporaryDirectory() as place:
        make_clips(Path(place) / "clips" / "waves", sequences, options)
        base += ["--category", "waves", "--data_path", f"{place}/clips"]
        for turn in range(rounds):
            for precision in PRECISIONS:
                output = Path(place) / f"{precision}_{turn}"
                arguments = [*base, "--precision", precision, "--output_dir", str(output)]
                runs[precision].append(run_command(arguments, output / "waves" / "log"))
                epochs_seen, trained = train_here(arguments, epochs)
                trainings[precision].append(epochs_seen)
                timed = time_computations(trained, MatrixRate(precision), repeats)
                trained.generator.close()
                for name, values in timed.items():
                    times[precision].setdefault(name, []).extend(values)
    count = operations(options)
    frames = sequences * options.truncated_backprop_length
    passes = {"langevin": 2 * options.sample_steps, "learning": 3, "synthesis": 1}
    figures: dict[str, Any] = {
        "sequences": sequences,
        "num_frames": options.num_frames,
        "chunk_length": options.truncated_backprop_length,
        "image_size": options.image_size,
        "operations_per_frame_and_pass": count.forward,
        "share_inside_the_border": count.inside,
    }
    for precision in PRECISIONS:
        found = times[precision]
        figures[precision] = {
            "matrix_rate": spread([rate for name in passes for rate, _ in found[name]]),
            **{f"{name}_seconds": spread([taken for _, taken in found[name]]) for name in passes},
            **{
                f"{name}_share": spread(
                    [passes[name] * frames * count.forward / taken / r for r, taken in found[name]]
                )
                for name in passes
            },
            "synthesis_frames_per_second": spread([frames / t for _, t in found["synthesis"]]),
            "epoch_seconds": spread([seen.seconds for seen in trainings[precision]]),
            "epoch_over_steps": spread([seen.over_steps for seen in trainings[precision]]),
            "start_seconds": spread([run.start for run in runs[precision]]),
            "peak_bytes": spread([run.peak for run in runs[precision]]),
        }
    return figures


ROWS = (
    # What a row is called, the figure that it shows, the unit that it is divided by, its form.
    ("matrix product, GFLOP/s", "matrix_rate", 1e9, ".0f"),
    ("Langevin loop of a chunk, s", "langevin_seconds", 1, ".3f"),
    ("share of the matrix rate, %", "langevin_share", 0.01, ".0f"),
    ("learning step of a chunk, s", "learning_seconds", 1, ".3f"),
    ("share of the matrix rate, %", "learning_share", 0.01, ".0f"),
    ("epoch as the user runs it, s", "epoch_seconds", 1, ".2f"),
    ("divided by its steps", "epoch_over_steps", 1, ".3f"),
    ("synthesis, frames/s", "synthesis_frames_per_second", 1, ".0f"),
    ("share of the matrix rate, %", "synthesis_share", 0.01, ".0f"),
    ("start to first epoch, s", "start_seconds", 1, ".1f"),
    ("peak memory, MB", "peak_bytes", 1e6, ".0f"),
)


def table(figures: dict[str, Any]) -> str:
    """The figures for people: median, and smallest to largest."""
    lines = [
        "{sequences} x {num_frames} frames of {image_size}x{image_size}, chunks of {chunk_length}; "
        "{mega:.0f} MFLOP a frame and pass, {inside:.0%} of them inside the border".format(
            mega=figures["operations_per_frame_and_pass"] / 1e6,
            inside=figures["share_inside_the_border"],
            **figures,
        ),
        "",
        f"{'':32}" + "".join(f"{precision:28}" for precision in PRECISIONS),
    ]
    for title, name, unit, form in ROWS:
        cells = []
        for precision in PRECISIONS:
            values = [figures[precision][name][key] / unit for key in ("median", "min", "max")]
            cells.append("{} ({} to {})".format(*(format(value, form) for value in values)))
        lines.append(f"{title:32}" + "".join(f"{cell:28}" for cell in cells))
    epochs = [figures[precision]["epoch_seconds"]["median"] for precision in PRECISIONS]
    lines.append(f"\nan epoch in bfloat16 is {epochs[0] / epochs[1]:.2f} times as fast")
    return "\n".join(line.rstrip() for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--setting", choices=SETTINGS, default="synthesis", help="sizes of which experiment")
    add("--shrink", type=int, default=1, help="divide frames, chunks and sequences by this")
    add("--rounds", type=int, default=3, help="times that the whole is repeated")
    add("--epochs", type=int, default=10, help="epochs timed in a round, after one that is not")
    add("--repeats", type=int, default=5, help="times that each computation is timed in a round")
    add("--json", action="store_true", help="print JSON, in seconds, operations and bytes")
    given, flags = parser.parse_known_args()
    setting = SETTINGS[given.setting]
    start_tensorflow(debug=False)
    figures = benchmark(setting, given.shrink, given.rounds, given.epochs, given.repeats, flags)
    print(json.dumps(figures, indent=2) if given.json else table(figures))


if __name__ == "__main__":
    main()
