"""Testing from a checkpoint through the real command line: where, how long, measured, again."""

import dataclasses
import json
import math
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import imageio_ffmpeg
import numpy as np
import pytest
from support.command_line import (
    IN_A_GIF,
    SMALL,
    change_checkpoint,
    flags,
    frames_in,
    played,
    refused,
    run,
    run_directory,
    run_here,
    trained,
    tree,
)
from support.processes import Ended

from model.posterior_check import PosteriorCheck
from util.experiments import synthesis
from util.metrics.measures import compare
from util.metrics.references import REFERENCES
from util.metrics.tables import as_text
from util.options.schema import Options
from util.pictures.encoding import write_png
from util.runs import checkpoints
from util.runs.evaluations import check_in_words, in_short

TEST = {"isTraining": False}
SEQUENCES = ["ripples", "swell"]
CHUNK_LENGTH = SMALL["truncated_backprop_length"]


@pytest.fixture
def place(tmp_path):
    """A finished run whose training clips are gone."""
    trained().copy(tmp_path)
    shutil.rmtree(tmp_path / "trainingVideo")
    return tmp_path


@pytest.fixture
def rock(tmp_path):
    """Only the two files of a checkpoint, where the published command line has them."""
    folder = tmp_path / "output" / "rock" / "checkpoints"
    folder.mkdir(parents=True)
    models = run_directory(trained().place) / "model"
    for file in models.glob("model.ckpt-6.*"):
        shutil.copy(file, folder / file.name.replace("-6.", "-82000."))
    return tmp_path


PUBLISHED = [
    *["--category", "fire", "--isTraining", "False"],
    *["--output_dir", "./output", "--ckpt", "./output/rock/checkpoints/model.ckpt-82000"],
]


class Made(NamedTuple):
    """How a test ended, and the folder of its results."""

    outcome: Ended
    folder: Path

    @property
    def measures(self):
        """The measures of each video, as they were written."""
        return json.loads((self.folder / "comparison.json").read_text())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Several tests of one run, by the flags that each was given. The clips are there."""
    place = tmp_path_factory.mktemp("made")
    trained().copy(place)
    return {
        "unasked": synthesize(place),
        "newest by name": synthesize(place, ckpt_name="model.ckpt-6", seed=0),
        "older": synthesize(place, ckpt_name="model.ckpt-2"),
        "seed 1": synthesize(place, seed=1),
        "moving": synthesize(place, normalization_in_test="moving"),
        "batch": synthesize(place, normalization_in_test="batch"),
        "fitted": synthesize(place, innovations_in_test="fitted"),
        "long": synthesize(place, num_sections_in_test=7, num_batches_in_test=3),
    }


@pytest.fixture
def with_clips(tmp_path):
    """A finished run and its training clips."""
    trained().copy(tmp_path)
    return tmp_path


def synthesize(place, *arguments, category="waves", **options):
    """Test from a checkpoint of the run."""
    outcome = run_here(place, *flags(category=category, **TEST, **options), *arguments)
    assert outcome.returncode == 0, outcome.stderr
    folder = place / outcome.stdout.splitlines()[-1].removeprefix("results in ")
    if (place / "trainingVideo").exists():
        assert outcome.stderr == ""
        assert (folder / "comparison.json").exists()
        assert (folder / "evaluation.csv").exists()
    else:
        assert_not_measured(outcome, folder)
    return Made(outcome, folder)


def assert_not_measured(outcome, folder):
    """One line says so, after one that says where no clips are; and there are no files."""
    why, said = outcome.stderr.splitlines()
    assert "trainingVideo" in why
    assert "not measured" in said
    look, *_, others, _ = outcome.stdout.splitlines()
    assert look == "look first at" and "--seed" in others
    assert not (folder / "comparison.json").exists()
    assert not (folder / "evaluation.csv").exists()


def videos(*numbers, sequences=SEQUENCES):
    return sorted(
        f"{name}_{number}.{suffix}"
        for name in sequences
        for number in numbers
        for suffix in ("gif", "mp4")
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def length(video):
    stream = imageio_ffmpeg.read_frames(str(video), output_params=["-fps_mode", "passthrough"])
    assert next(stream)["size"] == (8, 8)
    return sum(1 for _ in stream)


def frames_of(made, video):
    """The frames of a video, uint8 [T, 8, 8, 3]; so few pixels keep their colours in a GIF."""
    return played(made.folder / f"{video}.gif", (8, 8))


def clip(sequence):
    """A training clip as the model sees it, uint8 [5, 8, 8, 3]."""
    return frames_in(run_directory(trained().place) / "final_result" / sequence / "observed")


def measured(video, sequence):
    """The measures of a video, as they are to be written."""
    comparison = compare(video, clip(sequence), CHUNK_LENGTH)
    return {name: None if math.isnan(value) else value for name, value in comparison.items()}


def assert_measures(written, expected):
    """The same measures exist, and they are equal but for what a GIF rounds."""
    exist = {name: value for name, value in expected.items() if value is not None}
    assert {name for name, value in written.items() if value is not None} == exist.keys()
    assert {name: written[name] for name in exist} == pytest.approx(exist, rel=IN_A_GIF)


def contents(folder):
    """The bytes of the files of a folder by their names."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# --- Where the results are ---


