"""Learning: one step of Adam on the weights of the networks, given the inferred latents.

The weights are θ = (α, β), or (α, β, γ) with an encoder. The step descends the likelihood part of
the energy, by back-propagation through time within the chunk. The gradient does not continue into
the previous chunk.
"""

from collections.abc import Sequence

import tensorflow.compat.v1 as tf


class Adam:
    """Adam on α, β and γ together. It reports the gradient norms of α and β."""

    def __init__(
        self,
        alpha: Sequence[tf.Variable],
        beta: Sequence[tf.Variable],
        learning_rate: float | tf.Tensor,
        beta1: float,
        beta2: float,
        gamma: Sequence[tf.Variable] = (),
    ):
        self._alpha, self._beta, self._gamma = list(alpha), list(beta), list(gamma)
        self._optimizer = tf.train.AdamOptimizer(learning_rate, beta1=beta1, beta2=beta2)

    def minimize(self, loss: tf.Tensor) -> tuple[tf.Operation, tf.Tensor, tf.Tensor]:
        """Build one step: its operation, and the scalars ‖∂loss/∂α‖ and ‖∂loss/∂β‖ before it."""
        weights = [*self._alpha, *self._beta, *self._gamma]
        gradients = tf.gradients(loss, weights)
        for_alpha = gradients[: len(self._alpha)]
        for_beta = gradients[len(self._alpha) :][: len(self._beta)]
        pairs = zip(gradients, weights, strict=True)
        # Without a name scope: otherwise the first chunk in the graph would name the moments.
        with tf.name_scope(None):
            step = self._optimizer.apply_gradients(list(pairs))
        return step, tf.linalg.global_norm(for_alpha), tf.linalg.global_norm(for_beta)
