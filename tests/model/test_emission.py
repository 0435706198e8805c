"""The emission network against NumPy loops, and the tables of layers against the paper's."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.numpy_model import draw_latents, in_double, statistics_for
from support.numpy_model import emit as numpy_emit
from support.numpy_model import unroll as numpy_unroll

from model.emission import Moments, emit, gather_statistics, make_emission, read_emission
from model.networks import NETWORKS, LayerSpec, image_side
from util.options.schema import NETWORK_SIDES

# Rows of (channels, kernel, stride, side of the output).
TABLES = {
    "64": [
        (512, 4, 2, 2),
        (512, 4, 2, 4),
        (256, 4, 2, 8),
        (128, 4, 2, 16),
        (64, 4, 2, 32),
        (3, 4, 2, 64),
    ],
    "128": [
        (512, 4, 2, 2),
        (512, 4, 2, 4),
        (512, 4, 2, 8),
        (256, 4, 2, 16),
        (128, 4, 2, 32),
        (64, 4, 2, 64),
        (3, 4, 2, 128),
    ],
    "150": [
        (512, 4, 2, 2),
        (512, 4, 2, 4),
        (256, 4, 2, 8),
        (128, 4, 2, 16),
        (64, 4, 3, 48),
        (64, 4, 3, 144),
        (3, 7, 1, 150),
    ],
}

GEOMETRIES = {
    "kernel 4, stride 2, same": (LayerSpec(4, 4, 2), LayerSpec(3, 4, 2), LayerSpec(3, 4, 2)),
    "kernel 4, stride 3, same": (LayerSpec(4, 4, 2), LayerSpec(3, 4, 3), LayerSpec(3, 4, 3)),
    "kernel 7, stride 1, valid": (LayerSpec(4, 4, 2), LayerSpec(3, 7, 1, "VALID")),
}


def both(model, table, normalization, latents):
    """Emitted by TensorFlow, and by NumPy from NumPy's states."""
    emitted = model.run(model.emit(latents, normalization))
    weights = in_double(model.weights)
    states, _ = numpy_unroll(weights, in_double(latents))
    given = statistics_for(normalization, weights)
    return emitted, numpy_emit(weights, table, latents.appearance, states, given)


@pytest.mark.parametrize("normalization", ["batch", "moving"])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_frames_equal_transposed_convolutions_in_numpy(tiny_model, geometry, normalization):
    table = GEOMETRIES[geometry]
    model = tiny_model(table=table)
    emitted, (expected, _) = both(model, table, normalization, draw_latents(model.sizes, 2, 3))
    assert emitted.frames.shape == (2, 3, image_side(table), image_side(table), 3)
    np.testing.assert_allclose(emitted.frames, expected, atol=2e-5)
    assert expected.std() > 0.1


def test_statistics_are_the_mean_and_the_sample_variance_of_the_batch(tiny_model):
    """The normalisation divides by the population variance; what is gathered is unbiased."""
    model = tiny_model()
    emitted, (_, expected) = both(model, model.table, "batch", draw_latents(model.sizes, 2, 3))
    for (mean, variance), (numpy_mean, numpy_variance), side in zip(
        emitted.statistics, expected, (2, 4), strict=True
    ):
        number = 2 * 3 * side**2
        np.testing.assert_allclose(mean, numpy_mean, atol=1e-6)
        np.testing.assert_allclose(variance, numpy_variance * number / (number - 1), rtol=1e-5)


def test_gathering_moves_the_averages_a_tenth_of_the_way(tiny_model):
    model = tiny_model()
    emission = model.emit(draw_latents(model.sizes, 2, 3))
    gather = gather_statistics(model.beta, emission.statistics)
    averages = [(layer.moving_mean, layer.moving_variance) for layer in model.beta[:-1]]
    with model.session() as session:
        before, statistics = session.run([averages, emission.statistics])
        session.run(gather)
        after = session.run(averages)
    assert len(after) == 2
    for layer in range(2):
        for old, new, seen in zip(before[layer], after[layer], statistics[layer], strict=True):
            np.testing.assert_allclose(new, 0.9 * old + 0.1 * seen, atol=1e-6)
            assert not np.any(new == old)


def test_statistics_beside_given_ones_are_mean_and_population_variance(tiny_model):
    """Of the features before each layer normalises them, after the layers before it did."""
    model = tiny_model()
    emitted, (_, expected) = both(model, model.table, "moving", draw_latents(model.sizes, 2, 3))
    for (mean, variance), (numpy_mean, numpy_variance) in zip(
        emitted.statistics, expected, strict=True
    ):
        np.testing.assert_allclose(mean, numpy_mean, atol=1e-6)
        np.testing.assert_allclose(variance, numpy_variance, rtol=1e-5)


def test_frames_by_given_statistics_depend_on_nothing_but_their_own_code(tiny_model):
    model = tiny_model()
    latents = draw_latents(model.sizes, 4, 3)
    alone = type(latents)(*(part[1:2] for part in latents))
    together, by_itself = model.run(
        [model.emit(given, "moving").frames for given in (latents, alone)]
    )
    np.testing.assert_allclose(together[1:2], by_itself, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_network_makes_the_image_that_its_name_says(name):
    """The same geometry with 2 channels a layer, run for one frame."""
    narrow = [spec._replace(channels=2) for spec in NETWORKS[name][:-1]] + [NETWORKS[name][-1]]
    layers = make_emission(narrow, 2, 0.1, np.array([0, 0], np.int32))
    averages = [Moments(layer.moving_mean, layer.moving_variance) for layer in layers[:-1]]
    emission = emit(read_emission(layers), tf.ones([1, 1]), tf.ones([1, 1, 1]), averages)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        frames = session.run(emission.frames)
    assert frames.shape == (1, 1, int(name), int(name), 3)
    assert image_side(NETWORKS[name]) == int(name)


@pytest.mark.parametrize("name", TABLES)
def test_table_is_that_of_the_paper(name):
    side = 1
    rows = []
    for spec in NETWORKS[name]:
        side = spec.output_side(side)
        rows.append((spec.channels, spec.kernel, spec.stride, side))
    assert rows == TABLES[name]
    valid = [spec.padding == "VALID" for spec in NETWORKS[name]]
    assert valid == [row[1] == 7 for row in rows]


def test_kernels_and_shifts_have_the_shapes_of_the_table(tiny_model):
    shapes = [(tuple(layer.kernel.shape), tuple(layer.bias.shape)) for layer in tiny_model().beta]
    assert shapes == [((4, 4, 4, 5), (4,)), ((4, 4, 3, 4), (3,)), ((3, 3, 3, 3), (3,))]


def test_sizes_that_the_options_allow_are_those_of_the_networks():
    assert {name: image_side(table) for name, table in NETWORKS.items()} == NETWORK_SIDES
