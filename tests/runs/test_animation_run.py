"""Still images set in motion, as users run it."""

import csv
import shutil
import signal

import numpy as np
import pytest
from PIL import Image
from support.command_line import (
    SMALL,
    arrays,
    end_of,
    flags,
    make_sequences,
    moving_pattern,
    panels,
    played,
    refused,
    run,
    run_here,
    start,
    train_on_sequences,
    tree,
    wait_until,
)

from model.latents import LatentSizes, draw_from_prior
from model.random_keys import Stream, random_generator
from util.data.clips import resize_square
from util.pictures.layout import under_one_head
from util.pictures.sheets import Row, Sheet
from util.runs.run_state import read_state

NAMES = ["hop", "jog", "run"]
LENGTH, SECTION = 6, 3
TRAINING = {
    **SMALL,
    "experiment": "animation",
    "num_frames": LENGTH,
    "truncated_backprop_length": SECTION,
    "content_size": 5,
    "batch_size": 2,
    "num_epochs": 4,
    "lr_gen": 0.05,  # so that four epochs make more than grey
    "transition_init_std": 1.0,
    "lr_half_life": 4,
    "step_follows_rate": 0.9,  # so that the steps become shorter
    "num_sections_in_test": 2,
    "initial_latents": "prior",
}
TEST = flags(experiment="animation", category="waves", isTraining=False)
RESULTS = "output_synthesis/waves/final_result_animation"
MODELS = "output_synthesis/waves/model"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A directory in which an encoder was trained, with two images of other waves."""
    place = tmp_path_factory.mktemp("animation")
    for seed, name in ((7, "new.png"), (8, "newer.jpg")):
        Image.fromarray(moving_pattern(seed, 1)[0]).save(place / name)
    train_on_sequences(place, NAMES, LENGTH, TRAINING)
    return place


@pytest.fixture
def place(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


# --- Training ---


def test_training_leaves_what_the_other_experiments_leave(finished):
    result = finished / "output_synthesis" / "waves" / "final_result"
    names = {path.name for path in result.iterdir()}
    overview = {f"overview.{kind}" for kind in ("mp4", "gif", "png")}
    assert names == {*NAMES, *overview, "evaluation.csv"}
    checkpoint = arrays(finished / MODELS / "model.ckpt-4")
    assert "encoder/layer_1/kernel" in checkpoint
    assert "encoder/layer_1/kernel/Adam" in checkpoint


def test_a_resumed_run_ends_in_the_same_bytes(finished, tmp_path):
    make_sequences(tmp_path, NAMES, LENGTH)
    assert run_here(tmp_path, *flags(**{**TRAINING, "num_epochs": 2})).returncode == 0
    more = flags(experiment="animation", category="waves", resume=True, num_epochs=4)
    assert run_here(tmp_path, *more).returncode == 0
    runs = [place / "output_synthesis" / "waves" for place in (finished, tmp_path)]
    ends = [arrays(run / "model" / "model.ckpt-4") for run in runs]
    assert ends[0] == ends[1]
    results = [tree(run / "final_result") for run in runs]
    assert results[0] == results[1]


def test_results_that_are_made_again_are_the_same(finished, place):
    """No epoch is left, so nothing but the checkpoint says how long the steps are."""
    results = [
        folder / "output_synthesis" / "waves" / "final_result" for folder in (finished, place)
    ]
    shutil.rmtree(results[1])
    again = run_here(place, *flags(experiment="animation", category="waves", resume=True))
    assert again.returncode == 0, again.stderr
    assert tree(results[0]) == tree(results[1])


@pytest.mark.parametrize("encoded_frame", ["first", "random"])
def test_frame_to_encode_is_an_option(tmp_path, encoded_frame):
    make_sequences(tmp_path, NAMES, LENGTH)
    given = flags(**TRAINING, encoded_frame=encoded_frame)
    outcome = run_here(tmp_path, *given)
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize("encoded_frame", ["first", "random"])
def test_encoder_begins_with_the_drawn_appearance_and_with_states_of_the_clips(
    tmp_path, encoded_frame
):
    """The learning rate is almost 0. So the checkpoint has the codes of the fitted encoder."""
    options = {**TRAINING, "initial_latents": "clips", "encoded_frame": encoded_frame}
    options |= {"state_size": 2, "num_epochs": 1, "step_warmup": 1, "lr_gen": 1e-9}
    begun = train_on_sequences(tmp_path, NAMES, LENGTH, options)
    assert "fitting the encoder" in begun.stderr
    latents = read_state(tmp_path / MODELS / "model.ckpt-1").latents
    sizes = LatentSizes(2, options["z_size"], options["content_size"], 0)
    noise = random_generator(0, Stream.INITIAL_LATENTS)
    drawn = draw_from_prior(sizes, len(NAMES), LENGTH, noise)
    assert latents.appearance == pytest.approx(drawn.appearance, abs=0.1)
    assert np.abs(latents.initial_state).max() < 1
    assert np.abs(drawn.initial_state).max() > 1


def test_signal_while_the_encoder_is_fitted_stops_the_run(tmp_path):
    make_sequences(tmp_path, NAMES, LENGTH)
    options = {**TRAINING, "initial_latents": "clips", "state_size": 2}
    process = start(tmp_path, *flags(**options))
    wait_until(lambda: "fitting the encoder" in process.errors_so_far(), process)
    process.send_signal(signal.SIGINT)
    outcome = end_of(process)
    assert outcome.returncode == 128 + signal.SIGINT
    assert "stopped at once" in outcome.stderr.splitlines()[-1]
    assert "Traceback" not in outcome.stderr
    assert not (tmp_path / MODELS).exists()


def test_resumed_training_keeps_the_fitted_beginning(tmp_path):
    options = {**TRAINING, "initial_latents": "clips", "state_size": 2, "step_warmup": 1}
    options |= {"transition_init_std": 0.1, "log_step": 1}
    for name, first in (("whole", 2), ("parts", 1)):
        place = tmp_path / name
        train_on_sequences(place, NAMES, LENGTH, options | {"num_epochs": first})
    more = flags(experiment="animation", category="waves", resume=True, num_epochs=2)
    outcome = run_here(tmp_path / "parts", *more)
    assert outcome.returncode == 0, outcome.stderr
    assert "fitting" not in outcome.stderr
    ends = [arrays(tmp_path / name / MODELS / "model.ckpt-2") for name in ("whole", "parts")]
    assert ends[0] == ends[1]


def test_image_is_not_to_train_on(tmp_path):
    make_sequences(tmp_path, NAMES, LENGTH)
    before = tree(tmp_path)
    line = refused(run_here(tmp_path, *flags(**TRAINING), "--image", "new.png"), 2)
    assert "--isTraining False" in line
    assert tree(tmp_path) == before


# --- Testing ---


def test_every_image_is_followed_by_the_videos_that_it_sets_in_motion(place):
    outcome = run(place, *TEST, "--image", "new.png", "newer.jpg")
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    folder = place / RESULTS
    videos = {f"{name}_{video}" for name in ("1_new", "2_newer") for video in (1, 2)}
    assert {path.stem for path in folder.iterdir()} == {*videos, "overview", "animation"}
    header, *rows = csv.reader((folder / "animation.csv").read_text().splitlines())
    assert header == ["image", "video", "first_step", "mean_step"]
    assert {video for _, video, *_ in rows} == videos
    for _, video, first, mean in rows:  # a GIF has 256 colours
        steps = np.abs(np.diff(played(folder / f"{video}.gif", (8, 8)).astype(float), axis=0))
        first_one, *others = steps.mean(axis=(1, 2, 3))
        assert float(mean) == pytest.approx(np.mean(others), rel=0.3)
        assert float(first) == pytest.approx(first_one / np.mean(others), rel=0.3)
        assert f"{video}: first step {float(first):.2f} times the mean step" in outcome.stdout
    frames = played(folder / "1_new_1.gif", (8, 8))
    assert len(frames) == 1 + 2 * SECTION
    with Image.open(place / "new.png") as image:
        still = resize_square(image, 8).astype(float)
    assert np.abs(frames[0] - still).mean() < 10  # a GIF has 256 colours
    assert np.any(played(folder / "1_new_2.gif", (8, 8))[1:] != frames[1:])
    labels = ["image", "synthesized 1", "synthesized 2"]
    rows = [Row(label, [frames, frames], ["1_new", "2_newer"]) for label in labels]
    rows = under_one_head(rows)
    overview = played(folder / "overview.gif", Sheet(rows, 1).size)
    assert len(overview) == len(frames)
    waiting = np.stack([panels(picture, rows)[0] for picture in overview])
    assert np.abs(np.diff(waiting.astype(float), axis=0)).mean() < 10


def test_what_becomes_of_an_image_depends_on_the_image_alone(place):
    for images in (["new.png"], ["newer.jpg", "new.png"]):
        outcome = run_here(place, *TEST, "--image", *images)
        assert outcome.returncode == 0, outcome.stderr
    alone, beside = place / RESULTS / "1_new_1.mp4", place / f"{RESULTS}_2" / "2_new_1.mp4"
    assert alone.read_bytes() == beside.read_bytes()
    # The same innovations drive another image: what differs is what it was encoded as.
    other = played(place / f"{RESULTS}_2" / "1_newer_1.gif", (8, 8))
    assert np.any(other[1:] != played(place / RESULTS / "1_new_1.gif", (8, 8))[1:])


def test_checkpoint_by_its_path_needs_no_experiment(place):
    given = flags(isTraining=False, ckpt=f"{MODELS}/model.ckpt-4")
    outcome = run_here(place, *given, "--image", "new.png")
    assert outcome.returncode == 0, outcome.stderr
    assert (place / "output_synthesis/waves/test/animation/1_new_1.mp4").exists()


def test_videos_of_the_training_sequences_are_evaluated_without_their_states(
    place, evaluation_table
):
    """Each innovation belongs to a chunk that began at a random frame, so it gives no states."""
    given = flags(isTraining=False, experiment="action", ckpt=f"{MODELS}/model.ckpt-4")
    outcome = run_here(place, *given)
    assert outcome.returncode == 0, outcome.stderr
    table = evaluation_table(place / "output_synthesis/waves/test/synthesis")
    for name in NAMES:
        cells = table[name, f"{name}_1"]
        assert cells["innovation_spread"] > 0
        assert np.isnan([cells[f"state_{ratio}"] for ratio in ("step", "spread", "distance")]).all()
    assert "state_" not in outcome.stdout


def test_start_states_from_images_are_not_replaced_by_those_of_the_prior(place, evaluation_table):
    """The training decides where start states come from, also in a test of another experiment."""
    given = flags(isTraining=False, experiment="action", ckpt=f"{MODELS}/model.ckpt-4")
    for more in ([], ["--start_in_test", "prior"]):
        outcome = run_here(place, *given, *more)
        assert outcome.returncode == 0, outcome.stderr
    assert "--start_in_test prior does nothing" in outcome.stderr
    folder = place / "output_synthesis/waves/test"
    one, other = tree(folder / "synthesis"), tree(folder / "synthesis_2")
    assert one == other
    table = evaluation_table(folder / "synthesis")
    cells = table[NAMES[0], f"{NAMES[0]}_1"]
    assert np.isnan([cells["start_spread"], cells["appearance_spread"]]).all()


def test_flags_that_do_nothing_here_are_named_and_do_nothing(place):
    for idle in ([], ["--sequences", "1", "--start_in_test", "prior"]):
        outcome = run_here(place, *TEST, "--image", "new.png", *idle)
        assert outcome.returncode == 0, outcome.stderr
    for flag in ("--sequences", "--start_in_test"):
        assert f"{flag} does nothing in --experiment animation" in outcome.stderr
    assert tree(place / RESULTS) == tree(place / f"{RESULTS}_2")


# --- Refusals ---


def test_innovations_given_states_that_were_not_inferred_are_refused_in_any_test(place):
    """A test of another experiment, too, because the training decides what was inferred."""
    before = tree(place)
    given = flags(isTraining=False, experiment="loop", ckpt=f"{MODELS}/model.ckpt-4")
    line = refused(run_here(place, *given, *flags(innovations_in_test="conditional")), 2)
    assert "--innovations_in_test conditional" in line
    assert tree(place) == before


def test_resumed_training_cannot_record_innovations_that_its_tests_refuse(place):
    before = tree(place)
    given = ["--category", "waves", "--isTraining", "True", "--resume", "True"]
    line = refused(run_here(place, *given, *flags(innovations_in_test="conditional")), 2)
    assert "--innovations_in_test conditional" in line
    assert tree(place) == before


def test_fitted_transition_is_refused_where_it_is_asked_for_and_not_where_it_is_recorded(place):
    loop = flags(isTraining=False, experiment="loop", ckpt=f"{MODELS}/model.ckpt-4")
    fitted = flags(transition_in_test="fitted")
    line = refused(run_here(place, *loop, *fitted), 2)
    assert "--transition_in_test fitted needs a model without an encoder" in line
    outcome = run_here(place, "--category", "waves", "--resume", "True", *fitted)
    assert outcome.returncode == 0, outcome.stderr
    assert "--transition_in_test does nothing in --experiment animation" in outcome.stderr
    outcome = run_here(place, *loop, *flags(loop_length=10, num_batches_in_test=1))
    assert outcome.returncode == 0, outcome.stderr
    assert "fitting the transition" not in outcome.stderr


def test_without_an_image_there_is_nothing_to_animate(place):
    before = tree(place)
    assert "--image" in refused(run_here(place, *TEST), 2)
    assert tree(place) == before


@pytest.mark.parametrize("content", [None, b"", b"no image"])
def test_missing_or_broken_image_is_named(place, content):
    if content is not None:
        (place / "bad.png").write_bytes(content)
    before = tree(place)
    assert "bad.png" in refused(run_here(place, *TEST, "--image", "new.png", "bad.png"), 1)
    assert tree(place) == before


def test_folder_of_images_is_refused_with_what_to_give(place):
    (place / "folder").mkdir()
    line = refused(run_here(place, *TEST, "--image", "folder"), 1)
    assert "--image folder is a folder; name its images, as in folder/*.png" in line


def test_a_model_without_an_encoder_animates_nothing(place):
    shutil.rmtree(place / "output_synthesis")
    outcome = run_here(place, *flags(**{**TRAINING, "experiment": "action"}))
    assert outcome.returncode == 0, outcome.stderr
    before = tree(place)
    test = flags(category="waves", isTraining=False)
    # By the checkpoint's own experiment, which looks at no image; and by animation.
    line = refused(run_here(place, *test, "--image", "new.png"), 2)
    assert "--image does nothing in --experiment action" in line
    line = refused(run_here(place, *TEST, "--image", "new.png"), 2)
    for word in ("--image new.png", "model.ckpt-4", "--experiment action", "animation"):
        assert word in line
    assert tree(place) == before