def test_no_name_takes_the_newest_and_needs_no_clips(place):
    before = tree(place)
    outcome = run(place, *flags(category="waves", **TEST))
    assert outcome.returncode == 0, outcome.stderr
    folder = run_directory(place) / "final_result_testing"
    assert_not_measured(outcome, folder)
    assert outcome.stdout.splitlines()[-1] == f"results in {folder.relative_to(place)}"
    assert names(folder) == videos(1, 2)
    assert {length(folder / name) for name in names(folder)} == {4 * 2}
    added = tree(place).items() - before.items()
    files = [folder, folder.with_name(f".{folder.name}.json"), *folder.iterdir()]
    assert set(files) == {place / name for name, _ in added}


def test_published_command_line(rock):
    outcome = run(rock, *PUBLISHED)
    assert outcome.returncode == 0, outcome.stderr
    assert names(rock / "output" / "rock" / "test" / "synthesis") == videos(1, 2)
    assert_not_measured(outcome, rock / "output" / "rock" / "test" / "synthesis")
    # Nothing but the checkpoint was needed, and nothing else was written.
    assert names(rock) == ["output"]
    assert names(rock / "output") == ["rock"]
    assert names(rock / "output" / "rock") == ["checkpoints", "test"]


def test_flags_that_agree_with_the_checkpoint_are_taken(rock):
    outcome = run_here(rock, *PUBLISHED, "--net_type", "8", "--image_size", "8")
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize("given", [{"net_type": "scene", "image_size": 64}, {"net_type": "scene"}])
def test_network_that_contradicts_the_checkpoint_is_refused(rock, given):
    before = tree(rock)
    line = refused(run_here(rock, *PUBLISHED, *flags(**given)), 2)
    assert "8" in line
    assert "64" in line
    assert "contradicts the checkpoint" in line
    assert tree(rock) == before


def test_output_directory_may_be_another(rock):
    checkpoint = "output/rock/checkpoints/model.ckpt-82000"
    elsewhere = synthesize(rock, category="fire", ckpt=checkpoint, output_dir="else/where").folder
    assert elsewhere == rock / "else" / "where" / "rock" / "test" / "synthesis"
    assert names(elsewhere) == videos(1, 2)


def test_checkpoint_can_be_named_from_inside_its_folder(rock):
    folder = rock / "output" / "rock" / "checkpoints"
    outcome = run_here(folder, *flags(**TEST, ckpt="model.ckpt-82000.index"))
    assert outcome.returncode == 0, outcome.stderr
    assert names(rock / "output" / "rock" / "test" / "synthesis") == videos(1, 2)


# --- How many, how long, and which ---


def test_earlier_results_are_kept(made):
    expected = [
        f"final_result_testing{end}" for end in ("", *(f"_{number}" for number in range(2, 9)))
    ]
    assert [each.folder.name for each in made.values()] == expected


def test_number_and_length_of_the_videos(made):
    folder = made["long"].folder
    assert names(folder) == ["comparison.json", "evaluation.csv", *videos(1, 2, 3)]
    assert {length(folder / name) for name in videos(1, 2, 3)} == {7 * 2}


def test_longer_video_begins_as_the_shorter_does(made):
    for sequence in SEQUENCES:
        short, long = (frames_of(made[key], f"{sequence}_1") for key in ("unasked", "long"))
        np.testing.assert_array_equal(short, long[: 4 * 2])


