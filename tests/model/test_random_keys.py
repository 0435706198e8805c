"""Random numbers are functions of the seed and the place, and follow the law they should."""

import itertools

import numpy as np
import tensorflow.compat.v1 as tf
from scipy import stats

from model.inference import standard_normal_like
from model.latents import Latents, LatentSizes, draw_from_prior
from model.random_keys import Stream, random_generator, random_key
from model.weights import normal_variable

GRID = list(itertools.product(range(3), Stream, range(6), range(4), range(4)))
KEY = np.array([3, 4], np.int32)


def is_standard_normal(draws) -> bool:
    """Kolmogorov-Smirnov against N(0, 1)."""
    return stats.kstest(np.ravel(draws), "norm").pvalue > 1e-3


def initial_values(*variables):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(variables)


def test_keys_differ_at_every_place():
    assert len({random_key(*place).tobytes() for place in GRID}) == len(GRID)


def test_generators_differ_at_every_place():
    draws = {random_generator(*place).standard_normal() for place in GRID}
    assert len(draws) == len(GRID)


def test_keys_and_generators_are_reproducible():
    place = (5, Stream.LANGEVIN, 1, 2, 3)
    np.testing.assert_array_equal(random_key(*place), random_key(*place))
    assert random_generator(*place).random() == random_generator(*place).random()


def test_key_has_the_form_that_tensorflow_takes():
    key = random_key(0, Stream.LANGEVIN, 0, 0, 0)
    assert key.shape == (2,)
    assert key.dtype == np.int32


def test_values_of_the_streams_are_what_runs_on_disk_were_drawn_with():
    named = [(stream.name, stream.value) for stream in Stream]
    assert named[:14] == [
        ("WEIGHTS", 0),
        ("INITIAL_LATENTS", 1),
        ("BATCH_ORDER", 2),
        ("LANGEVIN", 3),
        ("PREVIEW", 4),
        ("SYNTHESIS", 5),
        ("START", 6),
        ("PREVIEW_START", 7),
        ("MASK", 8),
        ("AFTER_TRAINING", 9),
        ("CALIBRATION", 10),
        ("POSTERIOR_CHECK", 11),
        ("BASELINE", 12),
        ("INITIAL_SCALE", 13),
    ]


def test_prior_draws_are_standard_normal_in_every_part():
    sizes = LatentSizes(state_size=5, z_size=4, content_size=3, motion_type_size=2)
    latents = draw_from_prior(sizes, 2000, 3, np.random.default_rng(0))
    assert [part.shape for part in latents] == [(2000, 3, 4), (2000, 5), (2000, 3), (2000, 2)]
    for part in latents:
        assert part.dtype == np.float32
        assert is_standard_normal(part)
    columns = np.concatenate([part.reshape(2000, -1) for part in latents], axis=1)
    correlations = np.corrcoef(columns.T) - np.eye(columns.shape[1])
    assert np.abs(correlations).max() < 5.0 / np.sqrt(2000)


def test_prior_draws_of_parts_of_no_size_are_empty():
    sizes = LatentSizes(state_size=1, z_size=1, content_size=0, motion_type_size=0)
    latents = draw_from_prior(sizes, 2, 3, np.random.default_rng(0))
    assert latents.appearance.shape == latents.motion_type.shape == (2, 0)


def test_langevin_noise_is_standard_normal_and_independent_between_parts():
    with tf.Session() as session:
        like = Latents(*(tf.zeros([5000, 3]) for _ in Latents._fields))
        noise = session.run(standard_normal_like(like, KEY))
    assert all(is_standard_normal(part) for part in noise)
    correlations = np.corrcoef(np.concatenate(noise, axis=1).T) - np.eye(12)
    assert np.abs(correlations).max() < 5.0 / np.sqrt(5000)


def test_first_weights_are_normal_with_the_given_deviation():
    (kernel,) = initial_values(normal_variable("kernel", [60, 80], 0.25, KEY))
    assert is_standard_normal(kernel / 0.25)


def test_first_weights_are_a_function_of_key_and_name():
    one, same, other_name, other_key = initial_values(
        normal_variable("one", [4], 1.0, KEY),
        normal_variable("one", [4], 1.0, KEY),
        normal_variable("two", [4], 1.0, KEY),
        normal_variable("one", [4], 1.0, KEY + 1),
    )
    np.testing.assert_array_equal(one, same)
    assert not np.any(one == other_name)
    assert not np.any(one == other_key)
