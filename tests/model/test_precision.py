"""bfloat16: where it is used and where not, how near it stays to float32, the command line."""

import json
import shutil

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.command_line import (
    SMALL,
    arrays,
    flags,
    make_clips,
    refused,
    run,
    run_directory,
    run_here,
    tree,
)
from support.numpy_model import (
    draw_frames,
    draw_latents,
    emit,
    in_double,
    statistics_for,
    unroll,
)

from model.dynamic_generator import DynamicGenerator
from model.emission import emit as emit_in_tensorflow
from model.emission import make_emission, read_emission
from model.networks import NETWORKS

KEY = np.array([5, 6], np.int32)
LEARNING_RATE = 0.002
# Those of the emission network alone; what else multiplies matrices is a MatMul.
PRODUCTS = {"Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", "BatchMatMulV2"}
NORMALIZATIONS = {"FusedBatchNormV3", "FusedBatchNormGradV3"}
# Of frames and of gradients, over the norm of what is right; about 2.5 times what was measured.
# Below 0.1 the cosine of a gradient and the right one is above 0.99.
FRAMES_ERROR, GRADIENT_ERROR = 0.015, 0.1


@pytest.fixture(scope="module")
def in_bfloat16(built_generator):
    """One whole model in bfloat16 for all tests; otherwise as the session's."""
    settings = built_generator[0].settings
    generator = DynamicGenerator(settings._replace(precision="bfloat16"), [3])
    yield generator
    generator.close()


@pytest.fixture
def pair(generator, in_bfloat16):
    """The same model, fresh, with the same weights in both precisions."""
    state = generator.variables()
    # Smaller, lest the last layer's tanh be flat and hide what reaches it.
    state["emission/layer_3/kernel"] *= 0.1
    models = {"float32": generator, "bfloat16": in_bfloat16}
    for model in models.values():
        model.set_variables(state)
    return models


def case(generator):
    """Latents and frames of a chunk."""
    return draw_latents(generator.settings.sizes, 2, 3), draw_frames(2, 3, 8)


def graph_of(generator):
    return generator.weights.beta[0].kernel.graph


def operations(graph, types):
    """The operations of these types, of each at least one."""
    found = [operation for operation in graph.get_operations() if operation.type in types]
    assert {operation.type for operation in found} == set(types)
    return found


def values_of(results):
    """All arrays in nested tuples and dictionaries."""
    if isinstance(results, dict):
        results = tuple(results.values())
    if isinstance(results, tuple):
        return [value for part in results for value in values_of(part)]
    return [np.asarray(results)]


def distance(actual, expected):
    """The norm of the difference over that of the expected."""
    difference = np.asarray(actual, np.float64) - expected
    return np.linalg.norm(difference) / np.linalg.norm(np.asarray(expected, np.float64))


# --- What is bfloat16 ---


def test_products_of_the_whole_model_are_bfloat16_and_statistics_float32(make_generator):
    graph = graph_of(make_generator([3], network="16", precision="bfloat16"))
    for operation in operations(graph, PRODUCTS | NORMALIZATIONS):
        assert operation.get_attr("T") == tf.bfloat16, operation.name
    for operation in operations(graph, NORMALIZATIONS):
        assert operation.get_attr("U") == tf.float32, operation.name


@pytest.mark.parametrize("passes, fast", [(1, True), (15, True), (15, False)])
def test_every_product_of_the_emission_network_is_bfloat16(passes, fast):
    """Forward and backward; here no transition network multiplies matrices too."""
    table = [spec._replace(channels=8) for spec in NETWORKS["16"][:-1]] + [NETWORKS["16"][-1]]
    layers = make_emission(table, 3, 0.1, KEY)
    appearance, states = tf.zeros([2, 1]), tf.zeros([2, 3, 2])
    read = read_emission(layers, "bfloat16", passes, fast)
    emission = emit_in_tensorflow(read, appearance, states)
    weights = [weight for layer in layers for weight in (layer.kernel, layer.bias)]
    gradients = tf.gradients(emission.frames, [appearance, states, *weights])
    direct = {"Conv2DBackpropInput"}  # is replaced where it is slow
    products = {"MatMul", *PRODUCTS} - (set() if fast else direct)
    for operation in operations(tf.get_default_graph(), products):
        assert operation.get_attr("T") == tf.bfloat16, operation.name
    statistics = [value for pair in emission.statistics for value in pair]
    assert {value.dtype for value in [emission.frames, *statistics, *gradients]} == {tf.float32}


