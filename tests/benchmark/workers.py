"""How much time several workers of this machine need, and whether they compute the same.

    python tests/benchmark/workers.py
    python tests/benchmark/workers.py --workers 2 --rounds 3 --epochs 3 -- --image_size 32

It trains on embedded clips by one process and by several workers in turn, on the same cores, and
prints the seconds of an epoch of each and their ratio. Words after -- go to main_dyn_G.py. The last
line compares the weights and latents of a training by all workers with --shared_statistics True
with those of one process. Take ratios within one call: the speed of a machine drifts.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from util.gallery.events import read_figures  # noqa: E402

SECONDS = "8_time/seconds_per_epoch"
CATEGORY = "walkers"


def train(folder: Path, epochs: int, words: Sequence[str]) -> Path:
    """Train in a process of its own; the run directory."""
    command = [
        *(sys.executable, str(PROJECT / "main_dyn_G.py"), "--experiment", "action"),
        *("--category", CATEGORY, "--data_path", str(PROJECT / "trainingVideo/action_dataset")),
        *("--output_dir", str(folder), "--num_epochs", str(epochs), "--log_step", str(epochs)),
        *("--results_for", "1", "--num_batches_in_test", "1", *words),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder.parent)
    return folder / CATEGORY


def seconds_of_epoch(run: Path) -> float:
    """The median of the seconds of all epochs but the first, in which TensorFlow starts."""
    figures = read_figures(run / "log", frozenset([SECONDS]))
    seconds = list(figures.points[SECONDS].values())
    return median(seconds[1:] or seconds)


def largest_difference(one: Path, other: Path, epochs: int, prefix: str) -> float:
    """The largest difference of arrays whose names begin so, relative to the array's largest."""
    import tensorflow.compat.v1 as tf

    first, second = (
        tf.train.load_checkpoint(str(run / "model" / f"model.ckpt-{epochs}"))
        for run in (one, other)
    )
    names = [
        name
        for name, dtype in first.get_variable_to_dtype_map().items()
        if dtype == tf.float32 and name.startswith(prefix) and "Adam" not in name
    ]
    differences = [0.0]
    for name in names:
        values, others = first.get_tensor(name), second.get_tensor(name)
        if values.size:
            differences.append(np.abs(values - others).max() / np.abs(values).max())
    return float(max(differences))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="trainings of each kind, in turn")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("words", nargs="*", help="more flags of main_dyn_G.py, after --")
    given = parser.parse_args()
    together = ["--workers", str(given.workers)]
    with tempfile.TemporaryDirectory(prefix="workers-") as place:
        kinds: dict[str, list[str]] = {
            "one process": [],
            f"{given.workers} workers": together,
            f"{given.workers} workers, shared statistics": [*together, "--shared_statistics", "1"],
        }
        seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
        runs: dict[str, Path] = {}
        for turn in range(given.rounds):
            for number, (kind, words) in enumerate(kinds.items()):
                folder = Path(place) / f"{turn}_{number}"
                runs[kind] = train(folder, given.epochs, [*words, *given.words])
                seconds[kind].append(seconds_of_epoch(runs[kind]))
        alone = median(seconds["one process"])
        for kind, values in seconds.items():
            print(
                f"{kind}: {median(values):.2f} s an epoch ({min(values):.2f} to {max(values):.2f}),"
                f" {median(values) / alone:.3f} of one process"
            )
        for kind in list(kinds)[1:]:
            found = {
                what: largest_difference(runs["one process"], runs[kind], given.epochs, prefix)
                for what, prefix in (
                    ("latents", "latents/"),
                    ("weights of the emission", "emission/"),
                    ("weights of the transition", "transition/"),
                )
            }
            words_of = ", ".join(f"{what} {value:.1e}" for what, value in found.items())
            print(f"largest relative difference of {kind} to one process: {words_of}")


if __name__ == "__main__":
    main()
