"""Measures of synthesized videos: hand-made clips, plain loops, and damaged clips."""

import json
import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from support.command_line import moving_pattern

from util.metrics.video_statistics import (
    MEASURES,
    MOST_FRAMES,
    compare,
    in_words,
    motion,
    seams,
    sharpness,
    write_comparisons,
)

CHUNK_LENGTH = 4
CLIP = moving_pattern(1, length=12, side=16)
# Rows of one frame: a step of 30 down, steps of 60 and 40 across.
EDGES = [[0, 60, 100], [30, 90, 130]]


def grey(frames):
    """A clip of three equal colours, uint8 [T, H, W, 3], from numbers [T, H, W]."""
    return np.repeat(np.array(frames, np.uint8)[..., np.newaxis], 3, axis=3)


def flat(*values):
    """A clip of grey frames, each of one value."""
    return grey(np.tile(np.reshape(values, (-1, 1, 1)), (1, 2, 2)))


def blurred(video, deviation):
    return gaussian_filter(video.astype(np.float64), (0, deviation, deviation, 0))


def shuffled(video):
    return np.random.default_rng(0).permutation(video)


def of_clip(video):
    """All measures of a video against `CLIP`."""
    return compare(video, CLIP, CHUNK_LENGTH)


# --- By hand ---


def test_sharpness_is_the_ratio_of_the_mean_steps_between_neighbours():
    """Down 30 everywhere, across 60 and 40: the mean of 30 and 50; the flatter one has 10."""
    clip, flatter = grey([EDGES]), grey([[[0, 10, 20], [10, 20, 30]]])
    assert sharpness(clip, flatter, CHUNK_LENGTH) == pytest.approx(40 / 10)
    assert sharpness(flatter, clip, CHUNK_LENGTH) == pytest.approx(10 / 40)


def test_motion_is_the_ratio_of_how_much_the_steps_in_time_vary():
    """Steps +10, −10 vary by 10 around 0; steps +2, +6, +2, +6 by 2 around 4."""
    jumping, uneven = flat(100, 110, 100), flat(100, 102, 108, 110, 116)
    assert motion(jumping, uneven, CHUNK_LENGTH) == pytest.approx(10 / 2)
    assert motion(uneven, jumping, CHUNK_LENGTH) == pytest.approx(2 / 10)


def test_seams_are_the_ratio_of_steps_where_chunks_meet_and_elsewhere():
    """Frames 0 1 2, 3 4 5, 6: steps of 9 and 11 at the cuts, and of 2, −4, 1, 1 within."""
    clip = flat(50, 52, 48, 57, 58, 59, 70)
    assert seams(clip, clip, 3) == pytest.approx(((9 + 11) / 2) / ((2 + 4 + 1 + 1) / 4))


def test_every_measure_equals_loops_over_pixels_and_frames():
    video, (length, height, width, colours) = shuffled(blurred(CLIP, 0.5)), CLIP.shape

    def sharpness_of(clip):
        down = [
            abs(clip[t, y + 1, x, c] - clip[t, y, x, c])
            for t in range(length)
            for y in range(height - 1)
            for x in range(width)
            for c in range(colours)
        ]
        across = [
            abs(clip[t, y, x + 1, c] - clip[t, y, x, c])
            for t in range(length)
            for y in range(height)
            for x in range(width - 1)
            for c in range(colours)
        ]
        return (sum(down) / len(down) + sum(across) / len(across)) / 2

    def motion_of(clip):
        deviations = []
        for place in np.ndindex(height, width, colours):
            steps = [clip[t + 1][place] - clip[t][place] for t in range(length - 1)]
            mean = sum(steps) / len(steps)
            deviations.append(math.sqrt(sum((step - mean) ** 2 for step in steps) / len(steps)))
        return sum(deviations) / len(deviations)

    at_cut, within = [], []
    for t in range(1, length):
        steps = at_cut if t in (4, 8) else within
        steps.append(np.mean([abs(one) for one in (video[t] - video[t - 1]).flat]))
    observed = CLIP.astype(float)
    found = of_clip(video)
    assert found["sharpness"] == pytest.approx(sharpness_of(video) / sharpness_of(observed))
    assert found["motion"] == pytest.approx(motion_of(video) / motion_of(observed))
    assert found["seams"] == pytest.approx(np.mean(at_cut) / np.mean(within))


# --- What is done to a clip ---


def test_clip_against_itself_has_exactly_1():
    found = of_clip(CLIP.copy())
    assert (found["sharpness"], found["motion"]) == (1.0, 1.0)


