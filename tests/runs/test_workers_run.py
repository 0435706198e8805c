"""Several workers train as one does; when one dies, all end, and the run goes on with others."""

import signal

import numpy as np
import pytest
from support.command_line import (
    SMALL,
    end_of,
    flags,
    make_clips,
    make_sequences,
    refused,
    run,
    run_here,
    start,
    tree,
    wait_until,
)

from util.gallery.events import read_figures
from util.runs import checkpoints
from util.workers.local import local_cluster

SECONDS = "8_time/seconds_per_epoch"
EIGHT = {
    **SMALL,
    "experiment": "action",
    "content_size": 5,
    "batch_size": 3,
    "precision": "float32",
    "num_epochs": 3,
    "log_step": 1,
    "num_batches_in_test": 1,
    "num_sections_in_test": 1,
    "results_for": 1,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with eight sequences."""
    folder = tmp_path_factory.mktemp("workers")
    make_sequences(folder, [f"s{number}" for number in range(8)], 6)
    return folder


def checkpoint(place, output_dir, epoch) -> dict[str, np.ndarray]:
    return checkpoints.load(
        place / output_dir / SMALL["category"] / "model" / f"model.ckpt-{epoch}"
    )


def test_two_workers_with_shared_statistics_agree_with_one(place):
    """Adam divides by the size of a gradient, so weights differ more than their gradients do.

    With their own statistics, latents differ by 1e-3 after the first epoch, and weights by 0.9.
    With shared ones, by 1e-7 and 1e-4, or by 1e-5 and 0.09 if rounding moves a unit across 0.
    """
    outcome = run(
        place,
        *flags(**EIGHT, workers=2, shared_statistics=True, output_dir="two"),
        environment={"CUDA_VISIBLE_DEVICES": "-1"},  # where one is set, each worker needs its own
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "worker 1" not in outcome.stderr.replace("waiting for worker 1", "")
    assert run(place, *flags(**EIGHT, output_dir="one")).returncode == 0
    two, one = (checkpoint(place, folder, 1) for folder in ("two", "one"))
    assert two.keys() == one.keys()
    largest = {"latents": 0.0, "weights": 0.0}
    for name, values in one.items():
        if np.issubdtype(np.asarray(values).dtype, np.floating) and np.size(values):
            difference = np.linalg.norm(two[name] - values) / np.linalg.norm(values)
            kind = "latents" if name.startswith("latents/") else "weights"
            largest[kind] = max(largest[kind], difference)
    assert largest["latents"] < 1e-4
    assert largest["weights"] < 0.3
    written = [
        {path for path in tree(place / folder) if "events" not in path} for folder in ("two", "one")
    ]
    assert written[0] == written[1]


def epochs_logged(run_directory):
    """The number of epochs whose figures are in the event files."""
    if not (run_directory / "log").is_dir():
        return 0
    return len(read_figures(run_directory / "log", frozenset([SECONDS])).points.get(SECONDS, {}))


@pytest.mark.parametrize("victim", [0, 1])
def test_killed_worker_ends_the_run_and_one_process_goes_on(place, victim):
    """No epoch is lost but the one begun, though no checkpoint was due yet."""
    folder = f"killed_{victim}"
    options = {**EIGHT, "num_epochs": 4000, "log_step": 4000, "output_dir": folder}
    run_directory = place / folder / SMALL["category"]
    cluster = local_cluster(2)
    workers = [
        start(
            place,
            *flags(**options),
            environment={"TF_CONFIG": cluster.as_variable(number)},
        )
        for number in range(2)
    ]
    try:
        wait_until(lambda: epochs_logged(run_directory) > 1, workers[0])
        workers[victim].send_signal(signal.SIGKILL)
        outcome = end_of(workers[1 - victim])
    finally:
        for process in workers:
            process.kill()
            end_of(process)
    done = epochs_logged(run_directory)
    (epoch, path) = checkpoints.existing(run_directory / "model")[-1]
    # An epoch is logged before the workers agree that it is over, and kept after that.
    assert done - 1 <= epoch <= done + 1
    assert outcome.returncode == 1
    *_, saved, line = outcome.stderr.splitlines()
    assert saved == f"the last whole epoch is saved in {path.relative_to(place)}"
    gone = f"error: worker {victim} ({cluster.addresses[victim]}) has ended or cannot be reached"
    assert line.startswith(gone)
    again = {**options, "num_epochs": epoch + 1, "resume": True}
    outcome = run_here(place, *flags(**again))
    assert outcome.returncode == 0, outcome.stderr
    assert f"continues after epoch {epoch} of {epoch + 1}" in outcome.stderr
    assert checkpoints.existing(run_directory / "model")[-1][0] == epoch + 1


def test_malformed_cluster_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    make_clips(tmp_path)
    before = tree(tmp_path)
    monkeypatch.setenv("TF_CONFIG", "{")
    assert "TF_CONFIG is not JSON" in refused(run_here(tmp_path, *flags(**SMALL)), 2)
    monkeypatch.delenv("TF_CONFIG")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    outcome = run_here(tmp_path, *flags(**SMALL, workers=3))
    assert "3 workers for 2 sequences" in refused(outcome, 1)
    assert tree(tmp_path) == before


def test_workers_with_other_options_write_nothing(tmp_path):
    make_clips(tmp_path)
    before = tree(tmp_path)
    cluster = local_cluster(2)
    processes = [
        start(
            tmp_path,
            *flags(**SMALL, batch_size=2, seed=number),
            environment={"TF_CONFIG": cluster.as_variable(number)},
        )
        for number in range(2)
    ]
    for process in processes:
        outcome = end_of(process)
        assert outcome.returncode == 1
        assert "worker 1 has other options than worker 0: --seed 1 instead of 0" in outcome.stderr
    assert tree(tmp_path) == before
