"""Killed, interrupted and resumed runs end as the uninterrupted one does, byte for byte."""

import json
import os
import random
import shutil
import signal
import time

import numpy as np
import pytest
from support.command_line import (
    LONGER,
    SCRIPT,
    SMALL,
    arrays,
    end_of,
    flags,
    make_clips,
    refused,
    run,
    run_directory,
    run_here,
    start,
    start_alone,
    trained,
    trained_longer,
    tree,
    wait_until,
)
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from util.experiments.registry import EXPERIMENTS
from util.pictures.encoding import write_frames
from util.runs import checkpoints
from util.runs.run_state import read_state

EPOCHS = LONGER["num_epochs"]
FULL = flags(**LONGER)
# In one run the checkpoints are every 3 epochs and the last.
LAST = f"model.ckpt-{EPOCHS}"
RESUME = [*flags(category="waves", isTraining=True), "--resume", "True"]


@pytest.fixture(scope="module")
def uninterrupted():
    """The models folder of all epochs without a break."""
    return run_directory(trained_longer().place) / "model"


@pytest.fixture
def place(tmp_path):
    make_clips(tmp_path)
    return tmp_path


@pytest.fixture
def finished(tmp_path):
    """A place with a copy of a finished run of 6 epochs, checkpoints at 2, 4 and 6."""
    trained().copy(tmp_path)
    return tmp_path


def models_of(place):
    return run_directory(place) / "model"


def epochs(place):
    return [epoch for epoch, _ in checkpoints.existing(models_of(place))]


def last_line(outcome):
    return outcome.stderr.strip().splitlines()[-1].split("\r")[-1]


def assert_same_end(place, uninterrupted):
    """The last checkpoint has the same weights, moments and latents, and the same bytes."""
    ours, theirs = arrays(models_of(place) / LAST), arrays(uninterrupted / LAST)
    assert ours.keys() == theirs.keys()
    assert {name for name in ours if ours[name] != theirs[name]} == set()
    assert not list(run_directory(place).rglob(".partial*"))
    for suffix in (".data-00000-of-00001", ".index"):
        one, other = (folder / f"{LAST}{suffix}" for folder in (models_of(place), uninterrupted))
        assert one.read_bytes() == other.read_bytes()


# --- SIGKILL ---


def kill_when(happened, place, *arguments):
    """Start a run and kill it as soon as something has happened, seen within a millisecond."""
    process = start(place, *arguments)
    wait_until(happened, process)
    process.kill()
    assert end_of(process).returncode == -signal.SIGKILL


# A run that kills itself just before it renames its n-th file of a checkpoint: at an odd n both
# files are still partial, at an even n the data has its name and the index not.
KILLED_WHILE_SAVING = """
import os, runpy, signal, sys
sys.path.insert(0, os.path.dirname({script!r}))
whole, count = os.replace, [0]
def replace(source, target):
    count[0] += os.path.basename(target).startswith("model.ckpt-")
    if count[0] == {number}:
        os.kill(os.getpid(), signal.SIGKILL)
    whole(source, target)
os.replace = replace
sys.argv[0] = {script!r}
runpy.run_path({script!r}, run_name="__main__")
"""


def kill_while_saving(number, place, *arguments):
    code = KILLED_WHILE_SAVING.format(script=str(SCRIPT), number=number)
    outcome = end_of(start_alone(place, *arguments, script=("-c", code)))
    assert outcome.returncode == -signal.SIGKILL, outcome.stderr


def test_killed_at_any_moment_and_resumed(place, uninterrupted):
    # Before the first checkpoint:
    kill_when((run_directory(place) / "options.json").exists, place, *FULL)
    assert epochs(place) == []
    # While one is written, both files of model.ckpt-9 still partial:
    kill_while_saving(5, place, *RESUME)
    assert epochs(place) == [3, 6]
    assert len(list(models_of(place).glob(".partial-*/model.ckpt-9.*"))) == 2
    # While one is written, only the data of model.ckpt-12 has its name:
    kill_while_saving(4, place, *RESUME)
    assert epochs(place) == [3, 6, 9]
    assert (models_of(place) / "model.ckpt-12.data-00000-of-00001").exists()
    # Whenever the end of a random wait after model.ckpt-12 comes:
    delay, began = random.Random(0).uniform(0, 0.2), []

    def random_moment():
        if not began and 12 in epochs(place):
            began.append(time.monotonic())
        return bool(began) and time.monotonic() > began[0] + delay

    kill_when(random_moment, place, *RESUME)
    assert 12 in epochs(place)
    assert EPOCHS not in epochs(place)
    # As soon as the next one is begun:
    kill_when(lambda: any(models_of(place).glob(".partial-*/*")), place, *RESUME)
    assert EPOCHS not in epochs(place)
    outcome = run_here(place, *RESUME)
    assert outcome.returncode == 0, outcome.stderr
    assert_same_end(place, uninterrupted)


