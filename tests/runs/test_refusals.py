"""What cannot be done is refused in one line, with nothing written, and no traceback."""

import os
import shutil
from collections import namedtuple

import pytest
from support.command_line import (
    SMALL,
    encode,
    flags,
    make_clips,
    moving_pattern,
    refused,
    run,
    run_directory,
    run_here,
    trained,
    tree,
)

TRAIN = {"isTraining": True, **SMALL}
FOLDER = "trainingVideo/dynamicTexture"


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Clips and what is wrong with some; none of these tests may change anything here."""
    place = tmp_path_factory.mktemp("clips")
    folder = make_clips(place).parent
    for name in ("empty", "broken", "cut", "picture"):
        (folder / name).mkdir()
    (folder / "broken" / "noise.mp4").write_bytes(bytes(range(256)) * 9)
    video = encode(folder / "cut" / "waves.mp4", moving_pattern(1, 40, 32), "-c:v", "libx264")
    video.write_bytes(video.read_bytes()[:-2000])
    (folder / "picture" / "one").mkdir()
    (folder / "picture" / "one" / "1.png").write_bytes(b"not a picture")
    (folder / "pipe").mkdir()
    os.mkfifo(folder / "pipe" / "waves.mp4")
    (place / "file").write_text("in the way")
    return place


# What is given, the exit code, and what the line must name: the value and the way out.
CASES = {
    "unknown flag": ({"num_epoch": 3}, 2, ["--num_epoch;", "--num_epochs"]),
    "maybe": ({"isTraining": "maybe"}, 2, ["isTraining", "maybe", "True"]),
    "count": ({"num_epochs": 0}, 2, ["--num_epochs 0", "at least 1"]),
    "sigma": ({"refsig": 0}, 2, ["--refsig 0", "above 0"]),
    "delta": ({"step_size": "nan"}, 2, ["--step_size nan", "above 0"]),
    "beta": ({"beta1_gen": 1}, 2, ["--beta1_gen 1", "at most 0.999999"]),
    "size": ({"image_size": 48}, 2, ["--image_size 48", "64", "128", "150"]),
    "size and network": ({"net_type": "scene"}, 2, ["--image_size 8", "64"]),
    "path": ({"category": "a/b"}, 2, ["--category a/b", "--data_path"]),
    "no category": ({"category": ""}, 2, ["--category", "broken", "waves"]),
    "line break": ({"category": "a\nb"}, 1, ["a", "waves"]),
    "both": ({"resume": True, "overwrite": True}, 2, ["--resume", "--overwrite"]),
    "unknown category": ({"category": "weaves"}, 1, ["weaves", FOLDER, "empty", "waves"]),
    "unknown folder": ({"data_path": "none"}, 1, ["none", "--data_path"]),
    "no clips": ({"category": "empty"}, 1, [f"{FOLDER}/empty", ".mp4", ".png"]),
    "broken video": ({"category": "broken"}, 1, [f"{FOLDER}/broken/noise.mp4", "remove"]),
    "cut video": ({"category": "cut"}, 1, [f"{FOLDER}/cut/waves.mp4", "remove"]),
    "named pipe": ({"category": "pipe"}, 1, [f"{FOLDER}/pipe/waves.mp4", "named pipe", "remove"]),
    "broken image": ({"category": "picture"}, 1, [f"{FOLDER}/picture/one/1.png", "remove"]),
    "short clip": ({"num_frames": 8}, 1, ["ripples.avi", "7 frames", "--num_frames 8"]),
    "short rest": ({"first_frame": 3}, 1, ["ripples.avi", "7 frames", "--first_frame 3"]),
    "file in the way": ({"output_dir": "file/below"}, 1, ["file", "choose another"]),
    "file as output": ({"output_dir": "file"}, 1, ["file", "choose another"]),
    "no checkpoint": (
        {"isTraining": False, "ckpt_name": "model.ckpt-3"},
        1,
        ["output_synthesis/waves/model/model.ckpt-3", "no checkpoint"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refused_in_one_line_with_nothing_written(clips, case):
    given, exit_code, named = CASES[case]
    before = tree(clips)
    line = refused(run(clips, *flags(**{**TRAIN, **given})), exit_code)
    for word in named:
        assert word in line
    assert tree(clips) == before


def test_debug_shows_where(clips):
    outcome = run(clips, *flags(**{**TRAIN, "category": "none", "debug": True}))
    assert outcome.returncode == 1
    assert "Traceback" in outcome.stderr
    assert outcome.stderr.splitlines()[-1].startswith("error: ")


def test_folder_without_permission_is_refused(tmp_path):
    make_clips(tmp_path)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    if os.access(locked, os.W_OK):
        pytest.skip("this user may write everywhere")
    line = refused(run(tmp_path, *flags(**TRAIN, output_dir="locked/out")), 1)
    assert str(locked) in line
    assert "permission" in line
    assert os.listdir(locked) == []


def test_disk_too_full_for_checkpoints_is_refused(clips, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**9, 10**9, 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    before = tree(clips)
    line = refused(run_here(clips, *flags(**TRAIN)), 1)
    assert "no space" in line
    assert "1 MB are free" in line
    assert "another --output_dir" in line
    assert tree(clips) == before


def test_space_of_the_run_that_is_replaced_counts_as_free(tmp_path, monkeypatch):
    make_clips(tmp_path)
    first = {**TRAIN, "num_epochs": 2, "log_step": 1}
    assert run_here(tmp_path, *flags(**first)).returncode == 0
    usage = namedtuple("usage", "total used free")(10**9, 10**9, 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    line = refused(run_here(tmp_path, *flags(**{**first, "num_epochs": 3}, resume=True)), 1)
    assert "no space" in line
    assert run_here(tmp_path, *flags(**first, resume=True)).returncode == 0  # writes only results
    assert run_here(tmp_path, *flags(**first, overwrite=True)).returncode == 0


# --- A disk that takes no more while the run goes on ---


def last_line(outcome):
    assert outcome.returncode == 1, outcome
    assert "Traceback" not in outcome.stderr
    line = outcome.stderr.strip().splitlines()[-1].split("\r")[-1]
    assert line.startswith("error: ")
    return line


def test_checkpoint_that_cannot_be_written_ends_the_run(tmp_path):
    make_clips(tmp_path)
    outcome = run(tmp_path, *flags(**TRAIN), largest_file=500_000)
    assert "model.ckpt-2" in last_line(outcome)
    assert list((run_directory(tmp_path) / "model").glob("model.ckpt*")) == []


def test_video_that_cannot_be_written_ends_the_run(tmp_path):
    here = trained().copy(tmp_path)
    before = tree(tmp_path)
    many = flags(isTraining=False, category="waves", num_sections_in_test=40)
    outcome = run(tmp_path, *many, largest_file=2000)
    line = last_line(outcome)
    assert "final_result_testing" in line
    assert ".gif" in line or ".mp4" in line
    assert not [path for path in (here / "final_result_testing").rglob("*") if path.is_file()]
    assert before.items() <= tree(tmp_path).items()


def test_options_file_that_cannot_be_written_ends_the_run(tmp_path):
    make_clips(tmp_path)
    outcome = run(tmp_path, *flags(**TRAIN), largest_file=2500)
    assert "options.json" in last_line(outcome)
    assert not [path for path in run_directory(tmp_path).rglob("*") if path.is_file()]


def test_clips_that_cannot_be_decoded_into_the_cache_end_the_run(tmp_path):
    make_clips(tmp_path)
    line = last_line(run(tmp_path, *flags(**TRAIN), largest_file=500))
    assert "frames.npy" in line and "--cache_dir" in line
    assert not [path for path in tmp_path.rglob("output_synthesis/**/*") if path.is_file()]


def test_training_with_a_checkpoint_to_test_is_refused(tmp_path):
    line = refused(run(tmp_path, "--category", "waves", "--ckpt", "a/b/model.ckpt-3"), 2)
    assert "--isTraining False" in line
    assert list(tmp_path.iterdir()) == []


def test_resuming_a_test_is_refused(tmp_path):
    line = refused(run(tmp_path, *flags(category="waves", isTraining=False, resume=True)), 2)
    assert "--resume" in line
    assert list(tmp_path.iterdir()) == []
