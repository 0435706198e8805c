"""The graph of the dynamic generator model, and a session to run it in.

For each length of chunk there are three computations over one set of weights: `infer` (Langevin),
`learn` (one Adam step) and `generate` (transition and emission, nothing else).
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from model.emission import INIT_STD, NETWORKS, emit, gather_statistics, image_side, make_emission
from model.langevin import Inferred, langevin
from model.latents import Latents, LatentSizes
from model.learning import Adam
from model.posterior import Energy, energy
from model.random_keys import Stream, random_key
from model.transition import make_transition, unroll


class Settings(NamedTuple):
    """What the graph is built from; the names are those of the command line's options."""

    network: str
    dynamic_mode: str
    sizes: LatentSizes
    refsig: float
    likelihood: str
    step_size: float
    sample_steps: int
    lr_gen: float
    beta1_gen: float
    transition_init_std: float
    seed: int


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


class _ChunkGraph(NamedTuple):
    """Inputs and results of the computations over chunks of one length."""

    frames: tf.Tensor
    latents: Latents
    key: tf.Tensor
    begins_sequence: tf.Tensor
    inferred: Inferred
    learned: Learned
    learning_step: tf.Operation
    generated: dict[str, Generated]


class DynamicGenerator:
    """The model: one set of weights, and what can be computed with them on NumPy arrays."""

    def __init__(self, settings: Settings, chunk_lengths: Iterable[int]):
        """Build the graph for chunks of each of `chunk_lengths` frames and draw the weights."""
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
            self._adam = Adam(
                alpha=[weight for layer in self.alpha for weight in layer],
                beta=[weight for layer in self.beta for weight in (layer.kernel, layer.bias)],
                learning_rate=settings.lr_gen,
                beta1=settings.beta1_gen,
            )
            self._chunks = {
                length: self._chunk_graph(length) for length in sorted(set(chunk_lengths))
            }
            self._variables = {variable.op.name: variable for variable in tf.global_variables()}
            self._all_finite = tf.reduce_all(
                [tf.reduce_all(tf.math.is_finite(v)) for v in self._variables.values()]
            )
            initialize = tf.global_variables_initializer()
        self._session = tf.Session(graph=graph)
        self._session.run(initialize)
        graph.finalize()

    def infer(
        self, frames: np.ndarray, latents: Latents, begins_sequence: bool, key: np.ndarray
    ) -> Inferred:
        """Langevin inference on a chunk of n sequences of T frames.

        Args:
            frames: [n, T, H, W, 3] in [-1, 1].
            latents: where the chains stand; `initial_state` is s_0 where the chunk begins the
                sequence, and else the state that the chunk before ended in, which stays.
            key: int32 [2], see `random_key`.
        """
        chunk = self._chunks[frames.shape[1]]
        feed = self._feed(chunk, frames, latents)
        feed |= {chunk.begins_sequence: float(begins_sequence), chunk.key: key}
        return self._session.run(chunk.inferred, feed)

    def learn(self, frames: np.ndarray, latents: Latents, begins_sequence: bool) -> Learned:
        """One Adam step on all weights, given the latents of a chunk (as for `infer`)."""
        chunk = self._chunks[frames.shape[1]]
        feed = self._feed(chunk, frames, latents)
        feed |= {chunk.begins_sequence: float(begins_sequence)}
        learned, _ = self._session.run([chunk.learned, chunk.learning_step], feed)
        return learned

    def generate(self, latents: Latents, normalization: str = "batch") -> Generated:
        """Frames from latents: reconstruction from inferred ones, synthesis from drawn ones.

        Args:
            normalization: "batch" or "moving", see `emit`.
        """
        chunk = self._chunks[latents.innovations.shape[1]]
        return self._session.run(chunk.generated[normalization], self._feed(chunk, None, latents))

    def weights_are_finite(self) -> bool:
        """Whether every weight and every moment of the optimiser is a finite number."""
        return bool(self._session.run(self._all_finite))

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

    def _chunk_graph(self, length: int) -> _ChunkGraph:
        settings, sizes = self.settings, self.settings.sizes
        side = image_side(NETWORKS[settings.network])
        with tf.name_scope(f"chunk_of_{length}_frames"):
            latents = Latents(
                tf.placeholder(tf.float32, [None, length, sizes.z_size], "innovations"),
                tf.placeholder(tf.float32, [None, sizes.state_size], "initial_state"),
                tf.placeholder(tf.float32, [None, sizes.content_size], "appearance"),
                tf.placeholder(tf.float32, [None, sizes.motion_type_size], "motion_type"),
            )
            frames = tf.placeholder(tf.float32, [None, length, side, side, 3], "frames")
            begins_sequence = tf.placeholder(tf.float32, [], "begins_sequence")
            key = tf.placeholder(tf.int32, [2], "key")

            def emitted(given: Latents, normalization: str = "batch"):
                unrolled = unroll(self.alpha, given)
                emission = emit(self.beta, given.appearance, unrolled.states, normalization)
                return unrolled, emission

            def energy_of(given: Latents, reconstruction: tf.Tensor) -> Energy:
                return energy(
                    given,
                    frames,
                    reconstruction,
                    settings.refsig,
                    settings.likelihood,
                    begins_sequence,
                )

            with tf.name_scope("inference"):
                inferred = langevin(
                    lambda given: energy_of(given, emitted(given)[1].frames),
                    latents,
                    settings.step_size,
                    settings.sample_steps,
                    key,
                    begins_sequence,
                )
            with tf.name_scope("learning"):
                unrolled, emission = emitted(latents)
                parts = energy_of(latents, emission.frames)
                step, alpha_gradient, beta_gradient = self._adam.minimize(
                    tf.reduce_sum(parts.likelihood)
                )
                learned = Learned(
                    emission.frames,
                    unrolled.states[:, -1],
                    parts,
                    alpha_gradient,
                    beta_gradient,
                    unrolled.active_share,
                )
                learning_step = tf.group(step, gather_statistics(self.beta, emission.statistics))
            generated = {}
            for normalization in ("batch", "moving"):
                with tf.name_scope(f"generation_{normalization}"):
                    unrolled, emission = emitted(latents, normalization)
                    generated[normalization] = Generated(emission.frames, unrolled.states[:, -1])
        return _ChunkGraph(
            frames, latents, key, begins_sequence, inferred, learned, learning_step, generated
        )

    @staticmethod
    def _feed(chunk: _ChunkGraph, frames: np.ndarray | None, latents: Latents) -> dict:
        feed = dict(zip(chunk.latents, latents, strict=True))
        if frames is not None:
            feed[chunk.frames] = frames
        return feed
