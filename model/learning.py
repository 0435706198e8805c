"""Learning: one step of Adam on the weights of the networks, given the inferred latents.

(Kingma and Ba, *Adam: A Method for Stochastic Optimization*, 2015.)

The weights are θ = (α, β), or (α, β, γ) with an encoder. The step descends the likelihood part of
the energy, by back-propagation through time within the chunk. The gradient does not continue into
the previous chunk.

A gradient that is much longer than usual can be shortened. Otherwise, a single step along such a
gradient moves all weights far, and a run loses for some epochs what it has learned. The usual
length is a running mean of the lengths, because it differs between clips by orders of magnitude.
The limit follows Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural
networks*, 2013.
"""

from collections.abc import Sequence

import tensorflow.compat.v1 as tf

from model.weights import constant_variable

REMEMBERED = 0.98  # of the usual length, in a step
FASTEST_GROWTH = 3.0  # a length counts at most as so many usual ones


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
        clip: float = 0.0,
    ):
        """Make the optimizer.

        Args:
            clip: the length to which longer gradients are shortened, as a multiple of the usual
                length; 0 shortens none.
        """
        self._alpha, self._beta, self._gamma = list(alpha), list(beta), list(gamma)
        self._clip = clip
        self._usual = constant_variable("usual_gradient", [], trainable=False) if clip else None
        self._optimizer = tf.train.AdamOptimizer(learning_rate, beta1=beta1, beta2=beta2)

    def minimize(self, loss: tf.Tensor) -> tuple[tf.Operation, tf.Tensor, tf.Tensor]:
        """Build one step; see `step`."""
        return self.step(self.gradients(loss)[0])

    def gradients(
        self, loss: tf.Tensor, others: Sequence[tf.Tensor] = ()
    ) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """∂loss/∂weight for all weights, and ∂loss/∂other, by one back-propagation.

        It is zero for what does not influence the loss.
        """
        zero = tf.UnconnectedGradients.ZERO
        found = tf.gradients(loss, [*self._weights, *others], unconnected_gradients=zero)
        return found[: len(self._weights)], found[len(self._weights) :]

    def step(self, gradients: list[tf.Tensor]) -> tuple[tf.Operation, tf.Tensor, tf.Tensor]:
        """Build one step: its operation, and the scalars ‖∂loss/∂α‖ and ‖∂loss/∂β‖ before it.

        Args:
            gradients: ∂loss/∂weight for all weights, over all rows of the batch.
        """
        for_alpha = gradients[: len(self._alpha)]
        for_beta = gradients[len(self._alpha) :][: len(self._beta)]
        shortened, remember = self._shortened(gradients)
        pairs = zip(shortened, self._weights, strict=True)
        # Without a name scope: otherwise the first chunk in the graph would name the moments.
        with tf.name_scope(None):
            step = self._optimizer.apply_gradients(list(pairs))
        norms = tf.linalg.global_norm(for_alpha), tf.linalg.global_norm(for_beta)
        return tf.group(step, remember), *norms

    @property
    def _weights(self) -> list[tf.Variable]:
        return [*self._alpha, *self._beta, *self._gamma]

    def _shortened(self, gradients: list[tf.Tensor]) -> tuple[list[tf.Tensor], tf.Operation]:
        """The gradients, shortened together, and the operation that remembers their length."""
        if self._usual is None:
            return gradients, tf.no_op()
        # One read, on which the assignment depends: so the value cannot be read while it changes.
        usual, length = self._usual.read_value(), tf.linalg.global_norm(gradients)
        counted = tf.minimum(length, FASTEST_GROWTH * usual)
        mean = REMEMBERED * usual + (1.0 - REMEMBERED) * counted
        now = tf.where(usual > 0.0, mean, length)  # the first length begins the mean
        # If nothing is visible in the first chunk, all gradients are 0, and any limit keeps them.
        limit = tf.where(now > 0.0, self._clip * now, 1.0)
        shortened, _ = tf.clip_by_global_norm(gradients, limit, use_norm=length)
        return shortened, self._usual.assign(now).op
