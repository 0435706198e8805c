"""The numbers of a figure, read from made runs."""

import math

import numpy as np
import pytest

from util.figures.readings import (
    animated,
    continued,
    interpolated,
    looped,
    recovered,
    synthesized,
)
from util.figures.results import Result
from util.options.schema import Options
from util.pictures.encoding import write_frames, write_video
from util.runs.run_directory import RunDirectory
from util.system.errors import RunError

EVALUATION = """\
sequence,video,sharpness,motion,wasserstein
a,synthesized_1,0.5,0.8,0.2
a,synthesized_2,1.5,,0.4
a,floor,0.9,1.1,0.1
a,linear system,1.2,0.6,0.3
b,synthesized_1,1,1,0.6
b,linear system,,,
"""
RECOVERY = """\
sequence,recovered_by,absolute_error,psnr,ssim
{sequences}
"""

CONTINUATION = """\
sequence,video,first_step,error_1,error_2,error_3,error_4,error_5,sharpness,motion,wasserstein
a,a_1,0.5,9,9,9,9,9,0.8,0.9,0.2
a,a_2,1.5,9,9,9,9,9,1.2,1.1,0.4
a,mean of 2,,1,2,3,4,5,,,
a,last frame repeated,0,2,2,2,2,2,1,0,0.7
a,linear system,,4,4,4,,,1,1,0.5
b,b_1,,,,,,,,,
"""
SEAMS = """\
sequence,video,frames,state_gap,seam_step,largest_step
a,a_1,20,0.001,0.9,1.5
a,a_2,20,0.004,1.3,1.5
b,b_1,20,0.002,1.0,1.5
b,b_2,20,0,,
"""
INTERPOLATION = """\
first,second,share,from_previous,mean_step
a,b,0%,,1
a,b,50%,2,2
a,b,100%,4,3
b,c,0%,,4
b,c,50%,1,5
b,c,100%,1,6
"""
ANIMATION = """\
image,video,first_step,mean_step
1_a,1_a_1,0.5,4
1_a,1_a_2,,0
2_b,2_b_1,1.5,5
"""
LOOPS = """\
sequence,video,motion,wasserstein
a,a_1,0.8,0.2
b,b_1,1,0.4
a,unlooped 1,1.5,0.5
a,floor,2,2
"""


@pytest.fixture
def tested(tmp_path):
    """A run with a test whose tables are written by the tests."""
    folder = tmp_path / "tested"
    folder.mkdir()
    return Result("waves", RunDirectory(tmp_path / "waves"), folder)


@pytest.fixture
def result(tmp_path):
    run = RunDirectory(tmp_path / "waves")
    run.path.mkdir()
    run.prepare(Options(category="waves"), ["a", "b"])
    for number, name in enumerate("ab"):
        folder = run.final_result / name
        folder.mkdir()
        observed = np.full((2, 8, 8, 3), 100, np.uint8)
        for kind, frames in (
            ("observed", observed),
            ("reconstructed", observed + np.uint8(51 * number)),
        ):
            write_video(folder / kind, frames)
            write_frames(folder / kind, frames)
    return Result("waves", run)


def test_measures_are_means_over_the_synthesized_videos(result):
    (result.run.final_result / "evaluation.csv").write_text(EVALUATION)
    numbers = synthesized(result)
    assert numbers["sharpness"] == 1.0
    assert numbers["motion"] == pytest.approx(0.9)
    assert numbers["wasserstein"] == pytest.approx(0.4)
    assert numbers["wasserstein of the floor"] == 0.1
    assert numbers["wasserstein of the linear system"] == 0.3


def test_error_is_the_mean_square_for_pixels_from_minus_1_to_1(result):
    (result.run.final_result / "evaluation.csv").write_text(EVALUATION)
    # One sequence is exact; in the other each pixel is wrong by 51 of 127.5.
    assert synthesized(result)["error"] == pytest.approx(0.4**2 / 2)


def test_scores_of_all_sequences_and_errors_of_the_baselines(result):
    lines = [
        "a,average of the last 20,9,9,9",
        "all,average of the last 20,3.5,30.25,0.9",
        "all,last iteration,4,29,0.8",
        "all,temporal mean,16,20,0.5",
    ]
    table = RECOVERY.format(sequences="\n".join(lines))
    (result.run.final_result / "recovery_error.csv").write_text(table)
    assert recovered(result) == {
        "error": 3.5,
        "PSNR": 30.25,
        "SSIM": 0.9,
        "error of temporal mean": 16,
    }


