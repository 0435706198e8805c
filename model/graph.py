"""The TensorFlow graph of the dynamic generator model; `model.dynamic_generator` runs it.

All computations share one set of weights. For each chunk length the graph has three computations:
inference (the sampler), learning (one Adam step) and generation (only transition and emission). A
model that animates still images also has an encoder.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from model.all_reduce import OwnSums, SumsOfAll, sums_of
from model.emission import (
    INIT_STD,
    EmissionLayer,
    Emitted,
    Moments,
    ReadLayer,
    Statistics,
    emit,
    gather_statistics,
    make_emission,
    read_emission,
)
from model.encoder import Encoded, EncoderLayer, encode, make_encoder, read_encoder
from model.inference import (
    ALTERNATING,
    SAMPLERS,
    SIMULTANEOUS,
    Sampled,
    SamplerSettings,
    shared_step,
)
from model.latents import Latents, LatentSizes
from model.learning import Adam
from model.networks import NETWORKS, image_side
from model.posterior import Energy, energy
from model.random_keys import Stream, random_key
from model.shared_statistics import normalization_by_all
from model.transition import TRANSITIONS, AffineMap, Transition, Unrolled
from model.workers import Workers


class Settings(NamedTuple):
    """The settings of a graph; the fields have the names of the command line's options."""

    network: str
    dynamic_mode: str
    sizes: LatentSizes
    training_mode: str
    refsig: float
    likelihood: str
    sampler: str
    step_size: float
    sample_steps: int
    beta1_gen: float
    beta2_gen: float
    transition_init_std: float
    precision: str
    seed: int
    encodes: bool = False  # whether a and s_0 come from an encoder instead of the sampler
    clip_gradient: float = 0.0  # see `Adam`
    clip_drift: float = 0.0  # see `SamplerSettings`
    updates: str = ALTERNATING  # see `model.inference`
    direct_is_fast: bool = True  # see `transposed_convolution`
    shared_statistics: bool = False  # whether several workers normalise by the whole batch


class Generated(NamedTuple):
    """Frames [n, T, H, W, 3] in [-1, 1], and the states [n, T, state_size] that gave them."""

    frames: tf.Tensor
    states: tf.Tensor


class Learned(NamedTuple):
    """Results of one learning step, all computed before the weights change.

    Fields:
        frames: [n, T, H, W, 3] in [-1, 1], the reconstruction from the given latents.
        last_state: [n, state_size], the state from which the next chunk starts.
        energy: the two parts of U for each sequence, each [n].
        alpha_gradient, beta_gradient: gradient norms of the weights of transition and emission.
        active_share: share of active hidden units of the transition; NaN if it has no such units.
        sampled: the given latents; with simultaneous updates, those after the step of the sampler.
    """

    frames: tf.Tensor
    last_state: tf.Tensor
    energy: Energy
    alpha_gradient: tf.Tensor
    beta_gradient: tf.Tensor
    active_share: tf.Tensor
    sampled: Sampled


class Weights(NamedTuple):
    """The variables of transition (α), emission (β) and encoder (γ; empty without an encoder)."""

    alpha: list[AffineMap]
    beta: list[EmissionLayer]
    gamma: list[EncoderLayer]


class Networks(NamedTuple):
    """Transition and emission with their weights read as tensors."""

    transition: Transition
    alpha: list[AffineMap]
    beta: list[ReadLayer]


class ChunkInputs(NamedTuple):
    """The placeholders for a chunk; `visible` is None in training mode "complete"."""

    frames: tf.Tensor
    visible: tf.Tensor | None
    latents: Latents
    key: tf.Tensor
    begins_sequence: tf.Tensor


class Encoding(NamedTuple):
    """The placeholder for images [n, side, side, 3], and the codes of these images."""

    images: tf.Tensor
    encoded: Encoded