def test_nothing_of_the_float32_model_is_bfloat16(make_generator):
    for operation in graph_of(make_generator([3], network="16")).get_operations():
        for tensor in [*operation.inputs, *operation.outputs]:
            assert tensor.dtype.base_dtype != tf.bfloat16, operation.name


# --- What is not ---


def test_variables_and_all_results_are_float32(pair):
    model = pair["bfloat16"]
    latents, frames = case(model)
    variables = graph_of(model).get_collection("variables")
    assert {variable.dtype.base_dtype for variable in variables} == {tf.float32}
    results = [
        model.infer(frames, latents, True, KEY),
        model.learn(frames, latents, True, LEARNING_RATE),
        *(model.generate(latents, given) for given in (None, model.moving_statistics())),
        tuple(model.moments(latents, layer, model.moving_statistics()) for layer in (0, 1)),
    ]
    assert {value.dtype for result in results for value in values_of(result)} == {np.dtype("f4")}
    assert {value.dtype for value in model.variables().values()} == {np.dtype("f4")}


def test_transition_and_prior_are_the_same_to_the_bit(pair):
    latents, frames = case(pair["float32"])
    one, other = (model.learn(frames, latents, True, LEARNING_RATE) for model in pair.values())
    assert one.last_state.tobytes() == other.last_state.tobytes()
    assert one.energy.prior.tobytes() == other.energy.prior.tobytes()
    assert one.active_share == other.active_share
    assert not np.any(one.energy.likelihood == other.energy.likelihood)


# --- How near it stays ---


@pytest.mark.parametrize("normalization", ["batch", "moving"])
def test_frames_are_near_numpy_and_those_of_float32_much_nearer(pair, normalization):
    latents, _ = case(pair["float32"])
    weights = in_double(pair["float32"].variables())
    states, _ = unroll(weights, in_double(latents))
    appearance = in_double(latents).appearance
    given = statistics_for(normalization, weights)
    expected, _ = emit(weights, NETWORKS["8"], appearance, states, given)
    errors = {
        precision: distance(model.generate(latents, given).frames, expected)
        for precision, model in pair.items()
    }
    assert errors["bfloat16"] < FRAMES_ERROR
    assert 10 * errors["float32"] < errors["bfloat16"]


def test_gradient_in_every_weight_is_near_that_of_float32(pair):
    """From Adam's first moment, which the first step makes a multiple of the gradient."""
    latents, frames = case(pair["float32"])
    moments = {}
    for precision, model in pair.items():
        model.learn(frames, latents, True, LEARNING_RATE)
        state = model.variables()
        moments[precision] = {name: state[name] for name in state if name.endswith("/Adam")}
    assert len(moments["float32"]) == 12
    for name, expected in moments["float32"].items():
        assert distance(moments["bfloat16"][name], expected) < GRADIENT_ERROR, name
        if name.startswith("emission") and "kernel" in name:
            assert distance(moments["bfloat16"][name], expected) > 1e-4, name


def test_inference_moves_the_latents_nearly_as_in_float32(pair):
    latents, frames = case(pair["float32"])
    one, other = (model.infer(frames, latents, True, KEY).latents for model in pair.values())
    for exact, rounded, start in zip(one, other, latents, strict=True):
        assert distance(rounded - start, exact - start) < GRADIENT_ERROR
        assert not np.array_equal(rounded, exact)