def test_scores_of_a_single_sequence(result):
    table = RECOVERY.format(sequences="a,average of the last 5,3.5,30.25,0.9")
    (result.run.final_result / "recovery_error.csv").write_text(table)
    assert recovered(result) == {"error": 3.5, "PSNR": 30.25, "SSIM": 0.9}


def test_clips_without_known_truth_have_no_scores(result):
    assert recovered(result) == {}


def test_measure_that_exists_for_no_video_is_not_a_number(result):
    table = "sequence,video,sharpness,motion,wasserstein\na,synthesized_1,1,,1\n"
    (result.run.final_result / "evaluation.csv").write_text(table)
    assert math.isnan(synthesized(result)["motion"])


def test_table_that_is_gone_is_named(result):
    with pytest.raises(RunError, match="evaluation.csv is gone"):
        synthesized(result)


def test_continuations_are_compared_with_what_needs_no_model(tested):
    (tested.test / "continuation.csv").write_text(CONTINUATION)
    assert continued(tested) == pytest.approx(
        {
            "first step": 1.0,
            "largest first step": 1.5,
            "error": 3.0,
            "error of the repeated frame": 2.0,
            "error of the linear system": 4.0,
            "sharpness": 1.0,
            "motion": 1.0,
            "wasserstein": 0.3,
            "wasserstein of the repeated frame": 0.7,
            "wasserstein of the linear system": 0.5,
        }
    )


def test_continuations_without_known_future_have_only_their_steps(tested):
    rows = [line for line in CONTINUATION.splitlines() if not line.startswith("a,")]
    (tested.test / "continuation.csv").write_text("\n".join(rows))
    assert all(math.isnan(value) for value in continued(tested).values())


def test_seams_of_loops_have_a_mean_and_a_largest(tested):
    (tested.test / "seams.csv").write_text(SEAMS)
    closing = {"mean seam": 3.2 / 3, "largest seam": 1.3, "largest gap": 0.004}
    assert looped(tested) == pytest.approx(closing)  # the clips are gone
    (tested.test / "evaluation.csv").write_text(LOOPS)
    assert looped(tested) == pytest.approx(
        {
            **closing,
            "motion": 0.9,
            "motion of no loop": 1.5,
            "wasserstein": 0.3,
            "wasserstein of no loop": 0.5,
        }
    )


@pytest.mark.parametrize("read, name", [(continued, "continuation.csv"), (looped, "seams.csv")])
def test_table_of_a_test_that_is_gone_is_named(tested, read, name):
    with pytest.raises(RunError, match=f"{name} is gone"):
        read(tested)


@pytest.fixture
def trained_and_tested(result, tmp_path):
    """A run with the table of its training, and a test without tables."""
    (result.run.final_result / "evaluation.csv").write_text(EVALUATION)
    result.test = tmp_path / "tested"
    result.test.mkdir()
    return result


def test_columns_of_an_interpolation_are_compared_with_their_neighbours(trained_and_tested):
    of_training = synthesized(trained_and_tested)
    assert interpolated(trained_and_tested) == of_training  # an earlier version wrote no table
    (trained_and_tested.test / "interpolation.csv").write_text(INTERPOLATION)
    assert interpolated(trained_and_tested) == {
        **of_training,
        "column step": pytest.approx((3 + 1) / 2),
        "largest column step over the mean": pytest.approx(4 / 3),
        "frame step": pytest.approx(3.5),
    }


def test_columns_that_are_all_alike_have_no_largest_step(trained_and_tested):
    """As with --pairs 0:0."""
    header, *lines = INTERPOLATION.splitlines()
    column = header.split(",").index("from_previous")
    rows = [line.split(",") for line in lines]
    alike = [[*row[:column], row[column] and "0.0", *row[column + 1 :]] for row in rows]
    table = "\n".join([header, *map(",".join, alike)]) + "\n"
    (trained_and_tested.test / "interpolation.csv").write_text(table)
    numbers = interpolated(trained_and_tested)
    assert numbers["column step"] == 0.0
    assert "largest column step over the mean" not in numbers


def test_animations_have_their_first_step_and_their_steps(trained_and_tested):
    of_training = synthesized(trained_and_tested)
    assert animated(trained_and_tested) == of_training  # an earlier version wrote no table
    (trained_and_tested.test / "animation.csv").write_text(ANIMATION)
    assert animated(trained_and_tested) == {
        **of_training, "first step": pytest.approx(1), "frame step": pytest.approx(3)
    }  # fmt: skip
