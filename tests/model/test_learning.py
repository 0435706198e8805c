"""Learning: the gradient in every weight, Adam, and that there is one set of weights only."""

import functools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.numpy_model import (
    assert_same_gradient,
    draw_frames,
    draw_latents,
    emit,
    energy,
    finite_differences,
    in_double,
    joint_energy,
    unroll,
)

from model.dynamic_generator import DynamicGenerator
from model.latents import of_sequences
from model.learning import Adam
from model.networks import NETWORKS
from model.transition import TRANSITIONS

LEARNING_RATE, BETA1, BETA2, EPSILON = 0.002, 0.5, 0.999, 1e-8
KEY = np.array([7, 8], np.int32)
MOMENTS = ("Adam", "Adam_1")
AFFINE_MAPS = {"nonlinear": 3, "linear": 1, "gru": 3, "momentum": 3}  # of each transition


def weights_8(dynamic_mode):
    """The names of the weights of the network for 8×8 pixels with a transition."""
    maps, layers = range(1, AFFINE_MAPS[dynamic_mode] + 1), (1, 2, 3)
    return {
        *(f"transition/{kind}_{number}" for kind in ("kernel", "bias") for number in maps),
        *(f"emission/layer_{layer}/{kind}" for kind in ("kernel", "bias") for layer in layers),
    }


WEIGHTS_8 = weights_8("nonlinear")
AVERAGES_8 = {
    f"emission/layer_{layer}/moving_{kind}" for kind in ("mean", "variance") for layer in (1, 2)
}


class Case:
    """The tiny model with the learning loss of given latents and frames, and one Adam."""

    def __init__(self, model, likelihood="sum", num_frames=3):
        self.model, self.likelihood = model, likelihood
        self.latents = draw_latents(model.sizes, 2, num_frames)
        self.frames = draw_frames(2, num_frames, model.side)
        self.loss = tf.reduce_sum(model.energy(self.latents, self.frames, likelihood).likelihood)
        alpha = [weight for layer in model.alpha for weight in layer]
        beta = [weight for layer in model.beta for weight in (layer.kernel, layer.bias)]
        self.weights = {weight.op.name: weight for weight in [*alpha, *beta]}
        self.step, *self.norms = Adam(alpha, beta, LEARNING_RATE, BETA1, BETA2).minimize(self.loss)

    def numpy_gradient(self):
        """∂loss/∂(every weight), by name, by finite differences in NumPy."""
        latents, frames = in_double(self.latents), self.frames.astype(np.float64)
        weights = in_double(self.model.weights)

        def loss(values):
            changed = weights | dict(zip(self.weights, values, strict=True))
            parts = joint_energy(
                changed,
                self.model.table,
                latents,
                frames,
                self.model.sigma,
                self.likelihood,
                dynamic_mode=self.model.dynamic_mode,
            )
            return parts[1].sum()

        values = finite_differences(loss, [weights[name] for name in self.weights])
        return dict(zip(self.weights, values, strict=True))


def gradients_taken(state):
    """The gradient of the first step, by weight: Adam's first moment is (1 − β₁) times it."""
    return {
        name.removesuffix("/Adam"): value / (1.0 - BETA1)
        for name, value in state.items()
        if name.endswith("/Adam")
    }


def norm(values):
    return np.sqrt(sum(np.sum(np.square(value, dtype=np.float64)) for value in values))


# --- The gradient ---


@pytest.mark.parametrize("likelihood", ["sum", "mean_over_frames"])
@pytest.mark.parametrize("dynamic_mode", TRANSITIONS)
def test_gradient_in_every_weight_equals_finite_differences(tiny_model, dynamic_mode, likelihood):
    case = Case(tiny_model(dynamic_mode), likelihood)
    with case.model.session() as session:
        norms, _ = session.run([case.norms, case.step])
        state = session.run({v.op.name: v for v in tf.global_variables()})
    taken, expected = gradients_taken(state), case.numpy_gradient()
    assert taken.keys() == expected.keys() == case.weights.keys()
    for name in expected:
        assert_same_gradient(taken[name], expected[name])
    alpha = [value for name, value in expected.items() if name.startswith("transition")]
    beta = [value for name, value in expected.items() if name.startswith("emission")]
    np.testing.assert_allclose(norms, [norm(alpha), norm(beta)], rtol=1e-3)


