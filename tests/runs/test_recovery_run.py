"""Recovery and inpainting through the real command line: clips with holes in, filled in out."""

import csv
import json
import math
import shutil
from itertools import product
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import scipy.io
from PIL import Image
from support.command_line import (
    IN_A_GIF,
    SMALL,
    arrays,
    flags,
    frames_in,
    moving_pattern,
    panels,
    played,
    refused,
    run,
    run_here,
    tree,
)
from support.scoring import score
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from model.posterior_check import PosteriorCheck
from util.data.frames import to_bytes, to_model_range
from util.metrics.baselines import linear_interpolation, low_rank_imputation
from util.metrics.measures import MEASURES, compare
from util.pictures.encoding import write_frames
from util.pictures.layout import under_one_head
from util.pictures.sheets import Row, Sheet, contact_sheet, frames_at
from util.runs import checkpoints
from util.runs.evaluations import check_in_words

# Of the pixels of a frame's 8×8 none is mixed with another, as resizing would.
RECOVERY = {**SMALL, "num_epochs": 4, "average_last": 3, "experiment": "recovery"}
DATA = Path("trainingVideo") / "recovery_dataset"
INPAINTING_DATA = Path("trainingVideo") / "background_inpainting"
SEQUENCES = ["ripples", "swell"]
WAYS = [
    "average of the last 3",
    "last iteration",
    "temporal mean",
    "linear interpolation",
    "imputation of rank 10",
]
CURVES = ["average", "last", *WAYS[2:]]  # in TensorBoard; those of the baselines are flat
SCORES = ["absolute_error", "psnr", "ssim"]
LENGTH, SIDE = SMALL["num_frames"], SMALL["image_size"]


def clip(seed):
    """Frames, uint8 [T, side, side, 3], whose first pixel is black, as a missing one is shown."""
    frames = moving_pattern(seed, LENGTH, SIDE)
    frames[0, 0, 0] = 0
    return frames


def region(seed):
    """A mask, bool [T, side, side]: half of all pixels, and the whole of frame 3.

    No pixel is missing in all frames.
    """
    missing = np.random.default_rng(seed).uniform(size=(LENGTH, SIDE, SIDE)) < 0.5
    missing[3] = True
    missing[0, missing.all(axis=0)] = False
    return missing


def write_region(path, missing):
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"masks": np.moveaxis(missing, 0, 2).astype(np.uint8)})


def make_data(place, filling=None):
    """Two sequences as folders of images, and the mask of each, where recovery looks unasked.

    Args:
        filling: a grey that is put where the masks are; None leaves what is there.
    """
    for seed, name in enumerate(SEQUENCES, start=1):
        frames, missing = clip(seed), region(seed)
        if filling is not None:
            frames[missing] = filling
        write_frames(place / DATA / "data" / "waves" / name, frames)
        write_region(place / DATA / "mask" / "waves" / name / "region_type.mat", missing)
    return place


def make_inpainting_data(place, with_truth):
    """One sequence that a grey square wanders over, with its mask and the truth behind it."""
    missing = np.zeros((LENGTH, SIDE, SIDE), bool)
    for time in range(LENGTH):
        missing[time, 2:5, time : time + 3] = True
    frames = clip(1)
    if with_truth:
        write_frames(place / INPAINTING_DATA / "truth" / "waves" / "ripples", frames)
    frames[missing] = 90
    write_frames(place / INPAINTING_DATA / "data" / "waves" / "ripples", frames)
    write_region(place / INPAINTING_DATA / "mask" / "waves" / "mask128.mat", missing)
    return missing


