"""Clips that a test looks at, and does without."""

import pytest
from support.command_line import flags, run_directory, run_here, trained


@pytest.fixture
def place(tmp_path):
    trained().copy(tmp_path)
    return tmp_path


def test_clips_that_cannot_be_read_do_not_stop_a_test(place):
    swell = place / "trainingVideo" / "dynamicTexture" / "waves" / "swell" / "00000.png"
    swell.write_bytes(b"no image")
    outcome = run_here(place, *flags(category="waves", isTraining=False))
    assert outcome.returncode == 0, outcome.stderr
    assert "the training clips cannot be read" in outcome.stderr
    assert list((run_directory(place) / "final_result_testing").glob("*.mp4"))


def test_another_seed_or_category_still_measures_against_the_training_clips(place):
    checkpoint = run_directory(place) / "model" / "model.ckpt-6"
    outcome = run_here(place, *flags(category="other", ckpt=checkpoint, seed=5, isTraining=False))
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    assert (run_directory(place) / "test" / "synthesis" / "comparison.json").exists()
