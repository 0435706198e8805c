"""The folders of a run."""

import pytest

from util.options.schema import Options
from util.runs.run_directory import RunDirectory, free_name
from util.system.errors import RunError


def test_free_name_is_the_first_free(tmp_path):
    for name in ("test", "test_2", "test_4"):
        (tmp_path / name).mkdir()
    assert free_name(tmp_path / "test") == tmp_path / "test_3"
    assert free_name(tmp_path / "new") == tmp_path / "new"


def test_what_is_recorded_comes_back(tmp_path):
    run = RunDirectory(tmp_path / "waves")
    assert not run.holds_run()
    assert run.recorded_options() is None
    run.prepare(Options(category="waves", num_frames=7))
    assert run.holds_run()
    assert run.recorded_options() == Options(category="waves", num_frames=7)


def test_only_what_training_wrote_is_cleared(tmp_path):
    run = RunDirectory(tmp_path)
    run.prepare(Options())
    (run.models / "model.ckpt-1.index").write_text("of a run")
    (tmp_path / "notes.txt").write_text("mine")
    run.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_folders_that_may_not_be_a_runs_are_not_cleared(tmp_path):
    """Without options.json, a folder named as one of a run's may be anybody's."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match=f"{tmp_path} has no options.json"):
        RunDirectory(tmp_path).clear()
    assert (tmp_path / "model" / "mine.txt").exists()


def test_what_a_killed_run_left_unfinished_is_removed_when_it_goes_on(tmp_path):
    run = RunDirectory(tmp_path)
    run.prepare(Options())
    (run.models / ".partial-model.ckpt-9.index").write_text("cut")
    (run.final_result / ".partial-ripples").mkdir()
    (run.final_result / ".partial-ripples" / "observed.mp4").write_text("cut")
    (run.models / "model.ckpt-8.index").write_text("whole")
    run.prepare(Options())
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(left) == ["model.ckpt-8.index", "options.json"]
    assert not any(run.final_result.iterdir())
