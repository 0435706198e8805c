"""Action patterns and appearance interpolation as their users run them."""

import dataclasses
import shutil

import numpy as np
import pytest
from PIL import Image
from support.command_line import (
    SMALL,
    flags,
    make_sequences,
    played,
    refused,
    run,
    run_here,
    tree,
)
from support.numpy_model import draw_latents
from util.testing import interpolated

from model.sampling import between, drawn_start
from util.data.clips import read_clip
from util.data.frames import to_bytes
from util.options.schema import Options
from util.runs.sampling import sampled_bytes

NAMES = ["hop", "jog", "run"]
LENGTH = 4
TRAINING = {
    **SMALL,
    "experiment": "action",
    "num_frames": LENGTH,
    "truncated_backprop_length": LENGTH,
    "content_size": 5,
    "batch_size": 2,  # the last batch has one sequence
    "num_epochs": 2,
    "num_sections_in_test": 2,
}
TEST = flags(experiment="action", category="waves", isTraining=False)
CHECKPOINT = "output_synthesis/waves/model/model.ckpt-2"
INTERPOLATION = flags(experiment="interpolation", ckpt=CHECKPOINT)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A directory in which a model of three sequences was trained."""
    place = tmp_path_factory.mktemp("action")
    make_sequences(place, NAMES, LENGTH)
    outcome = run(place, *flags(**TRAINING))
    assert outcome.returncode == 0, outcome.stderr
    return place


@pytest.fixture
def place(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


# --- Action ---


def test_training_shows_all_sequences_above_what_is_synthesized_for_each(finished):
    result = finished / "output_synthesis" / "waves" / "final_result"
    names = {path.name for path in result.iterdir()}
    assert names == {*NAMES, *(f"overview.{kind}" for kind in ("mp4", "gif", "png"))}
    # Three panels of 8 pixels with gaps of 2, one row observed and two synthesized.
    frames = played(result / "overview.gif", (28, 28))
    assert len(frames) == 2 * LENGTH
    assert not frames[LENGTH:, :8, :8].any()
    assert frames[:LENGTH, :8, :8].any()


def test_testing_gives_each_appearance_new_motions(place):
    outcome = run(place, *TEST)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    folder = place / "output_synthesis" / "waves" / "final_result_testing"
    made = {path.name for path in folder.iterdir()}
    videos = {f"{name}_{video}" for name in NAMES for video in (1, 2)} | {"overview"}
    expected = {f"{video}.{kind}" for video in videos for kind in ("mp4", "gif")}
    assert made == expected | {"overview.png"}
    one, two = (read_clip(folder / f"jog_{video}.mp4", 0, 2 * LENGTH, 8) for video in (1, 2))
    assert np.any(one != two)


def test_sequences_restrict_what_is_synthesized(place):
    outcome = run_here(place, *TEST, "--sequences", "0,2", "--num_batches_in_test", "1")
    assert outcome.returncode == 0, outcome.stderr
    folder = place / "output_synthesis" / "waves" / "final_result_testing"
    assert {path.stem for path in folder.iterdir()} == {"hop_1", "run_1", "overview"}


def test_a_sequence_by_itself_gets_the_videos_that_it_gets_among_all(place):
    for chosen in ([], ["--sequences", "1"]):
        outcome = run_here(place, *TEST, *chosen)
        assert outcome.returncode == 0, outcome.stderr
    among_all, alone = (
        place / f"output_synthesis/waves/final_result_testing{number}" for number in ("", "_2")
    )
    for video in ("jog_1.mp4", "jog_2.mp4"):
        assert (alone / video).read_bytes() == (among_all / video).read_bytes()
    # Observed over twice synthesized, four moments each, 8 pixels with gaps of 2.
    sheet = np.asarray(Image.open(among_all / "overview.png"))
    np.testing.assert_array_equal(np.asarray(Image.open(alone / "overview.png")), sheet[:, 10:18])
    observed = read_clip(place / "trainingVideo/action_dataset/waves/jog.avi", 0, 1, 8)[0]
    np.testing.assert_array_equal(sheet[:8, 10:18], observed)


def test_what_the_checkpoint_is_of_is_tested_where_no_experiment_is_named(place):
    outcome = run_here(place, *flags(isTraining=False, ckpt=CHECKPOINT))
    assert outcome.returncode == 0, outcome.stderr
    assert (place / "output_synthesis" / "waves" / "test" / "synthesis" / "overview.gif").exists()


def test_testing_without_the_clips_shows_their_reconstruction(place):
    shutil.rmtree(place / "trainingVideo")
    outcome = run_here(place, *TEST)
    assert outcome.returncode == 0, outcome.stderr
    (line,) = outcome.stderr.splitlines()
    assert "trainingVideo" in line
    assert "reconstructed" in line


@pytest.mark.parametrize("sequences", ["3", "0,7"])
def test_unknown_sequence_is_refused(place, sequences):
    before = tree(place)
    line = refused(run_here(place, *TEST, "--sequences", sequences), 2)
    assert sequences in line
    assert "has 3" in line
    assert tree(place) == before


@pytest.mark.parametrize("given", [{"sequences": "1;2"}, {"sequences": "a"}, {"pairs": "0-1"}])
def test_malformed_numbers_are_refused(place, given):
    (value,) = given.values()
    assert value in refused(run_here(place, *INTERPOLATION, *flags(**given)), 2)


# --- Where a synthesized video starts ---


def test_start_state_is_drawn_or_inferred(generator):
    latents = draw_latents(generator.settings.sizes, 2, 3)
    inferred, drawn = (drawn_start(latents, np.random.default_rng(0), draw) for draw in (0, 1))
    assert inferred.initial_state is latents.initial_state
    assert np.all(drawn.initial_state != latents.initial_state)
    for start in (inferred, drawn):
        assert start.appearance is latents.appearance
        assert np.all(start.motion_type != latents.motion_type)
    np.testing.assert_array_equal(inferred.motion_type, drawn.motion_type)


OF_ACTIONS = Options(
    truncated_backprop_length=3,
    num_sections_in_test=2,
    batch_size=2,
    start_in_test="prior",
    normalization_in_test="moving",
    interpolation_steps=3,
)


@pytest.mark.parametrize("start, moves", [("prior", False), ("inferred", True)])
def test_videos_start_where_the_options_say(generator, start, moves):
    options = dataclasses.replace(OF_ACTIONS, start_in_test=start)
    latents = draw_latents(generator.settings.sizes, 3, 3)
    other = latents._replace(initial_state=-latents.initial_state)
    one, two = (sampled_bytes(generator, options, given, video=0) for given in (latents, other))
    assert np.any(one != two) == moves


def test_a_motion_is_the_same_for_all_appearances_and_each_video_has_another(generator):
    latents = draw_latents(generator.settings.sizes, 3, 3)
    alike = type(latents)(*(np.repeat(values[:1], 3, axis=0) for values in latents))
    first, second = (sampled_bytes(generator, OF_ACTIONS, alike, video) for video in (0, 1))
    for row in (1, 2):
        np.testing.assert_array_equal(first[row], first[0])
    assert np.any(first != second)


# --- Interpolation ---


def columns(generator, latents, first, second):
    """The videos from one appearance to the other, uint8 [3, T, H, W, 3]."""
    videos = interpolated(generator, OF_ACTIONS, latents, first, second)
    return np.stack([np.concatenate([to_bytes(part[0]) for part in chunks]) for chunks in videos])


def test_ends_are_the_sequences_own_videos_byte_for_byte(generator):
    latents = draw_latents(generator.settings.sizes, 3, 3)
    there, back = columns(generator, latents, 0, 2), columns(generator, latents, 2, 0)
    own = sampled_bytes(generator, OF_ACTIONS, latents, video=0)
    assert there[0].tobytes() == own[0].tobytes()
    assert there[-1].tobytes() == own[2].tobytes()
    assert there.tobytes() == back[::-1].tobytes()
    assert all(np.any(there[1] != end) for end in (there[0], there[2]))


def test_appearances_lie_on_a_straight_line(generator):
    latents = draw_latents(generator.settings.sizes, 3, 3)
    line = np.stack([current.appearance[0] for current in between(latents, 0, 2, 5)])
    expected = np.linspace(latents.appearance[0], latents.appearance[2], 5)
    np.testing.assert_allclose(line, expected, rtol=1e-5, atol=1e-6)


def test_interpolation_makes_a_row_for_each_pair(place):
    pairs = ["--pairs", "0:2,1:0", "--interpolation_steps", "4"]
    outcome = run(place, *INTERPOLATION, *pairs)
    assert outcome.returncode == 0, outcome.stderr
    folder = place / "output_synthesis" / "waves" / "test" / "interpolation"
    assert {path.stem for path in folder.iterdir()} == {"hop_to_run", "jog_to_hop", "overview"}
    assert len(played(folder / "overview.gif", (18, 38))) == 2 * LENGTH


def test_interpolation_chooses_pairs_where_none_are_named(place):
    outcome = run_here(place, *INTERPOLATION)
    assert outcome.returncode == 0, outcome.stderr
    folder = place / "output_synthesis" / "waves" / "test" / "interpolation"
    assert (folder / "hop_to_jog.gif").exists()


def test_interpolation_does_not_train(place):
    line = refused(run_here(place, *INTERPOLATION, "--isTraining", "True"), 2)
    assert "--experiment action" in line


def test_nothing_to_interpolate_between_is_refused(place):
    shutil.rmtree(place / "output_synthesis")
    outcome = run_here(place, *flags(**{**TRAINING, "content_size": 0, "num_epochs": 2}))
    assert outcome.returncode == 0, outcome.stderr
    line = refused(run_here(place, *INTERPOLATION), 2)
    assert "--content_size 0" in line


def test_unknown_pair_is_refused(place):
    before = tree(place)
    assert "has 3" in refused(run_here(place, *INTERPOLATION, "--pairs", "0:3"), 2)
    assert tree(place) == before