def test_same_seed_makes_the_same_bytes(make_generator):
    results = []
    for _ in range(2):
        model = make_generator([3], precision="bfloat16")
        latents, frames = case(model)
        inferred = model.infer(frames, latents, True, KEY)
        learned = model.learn(frames, inferred.latents, True, LEARNING_RATE)
        generated = [model.generate(latents, given) for given in (None, model.moving_statistics())]
        results.append((inferred, learned, *generated, tuple(model.variables().values())))
    one, other = ([value.tobytes() for value in values_of(result)] for result in results)
    assert one == other


# --- Command line ---


TRAIN = {
    **SMALL,
    "isTraining": True,
    "num_epochs": 4,
    "num_batches_in_test": 1,
    "num_sections_in_test": 1,
    "precision": "bfloat16",
}
RESUME = flags(category="waves", isTraining=True, resume=True)


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    """A place with a run of 4 epochs in bfloat16, checkpoints at 2 and 4."""
    place = tmp_path_factory.mktemp("bfloat16")
    make_clips(place)
    outcome = run(place, *flags(**TRAIN))
    assert outcome.returncode == 0, outcome.stderr
    return place


@pytest.fixture
def place(whole_run, tmp_path):
    """A copy of it."""
    return shutil.copytree(whole_run, tmp_path, dirs_exist_ok=True)


def checkpoint(place, epoch):
    return run_directory(place) / "model" / f"model.ckpt-{epoch}"


def recorded(place):
    """The options in the run directory."""
    return json.loads((run_directory(place) / "options.json").read_text("utf-8"))["options"]


def test_training_in_bfloat16_is_recorded_and_is_another_run(whole_run, tmp_path):
    assert recorded(whole_run)["precision"] == "bfloat16"
    reader = tf.train.load_checkpoint(str(checkpoint(whole_run, 4)))
    assert json.loads(reader.get_tensor("options"))["precision"] == "bfloat16"
    types = reader.get_variable_to_dtype_map()
    assert {dtype for name, dtype in types.items() if "kernel" in name} == {tf.float32}
    make_clips(tmp_path)
    in_float32 = {**TRAIN, "num_epochs": 2, "precision": "float32"}
    outcome = run_here(tmp_path, *flags(**in_float32))
    assert outcome.returncode == 0, outcome.stderr
    one, other = (arrays(checkpoint(place, 2)) for place in (whole_run, tmp_path))
    assert one.keys() == other.keys()
    assert one["emission/layer_1/kernel"] != other["emission/layer_1/kernel"]


def test_resuming_in_float32_is_refused_and_changes_nothing(place):
    before = tree(place)
    line = refused(run(place, *RESUME, "--precision", "float32"), 2)
    assert "--precision float32" in line
    assert "--precision bfloat16" in line
    assert tree(place) == before


def test_resuming_without_the_flag_goes_on_in_bfloat16(place, whole_run):
    """To the same bytes as the run that was not interrupted."""
    for file in run_directory(place).glob("model/model.ckpt-4.*"):
        file.unlink()
    outcome = run_here(place, *RESUME)
    assert outcome.returncode == 0, outcome.stderr
    assert recorded(place)["precision"] == "bfloat16"
    assert arrays(checkpoint(place, 4)) == arrays(checkpoint(whole_run, 4))


def test_either_precision_tests_a_checkpoint_of_bfloat16(place):
    made = []
    for given in ({}, {"precision": "float32"}):
        outcome = run_here(place, *flags(category="waves", isTraining=False, **given))
        assert outcome.returncode == 0, outcome.stderr
        made.append(tree(place / outcome.stdout.splitlines()[-1].removeprefix("results in ")))
    one, other = made
    assert one.keys() == other.keys()
    assert not [name for name in one if one[name] == other[name]]
    assert recorded(place)["precision"] == "bfloat16"


def test_unknown_precision_is_refused_with_those_that_exist(tmp_path):
    line = refused(run(tmp_path, *flags(**{**TRAIN, "precision": "half"})), 2)
    for words in ("--precision half", "float32", "bfloat16"):
        assert words in line
    assert tree(tmp_path) == {}