# --- Ctrl-C, SIGTERM, and a terminal that is closed ---


def test_interrupted_runs_save_and_can_be_resumed(place, uninterrupted):
    asked = {
        signal.SIGINT: (3, FULL),
        signal.SIGTERM: (9, RESUME),
        signal.SIGHUP: (15, RESUME),
    }
    for number, (epoch, arguments) in asked.items():
        process = start(place, *arguments)
        wait_until((models_of(place) / f"model.ckpt-{epoch}.index").exists, process)
        process.send_signal(number)
        outcome = end_of(process)
        assert outcome.returncode == 128 + number, outcome.stderr
        assert "Traceback" not in outcome.stderr
        done = epochs(place)[-1]
        assert epoch <= done < EPOCHS
        assert f"stopped after epoch {done}" in last_line(outcome)
        assert "--resume True" in last_line(outcome)
    # And what nobody reads is no reason to stop.
    process = start_alone(place, *RESUME)
    process.stdout.close()
    process.stderr.close()
    assert process.wait() == 0
    assert_same_end(place, uninterrupted)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="looks into /proc")
def test_second_interrupt_stops_at_once(place):
    # One step of inference would take far longer than this test waits.
    process = start(place, *flags(**{**LONGER, "sample_steps": 10**8}))
    log = run_directory(place) / "log"
    try:
        wait_until(lambda: any(log.glob("events*")), process)
        began = seconds_computed(process)
        wait_until(lambda: seconds_computed(process) > began + 1, process)
        process.send_signal(signal.SIGINT)
        wait_until(lambda: not is_pending(signal.SIGINT, process), process)
        process.send_signal(signal.SIGINT)
        outcome = end_of(process, patience=30)
    finally:
        process.kill()
    assert outcome.returncode in (-signal.SIGINT, 128 + signal.SIGINT)
    assert "Traceback" not in outcome.stderr
    assert epochs(place) == []


def seconds_computed(process):
    """The processor time that a process has used; Linux only."""
    with open(f"/proc/{process.pid}/stat") as stat:
        user, system = stat.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def is_pending(number, process):
    """Whether a signal sent to a process has not reached it yet; Linux only."""
    with open(f"/proc/{process.pid}/status") as status:
        sets = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    return int(sets["ShdPnd"], 16) >> (number - 1) & 1


# --- What resuming finds ---


def test_resume_where_nothing_is_yet_begins(place):
    outcome = run_here(place, *flags(isTraining=True, **{**SMALL, "num_epochs": 2}), "--resume")
    assert outcome.returncode == 0, outcome.stderr
    assert "training from the start" in outcome.stderr
    ours, theirs = (models / "model.ckpt-2" for models in (models_of(place), whole_run()))
    assert arrays(ours) == arrays(theirs)


def whole_run():
    """The checkpoints of the run that `finished` is a copy of."""
    return run_directory(trained().place) / "model"


def test_resume_of_a_finished_run_changes_no_weight(finished):
    before = tree(run_directory(finished))
    outcome = run_here(finished, *RESUME)
    assert outcome.returncode == 0, outcome.stderr
    after = tree(run_directory(finished))
    same = {name for name in before if before[name] == after[name]}
    assert before.keys() - same == {"options.json"}
    assert all(name.startswith("log/") for name in after.keys() - before.keys())
    about = json.loads((run_directory(finished) / "options.json").read_text(encoding="utf-8"))
    assert len(about["command_lines"]) == 2
    assert about["options"]["num_frames"] == SMALL["num_frames"]


def test_options_of_a_resumed_finished_run_are_those_of_its_checkpoint(finished):
    """They have made its results, so its tests go on after them."""
    before = arrays(models_of(finished) / f"model.ckpt-{SMALL['num_epochs']}")
    outcome = run_here(finished, *RESUME, "--num_batches_in_test", "3")
    assert outcome.returncode == 0, outcome.stderr
    state = read_state(models_of(finished) / f"model.ckpt-{SMALL['num_epochs']}", EXPERIMENTS)
    assert state.options.num_batches_in_test == 3
    after = arrays(models_of(finished) / f"model.ckpt-{SMALL['num_epochs']}")
    assert before == after


def test_statistics_of_other_innovations_are_not_kept(finished):
    """A checkpoint with the options of the call must not have statistics of the call before."""
    checkpoint = models_of(finished) / f"model.ckpt-{SMALL['num_epochs']}"
    assert read_state(checkpoint, EXPERIMENTS).calibrated is not None
    outcome = run_here(finished, *RESUME, "--innovations_in_test", "prior")
    assert outcome.returncode == 0, outcome.stderr
    state = read_state(checkpoint, EXPERIMENTS)
    assert (state.options.innovations_in_test, state.calibrated) == ("prior", None)


