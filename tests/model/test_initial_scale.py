"""The relative step in closed form, and the initial scale at which sampled states have it."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.numpy_model import draw_latents, in_double, seen_of, unroll

from model.initial_scale import (
    LARGEST,
    LARGEST_OF_FEW,
    SMALLEST,
    matched_scale,
    relative_step,
)
from model.latents import Latents, LatentSizes
from model.transition import TRANSITIONS

SIZES = LatentSizes(state_size=12, z_size=10, content_size=2, motion_type_size=2)
NUM_FRAMES = 20
# Steps that some scale can give. The states of a gated unit are half of the states before, half
# new, with any small weights; so even the smallest scale gives them steps of about 0.8.
STEPS = [
    ("nonlinear", 0.4),
    ("nonlinear", 0.6),
    ("linear", 0.4),
    ("linear", 0.5),
    ("gru", 0.65),
    ("momentum", 0.4),
]


def sinusoids(angle, number=8, num_frames=60, dtype=np.float64):
    """Sinusoids that turn by `angle` in each frame, [number, T, 1]; their phases are evenly spread.

    `num_frames` is to be a number of whole periods.
    """
    phases = 2 * np.pi * np.arange(number)[:, np.newaxis] / number
    return np.sin(phases + angle * np.arange(num_frames))[..., np.newaxis].astype(dtype)


def in_loops(sequences, visible):
    """The relative step, pixel by pixel, in float64; `visible` is bool and of the same shape."""
    steps, deviations = [], []
    for sequence, shown in zip(sequences.astype(np.float64), visible, strict=True):
        for place in np.ndindex(sequence.shape[1:]):
            values, seen = sequence[(slice(None), *place)], shown[(slice(None), *place)]
            if seen.any():
                deviations += list((values[seen] - values[seen].mean()) ** 2)
            for time in range(1, len(values)):
                if seen[time] and seen[time - 1]:
                    steps.append((values[time] - values[time - 1]) ** 2)
    return np.sqrt(np.mean(steps) / (2 * np.mean(deviations)))


# --- The relative step ---


def test_relative_step_of_independent_frames_is_1():
    """To the error of a sample of 16 000 values."""
    frames = np.random.default_rng(0).standard_normal((4, 500, 2, 2, 2))
    assert relative_step(frames) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("periods", [1, 2, 10])
def test_relative_step_of_a_sinusoid_is_the_chord_of_its_angle(periods):
    """x(t + 1) − x(t) = 2 sin(ω/2) cos(ω (t + 1/2)), and the variance of x is 1/2."""
    angle = 2 * np.pi * periods / 60
    expected = np.sqrt(2.0) * np.sin(angle / 2)
    assert relative_step(sinusoids(angle)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("frames", [2, 3])
def test_relative_step_of_frames_that_alternate_is_the_square_root_of_2(frames):
    """±a: each step is 2a, the variance is a²."""
    pixels = np.array([1.0, 3.0, -2.0])
    video = np.array([1.0, -1.0] * frames)[np.newaxis, :, np.newaxis] * pixels
    assert relative_step(video) == pytest.approx(np.sqrt(2.0))


def test_two_frames_do_not_tell_how_fast_a_clip_changes():
    """It would be √2, however small the change is."""
    short = np.array([0.0, 0.001]).reshape(1, 2, 1, 1)
    assert np.isnan(relative_step(short))
    clip = sinusoids(0.3)
    assert relative_step([*clip, short[0]]) == relative_step(clip)


def test_relative_step_depends_neither_on_contrast_nor_on_the_mean_frame():
    video = sinusoids(0.3 * np.pi)
    means = np.linspace(-3, 3, 8)[:, np.newaxis, np.newaxis]
    assert relative_step(means + 0.01 * video) == pytest.approx(relative_step(video))


@pytest.mark.parametrize(
    "video",
    [np.full((2, 5, 3), 0.25), np.random.default_rng(0).standard_normal((3, 1, 4))],
    ids=["constant", "one frame"],
)
@pytest.mark.filterwarnings("error")
def test_relative_step_does_not_exist_where_nothing_moves(video):
    assert np.isnan(relative_step(video))


@pytest.mark.filterwarnings("error")
def test_relative_step_does_not_exist_where_nothing_is_seen_in_two_frames_on_end():
    video = np.random.default_rng(0).standard_normal((2, 6, 3))
    every_second = (np.arange(6) % 2 == 0)[np.newaxis, :, np.newaxis]
    assert np.isnan(relative_step(video, every_second))
    assert np.isnan(relative_step(video, np.zeros((2, 6, 1), bool)))


@pytest.mark.parametrize("hidden", [np.nan, 1e6])
def test_missing_pixels_do_not_count(hidden):
    """A mask for all colours of a pixel; what it hides may be anything."""
    random = np.random.default_rng(0)
    video = random.standard_normal((2, 9, 3, 4, 3)).cumsum(axis=1).astype(np.float32)
    visible = random.uniform(size=(2, 9, 3, 4, 1)) < 0.6
    visible[0, :, 1, 1] = False  # a pixel that is never seen
    every_colour = np.repeat(visible, 3, axis=-1)
    expected = in_loops(video, every_colour)
    assert expected != pytest.approx(in_loops(video, np.ones_like(every_colour)), rel=1e-3)
    video[~every_colour] = hidden
    assert relative_step(video, visible) == pytest.approx(expected, rel=1e-5)


def test_everything_visible_is_as_no_mask():
    video = np.random.default_rng(0).standard_normal((2, 9, 3, 4, 3)).cumsum(axis=1)
    visible = np.ones((2, 9, 3, 4, 1), bool)
    expected = in_loops(video, np.repeat(visible, 3, axis=-1))
    assert relative_step(video) == pytest.approx(expected, rel=1e-9)
    assert relative_step(video, visible) == pytest.approx(expected, rel=1e-9)


# --- The matched scale ---


def sampled_step(make_generator, dynamic_mode, scale, seed, latents):
    """The relative step of what is seen of states that are unrolled in NumPy, float64.

    The weights are the first weights of a model with this scale. The first half of each sequence,
    which still depends on its start, does not count.
    """
    generator = make_generator(
        [1], sizes=SIZES, dynamic_mode=dynamic_mode, transition_init_std=scale, seed=seed
    )
    states, _ = unroll(in_double(generator.state()), in_double(latents), dynamic_mode)
    second_half = seen_of(states, dynamic_mode)[:, NUM_FRAMES:]
    return in_loops(second_half, np.ones(second_half.shape, bool))


def sample_that_decides(seed):
    """The latents of 16 sequences from the stream of random numbers of the initial scale."""
    noise, number = np.random.default_rng([seed, 13]), 16
    shapes = Latents(
        (number, 2 * NUM_FRAMES, SIZES.z_size),
        (number, SIZES.state_size),
        (number, SIZES.content_size),
        (number, SIZES.motion_type_size),
    )
    return Latents(*(noise.standard_normal(shape, dtype=np.float32) for shape in shapes))


@pytest.mark.parametrize(("dynamic_mode", "observed"), STEPS)
def test_sampled_states_have_the_step_of_the_clips_times_the_headroom(
    make_generator, dynamic_mode, observed
):
    """In the sample that decides, to the error of the bisection."""
    headroom = 1.0 if dynamic_mode == "momentum" else 1.25
    scale = matched_scale(dynamic_mode, SIZES, observed, NUM_FRAMES, seed=3)
    assert 1.01 * SMALLEST < scale < 0.99 * LARGEST
    step = sampled_step(make_generator, dynamic_mode, scale, 3, sample_that_decides(3))
    assert step == pytest.approx(headroom * observed, rel=1e-3)


def test_any_other_sample_has_about_this_step(make_generator):
    """To the error of the two samples: 16 sequences decide, 64 others are looked at."""
    scale = matched_scale("nonlinear", SIZES, 0.5, NUM_FRAMES, seed=3)
    others = draw_latents(SIZES, 64, 2 * NUM_FRAMES, seed=7)
    step = sampled_step(make_generator, "nonlinear", scale, 3, others)
    assert step == pytest.approx(1.25 * 0.5, rel=0.05)


@pytest.mark.parametrize("dynamic_mode", TRANSITIONS)
def test_scale_stays_between_its_limits(dynamic_mode):
    """For a clip that hardly moves, and for one that moves more than anything can."""
    slow, fast = (
        matched_scale(dynamic_mode, SIZES, step, NUM_FRAMES, seed=0) for step in (1e-6, 2.0)
    )
    assert slow >= SMALLEST
    assert slow == pytest.approx(SMALLEST, rel=1e-3)
    assert fast <= LARGEST
    assert fast == pytest.approx(LARGEST, rel=1e-3)


@pytest.mark.parametrize(
    ("state_size", "num_frames", "largest"),
    [(3, 8, LARGEST_OF_FEW), (3, 7, LARGEST), (6, 64, LARGEST_OF_FEW), (6, 63, LARGEST)],
)
def test_states_of_few_numbers_are_not_saturated(state_size, num_frames, largest):
    """Few: the 2^d corners of the cube of states are not more than the frames."""
    sizes = SIZES._replace(state_size=state_size)
    scale = matched_scale("nonlinear", sizes, 2.0, num_frames, seed=0)
    assert scale == pytest.approx(largest, rel=1e-3)


def test_faster_clips_have_a_larger_scale():
    scales = [
        matched_scale("nonlinear", SIZES, step, NUM_FRAMES, seed=0) for step in (0.4, 0.5, 0.6)
    ]
    assert scales[0] < scales[1] < scales[2]


def test_same_seed_gives_the_same_scale_and_another_a_slightly_other_one():
    one, same, other = (
        matched_scale("nonlinear", SIZES, 0.5, NUM_FRAMES, seed) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other
    assert other == pytest.approx(one, rel=0.5)


def test_the_graph_of_the_caller_stays_as_it_was():
    tf.constant(1.0, name="mine")
    matched_scale("linear", SIZES, 0.5, 3, seed=0)
    assert [operation.name for operation in tf.get_default_graph().get_operations()] == ["mine"]