def succeeded(outcome):
    assert outcome.returncode == 0, outcome.stderr
    return outcome


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run, for all tests to look at and none to change: its place and how it ended."""
    place = make_data(tmp_path_factory.mktemp("finished"))
    return place, succeeded(run(place, *flags(**RECOVERY)))


@pytest.fixture
def copied(finished, tmp_path):
    shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def recovery_directory(place):
    return place / "output_recovery" / "waves"


def checkpoint_of(place, epoch):
    return recovery_directory(place) / "model" / f"model.ckpt-{epoch}"


def mask_in(folder):
    """What was missing, bool [T, H, W], from the picture of the mask."""
    frames = frames_in(folder / "mask")
    assert np.all((frames == 0) | (frames == 255))
    np.testing.assert_array_equal(frames[..., 0], frames[..., 2])
    return frames[..., 0] == 255


def table_in(run_path):
    """The rows of recovery_error.csv: (sequence, way) → scores."""
    with open(run_path / "final_result" / "recovery_error.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["sequence", "recovered_by", *SCORES]
    return {(row[0], row[1]): [float(cell) for cell in row[2:]] for row in rows}


def told(outcome, sequence):
    """What the run said of how a sequence was recovered."""
    (line,) = (line for line in outcome.stdout.splitlines() if line.startswith(f"{sequence}: "))
    return line.removeprefix(f"{sequence}: ")


def curves(run_path):
    log = EventAccumulator(str(run_path / "log"))
    log.Reload()
    return {
        tag: [(event.step, event.value) for event in log.Scalars(tag)]
        for tag in log.Tags()["scalars"]
    }


def assert_holds(folder, kinds):
    """A sequence's results: each kind as .mp4, .gif and frames, and all side by side."""
    videos = {f"{kind}.{suffix}" for kind in [*kinds, "side_by_side"] for suffix in ("mp4", "gif")}
    found = {path.name for path in folder.iterdir()}
    assert found == {*kinds, *videos, "side_by_side.png"}
    for name in videos - {"side_by_side.mp4", "side_by_side.gif"}:
        stream = imageio_ffmpeg.read_frames(str(folder / name))
        assert next(stream)["size"] == (SIDE, SIDE)
        assert sum(1 for _ in stream) == LENGTH
    for kind in kinds:
        assert len(frames_in(folder / kind)) == LENGTH


def assert_only_missing_pixels_are_filled_in(folder, missing):
    """And they are: in no frame is the mask still black."""
    observed, recovered = (frames_in(folder / kind) for kind in ("observed", "recovered"))
    np.testing.assert_array_equal(mask_in(folder), missing)
    assert observed[~missing].tobytes() == recovered[~missing].tobytes()
    assert not np.any(observed[missing])
    for frame, hidden in zip(recovered, missing, strict=True):
        assert not hidden.any() or frame[hidden].max() > 0


# --- Recovery with masks that are read, two sequences ---


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_final_result_of_each_sequence(finished, sequence):
    folder = recovery_directory(finished[0]) / "final_result" / sequence
    assert_holds(folder, ["observed", "recovered", "original", "mask"])
    assert not list(recovery_directory(finished[0]).rglob(".partial*"))


@pytest.mark.parametrize("seed, sequence", [(1, "ripples"), (2, "swell")])
def test_each_sequence_is_filled_in_under_its_own_mask(finished, seed, sequence):
    folder = recovery_directory(finished[0]) / "final_result" / sequence
    assert_only_missing_pixels_are_filled_in(folder, region(seed))
    original, observed = (frames_in(folder / kind) for kind in ("original", "observed"))
    np.testing.assert_array_equal(original, clip(seed))
    np.testing.assert_array_equal(observed, np.where(region(seed)[..., None], 0, clip(seed)))


def test_sequences_play_side_by_side_and_the_picture_shows_all(finished):
    folder = recovery_directory(finished[0]) / "final_result" / "swell"
    kinds = ["observed", "recovered", "original", "mask"]
    videos = [frames_in(folder / kind) for kind in kinds]
    size = next(imageio_ffmpeg.read_frames(str(folder / "side_by_side.mp4")))["size"]
    assert size == Sheet([Row("", videos[:3], kinds[:3])], 1).size[::-1]  # all but the mask
    picture = np.asarray(Image.open(folder / "side_by_side.png"))
    rows = [
        frames_at(kind, video, range(LENGTH)) for kind, video in zip(kinds, videos, strict=True)
    ]
    for actual, video in zip(panels(picture, under_one_head(rows)), videos, strict=True):
        np.testing.assert_array_equal(actual, video)


def test_clips_are_shown_as_the_model_sees_them(finished):
    here = recovery_directory(finished[0])
    sheet = np.asarray(Image.open(here / "observed_sequence" / "swell.png"))
    expected = np.where(region(2)[..., None], 0, clip(2))
    (shown,) = panels(sheet, contact_sheet("observed\nswell", expected))
    np.testing.assert_array_equal(shown, expected)
    for epoch in (2, 4):
        for kind in ("reconstruction", "synthesis", "recovered"):
            assert (here / "synthesis_sequence" / f"epoch_{epoch:05d}_{kind}.png").exists()


