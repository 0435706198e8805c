"""What is done of a run of a figure."""

import json

import pytest

from util.figures.record import Record, beside
from util.figures.steps import Run, Step
from util.runs.run_directory import RunDirectory

TRAIN = Step({"experiment": "action", "category": "waves"}, trains=True)
TEST = Step({"experiment": "interpolation", "category": "waves"}, trains=False)


@pytest.fixture
def run(tmp_path):
    """A run with all its files."""
    directory = RunDirectory(tmp_path / "runs" / "waves")
    directory.models.mkdir(parents=True)
    directory.final_result.mkdir()
    directory.options_file.write_text("{}")
    for suffix in (".index", ".data-00000-of-00001"):
        (directory.models / f"model.ckpt-5{suffix}").write_text("")
    tested = directory.path / "final_result_interpolation"
    tested.mkdir()
    return Run("interpolation", "waves", directory, [TRAIN, TEST], tested)


def done(run, *numbers):
    for number in numbers:
        record = Record(run)
        record.begin(number)
        record.end(number, True)
    return [Record(run).is_done(number) for number in range(2)]


def test_nothing_is_done_at_first(run):
    assert [Record(run).is_done(number) for number in range(2)] == [False, False]


def test_step_that_succeeded_is_done(run):
    assert done(run, 0) == [True, False]
    assert done(run, 1) == [True, True]


def test_step_that_failed_is_not_done(run):
    record = Record(run)
    record.begin(0)
    record.end(0, False)
    assert not Record(run).is_done(0)


def test_killed_step_is_not_done(run):
    done(run, 0, 1)
    Record(run).begin(0)
    assert [Record(run).is_done(number) for number in range(2)] == [False, False]


def test_step_with_other_flags_is_not_done(run):
    done(run, 0, 1)
    other = Step({**TRAIN.flags, "num_epochs": 9}, trains=True)
    assert not Record(run._replace(steps=[other, TEST])).is_done(0)
    assert not Record(run._replace(steps=[other, TEST])).is_done(1)


@pytest.mark.parametrize("gone", ["options.json", "model/model.ckpt-5.index"])
def test_step_whose_files_are_gone_is_not_done(run, gone):
    done(run, 0, 1)
    (run.directory.path / gone).unlink()
    assert not Record(run).is_done(0)


def test_test_whose_results_are_gone_is_not_done(run):
    done(run, 0, 1)
    run.test_folder.rmdir()
    assert [Record(run).is_done(number) for number in range(2)] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"done": 3}',
        '{"done": [], "seconds": "x"}',
        '{"done": {"training": 3}, "seconds": {}, "began": null, "starts_again": false}',
        '{"done": [["a"], ["--experiment"]], "seconds": 3, "began": null, "starts_again": false}',
    ],
)
def test_damaged_record_means_that_nothing_is_done(run, text):
    done(run, 0)
    beside(run, ".steps.json").write_text(text)
    assert not Record(run).is_done(0)


def test_run_that_starts_again_says_so_until_its_training_begins(run):
    done(run, 0, 1)
    Record(run).start_again()
    assert not Record(run).is_done(0)
    assert Record(run).starts_again
    Record(run).begin(0)
    assert not Record(run).starts_again


def test_time_of_all_attempts_counts(run, monkeypatch):
    clock = iter([1000.0, 1060.0, 2000.0])
    monkeypatch.setattr("util.figures.record.time.time", lambda: next(clock))
    record = Record(run)
    record.begin(0)
    record.end(0, False)
    record.begin(0)
    assert Record(run).minutes == 1.0


def test_time_of_a_killed_attempt_counts_until_its_last_checkpoint(run, monkeypatch):
    saved = (run.directory.models / "model.ckpt-5.index").stat().st_mtime
    clock = iter([saved - 120.0, saved + 500.0])
    monkeypatch.setattr("util.figures.record.time.time", lambda: next(clock))
    Record(run).begin(0)
    record = Record(run)
    record.begin(0)
    assert record.minutes == pytest.approx(2.0, abs=0.01)


def test_record_is_a_file_beside_the_run(run):
    done(run, 0)
    about = json.loads((run.directory.path.parent / "waves.steps.json").read_text())
    assert about["done"] == {"training": TRAIN.words}


@pytest.fixture
def other(run):
    """The run of another figure, which has the same training and another test."""
    tested = run.directory.path / "final_result_transfer"
    tested.mkdir()
    test = Step({**TEST.flags, "experiment": "transfer"}, trains=False)
    return Run("transfer", "waves", run.directory, [TRAIN, test], tested)


def test_figures_share_a_training_and_each_has_its_own_test(run, other):
    assert done(run, 0, 1) == [True, True]
    assert [Record(other).is_done(number) for number in range(2)] == [True, False]
    assert done(other, 1) == [True, True]
    assert [Record(run).is_done(number) for number in range(2)] == [True, True]


def test_new_training_makes_the_tests_of_all_figures_outdated(run, other):
    done(run, 0, 1)
    done(other, 1, 0)
    assert [Record(run).is_done(number) for number in range(2)] == [True, False]
    assert [Record(other).is_done(number) for number in range(2)] == [True, False]


def test_time_of_a_test_counts_for_its_own_figure_and_only_the_last_time(run, other, monkeypatch):
    clock = iter([400.0, 1000.0, 1100.0, 1160.0, 2000.0, 2120.0, 3000.0, 3030.0])
    monkeypatch.setattr("util.figures.record.time.time", lambda: next(clock))
    done(run, 0, 1, 1)
    done(other, 1)
    assert Record(run).minutes == pytest.approx(12)
    assert Record(other).minutes == pytest.approx(10.5)


def test_record_of_an_earlier_version_is_known(run):
    about = {"done": [TRAIN.words, TEST.words], "seconds": 90, "began": None, "starts_again": False}
    run.directory.path.parent.joinpath("waves.steps.json").write_text(json.dumps(about))
    record = Record(run)
    assert [record.is_done(number) for number in range(2)] == [True, True]
    assert record.minutes == 1.5