class Teacher(NamedTuple):
    """What a graph learns by.

    Fields:
        sampler: the settings of the sampler; its δ is a placeholder.
        sums: the sums over the workers of a training.
        normalization: how inference and learning normalise, see `emit`.
    """

    adam: Adam
    sampler: SamplerSettings
    sums: OwnSums
    normalization: Callable | None


class Training(NamedTuple):
    """Results of inference and learning on a chunk."""

    sampled: Sampled
    learned: Learned
    learning_step: tf.Operation


class ChunkGraph(NamedTuple):
    """Inputs and results for chunks of one length; `training` is None in a graph only for tests.

    Fields:
        generated: normalised by the statistics of the chunk itself.
        generated_by: normalised by given statistics, see `ModelGraph.statistics`.
        moments: the moments of all normalised layers in `generated_by`.
    """

    inputs: ChunkInputs
    generated: Generated
    generated_by: Generated
    moments: list[Moments]
    training: Training | None


class Step(NamedTuple):
    """One step of the transition.

    Fields:
        latents: placeholders for the latents of n sequences of one frame.
        state: [n, state_size].
    """

    latents: Latents
    state: tf.Tensor


class ModelGraph(NamedTuple):
    """All inputs and results of a model's graph.

    Fields:
        learning_rate: the placeholder of a scalar that every learning step needs.
        step_size: the placeholder of δ, which the sampler needs.
        statistics: placeholders for the statistics of all normalised layers.
        step: one step of the transition, without a frame.
        chunks: the graph of a chunk, by the number of frames.
        encoding: None in a model without an encoder.
        variables: weights, moving averages of the normalisation and Adam's moments, by name.
        initialize: the operation that draws the initial weights.
        sums: the sums over the workers of a training.
    """

    graph: tf.Graph
    weights: Weights
    learning_rate: tf.Tensor
    step_size: tf.Tensor
    statistics: list[Moments]
    step: Step
    chunks: dict[int, ChunkGraph]
    encoding: Encoding | None
    variables: dict[str, tf.Variable]
    initialize: tf.Operation
    sums: OwnSums


def build_graph(
    settings: Settings, chunk_lengths: Iterable[int], learns: bool, workers: Workers
) -> ModelGraph:
    """Build the graph of a model.

    Args:
        chunk_lengths: every number of frames that a chunk may have.
        learns: whether to build inference and learning as well.
        workers: the workers that learn together. Generation does not depend on them.
    """
    graph = tf.Graph()
    with graph.as_default():
        sums = sums_of(workers)
        weights = make_weights(settings)
        encoding = encoding_graph(settings, weights) if settings.encodes else None
        learning_rate = tf.placeholder(tf.float32, [], "learning_rate")
        step_size = tf.placeholder(tf.float64, [], "step_size")
        adam = Adam(
            alpha=[weight for layer in weights.alpha for weight in layer],
            beta=[weight for layer in weights.beta for weight in (layer.kernel, layer.bias)],
            learning_rate=learning_rate,
            beta1=settings.beta1_gen,
            beta2=settings.beta2_gen,
            gamma=[weight for layer in weights.gamma for weight in (layer.kernel, layer.bias)],
            clip=settings.clip_gradient,
        )
        statistics = statistics_inputs(weights)
        step = step_graph(settings, weights)
        normalization = None
        if isinstance(sums, SumsOfAll) and settings.shared_statistics:
            normalization = normalization_by_all(sums)
        sampler = SamplerSettings(step_size, settings.sample_steps, settings.clip_drift)
        teacher = Teacher(adam, sampler, sums, normalization)
        chunks = {
            length: chunk_graph(
                settings, weights, encoding, statistics, length, teacher if learns else None
            )
            for length in sorted(set(chunk_lengths))
        }
        variables = {variable.op.name: variable for variable in tf.global_variables()}
        initialize = tf.global_variables_initializer()
    graph.finalize()
    return ModelGraph(
        graph,
        weights,
        learning_rate,
        step_size,
        statistics,
        step,
        chunks,
        encoding,
        variables,
        initialize,
        sums,
    )


