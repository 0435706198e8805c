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
        record.end(run.steps[number].words)
    return [Record(run).is_done(number) for number in range(2)]


def test_nothing_is_done_at_first(run):
    assert [Record(run).is_done(number) for number in range(2)] == [False, False]


def test_step_that_succeeded_is_done(run):
    assert done(run, 0) == [True, False]
    assert done(run, 1) == [True, True]


def test_step_that_failed_is_not_done(run):
    record = Record(run)
    record.begin(0)
    record.end(None)
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


@pytest.mark.parametrize("text", ["", "{", "[]", '{"done": 3}', '{"done": [], "seconds": "x"}'])
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
    record.end(None)
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
    assert about["done"] == [TRAIN.words]
