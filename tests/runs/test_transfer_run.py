"""Motion transfer as its users run it: the motion of one sequence, the appearance of another."""

import shutil

import numpy as np
import pytest
from PIL import Image
from support.command_line import (
    SMALL,
    flags,
    make_sequences,
    panels,
    refused,
    run,
    run_here,
    train_on_sequences,
    trained,
)
from support.numpy_model import emit, in_double, unroll

from model.networks import NETWORKS
from util.data.clip_facts import facts_of
from util.data.clips import read_clip
from util.data.frames import to_bytes
from util.data.videos import video_timing
from util.pictures.layout import under_one_head
from util.pictures.sheets import Row
from util.runs import checkpoints
from util.runs.run_state import read_state

NAMES = ["hop", "jog", "run"]
LENGTH = 4
CHUNK = 3  # the last chunk has one frame
SIDE = SMALL["image_size"]
TRAINING = {
    **SMALL,
    "experiment": "action",
    "schedule": "published",  # in float32
    "num_frames": LENGTH,
    "truncated_backprop_length": CHUNK,
    "content_size": 5,
    "motion_type_size": 2,
    "batch_size": 2,
    # Enough that what the videos show depends on motion and appearance.
    "num_epochs": 40,
    "log_step": 20,
    "lr_gen": 0.01,
    "step_size": 0.2,
}
TRANSFER = flags(experiment="transfer", category="waves")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A directory in which a model of three sequences was trained."""
    place = tmp_path_factory.mktemp("transfer")
    train_on_sequences(place, NAMES, LENGTH, TRAINING)
    return place


@pytest.fixture
def place(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run_of(place):
    return place / "output_synthesis" / "waves"


def clip_of(place, name):
    path = place / "trainingVideo" / "action_dataset" / "waves" / f"{name}.avi"
    return read_clip(facts_of(path), 0, LENGTH, SIDE)


def shown_in(overview, pairs):
    """The panels of an overview: uint8 [pairs, frames, columns, side, side, 3]."""
    frames, heads = np.zeros((1, SIDE, SIDE, 3), np.uint8), ["motion", "appearance", "transfer"]
    rows = [
        Row(f"{first}\nto {second}\nframe {moment}", [frames] * 3, heads)
        for first, second in pairs
        for moment in range(LENGTH)
    ]
    found = panels(np.asarray(Image.open(overview)), under_one_head(rows))
    return np.reshape(found, (len(pairs), LENGTH, 3, SIDE, SIDE, 3))


def in_numpy(place, motion_of, appearance_of):
    """The transferred frames, uint8 [T, side, side, 3], from the checkpoint in float64.

    They are normalised by the calibrated statistics of the checkpoint, which go over from those of
    the beginning into the later ones during the first chunk.
    """
    state = read_state(run_of(place) / "model" / "model.ckpt-40")
    weights, latents = in_double(state.variables), in_double(state.latents)
    motion = type(latents)(*(values[[motion_of]] for values in latents))
    states, _ = unroll(weights, motion)
    appearance = latents.appearance[[appearance_of]]
    beginning, later = ([in_double(one) for one in part] for part in state.calibrated)
    frames = []
    for time in range(LENGTH):
        share = max(1 - time / CHUNK, 0)
        given = [
            [share * first + (1 - share) * last for first, last in zip(*moments, strict=True)]
            for moments in zip(beginning, later, strict=True)
        ]
        one, _ = emit(weights, NETWORKS["8"], appearance, states[:, [time]], given)
        frames.append(one[0, 0])
    return to_bytes(np.array(frames))


def test_row_shows_both_observed_and_the_motion_in_the_other_appearance(place):
    outcome = run(place, *TRANSFER, *flags(pairs="0:2,1:0"))
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    folder = run_of(place) / "final_result_transfer"
    assert outcome.stdout.splitlines()[-1] == f"results in {folder.relative_to(place)}"
    names = {f"{name}.{kind}" for name in ("hop_to_run", "jog_to_hop") for kind in ("mp4", "gif")}
    overview = {f"overview.{kind}" for kind in ("mp4", "gif", "png")}
    assert {path.name for path in folder.iterdir()} == names | overview
    shown = shown_in(folder / "overview.png", [("hop", "run"), ("jog", "hop")])
    for row, (first, second) in zip(shown, [(0, 2), (1, 0)], strict=True):
        np.testing.assert_array_equal(row[:, 0], clip_of(place, NAMES[first]))
        np.testing.assert_array_equal(row[:, 1], clip_of(place, NAMES[second]))
        expected = in_numpy(place, first, second)
        assert np.abs(row[:, 2].astype(int) - expected).max() <= 1
    # Motion and appearance both count: neither alone would give the same frames.
    transferred = in_numpy(place, 0, 2).astype(int)
    assert np.abs(transferred - in_numpy(place, 0, 0)).max() > 10
    assert np.abs(transferred - in_numpy(place, 2, 2)).max() > 10


def test_pairs_left_out_are_neighbours_and_a_checkpoint_may_be_named(place):
    checkpoint = run_of(place) / "model" / "model.ckpt-20"
    outcome = run_here(place, *flags(experiment="transfer", ckpt=checkpoint))
    assert outcome.returncode == 0, outcome.stderr
    names = {path.stem for path in (run_of(place) / "test" / "transfer").iterdir()}
    assert names == {"hop_to_jog", "overview"}


def test_clips_that_are_gone_are_replaced_by_their_reconstructions(place):
    shutil.rmtree(place / "trainingVideo")
    outcome = run_here(place, *TRANSFER, *flags(pairs="0:2"))
    assert outcome.returncode == 0, outcome.stderr
    assert "reconstructions are shown" in outcome.stderr
    assert outcome.stderr.count("\n") == 2  # the other line says what is missing
    shown_in(run_of(place) / "final_result_transfer" / "overview.png", [("hop", "run")])


@pytest.mark.parametrize(
    "given, said",
    [
        ({"pairs": "0:3"}, ["--pairs 0:3", "sequence 3", "has 3, numbered from 0"]),
        ({"pairs": "0-2"}, ["--pairs 0-2", "0:3,1:4"]),
        ({"isTraining": True}, ["--experiment transfer only tests", "--isTraining"]),
        ({"image": "still.png"}, ["--image", "does nothing in --experiment transfer", "animation"]),
        ({"content_size": 6}, ["--content_size 6 contradicts"]),
    ],
)
def test_refused_before_anything_is_written(finished, given, said):
    line = refused(run_here(finished, *TRANSFER, *flags(**given)), 2)
    assert all(words in line for words in said), line
    assert not (run_of(finished) / "final_result_transfer").exists()


def test_flags_of_other_experiments_are_named(place):
    given = flags(pairs="0:1", interpolation_steps=3, sequences="99")
    outcome = run_here(place, *TRANSFER, *given)
    assert outcome.returncode == 0  # also where an idle flag names a sequence that does not exist
    for name in ("interpolation_steps", "sequences"):
        assert f"warning: --{name} does nothing in --experiment transfer" in outcome.stderr
    assert outcome.stderr.count("\n") == 2


def test_model_without_appearances_is_refused(tmp_path):
    trained().copy(tmp_path)
    line = refused(run_here(tmp_path, *TRANSFER), 2)
    assert "needs two appearances" in line and "--content_size 0" in line
    assert "--experiment action" in line


def test_model_of_animation_is_refused(tmp_path):
    """Its innovations each belong to a chunk that began at another frame."""
    make_sequences(tmp_path, NAMES, LENGTH)
    training = {**TRAINING, "experiment": "animation", "num_epochs": 1}
    assert run_here(tmp_path, *flags(**training)).returncode == 0
    line = refused(run_here(tmp_path, *TRANSFER), 2)
    assert "encoder" in line and "--experiment action" in line


@pytest.mark.parametrize("experiment", ["transfer", "interpolation"])
def test_overview_plays_at_the_rate_of_the_first_sequence_of_the_first_pair(place, experiment):
    models = run_of(place) / "model"
    values = checkpoints.load(models / "model.ckpt-40")
    values["clip_formats"] = np.asarray([(10, 1), (20, 1), (40, 1)], np.float64)
    checkpoints.save(models, 40, values, max_to_keep=5)
    options = flags(
        experiment=experiment, category="waves", pairs="1:0,2:0", num_sections_in_test=1
    )
    assert run_here(place, *options).returncode == 0
    (folder,) = run_of(place).glob(f"final_result_{experiment}")
    rates = {path.stem: video_timing(path).rate for path in folder.glob("*.mp4")}
    assert rates == {"jog_to_hop": 20, "run_to_hop": 40, "overview": 20}
