"""The interface of the dynamic generator model: it runs `model.graph` on NumPy arrays."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from model.all_reduce import own_rows, with_a_row
from model.emission import Moments, Statistics
from model.encoder import Encoded
from model.graph import (
    ChunkGraph,
    ChunkInputs,
    Encoding,
    Generated,
    Learned,
    Settings,
    Training,
    build_graph,
)
from model.inference import Sampled
from model.latents import Latents
from model.transition import TRANSITIONS
from model.weights import assign
from model.workers import ALONE, Part, Workers


class DynamicGenerator:
    """A TensorFlow graph, and a session that holds its weights.

    Attributes:
        settings: the settings of the graph.
        chunk_lengths: every number of frames that a chunk may have, sorted.
        weights: the variables of transition, emission and encoder.
        step_size: δ of the sampler. It may change between runs of the sampler. It begins with the
            value in the settings.
    """

    def __init__(
        self,
        settings: Settings,
        chunk_lengths: Iterable[int],
        learns: bool = True,
        workers: Workers = ALONE,
    ):
        """Build the graph and draw the initial weights.

        Args:
            chunk_lengths: every number of frames that a chunk may have. The methods raise
                KeyError for a chunk of another length.
            learns: whether to build inference and learning as well.
            workers: the workers that learn together. All of them must then call `infer` and
                `learn` in the same order. The other methods compute here alone.
        """
        self.settings = settings
        self.step_size = settings.step_size
        self._model = build_graph(settings, chunk_lengths, learns, workers)
        self.chunk_lengths = list(self._model.chunks)
        self.weights = self._model.weights
        self._session = workers.session(self._model.graph)
        self._session.run(self._model.initialize)

    def infer(
        self,
        frames: np.ndarray,
        latents: Latents,
        begins_sequence: bool,
        key: np.ndarray,
        visible: np.ndarray | None = None,
        part: Part | None = None,
    ) -> Sampled:
        """Run the sampler on the latents of a chunk with n sequences of T frames.

        Args:
            frames: [n, T, H, W, 3] in [-1, 1].
            latents: the current values of the chains. If the chunk begins the sequence,
                `initial_state` is s_0. Otherwise it is the last state of the previous chunk,
                and the sampler does not change it.
            key: int32 [2], see `random_key`.
            visible: bool [n, T, H, W, 1], for a model with training mode "incomplete".
            part: which rows of the batch these are, for a worker of several; n may then be 0.

        Raises:
            ValueError: the model was built without learning, or a worker's part is not given.
        """
        inputs, training = self._training(frames.shape[1])
        feed = self._feed(inputs, latents, frames, begins_sequence, visible)
        feed |= {inputs.key: key, self._model.step_size: self.step_size}
        return self._run_part(training.sampled, feed, part)

    def with_falling_steps(self, number: int) -> Iterator[int]:
        """Yield 0 … number − 1 while δ falls to its present value, in equal ratios.

        It begins with the value in the settings. Chains that start far from where they belong would
        not come there with the short steps of the end of a training.
        """
        first, last = self.settings.step_size, self.step_size
        try:
            for index in range(number):
                share = index / (number - 1) if number > 1 else 1.0
                self.step_size = first * (last / first) ** share
                yield index
        finally:
            self.step_size = last

    def learn(
        self,
        frames: np.ndarray,
        latents: Latents,
        begins_sequence: bool,
        learning_rate: float,
        visible: np.ndarray | None = None,
        images: np.ndarray | None = None,
        part: Part | None = None,
        key: np.ndarray | None = None,
    ) -> Learned:
        """Take one Adam step on all weights, given the latents of a chunk (see `infer`).

        Args:
            images: [n, H, W, 3] in [-1, 1], for a model with an encoder. The encoder maps them
                to the appearance vectors, and to s_0 if the chunk begins the sequence. These
                values replace the values in `latents`. The gradient continues into the encoder.
            part: see `infer`. The step is the same for all workers.
            key: see `infer`; for simultaneous updates, where the sampler takes its step here.

        Raises:
            ValueError: the model was built without learning, or a worker's part is not given.
        """
        inputs, training = self._training(frames.shape[1])
        feed = self._feed(inputs, latents, frames, begins_sequence, visible)
        feed[self._model.learning_rate] = learning_rate
        if key is not None:
            feed |= {inputs.key: key, self._model.step_size: self.step_size}
        if self.settings.encodes:
            feed[self._encoding().images] = images
        learned, _ = self._run_part((training.learned, training.learning_step), feed, part)
        return learned

    def encode(self, images: np.ndarray) -> Encoded:
        """Encode images [n, H, W, 3] in [-1, 1], each image independently of the others.

        A worker may have none, n = 0.

        Raises:
            ValueError: the model has no encoder.
        """
        encoding = self._encoding()
        return self._run_rows(encoding.encoded, {encoding.images: images}, len(images))

    def generate(self, latents: Latents, statistics: Statistics | None = None) -> Generated:
        """Compute frames: a reconstruction from inferred latents, a synthesis from drawn latents.

        Args:
            statistics: the statistics by which the emission network normalises, [channels] or
                [T, channels]; None for those of these n·T frames, as in training.
        """
        chunk, feed = self._chunk(latents), self._feed_latents(latents, statistics)
        generated = chunk.generated if statistics is None else chunk.generated_by
        return self._session.run(generated, feed)

    def states(self, latents: Latents) -> np.ndarray:
        """Unroll the transition: states [n, T, state_size], without any frame; n may be 0."""
        feed = self._feed_latents(latents, None)
        return self._run_rows(self._chunk(latents).generated.states, feed, len(latents.innovations))

    def next_state(self, latents: Latents, innovations: np.ndarray) -> np.ndarray:
        """One step of the transition: states [n, state_size] after `latents.initial_state`.

        Args:
            innovations: [n, z_size]. Those of `latents` are not used.
        """
        latents = latents._replace(innovations=innovations[:, np.newaxis])
        step = self._model.step
        return self._session.run(step.state, dict(zip(step.latents, latents, strict=True)))

    def seen(self, states: np.ndarray) -> np.ndarray:
        """The part of states [..., state_size] that the emission network sees."""
        transition = TRANSITIONS[self.settings.dynamic_mode]
        return states[..., : transition.num_seen(states.shape[-1])]

    def moments(self, latents: Latents, layer: int, statistics: Statistics) -> Moments:
        """The moments of normalised layer number `layer`, from 0, over n·T frames.

        Args:
            statistics: the statistics by which the layers before it normalise. Those of this and
                of later layers are not used.
        """
        return self._session.run(
            self._chunk(latents).moments[layer], self._feed_latents(latents, statistics)
        )

    def moving_statistics(self) -> Statistics:
        """The moving averages of the statistics in training."""
        layers = self.weights.beta[:-1]
        averages = [Moments(layer.moving_mean, layer.moving_variance) for layer in layers]
        return self._session.run(averages)

    def innovations_kernel(self) -> np.ndarray:
        """K [z_size, outputs]: the transition sees an innovation ξ only through ξK."""
        driven = self.weights.alpha[: TRANSITIONS[self.settings.dynamic_mode].num_driven]
        kernels = [layer.kernel for layer in driven]
        first = self.settings.sizes.motion_type_size
        rows = slice(first, first + self.settings.sizes.z_size)
        return np.concatenate([kernel[rows] for kernel in self._session.run(kernels)], axis=1)

    def variable_bytes(self) -> int:
        """The size of the result of `variables`, in bytes."""
        return sum(4 * variable.shape.num_elements() for variable in self._variables.values())

    def num_weights(self) -> int:
        """The number of learned weights of all networks."""
        return sum(
            variable.shape.num_elements()
            for variable in self._model.graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)
        )

    def variables(self) -> dict[str, np.ndarray]:
        """Weights, moving averages of the normalisation and Adam's moments, by name."""
        return self._session.run(self._variables)

    def set_variables(self, values: dict[str, np.ndarray]) -> None:
        """Set every variable to its value in `values`, a result of `variables`.

        Raises:
            KeyError: `values` has no value for a variable.
            ValueError: an array has another shape than its variable.
        """
        for name, variable in self._variables.items():
            if values[name].shape != tuple(variable.shape):
                raise ValueError(f"{name} has shape {values[name].shape}, not {variable.shape}")
        assign(self._session, self._variables, values)

    def close(self) -> None:
        """Release the session."""
        self._session.close()

    @property
    def _variables(self) -> dict[str, tf.Variable]:
        return self._model.variables

    def _chunk(self, latents: Latents) -> ChunkGraph:
        return self._model.chunks[latents.innovations.shape[1]]

    def _feed_latents(self, latents: Latents, statistics: Statistics | None) -> dict:
        feed = dict(zip(self._chunk(latents).inputs.latents, latents, strict=True))
        if statistics is not None:
            num_sequences = len(latents.innovations)
            for place, moments in zip(self._model.statistics, statistics, strict=True):
                mean, variance = (
                    np.tile(values, (num_sequences, 1)) if values.ndim == 2 else values[np.newaxis]
                    for values in moments
                )
                feed |= {place.mean: mean, place.variance: variance}
        return feed

    def _training(self, length: int) -> tuple[ChunkInputs, Training]:
        chunk = self._model.chunks[length]
        if chunk.training is None:
            raise ValueError("this model was built to test: it can neither infer nor learn")
        return chunk.inputs, chunk.training

    def _run_part(self, fetches: Any, feed: dict, part: Part | None) -> Any:
        """Run a part of a batch; see `infer`."""
        feed |= self._model.sums.feed(part)
        if part is None:
            return self._session.run(fetches, feed)
        return self._run_rows(fetches, feed, part.rows)

    def _run_rows(self, fetches: Any, feed: dict, rows: int) -> Any:
        """Run a batch that may have no row. Not all operations can, so they get one of zeros."""
        return own_rows(self._session.run(fetches, with_a_row(feed)), rows)

    def _encoding(self) -> Encoding:
        if self._model.encoding is None:
            raise ValueError("this model has no encoder: its settings say encodes=False")
        return self._model.encoding

    @staticmethod
    def _feed(
        inputs: ChunkInputs,
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
