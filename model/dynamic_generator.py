"""The dynamic generator model as its users see it: one set of weights, run on NumPy arrays.

`model.graph` builds what is run here.
"""

from collections.abc import Iterable

import numpy as np
import tensorflow.compat.v1 as tf

from model.encoder import Encoded
from model.graph import ChunkInputs, Encoding, Generated, Learned, Settings, Training, build_graph
from model.inference import Sampled
from model.latents import Latents


class DynamicGenerator:
    """A graph and a session, with the first weights drawn.

    Attributes:
        settings: what the graph was built from.
        weights: the variables of transition, emission and encoder.
    """

    def __init__(self, settings: Settings, chunk_lengths: Iterable[int], learns: bool = True):
        """Build the graph for chunks of each of `chunk_lengths` frames and draw the weights.

        Args:
            learns: whether to build what `infer` and `learn` need, too.
        """
        self.settings = settings
        self._model = build_graph(settings, chunk_lengths, learns)
        self.weights = self._model.weights
        self._session = tf.Session(graph=self._model.graph)
        self._session.run(self._model.initialize)

    def infer(
        self,
        frames: np.ndarray,
        latents: Latents,
        begins_sequence: bool,
        key: np.ndarray,
        visible: np.ndarray | None = None,
    ) -> Sampled:
        """Let the sampler move the latents of a chunk of n sequences of T frames.

        Args:
            frames: [n, T, H, W, 3] in [-1, 1].
            latents: where the chains stand; `initial_state` is s_0 where the chunk begins the
                sequence, and else the state that the chunk before ended in, which stays.
            key: int32 [2], see `random_key`.
            visible: bool [n, T, H, W, 1], for a model whose training mode is "incomplete".

        Raises:
            ValueError: the model was built without learning.
        """
        inputs, training = self._training(frames.shape[1])
        feed = self._feed(inputs, latents, frames, begins_sequence, visible)
        return self._session.run(training.sampled, feed | {inputs.key: key})

    def learn(
        self,
        frames: np.ndarray,
        latents: Latents,
        begins_sequence: bool,
        learning_rate: float,
        visible: np.ndarray | None = None,
        images: np.ndarray | None = None,
    ) -> Learned:
        """One Adam step on all weights, given the latents of a chunk (as for `infer`).

        Args:
            images: [n, H, W, 3] in [-1, 1], for a model that encodes: the appearance, and where
                the chunk begins the sequence s_0, are what the encoder makes of them, and the
                gradient runs on into it; those of `latents` are not used.

        Raises:
            ValueError: the model was built without learning.
        """
        inputs, training = self._training(frames.shape[1])
        feed = self._feed(inputs, latents, frames, begins_sequence, visible)
        feed[self._model.learning_rate] = learning_rate
        if self.settings.encodes:
            feed[self._encoding().images] = images
        learned, _ = self._session.run([training.learned, training.learning_step], feed)
        return learned

    def encode(self, images: np.ndarray) -> Encoded:
        """Appearance and start state of images [n, H, W, 3] in [-1, 1], each for itself.

        Raises:
            ValueError: the model has no encoder.
        """
        encoding = self._encoding()
        return self._session.run(encoding.encoded, {encoding.images: images})

    def generate(self, latents: Latents, normalization: str = "batch") -> Generated:
        """Frames from latents: reconstruction from inferred ones, synthesis from drawn ones.

        Args:
            normalization: "batch" or "moving", see `emit`.
        """
        chunk = self._model.chunks[latents.innovations.shape[1]]
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

    @property
    def _variables(self) -> dict[str, tf.Variable]:
        return self._model.variables

    def _training(self, length: int) -> tuple[ChunkInputs, Training]:
        chunk = self._model.chunks[length]
        if chunk.training is None:
            raise ValueError("this model was built to test: it can neither infer nor learn")
        return chunk.inputs, chunk.training

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
