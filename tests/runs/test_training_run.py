"""A training run through the real command line: all that it writes, and that it repeats itself."""

import io
import json
import math
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from PIL import Image
from support.command_line import (
    LONGER,
    SMALL,
    arrays,
    flags,
    frames_in,
    make_clips,
    make_folder,
    moving_pattern,
    panels,
    played,
    refused,
    run,
    run_directory,
    run_here,
    trained,
    trained_longer,
    tree,
)

from model.initial_scale import matched_scale
from model.latents import LatentSizes
from model.posterior_check import PosteriorCheck
from model.sequence_steps import relative_step
from util.metrics.measures import MEASURES, compare
from util.metrics.tables import as_text
from util.options.schema import FIELDS, Options
from util.pictures.encoding import write_frames
from util.pictures.sheets import Row, Sheet, contact_sheet
from util.runs.evaluations import check_in_words, in_short
from util.runs.falling import learning_rate
from util.runs.run_directory import PACKAGES
from util.runs.run_state import read_state
from util.system.device import device_in_words
from util.system.processor import is_faster_in_bfloat16

TRAIN = {"isTraining": True, **SMALL}
SHORT = {**TRAIN, "num_epochs": 2, "num_batches_in_test": 1}
CHECKPOINTS = [2, 4, 6]
SEQUENCES = ["ripples", "swell"]
CURVES = [name for name, measure in MEASURES.items() if measure.curve]


@pytest.fixture(scope="module")
def here():
    return run_directory(trained().place)


@pytest.fixture
def place(tmp_path):
    make_clips(tmp_path)
    return tmp_path


def observed(seed):
    """The frames of a clip that are used, uint8 [5, 8, 8, 3]."""
    images = [Image.fromarray(frame) for frame in moving_pattern(seed)[:5]]
    return np.stack([image.resize((8, 8), Image.Resampling.BILINEAR) for image in images])


