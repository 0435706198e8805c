"""The graph of the dynamic generator model, and a session to run it in.

For each length of chunk there are three computations over one set of weights: `infer` (Langevin),
`learn` (one Adam step) and `generate` (transition and emission, nothing else); a model that
animates still images has `encode`, too.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from model.emission import (
    INIT_STD,
    NETWORKS,
    Emitted,
    ReadLayer,
    emit,
    gather_statistics,
    image_side,
    make_emission,
    read_emission,
)
from model.encoder import Encoded, EncoderLayer, encode, make_encoder, read_encoder
from model.langevin import Inferred, langevin
from model.latents import Latents, LatentSizes
from model.learning import Adam
from model.posterior import Energy, energy
from model.random_keys import Stream, random_key
from model.transition import AffineMap, Unrolled, make_transition, read_transition, unroll


class Settings(NamedTuple):
    """What the graph is built from; the names are those of the command line's options."""

    network: str
    dynamic_mode: str
    sizes: LatentSizes
    training_mode: str
    refsig: float
    likelihood: str
    step_size: float
    sample_steps: int
    lr_gen: float
    beta1_gen: float
    transition_init_std: float
    precision: str
    seed: int
    encodes: bool = False  # whether a and s_0 come from an encoder instead of Langevin


class Generated(NamedTuple):
    """Frames [n, T, H, W, 3] in [-1, 1], and the states [n, state_size] that they end in."""

    frames: np.ndarray
    last_state: np.ndarray


class Learned(NamedTuple):
    """What one learning step saw, all of it before the weights moved.

    Fields:
        frames: [n, T, H, W, 3], the reconstruction from the inferred latents.
        last_state: [n, state_size], where the next chunk starts.
        energy: U of each sequence in its two parts, each [n].
        alpha_gradient, beta_gradient: norms of the gradients of the two networks' weights.
        active_share: share of active hidden units of the transition, NaN where it has none.
    """

    frames: np.ndarray
    last_state: np.ndarray
    energy: Energy
    alpha_gradient: float
    beta_gradient: float
    active_share: float


class Networks(NamedTuple):
    """The weights of transition and emission, read as tensors."""

    alpha: list[AffineMap]
    beta: list[ReadLayer]


class _Encoding(NamedTuple):
    """Where images [n, side, side, 3] are fed into the graph, and what they are encoded as."""

    images: tf.Tensor
    encoded: Encoded


class _ChunkInputs(NamedTuple):
    """Where a chunk of one length is fed into the graph; `visible` is None in complete training."""

    frames: tf.Tensor
    visible: tf.Tensor | None
    latents: Latents
    key: tf.Tensor
    begins_sequence: tf.Tensor


class _Training(NamedTuple):
    """Results of inference and learning on a chunk."""

    inferred: Inferred
    learned: Learned
    learning_step: tf.Operation


class _ChunkGraph(NamedTuple):
    """Inputs and results of the computations over chunks of one length."""

    inputs: _ChunkInputs
    generated: dict[str, Generated]
    training: _Training | None


def emitted(
    networks: Networks, latents: Latents, normalization: str = "batch"
) -> tuple[Unrolled, Emitted]:
    """Both networks, one after the other: from latents to states to frames."""
    unrolled = unroll(networks.alpha, latents)
    return unrolled, emit(networks.beta, latents.appearance, unrolled.states, normalization)