def test_gradient_of_the_whole_model_equals_directional_differences(generator):
    """`DynamicGenerator.learn`: along a random direction in each weight, 128 channels and all."""
    latents, frames = draw_latents(generator.settings.sizes, 2, 3), draw_frames(2, 3, 8)
    weights = in_double(generator.variables())
    learned = generator.learn(frames, latents, True, LEARNING_RATE)
    taken = gradients_taken(generator.variables())
    assert taken.keys() == WEIGHTS_8
    for name, slope in taken.items():
        direction = np.random.default_rng(0).standard_normal(slope.shape)

        def loss(moves, name=name, direction=direction):
            changed = weights | {name: weights[name] + moves[0] * direction}
            parts = joint_energy(
                changed, NETWORKS["8"], in_double(latents), frames, generator.settings.refsig
            )
            return parts[1].sum()

        (expected,) = finite_differences(loss, [np.zeros(())])
        scale = norm([slope])
        assert scale > 1e-2
        assert np.sum(slope * direction) == pytest.approx(expected, rel=1e-3, abs=1e-3 * scale)
    alpha = [slope for name, slope in taken.items() if name.startswith("transition")]
    beta = [slope for name, slope in taken.items() if name.startswith("emission")]
    assert learned.alpha_gradient == pytest.approx(norm(alpha), rel=1e-5)
    assert learned.beta_gradient == pytest.approx(norm(beta), rel=1e-5)


# --- Adam ---


def test_three_steps_equal_adam_in_numpy(tiny_model):
    case = Case(tiny_model())
    slopes = tf.gradients(case.loss, list(case.weights.values()))
    with case.model.session() as session:
        values = in_double(session.run(case.weights))
        first = dict.fromkeys(values, 0.0)
        second = dict.fromkeys(values, 0.0)
        for step in range(1, 4):
            given = dict(zip(values, session.run(slopes), strict=True))
            session.run(case.step)
            rate = LEARNING_RATE * np.sqrt(1.0 - BETA2**step) / (1.0 - BETA1**step)
            for name, slope in in_double(given).items():
                first[name] = BETA1 * first[name] + (1.0 - BETA1) * slope
                second[name] = BETA2 * second[name] + (1.0 - BETA2) * slope**2
                move = rate * first[name] / (np.sqrt(second[name]) + EPSILON)
                values[name] = values[name] - move
        moved = session.run(case.weights)
    for name, expected in values.items():
        np.testing.assert_allclose(moved[name], expected, atol=1e-6)
        assert np.abs(expected - case.model.weights[name]).max() > LEARNING_RATE


def test_long_gradients_are_shortened_as_in_numpy(tiny_model):
    """A gradient of 8 times the usual length counts as one of 3 times, and is cut to 1.5."""
    model = tiny_model()
    alpha = [weight for layer in model.alpha for weight in layer]
    factor = tf.placeholder(tf.float32, [])
    loss = factor * tf.add_n([tf.reduce_sum(tf.square(weight)) for weight in alpha])
    slopes = tf.gradients(loss, alpha)
    step, norm_of_alpha, _ = Adam(alpha, [], LEARNING_RATE, BETA1, BETA2, clip=1.5).minimize(loss)
    (usual,) = [v for v in tf.global_variables() if v.op.name == "usual_gradient"]
    mean = None
    first = second = 0.0
    with model.session() as session:
        values = np.concatenate([value.ravel() for value in session.run(alpha)]).astype(float)
        for number, size in enumerate([1.0, 1.2, 8.0, 1.0], start=1):
            given = session.run(slopes, {factor: size})
            slope = np.concatenate([value.ravel() for value in given]).astype(float)
            length = np.linalg.norm(slope)
            mean = length if mean is None else 0.98 * mean + 0.02 * min(length, 3 * mean)
            reported, _ = session.run([norm_of_alpha, step], {factor: size})
            assert reported == pytest.approx(length, rel=1e-5)  # as it was
            assert session.run(usual) == pytest.approx(mean, rel=1e-5)
            assert (length > 1.5 * mean) == (size == 8.0)
            slope *= min(1.0, 1.5 * mean / length)
            first = BETA1 * first + (1.0 - BETA1) * slope
            second = BETA2 * second + (1.0 - BETA2) * slope**2
            rate = LEARNING_RATE * np.sqrt(1.0 - BETA2**number) / (1.0 - BETA1**number)
            values -= rate * first / (np.sqrt(second) + EPSILON)
            moved = np.concatenate([value.ravel() for value in session.run(alpha)])
            np.testing.assert_allclose(moved, values, atol=1e-6)


