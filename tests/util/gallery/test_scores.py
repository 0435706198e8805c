"""The scores of a run, from its tables."""

import pytest
from support.made_runs import EVALUATION, RECOVERY

from util.gallery.scores import read_scores


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return read_scores(folder)


def test_synthesized_videos_are_averaged_and_references_follow(tmp_path):
    scores = write(tmp_path, "evaluation.csv", EVALUATION)
    assert scores.columns == ["wasserstein", "sharpness", "motion", "state_step"]
    made, floor = scores.rows
    assert made.name == "synthesized"
    assert made.scores == {"wasserstein": 0.5, "sharpness": 0.75, "motion": 1, "state_step": 1.5}
    assert (floor.name, floor.scores["wasserstein"]) == ("floor", 0.125)
    assert "state_step" not in floor.scores
    assert scores.problem == ""


def test_recovery_is_that_of_all_sequences(tmp_path):
    one = write(tmp_path, "recovery_error.csv", RECOVERY)
    assert [row.name for row in one.rows] == ["average of the last 20", "temporal mean"]
    assert one.rows[0].scores == {"absolute_error": 10.5, "psnr": 23.5, "ssim": 0.96}
    more = RECOVERY + "swell,average of the last 20,1,2,3\nall,average of the last 20,4,5,6\n"
    (row,) = write(tmp_path, "recovery_error.csv", more).rows
    assert row.scores == {"absolute_error": 4, "psnr": 5, "ssim": 6}


def test_values_that_are_no_numbers_of_a_score_are_left_out(tmp_path):
    text = "sequence,video,a,b\nx,synthesized_1,inf,nan\nx,synthesized_2,1,\n"
    assert write(tmp_path, "evaluation.csv", text).rows[0].scores == {"a": 1}


@pytest.mark.parametrize("name", ["evaluation.csv", "recovery_error.csv"])
@pytest.mark.parametrize(
    "text",
    ["", "sequence,video\n", EVALUATION[:-20] + "\n", "a,b,c\n1,2,3\n", "x\0y", "<script>"]
    + [EVALUATION.replace("0.75", "much"), RECOVERY.replace("23.5", "much")]
    + ["sequence,video,a\nx,synthesized_1,1.7e308\nx,synthesized_2,1.7e308\n"],  # the mean is inf
)
def test_damaged_table_is_said(tmp_path, name, text):
    scores = write(tmp_path, name, text)
    assert scores.rows == []
    assert scores.problem == f"final_result/{name} cannot be read: it is damaged"


def test_table_that_is_no_text_or_no_file_is_said(tmp_path):
    (tmp_path / "evaluation.csv").write_bytes(b"\xff\xfe\x00")
    assert "it is damaged" in read_scores(tmp_path).problem
    (tmp_path / "evaluation.csv").unlink()
    (tmp_path / "evaluation.csv").mkdir()
    assert "it is damaged" in read_scores(tmp_path).problem


def test_no_table_is_no_problem(tmp_path):
    assert read_scores(tmp_path / "none") == ([], [], "")