def test_table_has_each_sequence_each_way_and_all(finished):
    table = table_in(recovery_directory(finished[0]))
    assert list(table) == [(name, way) for name in [*SEQUENCES, "all"] for way in WAYS]
    assert np.isfinite(list(table.values())).all()


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_table_agrees_with_the_pictures(finished, sequence):
    """The row of the way that was written, computed again from what was written."""
    place, _ = finished
    folder = recovery_directory(place) / "final_result" / sequence
    recovered, original = (frames_in(folder / kind) for kind in ("recovered", "original"))
    missing = mask_in(folder)
    difference = recovered[missing].astype(np.float64) - original[missing]
    error, psnr, ssim = table_in(recovery_directory(place))[sequence, WAYS[0]]
    assert error == pytest.approx(np.abs(difference).mean(), abs=1e-4)
    assert psnr == pytest.approx(10 * math.log10(255**2 / np.mean(difference**2)), abs=1e-4)
    assert ssim == pytest.approx(score(recovered, original, missing[..., None]).ssim, abs=1e-4)


def test_the_average_is_written_even_where_the_last_iteration_is_closer_to_the_truth(finished):
    """From the samples in the checkpoint, which lie in the order of the mask."""
    place, outcome = finished
    samples = checkpoints.load(checkpoint_of(place, 4))["recovery_samples"].astype(np.float64)
    folders = [recovery_directory(place) / "final_result" / name for name in SEQUENCES]
    missing = np.stack([region(1), region(2)])
    recovered = np.stack([frames_in(folder / "recovered") for folder in folders])
    np.testing.assert_array_equal(recovered[missing], np.rint(samples.mean(axis=0)))
    table = table_in(recovery_directory(place))
    assert any(table[name, WAYS[1]][0] < table[name, WAYS[0]][0] for name in SEQUENCES)
    for name in SEQUENCES:
        assert WAYS[0] in told(outcome, name)


def test_baselines_are_scored_on_what_was_observed(finished):
    """Each sequence and all, from the pictures; the temporal mean without the project's own."""
    here = recovery_directory(finished[0])
    table = table_in(here)
    folders = [here / "final_result" / name for name in SEQUENCES]
    observed = np.stack([frames_in(folder / "observed") for folder in folders])
    truth = np.stack([frames_in(folder / "original") for folder in folders])
    missing = np.stack([mask_in(folder) for folder in folders])[..., np.newaxis]
    seen = np.ma.array(to_model_range(observed), mask=np.repeat(missing, 3, axis=-1))
    mean = np.broadcast_to(seen.mean(axis=1, keepdims=True).filled(0.0), truth.shape)
    fills = {
        "temporal mean": np.where(missing, mean, to_model_range(observed)),
        **{
            name: np.stack(list(map(fill, to_model_range(observed), missing)))
            for name, fill in zip(
                WAYS[3:], [linear_interpolation, low_rank_imputation], strict=True
            )
        },
    }
    for way, frames in fills.items():
        for part, name in [(0, "ripples"), (1, "swell"), (slice(None), "all")]:
            expected = score(to_bytes(frames)[part], truth[part], missing[part])
            assert table[name, way] == pytest.approx(list(expected), abs=1e-3), (name, way)


def test_sequence_with_nothing_missing_is_learned_from_and_not_scored(tmp_path):
    place = make_data(tmp_path)
    name, other = SEQUENCES
    nothing = np.zeros((LENGTH, SIDE, SIDE), bool)
    write_region(place / DATA / "mask" / "waves" / name / "region_type.mat", nothing)
    outcome = succeeded(run_here(place, *flags(**RECOVERY)))
    here = recovery_directory(place)
    assert list(table_in(here)) == [(of, way) for of in (other, "all") for way in WAYS]
    np.testing.assert_array_equal(frames_in(here / "final_result" / name / "recovered"), clip(1))
    assert told(outcome, name) == "nothing is missing"
    assert "nan" not in outcome.stdout