def test_gradient_of_nothing_changes_nothing_before_there_is_a_usual_length(make_generator):
    """A first chunk in which nothing is visible has the gradient 0, whose length is not usual."""
    generator = make_generator([3], True, clip_gradient=2.0, training_mode="incomplete")
    before = generator.variables()
    frames, latents = draw_frames(2, 3, 8), draw_latents(generator.settings.sizes, 2, 3)
    nothing = np.zeros((2, 3, 8, 8, 1), bool)
    generator.learn(frames, latents, True, LEARNING_RATE, nothing)
    after = generator.variables()
    for name in {*WEIGHTS_8, "usual_gradient"}:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)
    generator.learn(frames, latents, True, LEARNING_RATE, ~nothing)
    assert generator.variables()["usual_gradient"] > 0
    assert all(np.isfinite(value).all() for value in generator.variables().values())


def test_usual_gradient_is_part_of_the_state_only_if_gradients_are_shortened(make_generator):
    """So that checkpoints of earlier versions fit."""
    assert "usual_gradient" not in make_generator([3]).variables()
    generator = make_generator([3, 4], clip_gradient=2.0)
    latents, frames = draw_latents(generator.settings.sizes, 2, 3), draw_frames(2, 3, 8)
    assert generator.variables()["usual_gradient"] == 0
    learned = generator.learn(frames, latents, True, LEARNING_RATE)
    length = np.hypot(learned.alpha_gradient, learned.beta_gradient)
    assert generator.variables()["usual_gradient"] == pytest.approx(length, rel=1e-5)


def test_chunks_of_every_length_move_the_same_adam(generator):
    """One step on 3 frames and one on 4: β₁ and β₂ to the power of two steps and the first one."""
    sizes = generator.settings.sizes
    for length in (3, 4):
        generator.learn(
            draw_frames(2, length, 8), draw_latents(sizes, 2, length), True, LEARNING_RATE
        )
    state = generator.variables()
    assert state["beta1_power"] == pytest.approx(BETA1**3)
    assert state["beta2_power"] == pytest.approx(BETA2**3)


