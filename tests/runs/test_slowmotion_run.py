"""Slow motion as its users make it: more frames a second, and how good they are."""

import csv
import shutil

import numpy as np
import pytest
from support.command_line import (
    SMALL,
    flags,
    frames_in,
    make_clips,
    refused,
    run,
    run_here,
    tree,
)
from support.scoring import score

from util.data.clip_facts import facts_of
from util.data.clips import read_clip
from util.data.frames import to_model_range
from util.data.videos import count_packets, video_timing
from util.metrics.baselines import linear_interpolation

SIDE = SMALL["image_size"]
SLOW = {**SMALL, "experiment": "slowmotion", "num_epochs": 4, "average_last": 3}
SLOW |= {"num_batches_in_test": 1, "num_sections_in_test": 1}
CLIP = "trainingVideo/dynamicTexture/waves/ripples.avi"


def results_in(place):
    return place / "output_slowmotion" / "waves" / "final_result"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Nine frames from five of a clip, whose frames in between do not exist; and the outcome."""
    place = tmp_path_factory.mktemp("slowmotion")
    make_clips(place)
    return place, run(place, *flags(**{**SLOW, "num_frames": 9}))


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Five frames, of which every fourth is kept; and the outcome."""
    place = tmp_path_factory.mktemp("scored")
    make_clips(place)
    given = {**SLOW, "factor": 4, "score_left_out": True}
    return place, run_here(place, *flags(**given))


def test_frames_of_the_clip_stay_and_new_ones_come_in_between(finished):
    place, outcome = finished
    assert outcome.returncode == 0, outcome.stderr
    assert "ripples: 5 frames of the clip became 9" in outcome.stdout
    assert "\ninferred latents over latents sampled from the prior" in outcome.stdout
    folder = results_in(place) / "ripples"
    kinds = ["observed", "recovered"]
    names = {f"{kind}.{end}" for kind in [*kinds, "slow"] for end in ("mp4", "gif")}
    sheets = {f"side_by_side.{end}" for end in ("mp4", "gif", "png")}
    assert {path.name for path in folder.iterdir()} == names | sheets | set(kinds)
    clip = read_clip(facts_of(place / CLIP), 0, 5, SIDE)
    recovered = frames_in(folder / "recovered")
    np.testing.assert_array_equal(recovered[::2], clip)
    np.testing.assert_array_equal(frames_in(folder / "observed"), clip.repeat(2, axis=0)[:9])
    assert np.abs(recovered[1::2].astype(int) - clip[:-1]).mean() > 1  # not the frame before
    assert recovered[1::2].min() > 0 or recovered[1::2].std() > 1  # nor black
    assert not (results_in(place) / "recovery_error.csv").exists()


def test_recovered_plays_as_fast_as_the_clip_and_slow_at_its_rate(finished):
    place, _ = finished
    rate = video_timing(place / CLIP).rate
    folder = results_in(place) / "ripples"
    rates = {name: video_timing(folder / f"{name}.mp4").rate for name in ("recovered", "slow")}
    assert rates == {"recovered": 2 * rate, "slow": rate}
    assert count_packets(folder / "slow.mp4") == 9


def test_announcement_says_which_frames_of_the_clip_are_used(finished):
    assert "frames 0–4 of 7" in finished[1].stderr


def test_resumed_run_makes_the_same_frames(finished, tmp_path):
    make_clips(tmp_path)
    given = {**SLOW, "num_frames": 9}
    assert run_here(tmp_path, *flags(**{**given, "num_epochs": 2})).returncode == 0
    again = flags(**given, resume=True)
    assert run_here(tmp_path, *again).returncode == 0
    one, other = (results_in(place) / "ripples" / "recovered" for place in (finished[0], tmp_path))
    assert tree(one) == tree(other)


