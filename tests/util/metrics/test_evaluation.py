"""The table of a sequence: which video is measured against which."""

import numpy as np
import pytest

from model.random_keys import Stream, random_generator
from util.metrics import evaluation
from util.metrics.evaluation import evaluate
from util.metrics.linear_system import SAMPLES
from util.metrics.measures import MEASURES, compare
from util.metrics.references import REFERENCES, Reference, Row, linear


@pytest.fixture(scope="module")
def clips(texture):
    return [texture(24, 12, seed) for seed in range(3)]


def test_rows_are_the_videos_and_the_references_in_their_order(clips):
    observed, *made = clips
    found = evaluate({"second": made[1], "first": made[0]}, observed, 6)
    assert list(found.videos) == ["second", "first"]
    assert list(found.references) == list(REFERENCES)
    for row in (*found.videos.values(), *found.references.values()):
        assert list(row) == list(MEASURES)


def test_each_video_is_compared_with_the_observed_one(clips):
    observed, *made = clips
    found = evaluate({"first": made[0], "second": made[1]}, observed, 6)
    assert found.videos["first"] == compare(made[0], observed, 6)
    assert found.videos["second"] == compare(made[1], observed, 6)


def test_references_are_measured_against_what_they_are_made_for(clips):
    observed = clips[0]
    found = evaluate({}, observed, 6).references
    np.testing.assert_equal(found["floor"], compare(observed[12:], observed[:12], 6))
    frozen = compare(np.repeat(observed[:1], 24, axis=0), observed, 6)
    np.testing.assert_equal(found["frozen"], frozen)


def test_random_references_depend_on_the_seed_alone(clips):
    observed = clips[0]
    one, again, other = (evaluate({}, observed, 6, seed).references for seed in (0, 0, 1))
    np.testing.assert_equal(one, again)
    for name in ("shuffled", "linear system"):
        assert one[name]["cut_step"] != other[name]["cut_step"]
    assert one["blurred"] == other["blurred"]


def test_number_of_states_is_that_of_the_linear_system(clips):
    few, some = (evaluate({}, clips[0], 6, states=states).references for states in (1, 5))
    assert few["linear system"]["mean"] != some["linear system"]["mean"]
    assert few["shuffled"] == some["shuffled"]


def test_linear_system_is_measured_only_as_far_as_a_video(clips, monkeypatch):
    monkeypatch.setattr(evaluation, "MOST_FRAMES", 30)
    cut, whole = (evaluate({}, clips[0], 6, video_length=length) for length in (99, 30))
    np.testing.assert_equal(cut.references, whole.references)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_short_clips_have_a_table_too(clips, length):
    observed, made, _ = (clip[:length] for clip in clips)
    found = evaluate({"made": made}, observed, 6)
    assert found.references["blurred"]["sharpness"] < 1.0


def test_new_reference_is_a_row(monkeypatch, clips):
    observed, made, _ = clips
    monkeypatch.setitem(REFERENCES, "mine", Row(lambda *_: Reference(made, observed[:12])))
    found = evaluate({}, observed, 6).references["mine"]
    np.testing.assert_equal(found, compare(made, observed[:12], 6))


@pytest.mark.parametrize(
    ("videos", "asked", "length"),
    [([], 0, 24), ([], 40, 40), ([30, 36], 0, 36), ([30], 40, 40), ([20], 0, 20), ([], 10, 10)],
)
def test_linear_system_is_the_mean_of_several_samples_as_long_as_the_videos(
    clips, texture, videos, asked, length
):
    observed, random = clips[0], random_generator(3, Stream.BASELINE, 4)
    made = [linear(observed, random, 5, length).video for _ in range(SAMPLES)]
    assert len({video.tobytes() for video in made}) == SAMPLES > 1
    measured = [compare(video, observed, 6) for video in made]
    given = {str(frames): texture(frames, 12, 9) for frames in videos}
    found = evaluate(given, observed, 6, seed=3, states=5, video_length=asked)
    for name, value in found.references["linear system"].items():
        assert value == pytest.approx(sum(row[name] for row in measured) / SAMPLES, nan_ok=True)