def test_scores_of_all_are_printed(finished):
    place, outcome = finished
    for (name, way), figures in table_in(recovery_directory(place)).items():
        assert f"{name}, {way}: error {figures[0]:.2f}" in outcome.stdout
    *_, last = outcome.stdout.splitlines()
    assert str(Path("output_recovery") / "waves" / "final_result") in last


def test_posterior_check_is_printed(finished, ratios_in_numpy):
    place, outcome = finished
    ratios = ratios_in_numpy(checkpoint_of(place, 4), 4)
    assert f"\n{check_in_words(PosteriorCheck(**ratios))}\n" in outcome.stdout


def test_log_has_the_curves_of_recovery(finished):
    """Of all and of each sequence, at every log step; at the last they are the table's."""
    here = recovery_directory(finished[0])
    log, table = curves(here), table_in(here)
    of = {"all": "", "ripples": "ripples/", "swell": "swell/"}
    for kind, way in zip(CURVES, WAYS, strict=True):
        for sequence, (position, name) in product(of, enumerate(SCORES)):
            (first, _), (second, value) = log[f"3_recovered/{name}/{of[sequence]}{kind}"]
            assert (first, second) == (2, 4)
            assert value == pytest.approx(table[sequence, way][position], abs=1e-3)


def test_log_has_the_measures(finished):
    """Though pixels are missing, as the truth is known: those that exist of a short clip."""
    log = curves(recovery_directory(finished[0]))
    exist = {
        name
        for name, value in compare(clip(1), clip(2), SMALL["truncated_backprop_length"]).items()
        if MEASURES[name].curve and not math.isnan(value)
    }
    assert {"motion", "cut_step"} <= exist
    found = {tag for tag in log if tag.startswith("2_measures/")}
    assert found == {f"2_measures/{name}" for name in exist}
    for name in exist:
        assert [step for step, _ in log[f"2_measures/{name}"]] == [2, 4]


def test_average_is_of_the_last_iterations_and_the_last_is_the_last(finished):
    """Both from the samples in the checkpoint, which lie in the order of the mask."""
    place, _ = finished
    state = checkpoints.load(checkpoint_of(place, 4))
    samples, missing = state["recovery_samples"], np.stack([region(1), region(2)])
    assert samples.shape == (3, missing.sum(), 3)
    assert samples.dtype == np.uint8
    assert np.any(samples[0] != samples[2])
    truth, table = np.stack([clip(1), clip(2)])[missing], table_in(recovery_directory(place))
    ways = {WAYS[0]: np.rint(samples.mean(axis=0)), WAYS[1]: samples[-1].astype(np.float64)}
    for way, values in ways.items():
        error = np.abs(values - truth).mean()
        assert table["all", way][0] == pytest.approx(error, abs=1e-4)


def test_options_say_that_the_video_is_incomplete(finished):
    about = json.loads((recovery_directory(finished[0]) / "options.json").read_text())
    expected = {"training_mode": "incomplete", "mask_file": "region_type.mat", "refsig": 0.5}
    assert expected.items() <= about["options"].items()


# --- Masks that are made ---


@pytest.mark.parametrize("mask_type", ["missingFrames", "randomRegion"])
def test_recovery_with_a_mask_that_is_made(tmp_path, mask_type):
    write_frames(tmp_path / DATA / "data" / "waves" / "ripples", clip(1))
    given = {**RECOVERY, "mask_type": mask_type, "missing_fraction": 0.4, "region_size": 0.4}
    outcome = succeeded(run_here(tmp_path, *flags(**given)))
    folder = recovery_directory(tmp_path) / "final_result" / "ripples"
    missing = mask_in(folder)
    assert_only_missing_pixels_are_filled_in(folder, missing)
    per_frame = sorted(missing.sum(axis=(1, 2)))
    expected = {"missingFrames": [0, 0, 0, 64, 64], "randomRegion": [9] * 5}
    assert per_frame == expected[mask_type]
    np.testing.assert_array_equal(frames_in(folder / "original"), clip(1))
    table = table_in(recovery_directory(tmp_path))
    assert list(table) == [("ripples", way) for way in WAYS]  # of one sequence, there is no `all`
    assert outcome.stderr.count("error:") == 0