def make_weights(settings: Settings) -> Weights:
    """Create all weights in the default graph, with encoder weights if the model has an encoder."""
    key = random_key(settings.seed, Stream.WEIGHTS)
    network, sizes = NETWORKS[settings.network], settings.sizes
    transition = TRANSITIONS[settings.dynamic_mode]
    return Weights(
        alpha=transition.make(sizes, settings.transition_init_std, key),
        beta=make_emission(
            network, sizes.content_size + transition.num_seen(sizes.state_size), INIT_STD, key
        ),
        gamma=make_encoder(network, sizes, key) if settings.encodes else [],
    )


def read_networks(settings: Settings, weights: Weights, passes: int = 1) -> Networks:
    """Read the weights of transition and emission for so many passes."""
    transition = TRANSITIONS[settings.dynamic_mode]
    return Networks(
        transition,
        transition.read(weights.alpha),
        read_emission(weights.beta, settings.precision, passes, settings.direct_is_fast),
    )


def unroll_and_emit(
    networks: Networks, latents: Latents, normalization: Callable | None = None
) -> tuple[Unrolled, Emitted]:
    """Apply both networks: latents → states → frames; see `emit` for `normalization`."""
    unrolled = networks.transition.unroll(networks.alpha, latents)
    return unrolled, emit(
        networks.beta, latents.appearance, unrolled.seen, normalization=normalization
    )


def encoding_graph(settings: Settings, weights: Weights) -> Encoding:
    """Build the encoder and the placeholder for its images."""
    side = image_side(NETWORKS[settings.network])
    with tf.name_scope("encoding"):
        images = tf.placeholder(tf.float32, [None, side, side, 3], "images")
        encoder = read_encoder(weights.gamma)
        return Encoding(images, encode(encoder, images, settings.sizes.content_size))


def statistics_inputs(weights: Weights) -> list[Moments]:
    """Create the placeholders for the statistics of the normalised layers of the emission.

    They are [1, channels], or [n·T, channels] with other ones for each frame.
    """
    with tf.name_scope("statistics"):
        return [
            Moments(*(tf.placeholder(tf.float32, [None, layer.spec.channels]) for _ in range(2)))
            for layer in weights.beta[:-1]
        ]


def step_graph(settings: Settings, weights: Weights) -> Step:
    """Build one step of the transition."""
    transition = TRANSITIONS[settings.dynamic_mode]
    with tf.name_scope("step"):
        latents = latents_inputs(settings, 1)
        unrolled = transition.unroll(transition.read(weights.alpha), latents)
        return Step(latents, unrolled.states[:, 0])


def chunk_graph(
    settings: Settings,
    weights: Weights,
    encoding: Encoding | None,
    statistics: Statistics,
    length: int,
    teacher: Teacher | None,
) -> ChunkGraph:
    """Build all computations for chunks of `length` frames; without `teacher` only generation."""
    with tf.name_scope(f"chunk_of_{length}_frames"):
        inputs = chunk_inputs(settings, length)
        networks = read_networks(settings, weights)
        with tf.name_scope("generation"):
            unrolled, by_itself = unroll_and_emit(networks, inputs.latents)
            states, appearance = unrolled.states, inputs.latents.appearance
            by_statistics = emit(networks.beta, appearance, unrolled.seen, statistics)
        training = None
        if teacher is not None:
            training = training_graph(settings, weights, networks, encoding, inputs, teacher)
    return ChunkGraph(
        inputs,
        Generated(by_itself.frames, states),
        Generated(by_statistics.frames, states),
        by_statistics.statistics,
        training,
    )


def chunk_inputs(settings: Settings, length: int) -> ChunkInputs:
    """Create the placeholders for a chunk of `length` frames."""
    side = image_side(NETWORKS[settings.network])
    incomplete = settings.training_mode == "incomplete"
    return ChunkInputs(
        frames=tf.placeholder(tf.float32, [None, length, side, side, 3], "frames"),
        visible=tf.placeholder(tf.bool, [None, length, side, side, 1], "visible")
        if incomplete
        else None,
        latents=latents_inputs(settings, length),
        key=tf.placeholder(tf.int32, [2], "key"),
        begins_sequence=tf.placeholder(tf.float32, [], "begins_sequence"),
    )