@pytest.mark.parametrize("dynamic_mode", ["nonlinear", "gru"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("encodes", [False, True])
def test_no_variable_can_be_read_while_it_moves(make_generator, dynamic_mode, precision, encodes):
    """TensorFlow orders a read and an update only where one needs the other's result."""
    settings = {"dynamic_mode": dynamic_mode, "precision": precision, "encodes": encodes}
    settings["clip_gradient"] = 1.0
    nodes = learning_as_executed(make_generator([3], **settings))
    updates = {
        name: node
        for name, node in nodes.items()
        if node.op in ("ResourceApplyAdam", "AssignSubVariableOp")
        or (node.op == "AssignVariableOp" and "usual_gradient" in node.input[0])
    }
    of_encoder = 2 * len(NETWORKS["8"]) if encodes else 0
    assert len(updates) == len(WEIGHTS_8) + len(AVERAGES_8) + of_encoder + 1
    for name, update in updates.items():
        variable = update.input[0]
        reads = {
            other
            for other, node in nodes.items()
            if node.op == "ReadVariableOp" and node.input[0] == variable
        }
        assert reads, variable
        assert reads <= ancestors(name, nodes), variable


def learning_as_executed(generator):
    """The nodes of a learning step on chunks of 3 frames, by name, after all optimisation."""
    frames, latents = draw_frames(2, 3, 8), draw_latents(generator.settings.sizes, 2, 3)
    options, metadata = tf.RunOptions(output_partition_graphs=True), tf.RunMetadata()
    run = generator._session.run
    generator._session.run = functools.partial(run, options=options, run_metadata=metadata)
    generator.learn(frames, latents, True, LEARNING_RATE, images=frames[:, 0])
    (graph,) = metadata.partition_graphs
    return {node.name: node for node in graph.node}


def ancestors(name, nodes):
    """The names of all nodes that must be over before a node is executed."""
    found, waiting = set(), [name]
    while waiting:
        needed = {entry.removeprefix("^").split(":")[0] for entry in nodes[waiting.pop()].input}
        waiting += needed - found
        found |= needed
    return found


# --- What a learning step reports ---


def test_learning_reports_what_was_before_the_step(generator):
    """Reconstruction, states and U against NumPy with the weights before it."""
    latents, frames = draw_latents(generator.settings.sizes, 2, 3), draw_frames(2, 3, 8)
    before = in_double(generator.variables())
    learned = generator.learn(frames, latents, False, LEARNING_RATE)
    states, active_share = unroll(before, in_double(latents))
    emitted, _ = emit(before, NETWORKS["8"], in_double(latents).appearance, states)
    prior, data = energy(in_double(latents), frames, emitted, 1.0, with_initial_state=False)
    np.testing.assert_allclose(learned.frames, emitted, atol=2e-4)
    np.testing.assert_allclose(learned.last_state, states[:, -1], atol=1e-5)
    np.testing.assert_allclose(learned.energy.prior, prior, rtol=1e-5)
    np.testing.assert_allclose(learned.energy.likelihood, data, rtol=1e-4)
    assert learned.active_share == pytest.approx(active_share, abs=1e-6)


def test_learning_gathers_the_statistics_of_its_batch(generator):
    """A tenth of the way to the batch's mean and sample variance, by NumPy."""
    latents, frames = draw_latents(generator.settings.sizes, 2, 3), draw_frames(2, 3, 8)
    before = in_double(generator.variables())
    generator.learn(frames, latents, True, LEARNING_RATE)
    after = generator.variables()
    states, _ = unroll(before, in_double(latents))
    _, statistics = emit(before, NETWORKS["8"], in_double(latents).appearance, states)
    for layer, (mean, variance) in enumerate(statistics, start=1):
        number = 2 * 3 * (2**layer) ** 2
        seen = {"mean": mean, "variance": variance * number / (number - 1)}
        for kind, value in seen.items():
            name = f"emission/layer_{layer}/moving_{kind}"
            expected = 0.9 * before[name] + 0.1 * value
            np.testing.assert_allclose(after[name], expected, rtol=1e-4, atol=1e-5)


# --- One set of weights ---


@pytest.mark.parametrize("dynamic_mode", TRANSITIONS)
def test_every_weight_exists_exactly_once(make_generator, dynamic_mode):
    """In the graph of four lengths of chunk, inference, learning and generation."""
    generator = make_generator([1, 3, 4, 7], dynamic_mode=dynamic_mode)
    weights = weights_8(dynamic_mode)
    graph = generator.weights.alpha[0].kernel.graph
    trainable = [variable.op.name for variable in graph.get_collection("trainable_variables")]
    assert sorted(trainable) == sorted(weights)
    moments = {f"{name}/{moment}" for name in weights for moment in MOMENTS}
    every = [variable.op.name for variable in graph.get_collection("variables")]
    powers = {"beta1_power", "beta2_power"}
    assert sorted(every) == sorted(weights | AVERAGES_8 | moments | powers)
    assert generator.variables().keys() == set(every)


def test_variable_bytes_is_the_size_of_the_variables(generator):
    sizes = [values.nbytes for values in generator.variables().values()]
    assert generator.variable_bytes() == sum(sizes)


def test_inference_and_generation_see_what_was_learned(generator):
    """And what was loaded: with the weights of before they give the same bytes as before."""
    latents, frames = draw_latents(generator.settings.sizes, 2, 3), draw_frames(2, 3, 8)

    def results():
        inferred = generator.infer(frames, latents, True, KEY)
        emitted = [
            generator.generate(latents, given).frames
            for given in (None, generator.moving_statistics())
        ]
        return [*inferred.latents, *emitted]

    state = generator.variables()
    before = results()
    generator.learn(frames, latents, True, LEARNING_RATE)
    after = results()
    generator.set_variables(state)
    again = results()
    for old, new, restored in zip(before, after, again, strict=True):
        assert np.any(old != new)
        assert old.tobytes() == restored.tobytes()


def test_loading_a_state_brings_back_every_variable_to_the_bit(generator):
    state = generator.variables()
    generator.learn(
        draw_frames(2, 3, 8), draw_latents(generator.settings.sizes, 2, 3), True, LEARNING_RATE
    )
    assert any(np.any(value != state[name]) for name, value in generator.variables().items())
    generator.set_variables(state)
    for name, value in generator.variables().items():
        assert value.tobytes() == state[name].tobytes()


def test_state_fits_a_model_that_is_built_for_chunks_of_other_lengths(generator, make_generator):
    """A variable's name must not depend on which chunks the graph was built for."""
    generator.learn(
        draw_frames(2, 3, 8), draw_latents(generator.settings.sizes, 2, 3), True, LEARNING_RATE
    )
    state, other = generator.variables(), make_generator([2])
    other.set_variables(state)
    assert other.variables().keys() == state.keys()
    for name, value in other.variables().items():
        assert value.tobytes() == state[name].tobytes()


def test_state_of_another_model_is_refused_and_nothing_is_loaded(generator):
    state = generator.variables()
    wrong = {name: value + 1.0 for name, value in state.items()}
    last = list(wrong)[-1]
    with pytest.raises(ValueError, match=last):
        generator.set_variables(wrong | {last: np.zeros((1, 2, 3), np.float32)})
    with pytest.raises(KeyError, match=last):
        generator.set_variables({name: value for name, value in wrong.items() if name != last})
    for name, value in generator.variables().items():
        np.testing.assert_array_equal(value, state[name])


def test_model_that_does_not_learn_has_the_weights_alone_and_makes_the_same_frames(
    generator,
):
    state = generator.variables()
    latents = draw_latents(generator.settings.sizes, 2, 3)
    other = DynamicGenerator(generator.settings, [3], learns=False)
    other.set_variables(state)
    assert set(other.variables()) == WEIGHTS_8 | AVERAGES_8
    for given in (None, generator.moving_statistics()):
        expected, made = (model.generate(latents, given) for model in (generator, other))
        assert made.frames.tobytes() == expected.frames.tobytes()
    other.close()


# --- The order of sequences ---


def test_permuted_sequences_permute_what_is_learned_of_each(generator):
    """And leave the weights to rounding where they were: the loss is a sum over sequences."""
    latents, frames = draw_latents(generator.settings.sizes, 3, 3), draw_frames(3, 3, 8)
    state, order = generator.variables(), [2, 0, 1]
    learned = generator.learn(frames, latents, True, LEARNING_RATE)
    moved = generator.variables()
    generator.set_variables(state)
    permuted = generator.learn(frames[order], of_sequences(latents, order), True, LEARNING_RATE)
    for one, other in zip(
        (learned.frames, learned.last_state, *learned.energy),
        (permuted.frames, permuted.last_state, *permuted.energy),
        strict=True,
    ):
        np.testing.assert_allclose(one[order], other, rtol=1e-4, atol=1e-5)
        assert np.abs(one - other).max() > 1e-2
    gradients, of_permuted = gradients_taken(moved), gradients_taken(generator.variables())
    for name, value in gradients.items():
        np.testing.assert_allclose(of_permuted[name], value, rtol=1e-3, atol=1e-4 * norm([value]))


def test_permuted_sequences_permute_their_videos(generator):
    """Each is normalised by given statistics; interpolation and actions are made so.

    They agree to rounding: a processor may add up the last rows of a product in another order.
    """
    latents = draw_latents(generator.settings.sizes, 3, 3)
    given = generator.moving_statistics()
    frames = generator.generate(latents, given).frames
    permuted = generator.generate(of_sequences(latents, [2, 0, 1]), given).frames
    np.testing.assert_allclose(permuted, frames[[2, 0, 1]], rtol=0, atol=2e-5)
    assert np.abs(permuted - frames).max() > 1e-2
