"""The sequences of a finished run, and what is said if results are gone."""

import pytest
from support.command_line import parse

from util.figures.results import Result
from util.runs.run_directory import RunDirectory
from util.system.errors import RunError


@pytest.fixture
def directory(tmp_path):
    """A run of four sequences, of which three have results."""
    directory = RunDirectory(tmp_path / "waves")
    words = ["--category", "waves", "--results_for", "3"]
    directory.prepare(parse(words).options, ["b_2", "b_10", "a", "more"])
    for name in ("a", "b_10", "b_2"):
        (directory.final_result / name).mkdir()
    return directory


def test_shown_sequences_have_the_order_of_the_clips(directory):
    assert Result("waves", directory).sequences == ["b_2", "b_10", "a"]


def test_results_that_are_gone_are_told_with_what_to_delete(directory):
    result = Result("waves", directory, directory.path / "final_result_loop")
    for ask, folder, gone in (
        (lambda: result.video("a", "observed"), "final_result", "a/observed"),
        (lambda: result.tested_table("seams.csv"), "final_result_loop", "seams.csv"),
    ):
        with pytest.raises(RunError) as caught:
            ask()
        assert f"{directory.path / folder / gone} is gone" in str(caught.value)
        assert f"delete {directory.path / folder} and repeat the command" in str(caught.value)
