"""What a test takes: clips, which it can do without, and the statistics of the checkpoint."""

import numpy as np
import pytest
from support.command_line import (
    SMALL,
    change_checkpoint,
    flags,
    make_clips,
    parse,
    played,
    recorded,
    refusal,
    run_directory,
    run_here,
    trained,
)

from model.latents import Latents
from util.runs import checkpoints, jobs
from util.runs.loading import read_checkpoint
from util.runs.run_state import RunState


@pytest.fixture
def place(tmp_path):
    trained().copy(tmp_path)
    return tmp_path


def test_clips_that_cannot_be_read_do_not_stop_a_test(place):
    swell = place / "trainingVideo" / "dynamicTexture" / "waves" / "swell" / "00000.png"
    swell.write_bytes(b"no image")
    outcome = run_here(place, *flags(category="waves", isTraining=False))
    assert outcome.returncode == 0, outcome.stderr
    assert "the training clips cannot be read" in outcome.stderr
    assert list((run_directory(place) / "final_result_testing").glob("*.mp4"))


def test_another_seed_or_category_still_measures_against_the_training_clips(place):
    checkpoint = run_directory(place) / "model" / "model.ckpt-6"
    outcome = run_here(place, *flags(category="other", ckpt=checkpoint, seed=5, isTraining=False))
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    assert (run_directory(place) / "test" / "synthesis" / "comparison.json").exists()


# --- Calibrated statistics ---


def statistics_in(values):
    return sorted(name for name in values if name.startswith("calibrated/"))


def distort(values):
    for name in statistics_in(values):
        values[name] = values[name] + 0.5


def videos(place, **options):
    """The frames of all videos of a test, by file name."""
    test = flags(category="waves", isTraining=False, overwrite=True, **options)
    outcome = run_here(place, *test)
    assert outcome.returncode == 0, outcome.stderr
    folder = run_directory(place) / "final_result_testing"
    return {path.name: played(path, (8, 8)) for path in sorted(folder.glob("*.gif"))}


def same(one, other):
    assert one.keys() == other.keys()
    assert len(one) > 1
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_a_checkpoint_has_the_statistics_of_every_normalised_layer(place):
    for path in (run_directory(place) / "model").glob("*.index"):
        values = checkpoints.load(path.with_suffix(""))
        kinds = ("mean", "variance")
        expected = [
            f"calibrated/{part}layer_{layer}/{kind}"
            for part in ("beginning/", "")
            for layer in (1, 2)
            for kind in kinds
        ]
        assert statistics_in(values) == expected
        for name in expected:
            layer = name.split("/")[-2]
            assert values[name].shape == values[f"emission/{layer}/bias"].shape
            assert values[name].dtype == np.float32


def test_a_test_reuses_the_statistics_of_the_checkpoint(place):
    before = videos(place)
    change_checkpoint(place, distort)
    assert not same(videos(place), before)


@pytest.mark.parametrize("asked", ["batch", "moving"])
def test_a_test_by_other_statistics_does_not_use_them(place, asked):
    before = videos(place, normalization_in_test=asked)
    assert not same(videos(place), before)
    change_checkpoint(place, distort)
    assert same(videos(place, normalization_in_test=asked), before)


@pytest.mark.parametrize("removed", ["calibrated/", "calibrated/beginning/"])
def test_a_checkpoint_of_an_earlier_version_is_calibrated_in_its_test(place, removed):
    """To the statistics that training would have kept: the same videos."""
    before = videos(place)

    def remove(values):
        for name in statistics_in(values):
            if name.startswith(removed):
                del values[name]

    change_checkpoint(place, remove)
    assert same(videos(place), before)


@pytest.mark.parametrize(
    "asked",
    [
        {"start_in_test": "prior"},
        {"innovations_in_test": "fitted"},
        {"motion_type_in_test": "inferred"},
    ],
)
def test_videos_that_are_sampled_otherwise_are_calibrated_anew(place, asked):
    before = videos(place, **asked)
    change_checkpoint(place, distort)
    assert same(videos(place, **asked), before)


def test_a_run_that_asked_for_other_statistics_is_calibrated_in_its_test(tmp_path):
    make_clips(tmp_path)
    options = {**SMALL, "num_epochs": 2, "normalization_in_test": "batch"}
    outcome = run_here(tmp_path, *flags(isTraining=True, **options))
    assert outcome.returncode == 0, outcome.stderr
    values = checkpoints.load(run_directory(tmp_path) / "model" / "model.ckpt-2")
    assert statistics_in(values) == []
    assert not same(videos(tmp_path), videos(tmp_path, normalization_in_test="calibrated"))


# --- The sequences of a test ---


@pytest.mark.parametrize(
    ("experiment", "rows", "is_told"),
    [("loop", [0], True), ("synthesis", [0, 1], False), ("animation", [0, 1], False)],
)
def test_results_are_limited_where_each_sequence_has_one(
    tmp_path, capsys, experiment, rows, is_told
):
    """Synthesis measures all sequences, and animation takes images, not sequences."""
    job = deleted_meanwhile(tmp_path, [3], experiment=experiment, results_for=1)
    assert read_checkpoint(job).rows == rows
    told = "results for the first 1 of 2 sequences" in capsys.readouterr().err
    assert told == is_told


# --- A checkpoint that training deletes meanwhile ---


def deleted_meanwhile(place, epochs, **options):
    """A test of model.ckpt-3, which is no longer there; the checkpoints of `epochs` are."""
    options_then = recorded(flags(**SMALL))
    shapes = (2, 5, 3), (2, 4), (2, 0), (2, 0)
    latents = Latents(*(np.zeros(shape, np.float32) for shape in shapes))
    models = place / "model"
    models.mkdir()
    for epoch in epochs:
        arrays = RunState(epoch, options_then, ["a", "b"], "", latents, {}).arrays()
        checkpoints.save(models, epoch, arrays, max_to_keep=5)
    test = parse(flags(category="waves", isTraining=False, **options))
    return jobs.TestingJob(test, models / "model.ckpt-3", place, named_by_path=False)


def test_newest_checkpoint_is_taken_again(tmp_path, capsys):
    job = deleted_meanwhile(tmp_path, [4, 5])
    checkpoint = read_checkpoint(job)
    assert checkpoint.path == tmp_path / "model" / "model.ckpt-5"
    assert checkpoint.state.epoch == 5
    assert capsys.readouterr().err == "model.ckpt-3 is gone; taking model.ckpt-5\n"


@pytest.mark.parametrize(
    "epochs, options", [([], {}), ([4, 5], {"ckpt_name": "model.ckpt-3"})], ids=["none", "named"]
)
def test_named_or_last_checkpoint_is_said_to_be_gone(tmp_path, epochs, options):
    job = deleted_meanwhile(tmp_path, epochs, **options)
    line = refusal(read_checkpoint, job)
    assert f"{tmp_path / 'model' / 'model.ckpt-3'} is gone" in line
    for epoch in epochs:
        assert f"model.ckpt-{epoch}" in line


def test_damaged_checkpoint_is_not_gone(tmp_path):
    job = deleted_meanwhile(tmp_path, [3, 4])
    (tmp_path / "model" / "model.ckpt-3.index").write_bytes(b"")
    assert "damaged" in refusal(read_checkpoint, job)