def test_left_out_frames_are_scored_beside_what_needs_no_model(scored):
    place, outcome = scored
    assert outcome.returncode == 0, outcome.stderr
    with open(results_in(place) / "recovery_error.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = {(row["sequence"], row["recovered_by"]): float(row["absolute_error"]) for row in rows}
    truth = read_clip(facts_of(place / CLIP), 0, 5, SIDE)
    missing = np.ones((5, SIDE, SIDE, 1), bool)
    missing[[0, 4]] = False
    recovered = frames_in(results_in(place) / "ripples" / "recovered")
    expected = score(recovered, truth, missing).absolute_error
    assert found["ripples", "average of the last 3"] == pytest.approx(expected, abs=1e-3)
    filled = linear_interpolation(to_model_range(truth), missing)
    expected = 127.5 * np.abs(filled - to_model_range(truth))[1:4].mean()
    assert found["ripples", "linear interpolation"] == pytest.approx(expected, abs=0.5)
    np.testing.assert_array_equal(recovered[[0, 4]], truth[[0, 4]])
    np.testing.assert_array_equal(frames_in(results_in(place) / "ripples" / "original"), truth)


def test_motion_compensation_is_scored_where_frames_are_large_enough(tmp_path):
    make_clips(tmp_path)
    given = {**SLOW, "image_size": 32, "num_epochs": 1, "log_step": 1, "score_left_out": True}
    outcome = run_here(tmp_path, *flags(**given))
    assert outcome.returncode == 0, outcome.stderr
    assert "ripples, motion compensation: error" in outcome.stdout


def test_test_samples_videos_from_a_model_of_slow_motion(scored, tmp_path):
    shutil.copytree(scored[0], tmp_path, dirs_exist_ok=True)
    arguments = flags(category="waves", isTraining=False, output_dir="output_slowmotion")
    outcome = run_here(tmp_path, *arguments)
    assert outcome.returncode == 0, outcome.stderr
    folder = tmp_path / "output_slowmotion" / "waves" / "final_result_testing"
    assert (folder / "ripples_1.mp4").exists()


@pytest.mark.parametrize(
    "given, code, said",
    [
        ({"factor": 3}, 2, ["--factor 3", "2 or 4"]),
        ({"score_left_out": "some"}, 2, ["score_left_out", "neither True nor False"]),
        ({"num_frames": 6}, 2, ["--num_frames 6 with --factor 2", "take 5 or 7"]),
        ({"num_frames": 1}, 2, ["--num_frames 1 with --factor 2", "take 3 or 5"]),
        ({"num_frames": 6, "factor": 4}, 2, ["--num_frames 6 with --factor 4", "take 5 or 9"]),
        ({"num_frames": 15}, 1, ["ripples.avi has 7 frames", "--num_frames 15 with --factor 2"]),
        ({"num_frames": 9, "first_frame": 3}, 1, ["takes 5 of them from --first_frame 3"]),
        ({"num_frames": 9, "score_left_out": True}, 1, ["ripples.avi has 7 frames"]),
        ({"training_mode": "complete"}, 2, ["--training_mode complete contradicts"]),
    ],
)
def test_refused_before_anything_is_written(tmp_path, given, code, said):
    make_clips(tmp_path)
    before = tree(tmp_path)
    line = refused(run_here(tmp_path, *flags(**{**SLOW, **given})), code)
    assert all(words in line for words in said), line
    assert tree(tmp_path) == before


def test_factor_of_a_trained_model_stays(scored):
    given = flags(category="waves", isTraining=False, output_dir="output_slowmotion", factor=2)
    line = refused(run_here(scored[0], *given), 2)
    assert "--factor 2 contradicts the checkpoint, which was trained with --factor 4" in line


def test_factor_in_another_experiment_is_idle_and_changes_nothing(tmp_path):
    make_clips(tmp_path)
    given = {**SMALL, "num_epochs": 1, "log_step": 1, "num_frames": 6}
    outcome = run_here(tmp_path, *flags(**given, factor=4))
    assert outcome.returncode == 0, outcome.stderr
    assert "warning: --factor does nothing in --experiment synthesis; it is for slowmotion" in (
        outcome.stderr
    )
    assert "frames 0–5 of 7" in outcome.stderr
