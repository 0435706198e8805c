"""From the command line to a job, without TensorFlow."""

import os
import socket
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.command_line import ROOT, SMALL, flags, make_clips, parse, recorded, refusal, tree

from util.options.schema import Options
from util.runs import jobs
from util.runs.jobs import locked_run, matched_to, prepare
from util.runs.run_directory import RunDirectory
from util.system.errors import CommandLineError, RunError
from util.system.folder_lock import locked

EMBEDDED = [
    *(("synthesis", category) for category in ("fire", "flag", "light", "water")),
    *(("recovery", category) for category in ("flag", "water")),
    ("inpainting", "pond"),
    *((kind, category) for kind in ("action", "animation") for category in ("walkers", "blossoms")),
]


@pytest.mark.parametrize("experiment, category", EMBEDDED)
def test_embedded_clips_are_what_the_defaults_ask_for(experiment, category, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    job = prepare(parse(flags(experiment=experiment, category=category, output_dir=tmp_path)))
    length, side = job.options.num_frames, job.options.image_size
    assert job.clips.frames.shape[1:] == (length, side, side, 3)
    assert len(job.clips.names) == (16 if job.options.content_size else 1)
    assert (job.clips.truth is not None) == (experiment in ("recovery", "inpainting"))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current directory, with the clips of `SMALL`."""
    make_clips(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(**options):
    return parse(flags(**{**SMALL, **options}))


@pytest.mark.parametrize("num_frames, latents", [(60, "clips"), (20, "prior")])
def test_matched_latents_come_from_the_prior_if_the_frames_are_too_few(num_frames, latents):
    """With 20 frames, the windows vary in 19 directions, and a state has 20 numbers."""
    steps = np.random.default_rng(0).normal(size=(1, num_frames, 16, 16, 3))
    clips = SimpleNamespace(frames=np.float32(0.02 * steps.cumsum(axis=1)), visible=None)
    asked = parse([])
    found = matched_to(clips, asked.options, asked.experiment(asked.options), asked.given)
    assert found == recorded(flags(initial_latents=latents))


# --- The checkpoint that a test names ---


@pytest.mark.parametrize("flag", ["ckpt", "ckpt_name"])
@pytest.mark.parametrize("training", [True, False])
def test_empty_name_of_a_checkpoint_is_refused(place, flag, training):
    """As from a variable of the shell that is not set."""
    with pytest.raises(CommandLineError, match=f"--{flag} is empty"):
        prepare(command(isTraining=training, **{flag: ""}))


@pytest.mark.parametrize("name", ["../../other/model/model.ckpt-1", "a/model.ckpt-1", "..", "/a"])
def test_path_as_name_of_a_checkpoint_is_refused(place, name):
    with pytest.raises(CommandLineError, match="--ckpt_name") as caught:
        prepare(command(isTraining=False, ckpt_name=name))
    assert name in str(caught.value)
    assert "--ckpt" in str(caught.value)


# --- Names ---


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_category_is_found_in_any_unicode_form(place, forms):
    on_disk, given = (unicodedata.normalize(form, "Wäßer") for form in forms)
    data = place / "trainingVideo" / "dynamicTexture"
    (data / "waves").rename(data / on_disk)
    run = RunDirectory(place / "output_synthesis" / on_disk)
    run.prepare(recorded(flags(**{**SMALL, "category": on_disk})))
    job = prepare(command(category=given, resume=True))
    assert job.run.path == Path("output_synthesis") / on_disk
    assert len(job.clips.names) == 2


def test_long_names_of_clips_become_names_of_files(place):
    data = place / "trainingVideo" / "dynamicTexture" / "waves"
    (data / "swell").rename(data / ("x" * 255))
    names = prepare(command()).clips.names
    assert max(len(f"{name}_12.mp4") for name in names) <= 255


def test_too_long_category_is_refused(place):
    with pytest.raises(CommandLineError, match="too long"):
        command(category="x" * 256)


# --- The lock of a run ---


def test_run_in_use_is_refused_in_every_way(place):
    folder = Path("output_synthesis") / "waves"
    folder.mkdir(parents=True)
    with locked(folder):
        for way in ({}, {"resume": True}, {"overwrite": True}):
            line = refusal(enter, command(**way))
            assert str(folder) in line
            assert f"process {os.getpid()} on {socket.gethostname()} since " in line
        with locked_run(command(isTraining=False)):
            pass


def test_refused_run_leaves_the_cache_of_the_one_that_is_in_its_way(place, monkeypatch):
    """Both began before the folder was there. The other one has decoded a clip so far."""
    run = RunDirectory(Path("output_synthesis") / "waves")
    clip = run.cache / f".partial-{'0' * 16}.npy"

    def in_use(folder):
        clip.parent.mkdir(parents=True)
        clip.write_text("decoded")
        raise RunError("in use")

    assert not run.path.parent.exists()
    monkeypatch.setattr(jobs, "locked", in_use)
    with pytest.raises(RunError, match="in use"), locked_run(command()):
        pass
    assert clip.read_text() == "decoded"


def enter(command_line):
    with locked_run(command_line):
        pass


def test_refused_training_leaves_no_folder(place):
    with pytest.raises(ValueError), locked_run(command(output_dir="a/b")):
        assert (place / "a" / "b" / "waves").is_dir()
        raise ValueError
    assert not (place / "a").exists()


def test_folders_that_were_there_stay(place):
    (place / "a").mkdir()
    with pytest.raises(ValueError), locked_run(command(output_dir="a/b")):
        (place / "a" / "b" / "mine.txt").write_text("mine")
        raise ValueError
    assert [path.name for path in (place / "a").rglob("*")] == ["b", "mine.txt"]


@pytest.mark.parametrize("output", ["file", "link", "x" * 300])
def test_place_that_takes_no_folder_is_refused(place, output):
    (place / "file").write_text("in the way")
    (place / "link").symlink_to("nothing")
    assert "choose another" in refusal(enter, command(output_dir=output))


# --- An earlier run ---


def test_options_that_contradict_each_other_are_refused(place):
    run = RunDirectory(Path("output_synthesis") / "waves")
    run.prepare(Options(category="waves", image_size=16))
    assert "options.json" in refusal(prepare, command(resume=True))


@pytest.mark.parametrize("inside", ["", "waves/results"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_run_among_the_clips_is_refused(place, inside, overwrite):
    output = Path("trainingVideo/dynamicTexture") / inside
    before = tree(place)
    message = refusal(prepare, command(output_dir=output, overwrite=overwrite))
    assert message == (
        "the results would be written among the clips in trainingVideo/dynamicTexture/waves, and "
        "the next run would take them for clips; choose another --output_dir"
    )
    assert tree(place) == before


def test_folder_of_another_program_is_not_overwritten(place):
    folder = place / "output_synthesis" / "waves"
    folder.mkdir(parents=True)
    (folder / "options.json").write_text('{"lr": 0.1}')
    before = tree(place)
    assert "options.json" in refusal(prepare, command(overwrite=True))
    assert tree(place) == before


def test_folder_of_another_program_is_not_resumed(place):
    """The released code gives its folders the same names."""
    results = place / "output_synthesis" / "waves" / "final_result" / "ripples"
    results.mkdir(parents=True)
    (results / "00001.png").write_bytes(b"mine")
    before = tree(place)
    assert "no options.json" in refusal(prepare, command(resume=True))
    assert tree(place) == before


def test_results_without_a_checkpoint_are_not_replaced_by_resuming(place):
    run = RunDirectory(place / "output_synthesis" / "waves")
    run.prepare(recorded(flags(**SMALL, resume=True)), ["ripples"])
    prepare(command(resume=True))  # as after a kill before the first checkpoint
    (run.final_result / "ripples").mkdir()
    before = tree(place)
    assert "no checkpoint to go on from" in refusal(prepare, command(resume=True))
    assert tree(place) == before