def test_resume_with_more_epochs_goes_on_as_a_longer_run(finished, uninterrupted):
    asked = {"num_batches_in_test": 1, "num_sections_in_test": 1, "max_to_keep": 50}
    more = flags(num_epochs=EPOCHS, log_step=3, **asked)
    outcome = run_here(finished, *RESUME, *more)
    assert outcome.returncode == 0, outcome.stderr
    assert epochs(finished) == [2, 4, 6, *range(9, EPOCHS, 3), EPOCHS]
    for name in ("model.ckpt-9", LAST):
        assert arrays(models_of(finished) / name) == arrays(uninterrupted / name)


@pytest.mark.parametrize(
    "learning",
    [
        {"chunk_starts": "anywhere"},
        {
            "experiment": "action",
            "data_path": "./trainingVideo/dynamicTexture",
            "initial_latents": "clips",
            "step_warmup": 1,
        },
        {"updates": "simultaneous", "sample_steps": 1},
        {"lr_half_life": 1, "step_follows_rate": 0.9},
    ],
    ids=str,
)
def test_other_ways_to_learn_go_on_as_without_a_break(place, learning):
    """Where chunks begin, from which states, the noise and the steps are the same."""
    options = {**SMALL, **learning, "num_epochs": 4, "log_step": 1}
    outcome = run_here(place, *flags(isTraining=True, **options))
    assert outcome.returncode == 0, outcome.stderr
    whole = {epoch: arrays(models_of(place) / f"model.ckpt-{epoch}") for epoch in epochs(place)}
    assert sorted(whole) == [1, 2, 3, 4]
    for epoch, path in checkpoints.existing(models_of(place)):
        if epoch > 1:
            checkpoints.remove(path)
    outcome = run_here(place, *RESUME)
    assert outcome.returncode == 0, outcome.stderr
    assert epochs(place) == sorted(whole)
    for epoch, expected in whole.items():
        assert arrays(models_of(place) / f"model.ckpt-{epoch}") == expected


def test_chunk_starts_of_a_run_cannot_change(finished):
    before = tree(finished)
    recorded = json.loads((run_directory(finished) / "options.json").read_text(encoding="utf-8"))
    mine = recorded["options"]["chunk_starts"]
    (other,) = {"fixed", "anywhere"} - {mine}
    line = refused(run(finished, *RESUME, "--chunk_starts", other), 2)
    assert f"--chunk_starts {other}" in line
    assert f"--chunk_starts {mine}" in line
    assert tree(finished) == before


def test_fewer_epochs_than_are_done_are_refused(finished):
    before = tree(finished)
    line = refused(run_here(finished, *RESUME, "--num_epochs", "5"), 1)
    assert "6 epochs" in line
    assert "--num_epochs 5" in line
    assert tree(finished) == before


