"""Learning: one step of Adam on the weights of both networks, given the inferred latents.

θ = (α, β) descends the likelihood part of the energy by back-propagation through time within the
chunk; no gradient crosses the cut to the chunk before.
"""

from collections.abc import Sequence

import tensorflow.compat.v1 as tf


class Adam:
    """Adam on α and β together, reporting the norm of the gradient of each."""

    def __init__(
        self,
        alpha: Sequence[tf.Variable],
        beta: Sequence[tf.Variable],
        learning_rate: float | tf.Tensor,
        beta1: float,
    ):
        self._alpha, self._beta = list(alpha), list(beta)
        self._optimizer = tf.train.AdamOptimizer(learning_rate, beta1=beta1)

    def minimize(self, loss: tf.Tensor) -> tuple[tf.Operation, tf.Tensor, tf.Tensor]:
        """Returns the operation of one step, and ‖∂loss/∂α‖ and ‖∂loss/∂β‖ before it, scalars."""
        weights = [*self._alpha, *self._beta]
        gradients = tf.gradients(loss, weights)
        for_alpha, for_beta = gradients[: len(self._alpha)], gradients[len(self._alpha) :]
        pairs = zip(gradients, weights, strict=True)
        # Outside any name scope, else the moments are named after the chunk that is built first.
        with tf.name_scope(None):
            step = self._optimizer.apply_gradients(list(pairs))
        return step, tf.linalg.global_norm(for_alpha), tf.linalg.global_norm(for_beta)