def test_each_video_is_another(made):
    files = contents(made["long"].folder)
    assert len(set(files.values())) == len(files)


def test_same_seed_and_checkpoint_make_the_same_bytes(made):
    assert contents(made["unasked"].folder) == contents(made["newest by name"].folder)


@pytest.mark.parametrize(
    "one, other",
    [
        ("unasked", "seed 1"),
        ("unasked", "older"),
        ("unasked", "moving"),
        ("unasked", "batch"),
        ("moving", "batch"),
        ("unasked", "fitted"),
    ],
)
def test_other_seed_or_checkpoint_or_normalization_or_innovations_make_other_videos(
    made, one, other
):
    one, other = contents(made[one].folder), contents(made[other].folder)
    assert one.keys() == other.keys()
    assert all(one[name] != other[name] for name in one)


def test_overwrite_replaces_the_first_and_nothing_else(place):
    first = run_directory(place) / "final_result_testing"
    for _ in range(2):
        synthesize(place, num_batches_in_test=2)
    kept = tree(first.with_name("final_result_testing_2"))
    assert synthesize(place, "--overwrite", num_batches_in_test=1).folder == first
    assert names(first) == videos(1)
    assert tree(first.with_name("final_result_testing_2")) == kept


def test_folder_of_somebody_else_is_not_replaced(rock):
    theirs = rock / "output" / "rock" / "test" / "synthesis"
    theirs.mkdir(parents=True)
    (theirs / "notes.txt").write_text("mine")
    before = tree(rock)
    line = refused(run_here(rock, *PUBLISHED, "--overwrite", "True"), 1)
    assert "output/rock/test/synthesis" in line
    assert tree(rock) == before


# --- What is measured ---


ASKED = ["unasked", "older", "seed 1", "moving", "batch", "fitted", "long"]


def frames_of_all(made, asked):
    """The frames of each video of each sequence of a test."""
    numbers = range(1, 4 if asked == "long" else 3)
    return {
        sequence: {
            video: frames_of(made[asked], video)
            for video in (f"{sequence}_{number}" for number in numbers)
        }
        for sequence in SEQUENCES
    }


@pytest.mark.parametrize("asked", ASKED)
def test_every_video_is_measured(made, asked):
    expected = {
        video: measured(frames, sequence)
        for sequence, videos in frames_of_all(made, asked).items()
        for video, frames in videos.items()
    }
    assert made[asked].measures.keys() == expected.keys()
    for video, values in expected.items():
        assert_measures(made[asked].measures[video], values)


@pytest.mark.parametrize("asked", ASKED)
def test_every_sequence_is_evaluated_and_told(made, asked, assert_evaluated, ratios_in_numpy):
    """All of the table; and of two sequences, all of it is printed."""
    epoch, seed = (2 if asked == "older" else 6), (1 if asked == "seed 1" else 0)
    checkpoint = run_directory(trained().place) / "model" / f"model.ckpt-{epoch}"
    ratios = ratios_in_numpy(checkpoint, epoch, seed)
    folder = made[asked].folder
    evaluations = assert_evaluated(
        folder,
        {sequence: clip(sequence) for sequence in SEQUENCES},
        frames_of_all(made, asked),
        ratios,
        CHUNK_LENGTH,
        seed,
        rel=IN_A_GIF,
    )
    for evaluation in evaluations.values():  # from the frames themselves, not from a GIF
        for video in evaluation.videos:
            written = made[asked].measures[video]
            evaluation.videos[video] = {
                name: math.nan if value is None else value for name, value in written.items()
            }
    before, _, after = made[asked].outcome.stdout.partition("look first at\n")
    *told, table = before.splitlines()
    last = after.splitlines()[-1]
    expected = [f"{name}:\n{as_text(evaluation)}" for name, evaluation in evaluations.items()]
    expected += [check_in_words(PosteriorCheck(**ratios)), in_short(evaluations)]
    assert told == "\n".join(expected).splitlines()
    where = Path("output_synthesis") / "waves" / folder.name
    assert table == f"all measures, with reference rows of each clip: {where / 'evaluation.csv'}"
    assert last == f"results in {where}"


