"""Action patterns and appearance interpolation as their users run them."""

import csv
import json
import shutil

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image
from support.command_line import (
    SMALL,
    flags,
    frames_in,
    panels,
    played,
    refused,
    run,
    run_directory,
    run_here,
    train_on_sequences,
    tree,
)
from support.numpy_model import draw_latents

from model.latents import LatentSizes, draw_from_prior, sizes_of
from model.random_keys import Stream, random_generator
from model.sampling import between
from util.data.clip_facts import facts_of
from util.data.clips import read_clip
from util.metrics.measures import compare
from util.metrics.tables import in_words
from util.pictures.layout import under_one_head
from util.pictures.sheets import Row, Sheet
from util.runs import checkpoints
from util.runs.run_state import read_state

NAMES = ["hop", "jog", "run"]
LENGTH = 4
TRAINING = {
    **SMALL,
    "experiment": "action",
    "initial_latents": "prior",
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
    train_on_sequences(place, NAMES, LENGTH, TRAINING)
    return place


def clips_of(place):
    """The training clips as the model sees them, uint8 [4, 8, 8, 3], by name."""
    result = place / "output_synthesis" / "waves" / "final_result"
    return {name: frames_in(result / name / "observed") for name in NAMES}


def overview_of(names):
    """The rows of an overview: observed and twice synthesized; the frames are blank."""
    frames = {"observed": LENGTH, "synthesized 1": 2 * LENGTH, "synthesized 2": 2 * LENGTH}
    return under_one_head(
        [
            Row(label, [np.zeros((length, 8, 8, 3), np.uint8)] * len(names), names)
            for label, length in frames.items()
        ]
    )


def overview_at_moments(names):
    """The rows of the picture of an overview: each row at each of its four moments."""
    shown = [
        row._replace(label=f"{row.label}\nframe {moment}", videos=[v[:1] for v in row.videos])
        for row in overview_of(names)
        for moment in range(LENGTH)
    ]
    return under_one_head(shown)


def synthesized(folder, name, video):
    """The frames of a video of a test; so few pixels keep their colours in a GIF."""
    return played(folder / f"{name}_{video}.gif", (8, 8))


@pytest.fixture
def place(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


# --- Action ---


def test_training_shows_all_sequences_above_what_is_synthesized_for_each(finished):
    result = finished / "output_synthesis" / "waves" / "final_result"
    names = {path.name for path in result.iterdir()}
    overview = {f"overview.{kind}" for kind in ("mp4", "gif", "png")}
    assert names == {*NAMES, *overview, "evaluation.csv"}
    rows = overview_of(NAMES)
    frames = played(result / "overview.gif", Sheet(rows, 1).size)
    assert len(frames) == 2 * LENGTH
    clips = clips_of(finished)
    for moment, picture in enumerate(frames):
        shown, *_ = panels(picture, rows)
        for actual, name in zip(shown, NAMES, strict=True):  # the observed play twice
            expected = clips[name][moment % LENGTH].astype(int)
            assert np.abs(actual - expected).mean() < 8  # a GIF has 256 colours


def test_testing_gives_each_appearance_new_motions(place):
    outcome = run(place, *TEST)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    folder = place / "output_synthesis" / "waves" / "final_result_testing"
    made = {path.name for path in folder.iterdir()}
    videos = {f"{name}_{video}" for name in NAMES for video in (1, 2)} | {"overview"}
    expected = {f"{video}.{kind}" for video in videos for kind in ("mp4", "gif")}
    assert made == expected | {"overview.png", "comparison.json", "evaluation.csv"}
    one, two = (
        read_clip(facts_of(folder / f"jog_{video}.mp4"), 0, 2 * LENGTH, 8) for video in (1, 2)
    )
    assert np.any(one != two)


def test_of_more_sequences_a_line_for_each_video_is_printed(
    place, assert_evaluated, ratios_in_numpy
):
    """And the whole tables are in evaluation.csv."""
    outcome = run_here(place, *TEST)
    assert outcome.returncode == 0, outcome.stderr
    folder = place / "output_synthesis" / "waves" / "final_result_testing"
    clips = clips_of(place)
    videos = {
        name: {f"{name}_{video}": synthesized(folder, name, video) for video in (1, 2)}
        for name in NAMES
    }
    ratios = ratios_in_numpy(place / CHECKPOINT, 2)
    assert_evaluated(folder, clips, videos, ratios, LENGTH)
    lines = [
        f"{name}, {video}: {in_words(compare(frames, clips[name], LENGTH))}"
        for name in NAMES
        for video, frames in videos[name].items()
    ]
    told = outcome.stdout.splitlines()
    assert told[: len(lines)] == lines
    assert told[len(lines)].startswith("inferred latents over latents sampled")
    last = told[-1]
    *_, short, where = told[: told.index("look first at")]
    assert short.startswith("in short, mean of ")
    result = folder.relative_to(place)
    assert where == f"all measures, with reference rows of each clip: {result}/evaluation.csv"
    assert last == f"results in {result}"
    assert not [line for line in told if "floor" in line and line != short]


def test_sequences_restrict_what_is_synthesized(place):
    some = flags(sequences="0,2", num_batches_in_test=1, enlarge=3)
    outcome = run_here(place, *TEST, *some)
    assert outcome.returncode == 0, outcome.stderr
    folder = place / "output_synthesis" / "waves" / "final_result_testing"
    made = {path.stem for path in folder.iterdir()}
    enlarged = {"hop_1_enlarged", "run_1_enlarged"}
    assert made == {"hop_1", "run_1", *enlarged, "overview", "comparison", "evaluation"}
    sizes = {
        path.stem: next(imageio_ffmpeg.read_frames(str(path)))["size"]
        for path in folder.glob("hop_1*.mp4")
    }
    assert sizes == {"hop_1": (8, 8), "hop_1_enlarged": (24, 24)}


def test_a_sequence_by_itself_gets_the_videos_that_it_gets_among_all(place, evaluation_table):
    for chosen in ([], ["--sequences", "1"]):
        outcome = run_here(place, *TEST, *chosen)
        assert outcome.returncode == 0, outcome.stderr
    among_all, alone = (
        place / f"output_synthesis/waves/final_result_testing{number}" for number in ("", "_2")
    )
    for video in ("jog_1.mp4", "jog_2.mp4"):
        assert (alone / video).read_bytes() == (among_all / video).read_bytes()
    of_all, of_one = (
        json.loads((folder / "comparison.json").read_text()) for folder in (among_all, alone)
    )
    assert of_one == {video: of_all[video] for video in ("jog_1", "jog_2")}
    of_all, of_one = map(evaluation_table, (among_all, alone))
    assert {name for name, _ in of_one} == {"jog"}
    for (name, video), cells in of_all.items():
        if name == "jog":
            assert of_one.pop((name, video)) == pytest.approx(cells, rel=0, abs=0, nan_ok=True)
    assert not of_one
    # Observed over twice synthesized, four moments each.
    of_all, of_one = (
        panels(np.asarray(Image.open(folder / "overview.png")), overview_at_moments(names))
        for folder, names in ((among_all, NAMES), (alone, ["jog"]))
    )
    for all_sequences, (jog,) in zip(of_all, of_one, strict=True):
        np.testing.assert_array_equal(all_sequences[1], jog)
    np.testing.assert_array_equal([jog for (jog,) in of_one[:LENGTH]], clips_of(place)["jog"])


def test_normalised_by_its_chunk_a_sequence_depends_on_its_companions(place):
    for chosen in ([], ["--sequences", "1"]):
        outcome = run_here(place, *TEST, *chosen, "--normalization_in_test", "batch")
        assert outcome.returncode == 0, outcome.stderr
    among_all, alone = (
        synthesized(place / f"output_synthesis/waves/final_result_testing{number}", "jog", 1)
        for number in ("", "_2")
    )
    assert np.any(among_all != alone)


def test_what_the_checkpoint_is_of_is_tested_where_no_experiment_is_named(place):
    outcome = run_here(place, *flags(isTraining=False, ckpt=CHECKPOINT))
    assert outcome.returncode == 0, outcome.stderr
    assert (place / "output_synthesis" / "waves" / "test" / "synthesis" / "overview.gif").exists()


def test_testing_without_the_clips_shows_their_reconstruction(place):
    shutil.rmtree(place / "trainingVideo")
    outcome = run_here(place, *TEST)
    assert outcome.returncode == 0, outcome.stderr
    why, *lines = outcome.stderr.splitlines()
    assert "trainingVideo" in why
    assert len(lines) == 2
    assert "not measured" in lines[0]
    assert "reconstruct" in lines[1]
    folder = place / "output_synthesis" / "waves" / "final_result_testing"
    assert (folder / "overview.png").exists()
    assert not (folder / "comparison.json").exists()
    assert not (folder / "evaluation.csv").exists()


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


# --- Interpolation ---


MOMENTS = [0, 2, 5, 7]  # of 8 frames, those in the picture of an overview


def videos_in(overview, pairs):
    """The videos in the picture of an interpolation, uint8 [pairs, 3, moments, 8, 8, 3]."""
    frames = np.zeros((1, 8, 8, 3), np.uint8)
    rows = [
        Row(f"{first}\nto {second}\nframe {moment}", [frames] * 3, ["0%", "50%", "100%"])
        for first, second in pairs
        for moment in MOMENTS
    ]
    shown = panels(np.asarray(Image.open(overview)), under_one_head(rows))
    return np.reshape(shown, (len(pairs), 4, 3, 8, 8, 3)).swapaxes(1, 2)


def test_ends_are_the_sequences_own_videos_and_the_way_back_is_the_same(place):
    asked = ["--pairs", "0:2,2:0", "--interpolation_steps", "3"]
    for arguments in ([*TEST, "--num_batches_in_test", "1"], [*INTERPOLATION, *asked]):
        outcome = run_here(place, *arguments)
        assert outcome.returncode == 0, outcome.stderr
    here = place / "output_synthesis" / "waves"
    first, last = (
        played(here / "final_result_testing" / f"{name}_1.gif", (8, 8)) for name in ("hop", "run")
    )
    folder = here / "test" / "interpolation"
    there, back = videos_in(folder / "overview.png", [("hop", "run"), ("run", "hop")])
    header, *rows = csv.reader((folder / "interpolation.csv").read_text().splitlines())
    assert header == ["first", "second", "share", "from_previous", "mean_step"]
    assert [row[:3] for row in rows] == [
        [*pair, share]
        for pair in (("hop", "run"), ("run", "hop"))
        for share in ("0%", "50%", "100%")
    ]
    assert rows[0][3] == rows[3][3] == ""
    assert [row[3] for row in rows[1:3]] == [row[3] for row in rows[:3:-1]]  # the way back
    steps = np.abs(np.diff(first.astype(float), axis=0))
    assert float(rows[0][4]) == pytest.approx(steps.mean(), rel=1e-5)
    np.testing.assert_array_equal(there[0], first[MOMENTS])
    np.testing.assert_array_equal(there[2], last[MOMENTS])
    np.testing.assert_array_equal(there, back[::-1])
    assert all(np.any(there[1] != end[MOMENTS]) for end in (first, last))


def test_appearances_lie_on_a_straight_line():
    sizes = LatentSizes(state_size=3, z_size=2, content_size=4, motion_type_size=2)
    latents = draw_latents(sizes, 3, 3)
    line = np.stack([current.appearance[0] for current in between(latents, 0, 2, 5)])
    expected = np.linspace(latents.appearance[0], latents.appearance[2], 5)
    np.testing.assert_allclose(line, expected, rtol=1e-5, atol=1e-6)
    for current in between(latents, 0, 2, 5):
        for part in ("motion_type", "initial_state"):
            assert np.array_equal(getattr(current, part)[0], getattr(latents, part)[0])


def test_interpolation_makes_a_row_for_each_pair(place):
    pairs = ["--pairs", "0:2,1:0", "--interpolation_steps", "4"]
    outcome = run(place, *INTERPOLATION, *pairs)
    assert outcome.returncode == 0, outcome.stderr
    folder = place / "output_synthesis" / "waves" / "test" / "interpolation"
    files = {"hop_to_run", "jog_to_hop", "overview", "interpolation"}
    assert {path.stem for path in folder.iterdir()} == files
    frames = np.zeros((2 * LENGTH, 8, 8, 3), np.uint8)
    labels = ["hop\nto run", "jog\nto hop"]
    rows = [Row(label, [frames] * 4, ["0%", "33%", "67%", "100%"]) for label in labels]
    size = Sheet(under_one_head(rows), 1).size
    assert len(played(folder / "overview.gif", size)) == 2 * LENGTH


def test_interpolation_chooses_pairs_where_none_are_named(place):
    outcome = run_here(place, *INTERPOLATION)
    assert outcome.returncode == 0, outcome.stderr
    folder = place / "output_synthesis" / "waves" / "test" / "interpolation"
    assert (folder / "hop_to_jog.gif").exists()


def test_interpolation_does_not_train(place):
    line = refused(run_here(place, *INTERPOLATION, "--isTraining", "True"), 2)
    assert "--experiment interpolation" in line
    assert "--isTraining" in line


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


# --- First latents that follow the clips ---


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A directory in which a model was trained with the default first latents."""
    place = tmp_path_factory.mktemp("fitted")
    options = dict(TRAINING)
    del options["initial_latents"]
    train_on_sequences(place, NAMES, LENGTH, options)
    return place


def latents_after(place, epoch):
    return read_state(run_directory(place) / "model" / f"model.ckpt-{epoch}").latents


def test_fitted_latents_wait_until_the_weights_have_learned(tmp_path):
    """In a warm-up of two epochs, the latents do not change."""
    options = {**TRAINING, "initial_latents": "clips", "state_size": 2, "step_warmup": 2}
    options |= {"num_epochs": 4, "log_step": 1}
    train_on_sequences(tmp_path, NAMES, LENGTH, options)
    first, second, fourth = (latents_after(tmp_path, epoch) for epoch in (1, 2, 4))
    assert all(np.array_equal(*pair) for pair in zip(first, second, strict=True))
    assert not np.array_equal(second.innovations, fourth.innovations)
    begun = np.square(first.initial_state).mean()
    assert begun < 0.95**2  # the prior has a mean square of 1


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"dynamic_mode": "momentum"}, "--dynamic_mode nonlinear or linear or gru, not momentum"),
        ({"state_size": 21}, "--state_size of at most 20, not 21"),
    ],
    ids=str,
)
def test_fitted_latents_are_refused_where_states_cannot_follow(tmp_path, given, why):
    options = {**TRAINING, "category": "waves", "isTraining": True, "initial_latents": "clips"}
    line = refused(run(tmp_path, *flags(**{**options, **given})), 2)
    assert why in line
    assert "--initial_latents prior" in line


@pytest.mark.parametrize("resume", [False, True])
def test_fitted_latents_of_a_run_without_a_checkpoint_are_refused_likewise(tmp_path, resume):
    options = {**TRAINING, "isTraining": True, "initial_latents": "clips", "num_epochs": 20}
    outcome = run(tmp_path, *flags(**options, resume=resume, dynamic_mode="momentum"))
    assert "--dynamic_mode nonlinear or linear or gru, not momentum" in refused(outcome, 2)
    assert not (tmp_path / "output_synthesis").exists()


def test_default_training_of_few_epochs_is_the_beginning_of_a_longer_one(tmp_path):
    """All its epochs may be in the warm-up, which a line says."""
    options = {**TRAINING, "log_step": 1, "step_warmup": 2}
    del options["initial_latents"]
    for name, epochs in (("short", 2), ("long", 4)):
        outcome = train_on_sequences(
            tmp_path / name, NAMES, LENGTH, options | {"num_epochs": epochs}
        )
        assert ("no latents are inferred" in outcome.stderr) == (name == "short")
    again = flags(experiment="action", category="waves", isTraining=True, resume=True)
    outcome = run(tmp_path / "short", *again, "--num_epochs", "4")
    assert outcome.returncode == 0, outcome.stderr
    one, other = (latents_after(tmp_path / name, 4) for name in ("short", "long"))
    assert all(np.array_equal(*pair) for pair in zip(one, other, strict=True))
    assert one.motion_type.shape[1] == 4


@pytest.mark.parametrize("experiment", ["interpolation", "loop", "transfer"])
def test_motion_type_of_a_sequence_stays_in_tests_of_a_default_training(
    fitted, tmp_path, experiment
):
    """Videos depend on it with `inferred`, the default of this training, and not with `prior`."""
    place = shutil.copytree(fitted, tmp_path / "place")
    more = {"transfer": {}, "loop": {"loop_length": 10, "num_batches_in_test": 1}}
    asked = flags(
        experiment=experiment, ckpt=CHECKPOINT, overwrite=True, **more.get(experiment, {})
    )
    folder = place / "output_synthesis" / "waves" / "test" / experiment

    def videos(*arguments):
        outcome = run_here(place, *asked, *arguments)
        assert outcome.returncode == 0, outcome.stderr
        return [path.read_bytes() for path in sorted(folder.glob("**/*.mp4"))]

    learned = ["--transition_in_test", "learned"]  # a fit would change with the motion types
    prior = [*learned, "--motion_type_in_test", "prior"]
    ways = [prior, learned] if experiment != "transfer" else [[]]
    before = [videos(*way) for way in ways]

    models = run_directory(place) / "model"
    values = checkpoints.load(models / "model.ckpt-2")
    values["latents/motion_type"] += 5
    checkpoints.save(models, 2, values, max_to_keep=5)
    after = [videos(*way) for way in ways]
    assert before[-1] != after[-1]
    if len(ways) > 1:
        assert before[0] == after[0] != before[1]


def test_transition_is_fitted_for_the_results_and_not_for_the_training(fitted, tmp_path):
    """The checkpoint keeps the learned transition, and both ways of a test can be had again."""
    place = shutil.copytree(fitted, tmp_path / "place")
    told = "fitting the transition to the inferred states"

    def test(*arguments):
        outcome = run_here(place, *TEST, "--overwrite", "True", *arguments)
        assert outcome.returncode == 0, outcome.stderr
        folder = run_directory(place) / "final_result_testing"
        made = [path.read_bytes() for path in sorted(folder.glob("*.mp4"))]
        assert made
        return told in outcome.stderr, made

    before = tree(run_directory(place) / "model")
    by_default, learned, fitted_again = (
        test(),
        test("--transition_in_test", "learned"),
        test("--transition_in_test", "fitted"),
    )
    assert by_default == fitted_again
    assert by_default[0] and not learned[0]
    assert by_default[1] != learned[1]
    models = run_directory(place) / "model"
    assert tree(models) == before

    # The checkpoint has statistics of the learned transition, and a fit takes its own.
    values = checkpoints.load(models / "model.ckpt-2")
    statistics = [name for name in values if name.startswith("calibrated/")]
    assert statistics
    for name in statistics:
        values[name] = 3 * values[name] + 1
    checkpoints.save(models, 2, values, max_to_keep=5)
    assert test() == by_default
    assert test("--transition_in_test", "learned")[1] != learned[1]


@pytest.mark.parametrize(
    "changed, needs",
    [
        ({"state_size": 21}, "--state_size of at most 20, not 21"),
        ({"dynamic_mode": "momentum"}, "--dynamic_mode nonlinear or linear or gru, not momentum"),
    ],
)
def test_a_transition_that_cannot_be_fitted_is_refused(tmp_path, changed, needs):
    asked = {**TRAINING, "category": "waves", "isTraining": True, "transition_in_test": "fitted"}
    line = refused(run(tmp_path, *flags(**{**asked, **changed})), 2)
    assert "--transition_in_test fitted needs" in line and needs in line
    assert "give --transition_in_test learned" in line


def test_clips_that_move_too_little_for_fitted_latents_keep_those_of_the_prior(tmp_path):
    for name in NAMES:
        folder = tmp_path / "clips" / "waves" / name
        folder.mkdir(parents=True)
        for number in range(LENGTH):
            Image.new("RGB", (8, 8), (90, 90, 90)).save(folder / f"{number}.png")
    options = {**TRAINING, "data_path": "clips", "isTraining": True, "num_epochs": 4}
    options |= {"log_step": 1, "initial_latents": "clips", "step_warmup": 2}
    outcome = run_here(tmp_path, *flags(**options))
    assert outcome.returncode == 0, outcome.stderr
    assert "warning: the clips move in fewer directions than --state_size 4" in outcome.stderr
    first = latents_after(tmp_path, 1)
    noise = random_generator(0, Stream.INITIAL_LATENTS)
    drawn = draw_from_prior(sizes_of(first), 3, LENGTH, noise)
    for one, other in zip(first, drawn, strict=True):
        assert np.array_equal(one, other)
