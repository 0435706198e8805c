"""How memory and time grow with the number of sequences.

    python tests/benchmark/many_sequences.py
    python tests/benchmark/many_sequences.py --counts 40 160 --image_size 16 --epochs 1

It simulates people by the simulation of the walkers, with other numbers, as folders of images in a
temporary folder. Then it trains on the first of them in a process for each count, and prints the
peak memory and the seconds of an epoch. Take the seconds as ratios within one run of the script:
the speed of a machine drifts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from trainingVideo.simulations import walkers  # noqa: E402
from util.experiments.registry import EXPERIMENTS  # noqa: E402
from util.options.command_line import parse  # noqa: E402
from util.runs.jobs import prepare  # noqa: E402
from util.system.tensorflow_setup import start_tensorflow  # noqa: E402

SEED = 20  # other families than that of the embedded walkers
FAMILY = 32  # people in a family, at most
FRAMES = 30
BATCH = 30


def make_sequence(folder: Path, number: int) -> None:
    """Simulate one person as a folder of images."""
    family, member = divmod(number, FAMILY)
    place = folder / f"{number:05d}"
    place.mkdir(parents=True)
    for frame, picture in enumerate(walkers.generate([SEED, family], member, FRAMES)):
        Image.fromarray(picture).save(place / f"{frame:02d}.png", compress_level=1)


def make_categories(place: Path, counts: Sequence[int]) -> None:
    """Simulate the most people, and make a category of links for each count."""
    people = place / "people"
    with ProcessPoolExecutor() as processes:
        list(processes.map(partial(make_sequence, people), range(max(counts)), chunksize=8))
    for count in counts:
        category = place / "data" / str(count)
        category.mkdir(parents=True)
        for folder in sorted(people.iterdir())[:count]:
            (category / folder.name).symlink_to(folder)


def peak_megabytes() -> float:
    """The peak of the resident memory of this process, VmHWM of Linux, with all mapped files."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(peak) * 1024 / 1e6


def measured(place: Path, count: int, image_size: int, epochs: int, results: bool) -> dict:
    """Train on `count` sequences in this process: seconds and megabytes by name.

    Args:
        results: whether the final results are written, too.
    """
    arguments = (
        f"--experiment action --category {count} --data_path {place / 'data'} "
        f"--output_dir {place / 'output'} --image_size {image_size} "
        f"--frame_generator_mode {image_size} --num_frames {FRAMES} --batch_size {BATCH} "
        f"--num_epochs {epochs} --log_step {epochs}"
    ).split()
    figures: dict[str, float] = {}
    job = None
    for name in ("decoding", "opening"):
        began = time.perf_counter()
        job = prepare(parse(arguments, EXPERIMENTS))
        figures[name] = time.perf_counter() - began
    assert job is not None
    figures["peak_before_training"] = peak_megabytes()
    began = time.perf_counter()
    for first in range(0, count, BATCH):
        job.clips.frames[first : first + BATCH]
    figures["reading"] = time.perf_counter() - began
    start_tensorflow(debug=False)
    from util.experiments.action import train
    from util.runs.training import train_model

    (train if results else train_model)(job)
    figures["epoch"] = float(np.median(seconds_of_epochs(job.run.log)))
    figures["peak"] = peak_megabytes()
    return figures


def seconds_of_epochs(log: Path) -> list[float]:
    """The seconds of each epoch but the first, in which TensorFlow starts, or of the only one."""
    import tensorflow.compat.v1 as tf

    seconds = [
        value.simple_value
        for file in log.iterdir()
        for event in tf.train.summary_iterator(str(file))
        for value in event.summary.value
        if value.tag == "8_time/seconds_per_epoch"
    ]
    return seconds[1:] or seconds


def report(count: int, figures: dict) -> str:
    """The figures of one count, in one line."""
    share = 100 * figures["reading"] / figures["epoch"]
    return (
        f"{count} sequences: peak memory {figures['peak']:.0f} MB "
        f"({figures['peak_before_training']:.0f} MB before training), epoch "
        f"{figures['epoch']:.2f} s ({1000 * figures['epoch'] / count:.1f} ms a sequence), reading "
        f"{figures['reading']:.2f} s ({share:.1f} % of an epoch), decoding into the cache "
        f"{figures['decoding']:.1f} s, opening and checking the cache {figures['opening']:.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--image_size", type=int, default=64, help="8, 16, 32 or 64")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--results", action="store_true", help="write the final results, too")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # the folder, in the process of a count
    given = parser.parse_args()
    if given.one:
        (count,) = given.counts
        one = measured(Path(given.one), count, given.image_size, given.epochs, given.results)
        print(json.dumps(one))
        return
    with tempfile.TemporaryDirectory(prefix="many-sequences-") as folder:
        make_categories(Path(folder), given.counts)
        found = {}
        for count in given.counts:
            same = ["--image_size", str(given.image_size), "--epochs", str(given.epochs)]
            same += ["--results"] if given.results else []
            command = [sys.executable, __file__, *same, "--one", folder, "--counts", str(count)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found[count] = json.loads(done.stdout.splitlines()[-1])
            print(report(count, found[count]), flush=True)
    least, most = min(found), max(found)
    if least < most:
        memory = found[most]["peak"] / found[least]["peak"]
        seconds = found[most]["epoch"] / found[least]["epoch"]
        print(
            f"{most} over {least} sequences ({most / least:.2f} times as many): memory "
            f"{memory:.3f}, seconds an epoch {seconds:.2f}"
        )


if __name__ == "__main__":
    main()
