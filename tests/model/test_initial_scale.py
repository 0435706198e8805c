"""The initial scale at which sampled states have the relative step of the clips."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.numpy_model import draw_latents, in_double, seen_of, unroll

from model.initial_scale import LARGEST, LARGEST_OF_FEW, SMALLEST, matched_scale
from model.latents import Latents, LatentSizes
from model.sequence_steps import relative_step
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


def sampled_step(make_generator, dynamic_mode, scale, seed, latents):
    """The relative step of what is seen of states that are unrolled in NumPy, float64.

    The weights are the first weights of a model with this scale. The first half of each sequence,
    which still depends on its start, does not count.
    """
    generator = make_generator(
        [1], sizes=SIZES, dynamic_mode=dynamic_mode, transition_init_std=scale, seed=seed
    )
    states, _ = unroll(in_double(generator.variables()), in_double(latents), dynamic_mode)
    second_half = seen_of(states, dynamic_mode)[:, NUM_FRAMES:]
    return relative_step(second_half)


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
