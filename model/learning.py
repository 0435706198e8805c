"""Learning: one step of Adam on the weights of the networks, given the inferred latents.

θ = (α, β), and γ where there is an encoder, descends the likelihood part of the energy by
back-propagation through time within the chunk; no gradient crosses the cut to the chunk before.
"""

from collections.abc import Sequence

import tensorflow.compat.v1 as tf


class Adam:
    """Adam on α, β and γ together, reporting the norms of the gradients of α and β."""

    def __init__(
        self,
        alpha: Sequence[tf.Variable],
        beta: Sequence[tf.Variable],
        learning_rate: float | tf.Tensor,
        beta1: float,
        gamma: Sequence[tf.Variable] = (),
    ):
        self._alpha, self._beta, self._gamma = list(alpha), list(beta), list(gamma)
        self._optimizer = tf.train.AdamOptimizer(learning_rate, beta1=beta1)

    def minimize(self, loss: tf.Tensor) -> tuple[tf.Operation, tf.Tensor, tf.Tensor]:
        """Returns the operation of one step, and ‖∂loss/∂α‖ and ‖∂loss/∂β‖ before it, scalars."""
        weights = [*self._alpha, *self._beta, *self._gamma]
        gradients = tf.gradients(loss, weights)
        for_alpha = gradients[: len(self._alpha)]
        for_beta = gradients[len(self._alpha) :][: len(self._beta)]
        pairs = zip(gradients, weights, strict=True)
        # Outside any name scope, else the moments are named after the chunk that is built first.
        with tf.name_scope(None):
            step = self._optimizer.apply_gradients(list(pairs))
        return step, tf.linalg.global_norm(for_alpha), tf.linalg.global_norm(for_beta)