DAMAGE = {
    "cut data": (".data-00000-of-00001", lambda data: data[: len(data) // 2]),
    "changed data": (
        ".data-00000-of-00001",
        lambda data: data[: len(data) // 2] + bytes(64) + data[len(data) // 2 + 64 :],
    ),
    "empty index": (".index", lambda data: b""),
}


def damage(checkpoint, kind):
    suffix, change = DAMAGE[kind]
    file = checkpoint.with_name(checkpoint.name + suffix)
    file.write_bytes(change(file.read_bytes()))


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_checkpoint_is_passed_over_for_the_one_before(finished, kind):
    damage(models_of(finished) / "model.ckpt-6", kind)
    outcome = run_here(finished, *RESUME)
    assert outcome.returncode == 0, outcome.stderr
    first, *_ = outcome.stderr.splitlines()
    assert "model.ckpt-6 is damaged" in first
    assert "before" in first
    for name in ("model.ckpt-4", "model.ckpt-6"):
        assert arrays(models_of(finished) / name) == arrays(whole_run() / name)


def test_all_damaged_is_an_error_and_changes_nothing(finished):
    for (_, path), kind in zip(checkpoints.existing(models_of(finished)), DAMAGE, strict=True):
        damage(path, kind)
    before = tree(finished)
    outcome = run_here(finished, *RESUME)
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert last_line(outcome).startswith("error: no checkpoint in")
    assert len(outcome.stderr.splitlines()) == 4
    assert tree(finished) == before


@pytest.mark.parametrize("flag, value, recorded", [("num_frames", 4, 5), ("seed", 3, 0)])
def test_contradicting_flag_names_both_values_and_changes_nothing(finished, flag, value, recorded):
    before = tree(finished)
    line = refused(run(finished, *RESUME, f"--{flag}", value), 2)
    assert f"--{flag} {value}" in line
    assert f"--{flag} {recorded}" in line
    assert tree(finished) == before


def test_changed_clips_are_refused(finished):
    swell = finished / "trainingVideo" / "dynamicTexture" / "waves" / "swell"
    write_frames(swell, np.zeros((1, 12, 12, 3), np.uint8))
    before = tree(finished)
    line = refused(run_here(finished, *RESUME), 1)
    for word in ("clips", "waves", "restore"):
        assert word in line
    assert "model.ckpt-6" in line
    assert tree(finished) == before


def test_clips_that_only_moved_are_the_same(finished):
    shutil.move(finished / "trainingVideo" / "dynamicTexture", finished / "elsewhere")
    outcome = run_here(finished, *RESUME, "--data_path", "elsewhere", "--num_epochs", "7")
    assert outcome.returncode == 0, outcome.stderr
    assert epochs(finished)[-1] == 7


def test_damaged_options_file_without_a_checkpoint_is_refused(finished):
    for _, path in checkpoints.existing(models_of(finished)):
        checkpoints.remove(path)
    (run_directory(finished) / "options.json").write_text('{"options": {"num_frames": 5')
    before = tree(finished)
    line = refused(run_here(finished, *RESUME), 1)
    assert "options.json" in line
    assert "--overwrite True" in line
    assert tree(finished) == before


CHANGED = {
    "number": ('"lr_gen": 0.002', '"lr_gen": 0.003', "--lr_gen 0.003 instead of 0.002"),
    "type": ('"num_frames": 5', '"num_frames": "5"', "--num_frames"),
    "gone": None,
}


@pytest.mark.parametrize("change", CHANGED)
def test_options_in_the_checkpoint_count(finished, change):
    options_file = run_directory(finished) / "options.json"
    about = json.loads(options_file.read_text(encoding="utf-8"))
    if CHANGED[change] is None:
        options_file.unlink()
        named = "is gone"
    else:
        before, after, named = CHANGED[change]
        text = options_file.read_text(encoding="utf-8")
        assert before in text
        options_file.write_text(text.replace(before, after), encoding="utf-8")
    checkpoints.remove(models_of(finished) / "model.ckpt-6")
    outcome = run_here(finished, *RESUME, "--num_epochs", "6")
    assert outcome.returncode == 0, outcome.stderr
    first, *_ = outcome.stderr.splitlines()
    assert "options.json" in first
    assert named in first
    assert "model.ckpt-4" in first
    for suffix in (".data-00000-of-00001", ".index"):
        one, other = (
            folder / f"model.ckpt-6{suffix}" for folder in (models_of(finished), whole_run())
        )
        assert one.read_bytes() == other.read_bytes()
    recorded = json.loads(options_file.read_text(encoding="utf-8"))["options"]
    assert recorded | {"resume": False} == about["options"]


def test_log_has_every_epoch_once_after_a_resume(finished):
    os.remove(models_of(finished) / "model.ckpt-6.index")
    assert run_here(finished, *RESUME).returncode == 0
    assert run_here(finished, *RESUME).returncode == 0  # finished: nothing more to learn
    log = EventAccumulator(str(run_directory(finished) / "log"))
    log.Reload()
    assert [event.step for event in log.Scalars("1_error/mean_squared")] == [1, 2, 3, 4, 5, 6]
    assert [event.step for event in log.Images("frames/synthesis")] == [2, 4, 6]


def test_checkpoint_in_another_disk_is_continued_and_replaced(finished):
    """Its folder is a link, which stays."""
    disk = finished / "disk"
    models_of(finished).rename(disk)
    models_of(finished).symlink_to(disk)
    (disk / "mine.txt").write_text("mine")
    more = flags(num_epochs=7)
    assert run_here(finished, *RESUME, *more).returncode == 0
    assert epochs(finished) == [2, 4, 6, 7]
    anew = flags(isTraining=True, overwrite=True, **{**SMALL, "num_epochs": 2})
    assert run_here(finished, *anew).returncode == 0
    assert models_of(finished).is_symlink()
    assert epochs(finished) == [2]
    assert (disk / "mine.txt").read_text() == "mine"


# --- Two processes ---


def test_second_process_is_refused_and_a_test_is_not(place):
    process = start(place, *flags(**{**LONGER, "num_epochs": 10**6, "log_step": 1}))
    try:
        wait_until(lambda: epochs(place), process)
        for way in ([], ["--resume", "True"], ["--overwrite", "True"]):
            line = refused(run_here(place, *flags(isTraining=True, **SMALL), *way), 1)
            assert f"process {process.pid} on " in line
        outcome = run_here(place, *flags(category="waves", isTraining=False, num_batches_in_test=1))
        assert outcome.returncode == 0, outcome.stderr
        assert process.poll() is None
    finally:
        process.kill()
        end_of(process)
    assert run_here(place, *RESUME, *flags(num_epochs=1)).returncode == 1  # the lock is free