def test_average_of_fewer_iterations_than_asked_for_says_so(tmp_path):
    write_frames(tmp_path / DATA / "data" / "waves" / "ripples", clip(1))
    given = {**RECOVERY, "mask_type": "randomRegion", "num_epochs": 2, "average_last": 20}
    succeeded(run_here(tmp_path, *flags(**given)))
    ways = [way for _, way in table_in(recovery_directory(tmp_path))]
    assert ways[0] == "average of the last 2"


# --- Inpainting ---


@pytest.mark.parametrize("with_truth", [True, False])
def test_inpainting_fills_in_what_the_mask_covers(tmp_path, with_truth):
    missing = make_inpainting_data(tmp_path, with_truth)
    outcome = succeeded(run_here(tmp_path, *flags(**{**RECOVERY, "experiment": "inpainting"})))
    here = tmp_path / "output_background_inpainting" / "waves"
    folder = here / "final_result" / "ripples"
    assert_holds(folder, ["observed", "recovered", *["original"] * with_truth, "mask"])
    assert_only_missing_pixels_are_filled_in(folder, missing)
    scored = [tag for tag in curves(here) if tag.startswith("3_recovered/")]
    if with_truth:
        np.testing.assert_array_equal(frames_in(folder / "original"), clip(1))
        assert list(table_in(here)) == [("ripples", way) for way in WAYS]
        assert sorted(scored) == sorted(
            f"3_recovered/{name}/{kind}" for name in SCORES for kind in CURVES
        )
        assert "--truth_path" not in outcome.stderr
    else:
        assert WAYS[0] in told(outcome, "ripples")
        assert not (here / "final_result" / "recovery_error.csv").exists()
        assert scored == []
        assert not [tag for tag in curves(here) if tag.startswith("2_measures/")]
        assert f"no waves in --truth_path ./{INPAINTING_DATA / 'truth'}" in outcome.stderr
        assert "PSNR" not in outcome.stdout


def test_truth_of_other_sequences_is_refused(tmp_path):
    make_inpainting_data(tmp_path, with_truth=True)
    truth = tmp_path / INPAINTING_DATA / "truth" / "waves"
    (truth / "ripples").rename(truth / "others")
    before = tree(tmp_path)
    line = refused(run(tmp_path, *flags(**{**RECOVERY, "experiment": "inpainting"})), 1)
    for word in ("ripples", "others", "--truth_path"):
        assert word in line
    assert tree(tmp_path) == before


# --- What the missing pixels hold ---


@pytest.mark.parametrize("filling", [0, 200])
def test_what_the_missing_pixels_hold_does_not_matter(finished, tmp_path, filling):
    """Clips that differ under the mask alone: the same bytes of every array, at every epoch."""
    make_data(tmp_path, filling)
    succeeded(run_here(tmp_path, *flags(**RECOVERY)))
    for epoch in (2, 4):
        ours, theirs = (checkpoint_of(place, epoch) for place in (tmp_path, finished[0]))
        assert arrays(ours) == arrays(theirs)
    for name in SEQUENCES:
        ours, theirs = (
            recovery_directory(place) / "final_result" / name for place in (tmp_path, finished[0])
        )
        assert tree(ours / "observed") == tree(theirs / "observed")
        assert tree(ours / "original") != tree(theirs / "original")


# --- Going on ---


RESUME = [*flags(category="waves", experiment="recovery"), "--resume", "True"]


def test_resumed_run_ends_as_the_uninterrupted_one(finished, tmp_path):
    """With the reconstructions of the iterations before it stopped, which the average needs."""
    make_data(tmp_path)
    succeeded(run_here(tmp_path, *flags(**{**RECOVERY, "num_epochs": 2})))
    assert len(checkpoints.load(checkpoint_of(tmp_path, 2))["recovery_samples"]) == 2
    outcome = succeeded(run_here(tmp_path, *RESUME, "--num_epochs", 4))
    ours, theirs = (checkpoint_of(place, 4) for place in (tmp_path, finished[0]))
    assert arrays(ours) == arrays(theirs)
    for suffix in (".data-00000-of-00001", ".index"):
        one, other = (path.with_name(path.name + suffix) for path in (ours, theirs))
        assert one.read_bytes() == other.read_bytes()
    one, other = (recovery_directory(place) / "final_result" for place in (tmp_path, finished[0]))
    assert tree(one) == tree(other)
    assert outcome.stdout == finished[1].stdout