def options_of_training():
    """The options of `TRAIN`, with what the fast schedule adds, which no flag names."""
    return Options(
        frame_generator_mode="8",
        precision="bfloat16" if is_faster_in_bfloat16() else "float32",
        lr_half_life=220,
        dynamic_mode="momentum",  # as the clips are
        transition_init_std=0.0,
        beta2_gen=0.9,
        clip_gradient=2.0,
        clip_drift=1.0,
        step_follows_rate=0.1,
        innovations_in_test="conditional",
        **TRAIN,
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def size_and_length(video):
    """Width, height and number of frames."""
    stream = imageio_ffmpeg.read_frames(str(video))
    size = next(stream)["size"]
    return *size, sum(1 for _ in stream)


def events(run_path):
    """Tag → values by step, of everything in the log."""
    found = {}
    for path in sorted((run_path / "log").iterdir()):
        for event in tf.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found.setdefault(value.tag, {})[event.step] = value
    return found


def all_finite(reader):
    """Whether all numbers of a checkpoint are."""
    types = reader.get_variable_to_dtype_map()
    numbers = [name for name, dtype in types.items() if dtype != tf.string]
    return all(np.isfinite(reader.get_tensor(name)).all() for name in numbers)


# --- What is there afterwards ---


def test_last_line_says_where_the_results_are(here):
    *_, line = trained().outcome.stdout.splitlines()
    for folder in ("final_result", "model"):
        assert str(Path("output_synthesis") / "waves" / folder) in line


def test_lines_show_the_figures_where_there_is_no_terminal():
    said = trained().outcome.stderr
    lines = [line for line in said.splitlines() if line.startswith("epoch")]
    assert [line.split(":")[0] for line in lines] == [f"epoch {n} of 6" for n in CHECKPOINTS]
    for part in ("error 0.", "-log prior", "-log likelihood", "left"):
        assert all(part in line for line in lines)
    assert "\r" not in said
    assert "Traceback" not in said
    assert "Warning" not in said


def test_run_directory_holds_these(here):
    folders = ["cache", "final_result", "log", "model", "observed_sequence", "synthesis_sequence"]
    assert names(here) == sorted([*folders, "options.json", ".run", ".lock"])
    assert not list(here.rglob(".partial*"))


def test_options_file_says_how_the_run_was_made(here):
    about = json.loads((here / "options.json").read_text(encoding="utf-8"))
    options = Options.from_json(json.dumps(about["options"]))
    assert options == options_of_training()
    assert about["options"].keys() == Options.__dataclass_fields__.keys()
    (line,) = about["command_lines"]
    assert line[1:] == flags(**TRAIN)
    assert about["versions"].keys() == {"python", *PACKAGES}
    assert about["versions"]["tensorflow"] == tf.__version__
    assert about["versions"]["numpy"] == np.__version__
    assert "git_revision" in about
    assert about["device"] == device_in_words()


def test_observed_sequences_are_shown(here):
    files = [f"{name}.{suffix}" for name in SEQUENCES for suffix in ("gif", "mp4", "png")]
    assert names(here / "observed_sequence") == sorted(files)
    assert size_and_length(here / "observed_sequence" / "swell.gif") == (8, 8, 5)


def test_sheets_are_drawn_at_every_log_step(here):
    expected = [
        f"epoch_{epoch:05d}_{kind}.png"
        for epoch in CHECKPOINTS
        for kind in ("reconstruction", "synthesis")
    ]
    assert names(here / "synthesis_sequence") == expected
    sizes = {Image.open(path).size for path in (here / "synthesis_sequence").glob("*recon*")}
    assert len(sizes) == 1


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_final_result_of_each_sequence(here, sequence):
    folder = here / "final_result" / sequence
    kinds = {"observed": 5, "reconstructed": 5, "synthesized_1": 8, "synthesized_2": 8}
    videos = {f"{kind}.{suffix}" for kind in [*kinds, "side_by_side"] for suffix in ("mp4", "gif")}
    assert set(names(folder)) == {*kinds, *videos, "side_by_side.png", "comparison.json"}
    for kind, length in kinds.items():
        for suffix in ("mp4", "gif"):
            assert size_and_length(folder / f"{kind}.{suffix}") == (8, 8, length)
        assert names(folder / kind) == [f"{number:05d}.png" for number in range(length)]
        assert Image.open(folder / kind / "00000.png").size == (8, 8)
    assert_side_by_side(folder, list(kinds))


def assert_side_by_side(folder, kinds):
    """The picture shows the frames of all videos, and the video plays the shorter ones again."""
    videos = [frames_in(folder / kind) for kind in kinds]
    labels = [kind.replace("_", " ") for kind in kinds]
    rows = [
        Row(label, video[:5, np.newaxis], "01234", "frame")
        if label == "observed"
        else Row(label, video[:5, np.newaxis])
        for label, video in zip(labels, videos, strict=True)
    ]
    shown = panels(np.asarray(Image.open(folder / "side_by_side.png")), rows)
    for actual, video in zip(shown, videos, strict=True):
        np.testing.assert_array_equal(actual, video[:5])
    playing = Row("", [videos[0], *videos[2:]], [labels[0], *labels[2:]])
    played_again = [*range(5), 0, 1, 2]
    for number, picture in enumerate(played(folder / "side_by_side.gif", Sheet([playing], 1).size)):
        ((observed, *synthesized),) = panels(picture, [playing])
        assert_near(observed, videos[0][played_again[number]])
        for actual, video in zip(synthesized, videos[2:], strict=True):
            assert_near(actual, video[number])


def assert_near(actual, expected):
    """A frame of a GIF is a frame; a GIF has 256 colours."""
    assert np.abs(actual.astype(int) - expected).mean() < 5


def test_final_result_holds_the_sequences_their_overview_and_their_table(here):
    overview = [f"overview.{kind}" for kind in ("gif", "mp4", "png")]
    assert names(here / "final_result") == sorted([*SEQUENCES, *overview, "evaluation.csv"])


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_final_result_is_measured(here, sequence):
    folder = here / "final_result" / sequence
    clip = frames_in(folder / "observed")
    expected = {
        kind: compare(frames_in(folder / kind), clip, SMALL["truncated_backprop_length"])
        for kind in ("synthesized_1", "synthesized_2")
    }
    measured = json.loads((folder / "comparison.json").read_text())
    assert measured == {
        kind: {name: None if math.isnan(value) else value for name, value in comparison.items()}
        for kind, comparison in expected.items()
    }


def test_final_result_is_evaluated_and_told(here, assert_evaluated, ratios_in_numpy):
    """All of the table; and of two sequences, all of it is printed."""
    result = here / "final_result"
    ratios = ratios_in_numpy(here / "model" / "model.ckpt-6", 6)
    evaluations = assert_evaluated(
        result,
        {name: frames_in(result / name / "observed") for name in SEQUENCES},
        {
            name: {
                kind: frames_in(result / name / kind) for kind in ("synthesized_1", "synthesized_2")
            }
            for name in SEQUENCES
        },
        ratios,
        SMALL["truncated_backprop_length"],
    )
    tables = [f"{name}:\n{as_text(evaluation)}" for name, evaluation in evaluations.items()]
    told = [*tables, check_in_words(PosteriorCheck(**ratios)), in_short(evaluations)]
    table = Path("output_synthesis") / "waves" / "final_result" / "evaluation.csv"
    where = f"all measures, with reference rows of each clip: {table}"
    *_, page, following, last = trained().outcome.stdout.splitlines()
    files = [f"{name}/side_by_side.{kind}" for name in SEQUENCES[:1] for kind in ("gif", "png")]
    look = ["look first at", *(f"  {table.parent / name}" for name in ("overview.gif", *files))]
    assert trained().outcome.stdout == "\n".join([*told, where, *look, page, following, last, ""])
    assert page == f"all runs on one page: {Path('output_synthesis') / 'index.html'}"
    assert '"place": "waves"' in (here.parent / "index.html").read_text(encoding="utf-8")
    assert following.endswith("python main_dyn_G.py --category waves --isTraining False")


def test_observed_frames_are_those_of_the_clip(here):
    for name, seed in (("ripples", 1), ("swell", 2)):
        written = frames_in(here / "final_result" / name / "observed")
        np.testing.assert_array_equal(written, observed(seed))


def test_training_beats_the_best_still_picture():
    """The mean over time of each pixel has the least squared error of all that do not move."""
    error = events(run_directory(trained_longer().place))["1_error/mean_squared"]
    clips = [observed(seed) / 127.5 - 1.0 for seed in (1, 2)]
    error_of_stills = np.mean([clip.var(axis=0) for clip in clips])
    assert error[1].simple_value > error_of_stills
    assert 0 < error[LONGER["num_epochs"]].simple_value < error_of_stills


# --- Checkpoints ---


def test_checkpoint_at_every_log_step_and_nothing_else(here):
    suffixes = ("data-00000-of-00001", "index")
    files = [f"model.ckpt-{epoch}.{suffix}" for epoch in CHECKPOINTS for suffix in suffixes]
    assert names(here / "model") == ["checkpoint", *files]


def test_checkpoint_holds_all_that_a_run_is(here):
    reader = tf.train.load_checkpoint(str(here / "model" / "model.ckpt-4"))
    shapes = reader.get_variable_to_shape_map()
    assert int(reader.get_tensor("epoch")) == 4
    assert shapes["latents/innovations"] == [2, 5, 3]
    assert shapes["latents/initial_state"] == [2, 4]
    weights = {name for name in shapes if name.startswith(("transition/", "emission/"))}
    kernels = {name for name in weights if "kernel" in name and "Adam" not in name}
    assert {name.split("/")[0] for name in kernels} == {"transition", "emission"}
    for kernel in kernels:
        moments = weights & {f"{kernel}/Adam", f"{kernel}/Adam_1"}
        assert [shapes[name] for name in moments] == [shapes[kernel]] * 2
        assert all(np.abs(reader.get_tensor(name)).max() > 0 for name in moments)
    recorded = Options.from_json(reader.get_tensor("options"))
    assert recorded == options_of_training()
    assert all_finite(reader)


def test_epochs_move_weights_and_latents(here):
    before, after = (arrays(here / "model" / f"model.ckpt-{epoch}") for epoch in (4, 6))
    same = {name for name in before if before[name] and before[name] == after[name]}
    assert same <= {"sequence_names", "clips_digest", "clip_formats"}


# --- Log ---


def test_log_has_the_figures_of_every_epoch(here):
    log = events(here)
    figures = {
        "1_error/mean_squared", "5_energy/minus_log_prior", "5_energy/minus_log_likelihood",
        "7_learning/gradient_norm_of_alpha",
        "7_learning/gradient_norm_of_beta", "7_learning/active_hidden_units",
        "6_inference/gradient_norm_of_innovations", "6_inference/norm_of_innovations",
        "6_inference/norm_of_initial_state", "8_time/seconds_per_epoch",
        "6_inference/step_size", "7_learning/learning_rate",
    }  # fmt: skip
    assert figures <= log.keys()
    for name in figures:
        assert sorted(log[name]) == list(range(1, 7)), name
        assert all(value.simple_value > 0 for value in log[name].values()), name
    assert all(value.simple_value <= 1 for value in log["7_learning/active_hidden_units"].values())
    options = options_of_training()
    for epoch, value in log["7_learning/learning_rate"].items():
        assert value.simple_value == pytest.approx(learning_rate(options, epoch - 1), rel=1e-6)


def test_log_agrees_with_the_checkpoint(here):
    reader = tf.train.load_checkpoint(str(here / "model" / "model.ckpt-6"))
    log = events(here)
    for name in ("innovations", "initial_state"):
        norm = np.linalg.norm(reader.get_tensor(f"latents/{name}"))
        assert log[f"6_inference/norm_of_{name}"][6].simple_value == pytest.approx(norm, rel=1e-5)


def test_log_has_the_pictures(here):
    log = events(here)
    for kind in ("reconstruction", "synthesis"):
        pictures = [
            value for tag in log if tag.startswith(f"frames/{kind}") for value in log[tag].items()
        ]
        steps = [step for step, value in pictures if value.HasField("image")]
        assert sorted(steps) == CHECKPOINTS
        sheet = here / "synthesis_sequence" / f"epoch_00006_{kind}.png"
        image = pictures[-1][1].image
        assert (image.width, image.height) == Image.open(sheet).size


def test_log_has_the_videos_and_the_options(here):
    log = events(here)
    (tag,) = (tag for tag in log if tag.startswith("videos/synthesis"))
    encoded = log[tag][6].image.encoded_image_string
    with Image.open(io.BytesIO(encoded)) as video:
        assert (video.format, video.n_frames) == ("GIF", SMALL["num_frames"])
        assert video.info["duration"] == 40  # the clip has 25 frames per second
    (text,) = tf.make_ndarray(log["options"][0].tensor)
    rows = dict(line[2:-2].split(" | ", 1) for line in text.decode().splitlines()[2:])
    assert rows["z_size"] == str(SMALL["z_size"])
    assert rows.keys() == FIELDS.keys()


def test_log_has_the_posterior_check_of_every_epoch(here, ratios_in_numpy):
    log = events(here)
    missing = {"appearance_spread", "motion_type_spread"}  # this model has none
    tags = {f"4_posterior_check/{name}" for name in {*PosteriorCheck._fields} - missing}
    assert {tag for tag in log if tag.startswith("4_posterior_check/")} == tags
    for tag in tags:
        assert sorted(log[tag]) == list(range(1, 7))
    for epoch in CHECKPOINTS:
        ratios = ratios_in_numpy(here / "model" / f"model.ckpt-{epoch}", epoch)
        for name in ratios.keys() - missing:
            logged = log[f"4_posterior_check/{name}"][epoch].simple_value
            assert logged == pytest.approx(ratios[name], rel=5e-3), (name, epoch)


def assert_log_has_the_measures(run_path, epochs, clips):
    """At each log step, of the videos that the sheets show: the mean over their sequences.

    Only the cheap measures; a measure that exists for no sequence is left out.
    """
    log, expected = events(run_path), {}
    for epoch in epochs:
        sheet = run_path / "synthesis_sequence" / f"epoch_{epoch:05d}_synthesis.png"
        rows = [contact_sheet(f"synthesis\n{name}", clip)[0] for name, clip in clips.items()]
        videos = panels(np.asarray(Image.open(sheet)), rows)
        comparisons = [
            compare(video, clip, SMALL["truncated_backprop_length"])
            for video, clip in zip(videos, clips.values(), strict=True)
        ]
        for name in CURVES:
            values = [comparison[name] for comparison in comparisons]
            exist = [value for value in values if not math.isnan(value)]
            if exist:
                expected.setdefault(f"2_measures/{name}", {})[epoch] = np.mean(exist)
    logged = {
        tag: {epoch: value.simple_value for epoch, value in values.items()}
        for tag, values in log.items()
        if tag.startswith("2_measures/")
    }
    assert logged.keys() == expected.keys()
    assert {"2_measures/motion", "2_measures/cut_step"} <= logged.keys()
    for tag, values in expected.items():
        assert logged[tag] == pytest.approx(values, rel=1e-6), tag


def test_log_has_the_measures(here):
    assert_log_has_the_measures(here, CHECKPOINTS, {"ripples": observed(1)})  # of the first batch


# --- Other ways to train ---


def test_same_command_elsewhere_makes_the_same_bytes(place, here):
    outcome = run(place, *flags(**TRAIN))
    assert outcome.returncode == 0, outcome.stderr
    again, once = tree(run_directory(place)), tree(here)
    assert again.keys() - once.keys() == {name for name in again if name.startswith("log/ev")}
    different = {name for name in again.keys() & once.keys() if again[name] != once[name]}
    # Only options.json says which code ran; someone may have edited it meanwhile.
    assert different <= {"options.json"}
    one, other = (
        json.loads((run / "options.json").read_text()) for run in (run_directory(place), here)
    )
    assert {**one, "git_revision": None} == {**other, "git_revision": None}
    assert outcome.stdout == trained().outcome.stdout


def test_other_seed_makes_another_run(place, here):
    run_here(place, *flags(**{**SHORT, "seed": 1}))
    one, other = (arrays(path / "model" / "model.ckpt-2") for path in (here, run_directory(place)))
    weights = {name for name in one if "kernel" in name and "Adam" not in name}
    assert weights
    assert all(one[name] != other[name] for name in [*weights, "latents/innovations"])


def test_two_sequences_in_one_batch(place):
    outcome = run_here(place, *flags(**{**SHORT, "batch_size": 2}))
    assert outcome.returncode == 0, outcome.stderr
    here = run_directory(place)
    overview = [f"overview.{kind}" for kind in ("gif", "mp4", "png")]
    assert names(here / "final_result") == sorted([*SEQUENCES, *overview, "evaluation.csv"])
    whole = events(here)["1_error/mean_squared"]
    alone = events(run_directory(trained().place))["1_error/mean_squared"]
    assert sorted(whole) == [1, 2]
    assert whole[2].simple_value != alone[2].simple_value
    assert_log_has_the_measures(here, [2], {"ripples": observed(1), "swell": observed(2)})


def test_linear_transition_has_no_hidden_units(place):
    outcome = run_here(
        place, *flags(**{**SHORT, "dynamic_mode": "linear", "log_step": 1}, max_to_keep=1)
    )
    assert outcome.returncode == 0, outcome.stderr
    log = events(run_directory(place))
    assert "7_learning/active_hidden_units" not in log
    assert len(log["5_energy/minus_log_prior"]) == 2
    # And of the two checkpoints only the newest was kept.
    assert [path.name for path in run_directory(place).glob("model/*.index")] == [
        "model.ckpt-2.index"
    ]


def test_mean_over_frames_infers_something_else(place, here):
    outcome = run_here(place, *flags(**SHORT, likelihood="mean_over_frames"))
    assert outcome.returncode == 0, outcome.stderr
    one, other = (arrays(path / "model" / "model.ckpt-2") for path in (here, run_directory(place)))
    assert one["latents/innovations"] != other["latents/innovations"]


def test_appearance_and_motion_type_are_inferred_and_logged(place, ratios_in_numpy):
    outcome = run_here(place, *flags(**SHORT, content_size=2, motion_type_size=3))
    assert outcome.returncode == 0, outcome.stderr
    log = events(run_directory(place))
    assert {"6_inference/norm_of_appearance", "6_inference/norm_of_motion_type"} <= log.keys()
    ratios = ratios_in_numpy(run_directory(place) / "model" / "model.ckpt-2", 2)
    assert len(ratios) == len(PosteriorCheck._fields)
    for name, ratio in ratios.items():
        logged = log[f"4_posterior_check/{name}"][2].simple_value
        assert logged == pytest.approx(ratio, rel=5e-3), name


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("length", [1, 2])
def test_clip_of_one_or_two_frames_is_enough(place, length):
    outcome = run_here(place, *flags(**{**SHORT, "num_frames": length}))
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_clip_in_which_nothing_moves_is_enough(tmp_path):
    """There is no step to match, so the initial weights have the usual scale."""
    write_frames(make_folder(tmp_path) / "still", np.full((5, 8, 8, 3), 90, np.uint8))
    for scale in (0, 0.1):
        outcome = run_here(
            tmp_path, *flags(**SHORT, transition_init_std=scale, output_dir=f"scale_{scale}")
        )
        assert outcome.returncode == 0, outcome.stderr
    matched, usual = (
        arrays(tmp_path / f"scale_{scale}" / "waves" / "model" / "model.ckpt-2")
        for scale in (0, 0.1)
    )
    assert matched == usual


ALTERNATING = np.tile(np.uint8([[[[90]]], [[[140]]]]), (3, 8, 8, 3))
WALK = np.uint8(127 + np.random.default_rng(0).normal(0, 12, (6, 8, 8, 3)).cumsum(axis=0))


@pytest.mark.parametrize(
    "clip, transition, latents",
    [
        (moving_pattern(1), "momentum", "prior"),
        (WALK, "nonlinear", "clips"),
        (ALTERNATING, "nonlinear", "prior"),
    ],
    ids=["travelling waves", "random walk", "alternating frames"],
)
def test_transition_and_latents_are_matched_to_the_clips(tmp_path, clip, transition, latents):
    write_frames(make_folder(tmp_path) / "clip", clip)
    asked = {"dynamic_mode": "matched", "initial_latents": "matched"}
    for further in ({}, {"resume": True, "num_epochs": 3, **asked}):
        outcome = run_here(tmp_path, *flags(**{**SHORT, **further}))
        assert outcome.returncode == 0, outcome.stderr
        assert f"transition {transition}, emission network 8" in outcome.stderr
        begins = "resume" not in further and latents == "clips"
        assert ("fitting the first states to the clips" in outcome.stderr) == begins
        about = json.loads((run_directory(tmp_path) / "options.json").read_text(encoding="utf-8"))
        found = about["options"]
        assert (found["dynamic_mode"], found["initial_latents"]) == (transition, latents)
        # What is given stays, and what follows from the latents does not.
        steps = {"clips": 0.015, "prior": 0.03}
        assert (found["state_size"], found["step_size"]) == (SMALL["state_size"], steps[latents])


def test_initial_weights_have_the_scale_that_is_matched_to_the_clips(place, here):
    """The run of `here` asked for scale 0. A run that names the matched scale is the same."""
    clips = np.float32([observed(seed) for seed in (1, 2)]) / 127.5 - 1.0
    sizes = LatentSizes(SMALL["state_size"], SMALL["z_size"], 0, 0)
    scale = matched_scale("momentum", sizes, relative_step(clips), SMALL["num_frames"], seed=0)
    assert scale != pytest.approx(0.1)
    outcome = run_here(place, *flags(**SHORT, transition_init_std=scale))
    assert outcome.returncode == 0, outcome.stderr
    named, matched = (
        arrays(path / "model" / "model.ckpt-2") for path in (run_directory(place), here)
    )
    assert named == matched


# --- An earlier run ---


def test_earlier_run_is_refused_and_untouched(tmp_path):
    here = trained().copy(tmp_path)
    before = tree(tmp_path)
    line = refused(run(tmp_path, *flags(**TRAIN)), 1)
    for way in (
        str(here.relative_to(tmp_path)),
        "--resume True",
        "--overwrite True",
        "--output_dir",
    ):
        assert way in line
    assert tree(tmp_path) == before


def test_overwrite_replaces_what_training_wrote_and_nothing_else(tmp_path):
    here = trained().copy(tmp_path)
    mine = [here / name for name in ("notes.txt", "model/notes.txt", "final_result/notes.txt")]
    for path in mine:
        path.write_text("mine")
    (here / "final_result_testing").mkdir()
    (here / "final_result_testing" / "kept.mp4").write_text("of a test")
    changed = {**TRAIN, "num_epochs": 3, "log_step": 3, "overwrite": True}
    outcome = run_here(tmp_path, *flags(**changed))
    assert outcome.returncode == 0, outcome.stderr
    assert "final_result/notes.txt, model/notes.txt" in outcome.stderr
    for path in mine:
        assert path.read_text() == "mine"
    assert names(here / "final_result_testing") == ["kept.mp4"]
    assert [path.name for path in (here / "model").glob("*.index")] == ["model.ckpt-3.index"]
    assert len(names(here / "synthesis_sequence")) == 2
    assert len(names(here / "log")) == 1
    about = json.loads((here / "options.json").read_text(encoding="utf-8"))
    assert about["options"]["num_epochs"] == 3
    assert len(about["command_lines"]) == 1


def test_another_output_directory_holds_another_run(tmp_path):
    trained().copy(tmp_path)
    before = tree(tmp_path / "output_synthesis")
    outcome = run_here(tmp_path, *flags(**SHORT, output_dir="a/b"))
    assert outcome.returncode == 0, outcome.stderr
    assert (tmp_path / "a" / "b" / "waves" / "model" / "model.ckpt-2.index").exists()
    assert tree(tmp_path / "output_synthesis") == before


# --- When it goes wrong ---


def test_stopped_inference_is_warned_of_once(place):
    # So large that the transition's tanh is flat everywhere: nothing comes back through it.
    outcome = run_here(place, *flags(**SHORT, transition_init_std=1e5))
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr.count("inference has stopped") == 1
    assert "warning: in epoch 1 " in outcome.stderr
    norms = events(run_directory(place))["6_inference/gradient_norm_of_innovations"]
    assert all(value.simple_value == 0 for value in norms.values())


def test_no_warning_while_inference_works():
    assert "warning" not in trained().outcome.stderr


def test_run_that_is_no_longer_finite_stops_and_keeps_what_was_good(place):
    """Steps so long that the innovations grow by 10^17 in an epoch; their square overflows."""
    whole = {**TRAIN, "truncated_backprop_length": 5, "log_step": 1, "batch_size": 2}
    outcome = run(place, *flags(**whole, step_size=3e4, clip_drift=0))
    assert outcome.returncode == 1
    *_, line = outcome.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert "no longer finite in epoch 2" in line
    assert "Traceback" not in outcome.stderr
    models = run_directory(place) / "model"
    assert str(models.relative_to(place)) in line
    assert [path.name for path in models.glob("*.index")] == ["model.ckpt-1.index"]
    assert all_finite(tf.train.load_checkpoint(str(models / "model.ckpt-1")))


def test_textures_can_begin_with_states_that_follow_the_clips(tmp_path):
    """In the warm-up, the latents stay where the fit has put them."""
    make_clips(tmp_path)
    begun = {**TRAIN, "initial_latents": "clips", "state_size": 2}
    outcome = run(tmp_path, *flags(**begun, step_warmup=6))
    assert outcome.returncode == 0, outcome.stderr
    assert "fitting the first states to the clips" in outcome.stderr
    assert "fitting the transition to the inferred states" in outcome.stderr
    states = [
        read_state(run_directory(tmp_path) / "model" / f"model.ckpt-{epoch}").latents
        for epoch in (2, 6)
    ]
    assert all(np.array_equal(one, other) for one, other in zip(*states, strict=True))
    assert np.abs(states[0].initial_state).max() < 1
    reconstructed = run_directory(tmp_path) / "final_result" / SEQUENCES[0] / "reconstructed"
    fitted = {path.name: path.read_bytes() for path in reconstructed.iterdir()}
    learned = {**begun, "step_warmup": 6, "transition_in_test": "learned", "resume": True}
    assert run(tmp_path, *flags(**learned)).returncode == 0
    assert {path.name: path.read_bytes() for path in reconstructed.iterdir()} == fitted
    line = refused(run(tmp_path, *flags(**begun, dynamic_mode="matched", overwrite=True)), 2)
    assert "needs --dynamic_mode nonlinear or linear or gru, not matched" in line
