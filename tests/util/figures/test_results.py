"""The sequences of a finished run, and what is said if results are gone."""

import numpy as np
import pytest
from support.command_line import parse

from util.figures.results import Result, refuse_damaged
from util.pictures.encoding import write_frames, write_video
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


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"sequence,video,motion\n",
        b"sequence,video,motion\na,synthesized_1,0.5\na,synth",  # cut in the middle
        b"sequence,video,motion\na,synthesized_1,0.5,0.5\n",
        b'sequence,video,motion\na,"synthesized_1,0.5\n',
        b"\xff\xfe\x00",
    ],
)
def test_damaged_table_is_told_with_what_to_delete(directory, table):
    (directory.final_result / "evaluation.csv").write_bytes(table)
    with pytest.raises(RunError) as caught:
        Result("waves", directory).table("evaluation.csv")
    assert f"{directory.final_result / 'evaluation.csv'} is damaged (" in str(caught.value)
    assert f"delete {directory.final_result} and repeat" in str(caught.value)


@pytest.mark.parametrize("lost", [1, 3])
def test_video_without_all_frames_is_told_with_what_to_delete(directory, lost):
    frames, folder = np.zeros((3, 8, 8, 3), np.uint8), directory.final_result / "a"
    for kind in ("observed", "synthesized_1"):
        write_video(folder / kind, frames)
        write_frames(folder / kind, frames)
    result = Result("waves", directory)
    assert result.video("a", "synthesized_1").shape == frames.shape
    for still in sorted((folder / "synthesized_1").iterdir())[:lost]:
        still.unlink()
    with pytest.raises(RunError) as caught:
        result.video("a", "synthesized_1")
    assert f"synthesized_1 is damaged (it has {3 - lost} of 3 frames)" in str(caught.value)
    assert f"delete {directory.final_result} and repeat" in str(caught.value)


@pytest.mark.parametrize(
    "error", [KeyError("video"), ValueError("could not convert"), IndexError("out of range")]
)
def test_error_while_results_are_read_names_the_run_and_what_to_delete(directory, error):
    with pytest.raises(RunError) as caught, refuse_damaged([Result("waves", directory)]):
        raise error
    assert f"the results in {directory.path} is damaged" in str(caught.value)
    assert type(error).__name__ in str(caught.value)
    assert "delete the folders final_result* there" in str(caught.value)