def test_finished_run_that_is_resumed_writes_the_same_again(copied):
    before = tree(recovery_directory(copied) / "final_result")
    succeeded(run_here(copied, *RESUME))
    assert tree(recovery_directory(copied) / "final_result") == before


def test_resume_without_the_truth_keeps_no_scores(copied):
    """The table that is there was of another recovered video, perhaps of more iterations."""
    outcome = succeeded(run_here(copied, *RESUME, *flags(truth_path="none", num_epochs=5)))
    assert "--truth_path none" in outcome.stderr
    results = recovery_directory(copied) / "final_result"
    assert sorted(path.name for path in results.iterdir()) == SEQUENCES
    for name in SEQUENCES:
        assert_holds(results / name, ["observed", "recovered", "mask"])
        assert WAYS[0] in told(outcome, name)


def test_resume_knows_by_itself_that_the_run_is_a_recovery(copied):
    """Where the run directory is named, and the experiment, which it records, is not."""
    before = tree(recovery_directory(copied) / "final_result")
    given = flags(category="waves", output_dir="output_recovery", resume=True)
    succeeded(run_here(copied, *given))
    assert tree(recovery_directory(copied) / "final_result") == before


def test_resume_with_another_mask_file_is_refused(copied):
    before = tree(copied)
    line = refused(run(copied, *RESUME, *flags(mask_file="other.mat")), 2)
    assert "--mask_file other.mat" in line
    assert "--mask_file region_type.mat" in line
    assert tree(copied) == before


def test_resume_with_another_kind_of_mask_is_refused(copied):
    line = refused(run(copied, *RESUME, *flags(mask_type="randomRegion")), 2)
    assert "--mask_type randomRegion" in line
    assert "--mask_type external" in line


def test_resume_where_the_mask_has_changed_is_refused(copied):
    """Though the clips look as before, for the pixel that it hides now, or hid, is black."""
    changed = region(2)
    changed[0, 0, 0] ^= True
    write_region(copied / DATA / "mask" / "waves" / "swell" / "region_type.mat", changed)
    before = tree(copied)
    outcome = run_here(copied, *RESUME)
    *shares, error = outcome.stderr.splitlines(keepends=True)
    assert all("% of the pixels are missing" in share for share in shares)
    line = refused(outcome._replace(stderr=error), 1)
    assert "mask" in line
    assert "model.ckpt-4" in line
    assert tree(copied) == before


def test_resume_where_the_missing_pixels_have_changed_goes_on(copied):
    make_data(copied, filling=70)
    succeeded(run_here(copied, *RESUME))


def test_masks_that_only_moved_are_the_same(copied):
    shutil.move(copied / DATA / "mask", copied / "elsewhere")
    succeeded(run_here(copied, *RESUME, *flags(mask_path="elsewhere", num_epochs=5)))
    assert checkpoints.existing(recovery_directory(copied) / "model")[-1][0] == 5


# --- Testing ---


TEST = flags(isTraining=False, num_batches_in_test=1, num_sections_in_test=3)


def test_checkpoint_of_a_recovery_synthesizes(copied):
    """By the run, without clips and masks; and by its path, without the experiment's name."""
    shutil.rmtree(copied / "trainingVideo")
    of_run = succeeded(run(copied, *TEST, *flags(experiment="recovery", category="waves")))
    checkpoint = checkpoint_of(copied, 4).relative_to(copied)
    by_path = succeeded(run_here(copied, *TEST, *flags(ckpt=checkpoint)))
    folders = [
        recovery_directory(copied) / "final_result_testing",
        recovery_directory(copied) / "test" / "synthesis",
    ]
    for outcome, folder in zip((of_run, by_path), folders, strict=True):
        assert str(folder.relative_to(copied)) in outcome.stdout
        assert {path.name for path in folder.iterdir()} == {
            f"{name}_1.{suffix}" for name in SEQUENCES for suffix in ("mp4", "gif")
        }
        assert "not measured" in outcome.stderr
        stream = imageio_ffmpeg.read_frames(str(folder / "swell_1.mp4"))
        assert next(stream)["size"] == (SIDE, SIDE)
        assert sum(1 for _ in stream) == 3 * SMALL["truncated_backprop_length"]
    assert tree(folders[0]) == tree(folders[1])


