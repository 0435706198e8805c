"""Loops as their users make them."""

import csv
import shutil

import numpy as np
import pytest
from PIL import Image
from support.command_line import (
    SMALL,
    change_checkpoint,
    flags,
    refused,
    run,
    run_directory,
    run_here,
    trained,
)

from util.data.clip_facts import facts_of
from util.data.clips import read_clip
from util.data.videos import count_packets
from util.metrics.steps import seam

LENGTH = 11  # not in whole chunks
LOOP = flags(experiment="loop", category="waves", loop_length=LENGTH, num_batches_in_test=2)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A directory in which loops were made, and the outcome."""
    place = tmp_path_factory.mktemp("loop")
    trained(dynamic_mode="nonlinear").copy(place)
    change_checkpoint(place, forget)
    return place, run(place, *LOOP)


def forget(values):
    """Weights of `nonlinear` with which the state follows the innovations and forgets.

    s_t = tanh(ξ' + …)
    """
    size = SMALL["state_size"]
    first, through, back = (values[f"transition/kernel_{layer}"] for layer in (1, 2, 3))
    for kernel in (first, through, back):
        kernel[:] = 0
    first[: SMALL["z_size"], :3] = np.eye(3)
    first[-size:, 4 : 4 + size], first[-size:, 8 : 8 + size] = np.eye(size), -np.eye(size)
    through[:12, :12] = np.eye(12)
    back[:3, :3] = np.eye(3)
    back[4:8], back[8:12] = -0.7 * np.eye(size), 0.7 * np.eye(size)


def gif_frames(path):
    with Image.open(path) as image:
        frames = []
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
        return np.stack(frames), image.info.get("loop")


def table(folder):
    with open(folder / "seams.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_writes_loops_that_close_and_says_how_well(finished):
    place, outcome = finished
    assert outcome.returncode == 0, outcome.stderr
    folder = run_directory(place) / "final_result_loop"
    assert outcome.stdout.splitlines()[-1] == f"results in {folder.relative_to(place)}"
    labels = ["ripples_1", "swell_1", "ripples_2", "swell_2"]
    names = {f"{label}.{kind}" for label in labels for kind in ("mp4", "gif")}
    rest = {"overview.mp4", "overview.gif", "overview.png", "seams.csv", "evaluation.csv"}
    assert {path.name for path in folder.iterdir()} == names | rest
    rows = table(folder)
    assert [row["video"] for row in rows] == labels
    for row in rows:
        frames, _ = gif_frames(folder / f"{row['video']}.gif")
        assert int(row["frames"]) == len(frames) == LENGTH
        assert float(row["state_gap"]) <= 0.01
        assert f"{row['video']}: the step over the seam is {float(row['seam_step']):.2f}" in (
            outcome.stdout
        )


def test_seam_is_where_the_innovations_begin_again(finished, tmp_path, monkeypatch):
    """The file begins at an ordinary step, which is not the seam that is measured."""
    place = tmp_path / "place"
    shutil.copytree(finished[0], place)
    monkeypatch.setattr("util.experiments.loop.from_ordinary_step", lambda loop: loop)
    assert run_here(place, *LOOP).returncode == 0
    begun, moved = (run_directory(place) / f"final_result_loop{more}" for more in ("_2", ""))
    assert table(begun) == table(moved)
    for row in table(begun):
        frames, _ = gif_frames(begun / f"{row['video']}.gif")
        found = seam(frames)
        assert float(row["seam_step"]) == pytest.approx(found.step, rel=0.1)
        assert float(row["largest_step"]) == pytest.approx(found.largest, rel=0.1)
        assert found.step > 0
    assert (begun / "ripples_1.gif").read_bytes() != (moved / "ripples_1.gif").read_bytes()


def test_gif_has_one_round_for_ever_and_mp4_has_whole_rounds_of_ten_seconds(finished):
    folder = run_directory(finished[0]) / "final_result_loop"
    assert gif_frames(folder / "ripples_1.gif")[1] == 0  # the mark of a GIF that never ends
    count = count_packets(folder / "ripples_1.mp4")
    assert count % LENGTH == 0 and 250 <= count < 250 + LENGTH
    video = read_clip(facts_of(folder / "ripples_1.mp4"), 0, count, SMALL["image_size"])
    first, later = video[:LENGTH].astype(int), video[LENGTH : 2 * LENGTH]
    assert np.abs(first - later).mean() < 3
    assert np.abs(np.diff(first, axis=0)).mean() > 3


def test_loops_are_compared_with_videos_that_are_no_loops(finished, evaluation_table):
    folder = run_directory(finished[0]) / "final_result_loop"
    rows = evaluation_table(folder)
    names = [video for sequence, video in rows if sequence == "ripples"]
    assert names[:2] == ["ripples_1", "ripples_2"]
    assert names[-2:] == ["unlooped 1", "unlooped 2"]


def test_same_command_makes_the_same_bytes_and_another_seed_others(finished, tmp_path):
    place = tmp_path / "place"
    shutil.copytree(finished[0], place)
    again = run_here(place, *LOOP)
    other = run_here(place, *LOOP, *flags(seed=1))
    assert again.returncode == other.returncode == 0
    folders = [run_directory(place) / f"final_result_loop{end}" for end in ("", "_2", "_3")]
    first, second, third = ((folder / "ripples_1.gif").read_bytes() for folder in folders)
    assert first == second != third


def test_loop_that_cannot_close_says_so(tmp_path):
    """The state changes its sign at each step, so a round of odd length never closes."""
    trained(dynamic_mode="nonlinear").copy(tmp_path)

    def alternate(values):
        forget(values)
        values["transition/kernel_1"][: SMALL["z_size"]] = 0
        for layer in (1, 2, 3):
            values[f"transition/bias_{layer}"][:] = 0
        values["transition/kernel_3"][4:12] *= 4

    change_checkpoint(tmp_path, alternate)
    outcome = run_here(tmp_path, *LOOP)
    assert outcome.returncode == 0, outcome.stderr
    assert "does not close: take another --seed or --loop_length" in outcome.stderr
    rows = table(run_directory(tmp_path) / "final_result_loop")
    assert all(float(row["state_gap"]) > 0.5 for row in rows)


@pytest.mark.parametrize(
    "given, said",
    [
        ({"loop_length": 9}, ["--loop_length 9", "at least 10"]),
        ({"loop_length": 3001}, ["--loop_length 3001", "at most 3,000"]),
        ({"isTraining": True}, ["--experiment loop only tests", "--isTraining"]),
        ({"loop_length": "1e2"}, ["loop_length", "1e2 is not a whole number"]),
        ({"resume": True}, ["--resume True", "only tests a checkpoint"]),
        ({"clip": "other.mp4"}, ["--clip does nothing in --experiment loop"]),
        ({"sequences": "7"}, ["--sequences 7", "sequence 7"]),
        ({"normalization_in_test": "batch"}, ["--normalization_in_test batch", "calibrated"]),
    ],
)
def test_refused_before_anything_is_written(given, said, tmp_path):
    trained().copy(tmp_path)
    line = refused(run_here(tmp_path, *flags(experiment="loop", category="waves", **given)), 2)
    assert all(words in line for words in said), line
    assert not (run_directory(tmp_path) / "final_result_loop").exists()


def test_length_of_a_loop_in_another_experiment_is_idle(tmp_path):
    trained().copy(tmp_path)
    outcome = run_here(
        tmp_path, *flags(category="waves", isTraining=False, loop_length=20, num_sections_in_test=1)
    )
    assert outcome.returncode == 0
    assert "warning: --loop_length does nothing in --experiment synthesis; it is for loop" in (
        outcome.stderr
    )