class DynamicGenerator:
    """The model: one set of weights, and what can be computed with them on NumPy arrays."""

    def __init__(self, settings: Settings, chunk_lengths: Iterable[int], learns: bool = True):
        """Build the graph for chunks of each of `chunk_lengths` frames and draw the weights.

        Args:
            learns: whether to build what `infer` and `learn` need, too.
        """
        self.settings = settings
        graph = tf.Graph()
        with graph.as_default():
            key = random_key(settings.seed, Stream.WEIGHTS)
            sizes = settings.sizes
            self.alpha = make_transition(
                settings.dynamic_mode, sizes, settings.transition_init_std, key
            )
            self.beta = make_emission(
                NETWORKS[settings.network],
                sizes.content_size + sizes.state_size,
                INIT_STD,
                key,
            )
            self.gamma: list[EncoderLayer] = []
            if settings.encodes:
                self.gamma = make_encoder(NETWORKS[settings.network], sizes, key)
                self._encoding = self._encoding_graph()
            self._learning_rate = tf.placeholder_with_default(settings.lr_gen, [], "learning_rate")
            adam = Adam(
                alpha=[weight for layer in self.alpha for weight in layer],
                beta=[weight for layer in self.beta for weight in (layer.kernel, layer.bias)],
                learning_rate=self._learning_rate,
                beta1=settings.beta1_gen,
                gamma=[weight for layer in self.gamma for weight in (layer.kernel, layer.bias)],
            )
            self._chunks = {
                length: self._chunk_graph(length, adam if learns else None)
                for length in sorted(set(chunk_lengths))
            }
            self._variables = {variable.op.name: variable for variable in tf.global_variables()}
            initialize = tf.global_variables_initializer()
        self._session = tf.Session(graph=graph)
        self._session.run(initialize)
        graph.finalize()

    def infer(
        self,
        frames: np.ndarray,
        latents: Latents,
        begins_sequence: bool,
        key: np.ndarray,
        visible: np.ndarray | None = None,
    ) -> Inferred:
        """Langevin inference on a chunk of n sequences of T frames.

        Args:
            frames: [n, T, H, W, 3] in [-1, 1].
            latents: where the chains stand; `initial_state` is s_0 where the chunk begins the
                sequence, and else the state that the chunk before ended in, which stays.
            key: int32 [2], see `random_key`.
            visible: bool [n, T, H, W, 1], for a model whose training mode is "incomplete".
        """
        inputs, _, training = self._chunks[frames.shape[1]]
        feed = self._feed(inputs, latents, frames, begins_sequence, visible) | {inputs.key: key}
        return self._session.run(training.inferred, feed)

    def learn(
        self,
        frames: np.ndarray,
        latents: Latents,
        begins_sequence: bool,
        visible: np.ndarray | None = None,
        learning_rate: float | None = None,
        images: np.ndarray | None = None,
    ) -> Learned:
        """One Adam step on all weights, given the latents of a chunk (as for `infer`).

        Args:
            learning_rate: of this step; where it is None, that of the settings.
            images: [n, H, W, 3] in [-1, 1], for a model that encodes: the appearance, and where
                the chunk begins the sequence s_0, are what the encoder makes of them, and the
                gradient runs on into it; those of `latents` are not used.
        """
        inputs, _, training = self._chunks[frames.shape[1]]
        feed = self._feed(inputs, latents, frames, begins_sequence, visible)
        if self.settings.encodes:
            feed[self._encoding.images] = images
        if learning_rate is not None:
            feed[self._learning_rate] = learning_rate
        learned, _ = self._session.run([training.learned, training.learning_step], feed)
        return learned

    def encode(self, images: np.ndarray) -> Encoded:
        """Appearance and start state of images [n, H, W, 3] in [-1, 1], each for itself."""
        return self._session.run(self._encoding.encoded, {self._encoding.images: images})

    def generate(self, latents: Latents, normalization: str = "batch") -> Generated:
        """Frames from latents: reconstruction from inferred ones, synthesis from drawn ones.

        Args:
            normalization: "batch" or "moving", see `emit`.
        """
        chunk = self._chunks[latents.innovations.shape[1]]
        feed = dict(zip(chunk.inputs.latents, latents, strict=True))
        return self._session.run(chunk.generated[normalization], feed)

    def state_bytes(self) -> int:
        """The size of what `state` returns, in bytes."""
        return sum(4 * variable.shape.num_elements() for variable in self._variables.values())

    def state(self) -> dict[str, np.ndarray]:
        """Weights, normalisation averages and the optimiser's moments, by name."""
        return self._session.run(self._variables)

    def load_state(self, state: dict[str, np.ndarray]) -> None:
        """Set every variable from what `state` returned.

        Raises:
            KeyError: a variable is missing from `state`.
            ValueError: an array has another shape than its variable.
        """
        for name, variable in self._variables.items():
            if state[name].shape != tuple(variable.shape):
                raise ValueError(f"{name} has shape {state[name].shape}, not {variable.shape}")
        initializers = [variable.initializer for variable in self._variables.values()]
        values = [state[name] for name in self._variables]
        initial_values = [initializer.inputs[1] for initializer in initializers]
        self._session.run(initializers, dict(zip(initial_values, values, strict=True)))

    def close(self) -> None:
        """Release the session."""
        self._session.close()

    def _encoding_graph(self) -> _Encoding:
        side = image_side(NETWORKS[self.settings.network])
        with tf.name_scope("encoding"):
            images = tf.placeholder(tf.float32, [None, side, side, 3], "images")
            encoder = read_encoder(self.gamma)
            return _Encoding(images, encode(encoder, images, self.settings.sizes.content_size))

    def _chunk_graph(self, length: int, adam: Adam | None) -> _ChunkGraph:
        sizes = self.settings.sizes
        side = image_side(NETWORKS[self.settings.network])
        with tf.name_scope(f"chunk_of_{length}_frames"):
            latents = Latents(
                tf.placeholder(tf.float32, [None, length, sizes.z_size], "innovations"),
                tf.placeholder(tf.float32, [None, sizes.state_size], "initial_state"),
                tf.placeholder(tf.float32, [None, sizes.content_size], "appearance"),
                tf.placeholder(tf.float32, [None, sizes.motion_type_size], "motion_type"),
            )
            inputs = _ChunkInputs(
                tf.placeholder(tf.float32, [None, length, side, side, 3], "frames"),
                tf.placeholder(tf.bool, [None, length, side, side, 1], "visible")
                if self.settings.training_mode == "incomplete"
                else None,
                latents,
                tf.placeholder(tf.int32, [2], "key"),
                tf.placeholder(tf.float32, [], "begins_sequence"),
            )
            networks = self._read_networks()
            generated = {}
            for normalization in ("batch", "moving"):
                with tf.name_scope(f"generation_{normalization}"):
                    unrolled, emission = emitted(networks, latents, normalization)
                    generated[normalization] = Generated(emission.frames, unrolled.states[:, -1])
            training = self._training(inputs, networks, adam) if adam else None
        return _ChunkGraph(inputs, generated, training)

    def _training(self, inputs: _ChunkInputs, networks: Networks, adam: Adam) -> _Training:
        settings = self.settings
        visible = inputs.visible
        if visible is not None:
            # For each colour, so that no pass has to repeat the one value over the three.
            visible = tf.tile(tf.cast(visible, tf.float32), [1, 1, 1, 1, 3])

        def energy_of(given: Latents, reconstruction: tf.Tensor) -> Energy:
            return energy(
                given,
                inputs.frames,
                reconstruction,
                settings.refsig,
                settings.likelihood,
                inputs.begins_sequence,
                visible,
            )

        with tf.name_scope("inference"):
            # Read outside the loop, so that its steps do not repeat it.
            for_steps = self._read_networks(many_passes=True)
            inferred = langevin(
                lambda given: energy_of(given, emitted(for_steps, given)[1].frames),
                inputs.latents,
                settings.step_size,
                settings.sample_steps,
                inputs.key,
                Latents(1.0, 0.0, 0.0, 1.0)
                if settings.encodes
                else Latents(1.0, inputs.begins_sequence, 1.0, 1.0),
            )
        with tf.name_scope("learning"):
            given = self._encoded_latents(inputs) if settings.encodes else inputs.latents
            unrolled, emission = emitted(networks, given)
            parts = energy_of(given, emission.frames)
            step, alpha_gradient, beta_gradient = adam.minimize(tf.reduce_sum(parts.likelihood))
            learned = Learned(
                emission.frames,
                unrolled.states[:, -1],
                parts,
                alpha_gradient,
                beta_gradient,
                unrolled.active_share,
            )
            learning_step = tf.group(step, gather_statistics(self.beta, emission.statistics))
        return _Training(inferred, learned, learning_step)

    def _encoded_latents(self, inputs: _ChunkInputs) -> Latents:
        """The latents of a chunk with what the encoder makes of the images."""
        appearance, initial_state = self._encoding.encoded
        begins = inputs.begins_sequence
        state = begins * initial_state + (1.0 - begins) * inputs.latents.initial_state
        return inputs.latents._replace(initial_state=state, appearance=appearance)

    def _read_networks(self, many_passes: bool = False) -> Networks:
        precision = self.settings.precision
        return Networks(
            read_transition(self.alpha), read_emission(self.beta, precision, many_passes)
        )

    @staticmethod
    def _feed(
        inputs: _ChunkInputs,
        latents: Latents,
        frames: np.ndarray,
        begins_sequence: bool,
        visible: np.ndarray | None,
    ) -> dict:
        feed = dict(zip(inputs.latents, latents, strict=True))
        feed |= {inputs.frames: frames, inputs.begins_sequence: float(begins_sequence)}
        if inputs.visible is not None:
            feed[inputs.visible] = visible
        return feed