def test_frozen_clip_does_not_move_and_is_as_sharp_as_its_frame():
    found = of_clip(np.repeat(CLIP[:1], 9, axis=0))
    assert found["motion"] == 0.0
    assert found["sharpness"] == pytest.approx(of_clip(CLIP[:1])["sharpness"])
    assert math.isnan(found["seams"])


def test_blur_lowers_sharpness_the_more_the_wider_it_is():
    little, much = (of_clip(blurred(CLIP, width))["sharpness"] for width in (1.0, 3.0))
    assert 1.0 > little > much > 0.0


def test_frames_in_another_order_move_more_and_are_as_sharp():
    found = of_clip(shuffled(CLIP))
    assert found["motion"] > 1.5
    assert found["sharpness"] == pytest.approx(1.0)


def test_clip_without_jumps_has_seams_near_1():
    assert of_clip(CLIP)["seams"] == pytest.approx(1.0, abs=0.05)


def test_jumps_where_chunks_meet_raise_seams_and_jumps_elsewhere_lower_them():
    def jumping_at(first):
        """Light and dark change places at `first` and every four frames after it."""
        turned = (np.arange(len(CLIP)) - first) // CHUNK_LENGTH % 2 == 0
        return np.where(turned.reshape(-1, 1, 1, 1), 255 - CLIP, CLIP)

    assert of_clip(jumping_at(CHUNK_LENGTH))["seams"] > 1.5
    assert of_clip(jumping_at(CHUNK_LENGTH + 2))["seams"] < 0.85


def test_steps_of_bytes_do_not_wrap_around():
    """In bytes 0 − 200 would be 56."""
    falling = flat(200, 0, 200, 200, 0)
    assert seams(falling, falling, 4) == pytest.approx(200 / (400 / 3))
    assert sharpness(grey([EDGES]), grey([np.flip(EDGES)]), CHUNK_LENGTH) == 1.0


# --- Where a measure does not exist ---


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("chunk_length", [12, 30, 1])
def test_one_chunk_has_no_seams_and_chunks_of_one_frame_nothing_else(chunk_length):
    assert math.isnan(seams(CLIP, CLIP, chunk_length))


def test_against_a_clip_that_shows_nothing_no_ratio_exists():
    """Nothing moves in it and it is flat."""
    found = compare(CLIP, np.full_like(CLIP, 9), CHUNK_LENGTH)
    assert math.isnan(found["sharpness"])
    assert math.isnan(found["motion"])
    assert found["seams"] == of_clip(CLIP)["seams"]


def test_single_frame_has_neither_motion_nor_seams():
    found = of_clip(CLIP[:1])
    assert math.isnan(found["motion"])
    assert math.isnan(found["seams"])
    assert found["sharpness"] > 0.0


def test_line_of_words_has_the_measures_that_exist():
    line = in_words({"sharpness": 0.987, "motion": math.nan, "seams": 1.0})
    assert line == "sharpness 0.99, seams 1.00 (1 is like the observed clip)"


def test_file_has_null_where_a_measure_does_not_exist(tmp_path):
    comparisons = {"swell_1": {"sharpness": 0.5, "seams": math.nan}, "swell_2": {"motion": 0.0}}
    write_comparisons(tmp_path / "comparison.json", comparisons)
    text = (tmp_path / "comparison.json").read_text("utf-8")
    assert json.loads(text, parse_constant=pytest.fail) == {
        "swell_1": {"sharpness": 0.5, "seams": None},
        "swell_2": {"motion": 0.0},
    }


# --- The table ---


def test_of_a_longer_video_only_the_first_frames_are_measured():
    draw = np.random.default_rng(0).integers(0, 256, (MOST_FRAMES + 20, 2, 2, 3))
    video = draw.astype(np.uint8)
    changed = video.copy()
    changed[MOST_FRAMES:] = 0
    found = of_clip(video)
    assert found == of_clip(changed)
    changed[MOST_FRAMES - 1] = 0
    for name, value in of_clip(changed).items():
        assert value != found[name], name


def test_a_row_is_a_measure(monkeypatch, tmp_path):
    """It is given the synthesized video, the observed one and the chunk's length."""
    monkeypatch.setitem(
        MEASURES, "mine", lambda synthesized, observed, length: synthesized[0, 0, 0, 0] * length
    )
    found = compare(np.full_like(CLIP, 2), CLIP, 30)
    assert list(found) == ["sharpness", "motion", "seams", "mine"]
    assert found["mine"] == 60
    write_comparisons(tmp_path / "comparison.json", {"swell": found | {"mine": 60.0}})
    assert json.loads((tmp_path / "comparison.json").read_text("utf-8"))["swell"]["mine"] == 60.0
