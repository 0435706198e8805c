"""Runs with more sequences than get results of their own, and the cache of their clips."""

import shutil

import numpy as np
import pytest
from support.command_line import SMALL, arrays, flags, make_sequences, refused, run_here

from util.metrics.measures import MEASURES
from util.metrics.references import REFERENCES

NAMES = ["hop", "jog", "run"]
TRAINING = {
    **SMALL,
    "experiment": "action",
    "batch_size": 2,
    "num_epochs": 2,
    "content_size": 2,
    "num_batches_in_test": 1,
    "num_sections_in_test": 1,
}


def train(place, **more):
    return run_here(place, *flags(**{**TRAINING, **more}))


def run_test(place, **more):
    test = {"experiment": "action", "category": "waves", "isTraining": False, **more}
    return run_here(place, *flags(**test))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two runs on three sequences: one with results for all of them, one for the first."""
    path = tmp_path_factory.mktemp("many")
    make_sequences(path, NAMES, 5)
    for folder, count in (("all", 16), ("one", 1)):
        outcome = train(path, output_dir=folder, results_for=count)
        assert outcome.returncode == 0, outcome.stderr
        assert ("2 more sequences get no videos" in outcome.stderr) == (count == 1)
        assert run_test(path, output_dir=folder).returncode == 0
    return path


def test_only_the_first_sequences_get_folders_and_videos(place):
    for folder, names in (("all", NAMES), ("one", NAMES[:1])):
        run = place / folder / "waves"
        assert {path.name for path in (run / "final_result").iterdir() if path.is_dir()} == {*names}
        assert {path.stem for path in (run / "observed_sequence").iterdir()} == {*names}
        videos = {path.stem for path in (run / "final_result_testing").glob("*.gif")}
        assert videos == {"overview", *(f"{name}_1" for name in names)}


def test_resumed_run_keeps_no_videos_of_its_earlier_weights(place, tmp_path):
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    results = tmp_path / "all" / "waves" / "final_result"
    (results / NAMES[1] / "mine.txt").write_text("mine")
    outcome = train(tmp_path, output_dir="all", results_for=1, num_epochs=3, resume=True)
    assert outcome.returncode == 0, outcome.stderr
    assert "videos of 2 more sequences from before the resume are deleted" in outcome.stderr
    assert {path.name for path in results.iterdir() if path.is_dir()} == {*NAMES[:2]}
    assert [path.name for path in (results / NAMES[1]).iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("results", ["final_result", "final_result_testing"])
def test_table_has_all_sequences_and_the_same_values(place, evaluation_table, results):
    every, one = (evaluation_table(place / run / "waves" / results) for run in ("all", "one"))
    videos = {name: next(video for key, video in every if key == name) for name in NAMES}
    assert list(one) == [
        *((NAMES[0], row) for row in [videos[NAMES[0]], *REFERENCES]),
        *((name, videos[name]) for name in NAMES[1:]),
    ]
    for (name, video), cells in one.items():
        for column, value in cells.items():
            given = column not in MEASURES or MEASURES[column].curve or name == NAMES[0]
            expected = every[name, video][column] if given else np.nan
            np.testing.assert_equal(value, expected)


def test_checkpoints_and_shown_results_are_the_same_to_the_byte(place):
    one, every = (place / folder / "waves" for folder in ("one", "all"))
    assert arrays(one / "model" / "model.ckpt-2") == arrays(every / "model" / "model.ckpt-2")
    for path in (one / "final_result" / "hop").rglob("*.*"):
        assert path.read_bytes() == (every / path.relative_to(one)).read_bytes()


def test_chosen_sequences_all_get_videos(place):
    outcome = run_test(place, output_dir="one", sequences="1,2")
    assert outcome.returncode == 0
    videos = {path.stem for path in (place / "one/waves/final_result_testing_2").glob("*.gif")}
    assert videos == {"jog_1", "run_1", "overview"}


def test_resumed_run_takes_the_cache_or_makes_it_again_and_ends_alike(place):
    run = place / "resumed" / "waves"
    assert train(place, output_dir="resumed", num_epochs=1).returncode == 0
    cache = sorted(path.name for path in (run / "cache").iterdir())
    assert len(cache) == 2
    for path in (run / "cache").iterdir():
        path.unlink()
    again = flags(category="waves", output_dir="resumed", resume=True, num_epochs=2)
    outcome = run_here(place, *again)
    assert outcome.returncode == 0, outcome.stderr
    assert sorted(path.name for path in (run / "cache").iterdir()) == cache
    assert arrays(run / "model" / "model.ckpt-2") == arrays(
        place / "all" / "waves" / "model" / "model.ckpt-2"
    )


def test_runs_can_share_a_cache(place):
    options = {"cache_dir": "shared", "num_epochs": 1}
    assert train(place, output_dir="first", **options).returncode == 0
    made = {path.name: path.stat().st_mtime_ns for path in (place / "shared").iterdir()}
    assert train(place, output_dir="second", seed=1, **options).returncode == 0
    assert {path.name: path.stat().st_mtime_ns for path in (place / "shared").iterdir()} == made
    assert not (place / "first" / "waves" / "cache").exists()


def test_cache_in_the_place_of_a_file_is_refused(place):
    (place / "file").write_text("mine")
    line = refused(train(place, output_dir="third", cache_dir="file"), 1)
    assert "cannot write to file" in line and "choose another --cache_dir" in line
    assert not (place / "third").exists()