def test_states_of_the_linear_system_may_be_other_ones(with_clips, evaluation_table, made):
    """Only the row of the linear dynamical system changes."""
    few = evaluation_table(synthesize(with_clips, baseline_states=1).folder)
    usual = evaluation_table(made["unasked"].folder)
    differ = [row for row in usual if few[row] != pytest.approx(usual[row], nan_ok=True)]
    assert differ == [(sequence, "linear system") for sequence in SEQUENCES]


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_videos_are_other_ones_than_those_of_the_end_of_training(made, sequence):
    at_the_end = run_directory(trained().place) / "final_result" / sequence
    then = [(at_the_end / f"synthesized_{number}.gif").read_bytes() for number in (1, 2)]
    now = [(made["unasked"].folder / f"{sequence}_{number}.gif").read_bytes() for number in (1, 2)]
    assert len({*then, *now}) == 4


def test_more_videos_begin_with_the_same_ones(with_clips, made):
    more = synthesize(with_clips, num_batches_in_test=3)
    few = contents(made["unasked"].folder)
    same = [name for name, content in contents(more.folder).items() if few.get(name) == content]
    assert {*videos(1, 2)} <= {*same}
    for sequence in SEQUENCES:
        third = contents(more.folder)[f"{sequence}_3.gif"]
        assert third not in few.values()


def test_reference_rows_are_those_of_the_end_of_training(made, evaluation_table):
    then = evaluation_table(run_directory(trained().place) / "final_result")
    now = evaluation_table(made["unasked"].folder)
    for (name, video), cells in then.items():
        if video in REFERENCES:
            assert now[name, video] == pytest.approx(cells, rel=0, abs=0, nan_ok=True)
    assert len(now) == len(then)


def test_a_sequence_by_itself_is_measured_against_its_own_clip(with_clips, made):
    """And one chunk has no cut."""
    alone = synthesize(with_clips, sequences="1")
    assert alone.measures == {
        video: comparison
        for video, comparison in made["unasked"].measures.items()
        if video.startswith("swell")
    }
    short = synthesize(with_clips, sequences="1", num_sections_in_test=1, num_batches_in_test=1)
    assert list(short.measures) == ["swell_1"]
    expected = {**measured(frames_of(short, "swell_1"), "swell"), "cut_step": None}
    assert_measures(short.measures["swell_1"], expected)


def test_of_a_longer_video_the_beginning_is_measured(with_clips, monkeypatch, made):
    """Of 14 frames in chunks of 2, the first 5."""
    monkeypatch.setattr(synthesis, "MOST_FRAMES", 5)
    cut = synthesize(with_clips, num_sections_in_test=7, num_batches_in_test=1)
    assert list(cut.measures) == [f"{sequence}_1" for sequence in SEQUENCES]
    for sequence in SEQUENCES:
        video = f"{sequence}_1"
        assert_measures(cut.measures[video], measured(frames_of(made["long"], video)[:5], sequence))
    assert length(cut.folder / "swell_1.mp4") == 14


def test_clips_that_only_moved_are_measured_against(with_clips, made):
    shutil.move(with_clips / "trainingVideo" / "dynamicTexture", with_clips / "elsewhere")
    assert synthesize(with_clips, data_path="elsewhere").measures == made["unasked"].measures


def test_against_clips_that_changed_nothing_is_measured(with_clips):
    changed = with_clips / "trainingVideo" / "dynamicTexture" / "waves" / "swell" / "00004.png"
    write_png(changed, np.zeros((12, 12, 3), np.uint8))
    outcome = run_here(with_clips, *flags(category="waves", **TEST))
    assert outcome.returncode == 0, outcome.stderr
    folder = run_directory(with_clips) / "final_result_testing"
    assert_not_measured(outcome, folder)
    assert names(folder) == videos(1, 2)


# --- By what frames are normalised ---


def without_statistics(values):
    """As an earlier version wrote a checkpoint."""
    calibrated = [name for name in values if name.startswith("calibrated/")]
    assert calibrated
    for name in calibrated:
        del values[name]


def in_batches_of_two(values):
    options = dataclasses.replace(Options.from_json(values["options"]), batch_size=2)
    values["options"] = np.asarray(options.to_json().encode(), object)


