"""Ratios: hand-made clips, plain loops, and damaged clips."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from support.command_line import moving_pattern

from util.metrics.ratios import cut_step, motion, sharpness

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
    return np.uint8(np.rint(gaussian_filter(video.astype(float), (0, deviation, deviation, 0))))


def shuffled(video):
    return np.random.default_rng(0).permutation(video)


# --- By hand ---


def test_sharpness_is_the_ratio_of_the_mean_steps_between_neighbours():
    """Down 30 everywhere, across 60 and 40: the mean of 30 and 50; the flatter one has 10."""
    clip, flatter = grey([EDGES]), grey([[[0, 10, 20], [10, 20, 30]]])
    assert sharpness(clip, flatter, CHUNK_LENGTH) == pytest.approx(40 / 10)
    assert sharpness(flatter, clip, CHUNK_LENGTH) == pytest.approx(10 / 40)


def test_motion_is_the_ratio_of_how_much_the_steps_in_time_vary():
    """Steps +10, -10 vary by 10 around 0; steps +2, +6, +2, +6 by 2 around 4."""
    jumping, uneven = flat(100, 110, 100), flat(100, 102, 108, 110, 116)
    assert motion(jumping, uneven, CHUNK_LENGTH) == pytest.approx(10 / 2)
    assert motion(uneven, jumping, CHUNK_LENGTH) == pytest.approx(2 / 10)


def test_cut_step_is_the_ratio_of_steps_where_chunks_meet_and_elsewhere():
    """Frames 0 1 2, 3 4 5, 6: steps of 9 and 11 at the cuts, and of 2, -4, 1, 1 within."""
    clip = flat(50, 52, 48, 57, 58, 59, 70)
    assert cut_step(clip, clip, 3) == pytest.approx(((9 + 11) / 2) / ((2 + 4 + 1 + 1) / 4))


def test_every_ratio_equals_loops_over_pixels_and_frames():
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

    made, real = video.astype(float), CLIP.astype(float)
    at_cut, within = [], []
    for t in range(1, length):
        steps = at_cut if t in (4, 8) else within
        steps.append(np.mean([abs(one) for one in (made[t] - made[t - 1]).flat]))
    given = (video, CLIP, CHUNK_LENGTH)
    assert sharpness(*given) == pytest.approx(sharpness_of(made) / sharpness_of(real))
    assert motion(*given) == pytest.approx(motion_of(made) / motion_of(real))
    assert cut_step(*given) == pytest.approx(np.mean(at_cut) / np.mean(within))


# --- What is done to a clip ---


def test_clip_against_itself_has_exactly_1():
    assert sharpness(CLIP.copy(), CLIP, CHUNK_LENGTH) == 1.0
    assert motion(CLIP.copy(), CLIP, CHUNK_LENGTH) == 1.0


@pytest.mark.filterwarnings("error")
def test_frozen_clip_does_not_move_and_is_as_sharp_as_its_frame():
    frozen = np.repeat(CLIP[:1], 9, axis=0)
    assert motion(frozen, CLIP, CHUNK_LENGTH) == 0.0
    of_frame = sharpness(CLIP[:1], CLIP, CHUNK_LENGTH)
    assert sharpness(frozen, CLIP, CHUNK_LENGTH) == pytest.approx(of_frame)
    assert math.isnan(cut_step(frozen, CLIP, CHUNK_LENGTH))


def test_blur_lowers_sharpness_the_more_the_wider_it_is():
    little, much = (sharpness(blurred(CLIP, width), CLIP, CHUNK_LENGTH) for width in (1.0, 3.0))
    assert 1.0 > little > much > 0.0


def test_frames_in_another_order_move_more_and_are_as_sharp():
    assert motion(shuffled(CLIP), CLIP, CHUNK_LENGTH) > 1.5
    assert sharpness(shuffled(CLIP), CLIP, CHUNK_LENGTH) == pytest.approx(1.0)


def test_clip_without_jumps_has_a_cut_step_near_1():
    assert cut_step(CLIP, CLIP, CHUNK_LENGTH) == pytest.approx(1.0, abs=0.05)


def test_jumps_where_chunks_meet_raise_the_cut_step_and_jumps_elsewhere_lower_it():
    def jumping_at(first):
        """Light and dark change places at `first` and every four frames after it."""
        turned = (np.arange(len(CLIP)) - first) // CHUNK_LENGTH % 2 == 0
        return np.where(turned.reshape(-1, 1, 1, 1), 255 - CLIP, CLIP)

    assert cut_step(jumping_at(CHUNK_LENGTH), CLIP, CHUNK_LENGTH) > 1.5
    assert cut_step(jumping_at(CHUNK_LENGTH + 2), CLIP, CHUNK_LENGTH) < 0.85


def test_cut_step_does_not_look_at_the_observed_video():
    other = np.zeros_like(CLIP)
    assert cut_step(CLIP, other, CHUNK_LENGTH) == cut_step(CLIP, CLIP, CHUNK_LENGTH)


def test_steps_of_bytes_do_not_wrap_around():
    """In bytes 0 - 200 would be 56."""
    falling = flat(200, 0, 200, 200, 0)
    assert cut_step(falling, falling, 4) == pytest.approx(200 / (400 / 3))
    assert sharpness(grey([EDGES]), grey([np.flip(EDGES)]), CHUNK_LENGTH) == 1.0
    assert motion(falling, flat(100, 0, 100, 100, 0), CHUNK_LENGTH) == pytest.approx(2.0)


# --- Where a measure does not exist ---


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("chunk_length", [12, 30, 1])
def test_one_chunk_or_chunks_of_one_frame_have_no_cut_step(chunk_length):
    assert math.isnan(cut_step(CLIP, CLIP, chunk_length))


@pytest.mark.filterwarnings("error")
def test_against_a_clip_that_shows_nothing_no_ratio_exists():
    """Nothing moves in it and it is flat."""
    nothing = np.full_like(CLIP, 9)
    assert math.isnan(sharpness(CLIP, nothing, CHUNK_LENGTH))
    assert math.isnan(motion(CLIP, nothing, CHUNK_LENGTH))


@pytest.mark.filterwarnings("error")
def test_single_frame_has_neither_motion_nor_cut_step():
    frame = CLIP[:1]
    assert math.isnan(motion(frame, CLIP, CHUNK_LENGTH))
    assert math.isnan(cut_step(frame, CLIP, CHUNK_LENGTH))
    assert sharpness(frame, CLIP, CHUNK_LENGTH) > 0.0


@pytest.mark.filterwarnings("error")
def test_motion_needs_two_steps_in_both_videos():
    assert math.isnan(motion(CLIP[:2], CLIP, CHUNK_LENGTH))
    assert math.isnan(motion(CLIP, CLIP[:2], CHUNK_LENGTH))
    assert motion(CLIP[:3], CLIP, CHUNK_LENGTH) > 0.0