def test_synthesized_videos_are_measured_against_the_truth_under_the_masks(
    copied, assert_evaluated, ratios_in_numpy
):
    """Which may have moved since."""
    shutil.move(copied / DATA, copied / "elsewhere")
    moved = flags(data_path="elsewhere/data", mask_path="elsewhere/mask")
    succeeded(run_here(copied, *TEST, *flags(experiment="recovery", category="waves"), *moved))
    folder = recovery_directory(copied) / "final_result_testing"
    chunk_length = SMALL["truncated_backprop_length"]
    truth = {name: clip(seed) for seed, name in enumerate(SEQUENCES, start=1)}
    videos = {
        name: {f"{name}_1": played(folder / f"{name}_1.gif", (SIDE, SIDE))} for name in SEQUENCES
    }
    ratios = ratios_in_numpy(checkpoint_of(copied, 4), 4)
    evaluations = assert_evaluated(folder, truth, videos, ratios, chunk_length, rel=IN_A_GIF)
    written = json.loads((folder / "comparison.json").read_text())
    expected = [row for evaluation in evaluations.values() for row in evaluation.videos.items()]
    assert list(written) == [video for video, _ in expected]
    for video, comparison in expected:
        values = {name: math.nan if cell is None else cell for name, cell in written[video].items()}
        assert values == pytest.approx(comparison, rel=1e-5, nan_ok=True)  # digits of the table


def test_where_nobody_knows_the_truth_nothing_is_measured(tmp_path):
    make_inpainting_data(tmp_path, with_truth=False)
    given = {**RECOVERY, "experiment": "inpainting", "num_epochs": 1}
    succeeded(run_here(tmp_path, *flags(**given)))
    outcome = succeeded(
        run_here(tmp_path, *TEST, *flags(experiment="inpainting", category="waves"))
    )
    assert "not measured" in outcome.stderr
    folder = tmp_path / "output_background_inpainting" / "waves" / "final_result_testing"
    assert {path.name for path in folder.iterdir()} == {"ripples_1.mp4", "ripples_1.gif"}


# --- What is refused ---

# What is given, the exit code, and what the line must name.
REFUSED = {
    "synthesis of incomplete video": (
        {"experiment": "synthesis", "training_mode": "incomplete"},
        2,
        ["--training_mode incomplete", "--experiment synthesis"],
    ),
    "recovery of complete video": (
        {"training_mode": "complete"},
        2,
        ["--training_mode complete", "--experiment recovery"],
    ),
    "inpainting of complete video": (
        {"experiment": "inpainting", "training_mode": "complete"},
        2,
        ["--training_mode complete", "--experiment inpainting"],
    ),
    "mode": ({"training_mode": "partial"}, 2, ["--training_mode partial", "incomplete"]),
    "kind of mask": (
        {"mask_type": "region"},
        2,
        ["--mask_type region", "external", "missingFrames", "randomRegion"],
    ),
    "no frames": ({"missing_fraction": 0}, 2, ["--missing_fraction 0", "above 0"]),
    "all frames": ({"missing_fraction": 1}, 2, ["--missing_fraction 1", "below 1"]),
    "whole frame": ({"region_size": 1}, 2, ["--region_size 1", "below 1"]),
    "no average": ({"average_last": 0}, 2, ["--average_last 0", "at least 1"]),
    "warm-up": ({"lr_warmup": -1}, 2, ["--lr_warmup -1", "at least 0"]),
    "unknown mask": ({"mask_file": "none.mat"}, 1, ["waves/none.mat", "--mask_file", "swell"]),
    "unknown folder": ({"mask_path": "none"}, 1, ["none/waves", "--mask_path"]),
    "short mask": ({"first_frame": 1}, 1, ["ripples", "5 frames", "--first_frame 1"]),
    "covers nothing": (
        {"mask_type": "missingFrames", "missing_fraction": 0.05},
        1,
        ["--mask_type missingFrames", "--missing_fraction 0.05", "covers nothing"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line_with_nothing_written(tmp_path, case):
    make_data(tmp_path)
    given, exit_code, named = REFUSED[case]
    before = tree(tmp_path)
    line = refused(run(tmp_path, *flags(**{**RECOVERY, **given})), exit_code)
    for word in named:
        assert word in line
    assert tree(tmp_path) == before
