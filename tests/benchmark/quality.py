"""How good the synthesized videos become with the seconds of training, for several settings.

    python tests/benchmark/quality.py --category fire
    python tests/benchmark/quality.py --category fire --epochs 300 --settings "--schedule fast"

It trains once for each of the --settings, a string of flags of main_dyn_G.py each, and prints one
line at each log step: the seconds that all epochs so far took, the reconstruction error, and the
measures of the preview. The seconds do not contain checkpoints and pictures.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import tensorflow.compat.v1 as tf

PROJECT = Path(__file__).resolve().parents[2]
SETTINGS = (
    "--schedule published",
    "--schedule published --precision bfloat16 --sample_steps 6 --step_size 0.05",
    "--schedule fast",
)
ERRORS = (0.0316, 0.001)  # the seconds until the error is first below these are printed, too


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--category", default="fire")
    parser.add_argument("--data_path", default=str(PROJECT / "trainingVideo" / "dynamicTexture"))
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--log_step", type=int, default=25)
    parser.add_argument("--settings", nargs="+", default=SETTINGS)
    given = parser.parse_args(arguments)
    for settings in given.settings:
        print(f"\n{settings}")
        with tempfile.TemporaryDirectory() as place:
            flags = ["--category", given.category, "--data_path", given.data_path]
            flags += ["--num_epochs", str(given.epochs), "--log_step", str(given.log_step)]
            flags += ["--output_dir", place, "--max_to_keep", "1", *shlex.split(settings)]
            script = str(PROJECT / "main_dyn_G.py")
            subprocess.run([sys.executable, script, *flags], check=True, stdout=subprocess.DEVNULL)
            print_curve(figures_in(Path(place) / given.category / "log"))


def figures_in(log: Path) -> list[dict[str, float]]:
    """The figures of each epoch, by name, with the seconds of all epochs so far as `seconds`."""
    epochs: dict[int, dict[str, float]] = {}
    for events in sorted(log.glob("events.*")):
        for event in tf.train.summary_iterator(str(events)):
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    epochs.setdefault(event.step, {})[value.tag] = value.simple_value
    seconds = 0.0
    for _, figures in sorted(epochs.items()):
        seconds += figures["8_time/seconds_per_epoch"]
        figures["seconds"] = seconds
    return [figures | {"epoch": epoch} for epoch, figures in sorted(epochs.items())]


def print_curve(epochs: Sequence[dict[str, float]]) -> None:
    """Print a line for each epoch with measures, and the seconds until each of `ERRORS`."""
    measures = sorted({name for figures in epochs for name in figures if "2_measures/" in name})
    names = (name.removeprefix("2_measures/") for name in measures)
    print("  epoch seconds    error", *(f"{name:>14}" for name in names))
    for figures in epochs:
        if any(name in figures for name in measures):
            cells = (f"{figures.get(name, float('nan')):14.3f}" for name in measures)
            error = figures["1_error/mean_squared"]
            print(f"{figures['epoch']:7} {figures['seconds']:7.0f} {error:8.5f}", *cells)
    for error, seconds in seconds_to_errors(epochs):
        print(f"error below {error}: {seconds}")


def seconds_to_errors(epochs: Sequence[dict[str, float]]) -> Iterator[tuple[float, str]]:
    """For each of `ERRORS`: the seconds of training until the error is first below it."""
    for error in ERRORS:
        reached = [one for one in epochs if one["1_error/mean_squared"] < error]
        if reached:
            yield error, f"{reached[0]['seconds']:.1f} s, epoch {reached[0]['epoch']}"
        else:
            yield error, "not reached"


if __name__ == "__main__":
    main(sys.argv[1:])