def latents_inputs(settings: Settings, length: int) -> Latents:
    """Create the placeholders for the latents of sequences of `length` frames."""
    sizes = settings.sizes
    return Latents(
        tf.placeholder(tf.float32, [None, length, sizes.z_size], "innovations"),
        tf.placeholder(tf.float32, [None, sizes.state_size], "initial_state"),
        tf.placeholder(tf.float32, [None, sizes.content_size], "appearance"),
        tf.placeholder(tf.float32, [None, sizes.motion_type_size], "motion_type"),
    )


def training_graph(
    settings: Settings,
    weights: Weights,
    networks: Networks,
    encoding: Encoding | None,
    inputs: ChunkInputs,
    teacher: Teacher,
) -> Training:
    """Build inference and learning. Both differentiate the same energy."""
    adam, of_sampler, sums, normalization = teacher
    visible = inputs.visible
    if visible is not None:
        # Repeat the mask for the three colours once, so that no pass has to do it again.
        visible = tf.tile(tf.cast(visible, tf.float32), [1, 1, 1, 1, 3])

    def energy_of(given: Latents, reconstruction: tf.Tensor) -> Energy:
        parts = energy(
            given,
            inputs.frames,
            reconstruction,
            settings.refsig,
            settings.likelihood,
            inputs.begins_sequence,
            visible,
        )
        return parts._replace(likelihood=sums.counted(parts.likelihood))

    moves = (
        Latents(1.0, inputs.begins_sequence, 1.0, 1.0)
        if encoding is None
        else Latents(1.0, 0.0, 0.0, 1.0)
    )
    with tf.name_scope("inference"):
        # Read the weights outside the sampler's loop, so that its steps do not read them again.
        for_steps = read_networks(settings, weights, settings.sample_steps)
        sampled = SAMPLERS[settings.sampler](
            lambda given: energy_of(
                given, unroll_and_emit(for_steps, given, normalization)[1].frames
            ),
            inputs.latents,
            of_sampler,
            inputs.key,
            moves,
            sums,
        )
    with tf.name_scope("learning"):
        given = inputs.latents
        if encoding is not None:
            given = with_encoded(inputs, encoding.encoded)
        unrolled, emission = unroll_and_emit(networks, given, normalization)
        parts = energy_of(given, emission.frames)
        own, sampled_here = tf.reduce_sum(parts.likelihood), Sampled(given, {})
        own_gradients, from_frames = adam.gradients(
            own, given if settings.updates == SIMULTANEOUS else ()
        )
        if from_frames:
            sampled_here = shared_step(
                given,
                parts.prior,
                Latents(*from_frames),
                of_sampler,
                inputs.key,
                moves,
                sums,
            )
        gradients, (active_share, *moments) = sums.summed(
            own_gradients,
            [unrolled.active_share, *(value for pair in emission.statistics for value in pair)],
        )
        statistics = [Moments(*pair) for pair in zip(moments[::2], moments[1::2], strict=True)]
        step, alpha_gradient, beta_gradient = adam.step(gradients)
        learned = Learned(
            emission.frames,
            unrolled.states[:, -1],
            parts,
            alpha_gradient,
            beta_gradient,
            active_share,
            sampled_here,
        )
        learning_step = tf.group(step, gather_statistics(weights.beta, statistics))
    return Training(sampled, learned, learning_step)


def with_encoded(inputs: ChunkInputs, encoded: Encoded) -> Latents:
    """The latents of a chunk, with appearance vector and start state from the encoder.

    The encoded start state is used only if the chunk begins its sequence.
    """
    begins = inputs.begins_sequence
    state = begins * encoded.initial_state + (1.0 - begins) * inputs.latents.initial_state
    return inputs.latents._replace(initial_state=state, appearance=encoded.appearance)