def test_statistics_that_a_checkpoint_lacks_are_calibrated_again_to_the_byte(with_clips, made):
    change_checkpoint(with_clips, without_statistics)
    assert contents(synthesize(with_clips).folder) == contents(made["unasked"].folder)


def test_calibrated_videos_do_not_depend_on_their_companions(with_clips):
    """One sequence in a batch, two in a batch, and one of them alone: at most rounding differs.

    Normalised by the statistics of each chunk, companions change what is made.
    """
    videos = [f"swell_{number}" for number in (1, 2)]

    def swell(**options):
        test = synthesize(with_clips, precision="float32", overwrite=True, **options)
        return np.stack([frames_of(test, video) for video in videos]).astype(int)

    ways = {"calibrated": 1, "batch": 0}
    alone = {way: swell(normalization_in_test=way) for way in ways}
    change_checkpoint(with_clips, in_batches_of_two)
    for way, independent in ways.items():
        beside = swell(normalization_in_test=way)
        chosen = swell(normalization_in_test=way, sequences="1")
        assert np.abs(chosen - alone[way]).max() <= 1
        largest = np.abs(beside - alone[way]).max()
        assert largest <= 1 if independent else largest > 5


# --- What is refused ---


def test_contradicting_flag_names_both_values_and_spares_what_it_would_replace(place):
    (run_directory(place) / "final_result_testing").mkdir()
    before = tree(place)
    for flag, value, recorded in (("state_size", 5, 4), ("likelihood", "mean_over_frames", "sum")):
        given = {"category": "waves", "overwrite": True, flag: value}
        line = refused(run_here(place, *flags(**TEST, **given)), 2)
        assert f"--{flag} {value}" in line
        assert f"--{flag} {recorded}" in line
    assert tree(place) == before


@pytest.mark.parametrize(
    "given",
    [
        {"category": "waves", "ckpt_name": "model.ckpt-7"},
        {"ckpt": "output_synthesis/waves/model/model.ckpt-7"},
    ],
)
def test_missing_checkpoint_is_named_with_those_that_exist(place, given):
    before = tree(place)
    line = refused(run(place, *flags(**TEST, **given)), 1)
    assert "output_synthesis/waves/model/model.ckpt-7" in line
    assert "model.ckpt-2, model.ckpt-4, model.ckpt-6" in line
    assert tree(place) == before


def test_run_without_checkpoints_is_refused(tmp_path):
    line = refused(run(tmp_path, *flags(**TEST, category="waves")), 1)
    assert "output_synthesis/waves/model" in line
    assert os.listdir(tmp_path) == []
    assert "--ckpt" in refused(run(tmp_path, *flags(**TEST)), 2)


def test_half_written_checkpoint_is_refused(place):
    models = run_directory(place) / "model"
    data = models / "model.ckpt-6.data-00000-of-00001"
    whole = data.read_bytes()
    for left in (whole[: len(whole) // 2], b"", None):
        data.unlink()
        if left is not None:
            data.write_bytes(left)
        before = tree(place)
        line = refused(
            run_here(place, *flags(**TEST, category="waves", ckpt_name="model.ckpt-6")), 1
        )
        reason = "is gone" if left is None else "is damaged or half-written"
        assert f"model.ckpt-6 {reason}" in line
        assert tree(place) == before
        data.touch()


def test_checkpoint_of_another_program_is_refused(place):
    checkpoints.save(run_directory(place) / "model", 9, {"weights": np.zeros(3)}, 9)
    before = tree(place)
    line = refused(run_here(place, *flags(**TEST, category="waves")), 1)
    assert "model.ckpt-9" in line
    assert "another model" in line
    assert tree(place) == before


@pytest.mark.parametrize("change", ["missing", "of another shape"])
def test_checkpoint_with_other_weights_is_refused(place, change):
    models = run_directory(place) / "model"
    arrays = checkpoints.load(models / "model.ckpt-6")
    name = next(name for name in sorted(arrays) if "kernel" in name)
    if change == "missing":
        del arrays[name]
    else:
        arrays[name] = arrays[name][..., :-1]
    checkpoints.save(models, 9, arrays, 9)
    before = tree(place)
    line = refused(run_here(place, *flags(**TEST, category="waves")), 1)
    assert name in line
    assert "model.ckpt-9" in line
    assert "another model" in line
    assert tree(place) == before
