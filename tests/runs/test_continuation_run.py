"""Continuations as their users make them."""

import csv
import shutil

import numpy as np
import pytest
from PIL import Image
from support.command_line import (
    SMALL,
    flags,
    make_clips,
    make_sequences,
    moving_pattern,
    refused,
    run,
    run_directory,
    run_here,
    trained,
)

from util.data.clip_facts import facts_of
from util.data.clips import read_clip
from util.pictures.encoding import write_frames, write_png

SIDE, LENGTH, CHUNK = SMALL["image_size"], SMALL["num_frames"], SMALL["truncated_backprop_length"]
CONTINUE = flags(experiment="continuation", category="waves")
CLIP = "trainingVideo/dynamicTexture/waves/ripples.avi"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A directory in which a clip was continued, and the outcome."""
    place = tmp_path_factory.mktemp("continuation")
    trained().copy(place)
    return place, run(
        place, *CONTINUE, *flags(sequences=0, num_batches_in_test=2, num_sections_in_test=3)
    )


@pytest.fixture
def place(tmp_path):
    trained().copy(tmp_path)
    return tmp_path


def frames_of(path):
    with Image.open(path) as image:
        frames = []
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")).astype(int))
    return np.stack(frames)


def table(folder):
    with open(folder / "continuation.csv", newline="", encoding="utf-8") as file:
        return {row["video"]: row for row in csv.DictReader(file)}


def test_observed_clip_is_followed_by_different_futures(finished):
    place, outcome = finished
    assert outcome.returncode == 0, outcome.stderr
    folder = run_directory(place) / "final_result_continuation"
    assert outcome.stdout.splitlines()[-1] == f"results in {folder.relative_to(place)}"
    names = {f"ripples_{number}.{kind}" for number in (1, 2) for kind in ("mp4", "gif")}
    rest = {"overview.mp4", "overview.gif", "overview.png", "continuation.csv"}
    assert {path.name for path in folder.iterdir()} == names | rest
    first, second = (frames_of(folder / f"ripples_{number}.gif") for number in (1, 2))
    assert len(first) == len(second) == LENGTH + 3 * CHUNK
    observed = read_clip(facts_of(place / CLIP), 0, LENGTH, SIDE)
    for video in (first, second):
        assert np.abs(video[:LENGTH] - observed).max() <= 2
    assert np.abs(first - second)[LENGTH:].max() > 2


def test_table_compares_with_the_true_next_frames(finished):
    """The clip has seven frames, and the training used five of them."""
    place, outcome = finished
    folder = run_directory(place) / "final_result_continuation"
    rows = table(folder)
    ways = ["ripples_1", "ripples_2", "mean of 2", "last frame repeated", "linear system"]
    assert list(rows) == ways
    truth = read_clip(facts_of(place / CLIP), LENGTH, 2, SIDE).astype(int)
    last = read_clip(facts_of(place / CLIP), LENGTH - 1, 1, SIDE).astype(int)
    for number in (1, 2):
        made = frames_of(folder / f"ripples_{number}.gif")[LENGTH : LENGTH + 2]
        errors = np.abs(made - truth).mean(axis=(1, 2, 3))
        row = rows[f"ripples_{number}"]
        assert [float(row["error_1"]), float(row["error_2"])] == pytest.approx(errors, abs=1)
        assert row["error_3"] == ""
    still = np.abs(truth - last).mean(axis=(1, 2, 3))
    row = rows["last frame repeated"]
    assert [float(row["error_1"]), float(row["error_2"])] == pytest.approx(still, rel=1e-4)
    assert "ripples, last frame repeated: first new step 0.00" in outcome.stdout


def test_renamed_clip_has_the_same_future(finished, tmp_path):
    """Its bytes say that it is the clip of the training."""
    shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
    (tmp_path / CLIP).rename(tmp_path / CLIP.replace("ripples", "rings"))
    outcome = run_here(tmp_path, *CONTINUE, *flags(sequences=0, num_batches_in_test=1))
    assert outcome.returncode == 0, outcome.stderr
    before, after = (
        table(run_directory(tmp_path) / f"final_result_continuation{end}") for end in ("", "_2")
    )
    assert after["last frame repeated"]["error_1"] == before["last frame repeated"]["error_1"]


def test_model_of_a_clip_with_missing_pixels_is_scored_against_the_truth(tmp_path):
    """The true next frames are those of the clip in --truth_path."""
    seen = tmp_path / "trainingVideo" / "recovery_dataset" / "data" / "waves"
    truth = tmp_path / "truth" / "waves"
    for seed, folder in enumerate((seen, truth), 1):
        folder.mkdir(parents=True)
        write_frames(folder / "ripples", moving_pattern(seed))
    training = {"experiment": "recovery", "isTraining": True, "average_last": 2, "num_epochs": 2}
    masks = {"mask_type": "randomRegion", "truth_path": "truth"}
    outcome = run_here(tmp_path, *flags(**{**SMALL, **training, **masks}))
    assert outcome.returncode == 0, outcome.stderr
    outcome = run_here(tmp_path, *CONTINUE, *flags(output_dir="output_recovery"))
    assert outcome.returncode == 0, outcome.stderr
    folder = tmp_path / "output_recovery" / "waves" / "final_result_continuation"
    last, *future = read_clip(facts_of(truth / "ripples"), LENGTH - 1, 3, SIDE).astype(int)
    errors = [np.abs(frame - last).mean() for frame in future]
    row = table(folder)["last frame repeated"]
    assert [float(row["error_1"]), float(row["error_2"])] == pytest.approx(errors, rel=1e-4)


def test_model_of_slow_motion_is_scored_against_its_own_clip(tmp_path):
    """--truth_path is for masks: here it does nothing, also where it is recorded."""
    make_clips(tmp_path)
    (tmp_path / "truth" / "waves").mkdir(parents=True)
    write_frames(tmp_path / "truth" / "waves" / "another", moving_pattern(1))
    training = {"experiment": "slowmotion", "isTraining": True, "average_last": 2, "num_epochs": 2}
    scored = {"score_left_out": True, "truth_path": "truth"}
    outcome = run_here(tmp_path, *flags(**{**SMALL, **training, **scored}))
    assert outcome.returncode == 0, outcome.stderr
    assert "--truth_path does nothing" in outcome.stderr
    outcome = run_here(tmp_path, *CONTINUE, *flags(output_dir="output_slowmotion", sequences=0))
    assert outcome.returncode == 0, outcome.stderr
    results = tmp_path / "output_slowmotion" / "waves" / "final_result_continuation"
    last, new = read_clip(facts_of(tmp_path / CLIP), LENGTH - 1, 2, SIDE).astype(int)
    error = float(table(results)["last frame repeated"]["error_1"])
    assert error == pytest.approx(np.abs(new - last).mean(), rel=1e-4)


def test_same_command_makes_the_same_bytes_and_another_seed_others(finished, tmp_path):
    shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
    given = flags(sequences=0, num_batches_in_test=2, num_sections_in_test=3)
    assert run_here(tmp_path, *CONTINUE, *given).returncode == 0
    assert run_here(tmp_path, *CONTINUE, *given, *flags(seed=1)).returncode == 0
    folders = [
        run_directory(tmp_path) / f"final_result_continuation{end}" for end in ("", "_2", "_3")
    ]
    first, again, other = ((folder / "ripples_1.gif").read_bytes() for folder in folders)
    assert first == again != other


def test_new_frames_have_a_border_that_lies_on_no_frame(finished):
    sheet = frames_of(run_directory(finished[0]) / "final_result_continuation" / "overview.gif")
    orange = np.abs(sheet - (220, 90, 0)).max(axis=-1) < 25
    counts = orange.sum(axis=(1, 2))
    assert (counts[:LENGTH] < 10).all()  # the frames have some orange of their own
    assert (counts[LENGTH:] > 100).all()


@pytest.mark.parametrize("kind", ["video", "images"])
def test_another_clip_is_inferred_first(place, kind):
    frames = moving_pattern(seed=9, length=8, side=SIDE)
    path = place / "other clip"
    if kind == "images":
        write_frames(path, frames)
    else:
        path = shutil.copy(place / CLIP, place / "other clip.avi")
        frames = read_clip(facts_of(path), 0, 7, SIDE)
    given = flags(clip=path, inference_steps=5, num_sections_in_test=1)
    outcome = run_here(place, *CONTINUE, *given)
    assert outcome.returncode == 0, outcome.stderr
    assert "the last 5 frames are inferred" in outcome.stdout
    assert "3 runs of the sampler" in outcome.stdout  # of 2 steps each
    folder = run_directory(place) / "final_result_continuation"
    video = frames_of(folder / "other clip_1.gif")
    assert np.abs(video[:LENGTH] - frames[-LENGTH:]).max() <= 2
    assert len(video) == LENGTH + CHUNK
    assert all(row["error_1"] == "" for row in table(folder).values())


def test_shorter_clip_is_inferred_in_whole_chunks(place):
    write_frames(place / "short", moving_pattern(seed=9, length=3, side=SIDE))
    given = flags(clip="short", inference_steps=2, num_sections_in_test=1)
    outcome = run_here(place, *CONTINUE, *given)
    assert outcome.returncode == 0, outcome.stderr
    assert "the last 2 frames are inferred" in outcome.stdout


def test_clips_that_are_gone_are_replaced_by_their_reconstructions(place):
    shutil.rmtree(place / "trainingVideo")
    outcome = run_here(place, *CONTINUE, *flags(sequences=0, num_sections_in_test=1))
    assert outcome.returncode == 0, outcome.stderr
    assert "reconstructions are shown" in outcome.stderr
    assert "the continuations are not scored" in outcome.stderr
    assert set(table(run_directory(place) / "final_result_continuation")) == {
        "ripples_1",
        "ripples_2",
    }


@pytest.mark.parametrize(
    "given, code, said",
    [
        ({"clip": "none.mp4"}, 1, ["no clip none.mp4", "--clip"]),
        ({"clip": ""}, 2, ["--clip is empty"]),
        ({"clip": "empty"}, 1, ["empty", "neither a video nor a folder"]),
        ({"clip": "noise.mp4"}, 1, ["noise.mp4", "broken"]),
        ({"clip": "one"}, 1, ["one is shorter than a chunk", "(1 of 2 frames)", "longer --clip"]),
        ({"clip": "several"}, 1, ["--clip several", "give one clip"]),
        ({"clip": "one/00000.png"}, 1, ["--clip one/00000.png", "neither a video nor a folder"]),
        ({"clip": "mixed"}, 1, ["mixed", "differ in size"]),
        ({"clip": CLIP, "sequences": "0"}, 2, ["--sequences 0", "give one of them"]),
        ({"inference_steps": 0}, 2, ["--inference_steps 0", "at least 1"]),
        ({"inference_steps": 10**6 + 1}, 2, ["--inference_steps 1000001", "at most 1,000,000"]),
        ({"resume": True}, 2, ["--resume True", "only tests a checkpoint"]),
        ({"ckpt_name": "model.ckpt-77"}, 1, ["model.ckpt-77", "no checkpoint"]),
        ({"image": "one/00000.png"}, 2, ["--image does nothing in --experiment continuation"]),
        ({"isTraining": True}, 2, ["--experiment continuation only tests"]),
        ({"sequences": "4"}, 2, ["--sequences 4", "sequence 4"]),
    ],
)
def test_refused_before_anything_is_written(place, given, code, said):
    (place / "empty").mkdir()
    (place / "mixed").mkdir()
    (place / "noise.mp4").write_bytes(bytes(range(256)) * 9)
    write_frames(place / "one", moving_pattern(seed=9, length=1, side=SIDE))
    for name, side in (("a", SIDE), ("b", SIDE + 4)):
        frames = moving_pattern(seed=9, length=2, side=side)
        write_frames(place / "several" / name, frames)
        write_png(place / "mixed" / f"{side}.png", frames[0])
    line = refused(run_here(place, *CONTINUE, *flags(**given)), code)
    assert all(words in line for words in said), line
    assert not (run_directory(place) / "final_result_continuation").exists()


def test_steps_of_inference_without_a_clip_are_idle(place):
    outcome = run_here(place, *CONTINUE, *flags(inference_steps=3, sequences=0))
    assert outcome.returncode == 0
    assert "warning: --inference_steps does nothing without --clip\n" in outcome.stderr


def test_clip_for_another_experiment_is_refused(place):
    line = refused(run_here(place, *flags(category="waves", isTraining=False, clip=CLIP)), 2)
    assert "--clip does nothing in --experiment synthesis; it is for continuation" in line


def test_model_of_animation_is_refused(tmp_path):
    make_sequences(tmp_path, ["hop", "jog"], 4)
    small = {**SMALL, "num_frames": 4, "num_epochs": 1, "log_step": 1, "content_size": 2}
    assert run_here(tmp_path, *flags(**small, experiment="animation")).returncode == 0
    line = refused(run_here(tmp_path, *CONTINUE), 2)
    assert "encoder" in line and "--image" in line
