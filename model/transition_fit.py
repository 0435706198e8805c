"""Fitting the transition, the motion types and the innovations to given states.

1. α and the motion types m maximize Σ_t log p(s_t | s_{t-1}, m) + log p(m). The innovations enter
   F_α through rectifiers, so the first density has no closed form. A normal density of
   z_t = tanh⁻¹ s_t approximates it, with the mean and the covariance of
   z = tanh⁻¹ F_α(s_{t-1}, [m, ξ]) over drawn ξ ~ N(0, I). Without motion types, one α moves all
   sequences at one pace.
2. From frame to frame, the innovation is near a given one, and leads from the state that is
   reached near to the next of the states. It is found by Levenberg's method, with steps of least
   length (*A method for the solution of certain non-linear problems in least squares*, 1944).

`model.initial_motion` fits to the states with which a training begins. `fit_to_inferred_states`
fits to the states that training has inferred. Learning follows the gradient of the frames alone,
given the innovations. The steps that F_α predicts may be too short or too long. The inferred
innovations then make up for the difference. In sampled videos, nothing makes up for it, and the
sequence moves too slowly or too fast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from model.fitting import ANY_KEY, falling_rate
from model.latents import Latents, sizes_of
from model.random_keys import Stream, random_generator
from model.tensorflow_v1 import tf
from model.transition import TRANSITIONS, AffineMap
from model.weights import assign, by_name

LEARNED, FITTED = "learned", "fitted"
TRANSITIONS_IN_TEST = (LEARNED, FITTED)  # the values of --transition_in_test

LARGEST_STATE = 20  # in `nonlinear`, innovations reach no more directions: 20 hidden units
STEPS, RATE = 1500, 0.01  # of Adam; the rate falls linearly in the second half
PAIRS = 64  # of successive states in a step
DRAWS = 64  # of ξ for each pair, half of them negatives; with few, the fitted noise is too large
# Added to the variance of z_t given s_{t-1} in the likelihood, so that few frames cannot make the
# noise vanish. Sampled states do not have this variance, so for them it should be small.
ADDED_TO_FIRST, ADDED_TO_INFERRED = 1e-4, 1e-6

CORRECTIONS = 20  # of an innovation
DAMPING = 1e-3  # of the first correction
EASED, RAISED = 0.3, 5.0  # factors of the damping: after a correction that helps, that does not
TOLERANCE = 0.02  # a miss of z by this costs as much as a change of ξ by 1


class Fit(NamedTuple):
    """A transition and latents that belong together.

    Fields:
        alpha: the weights of the transition, by the names of their variables.
        latents: the latents of all sequences.
    """

    alpha: dict[str, np.ndarray]
    latents: Latents


def fit_to_states(
    dynamic_mode: str,
    alpha: Mapping[str, np.ndarray],
    latents: Latents,
    states: np.ndarray,
    noise: np.random.Generator,
    added_variance: float = ADDED_TO_FIRST,
) -> Fit:
    """Fit α, the motion types and the innovations to states.

    Args:
        dynamic_mode: a name in `TRANSITIONS`; the emission network must see the whole state.
        alpha: the weights of the transition before the fit, by the names of their variables, and
            possibly other variables.
        latents: the new innovations are near these, and the appearance stays.
        states: s_0 … s_T, [N, T + 1, d]. All but s_0 are in (-1, 1).
        noise: where the random numbers of the fit come from.
        added_variance: see `normal_log_density`.
    """
    with tf.Graph().as_default(), tf.Session() as session:
        fit = TransitionFit(session, dynamic_mode, alpha, latents, added_variance)
        fit.maximize(states, noise)
        innovations = fit.innovations_to(states)
        fitted, motion_types = fit.alpha(), fit.motion_types()
    latents = latents._replace(
        innovations=innovations, initial_state=states[:, 0], motion_type=motion_types
    )
    return Fit(fitted, latents)


def fit_to_inferred_states(
    dynamic_mode: str, alpha: Mapping[str, np.ndarray], latents: Latents, seed: int
) -> Fit:
    """Fit α, the motion types and the innovations of a trained model to its inferred states.

    Args:
        dynamic_mode, alpha: see `fit_to_states`.
        latents: the inferred latents of whole sequences. The new innovations are near draws from
            the prior, and the states stay.
    """
    states = states_of_sequences(dynamic_mode, alpha, latents)
    noise = random_generator(seed, Stream.TRANSITION_IN_TEST)
    shape = latents.innovations.shape
    latents = latents._replace(innovations=noise.standard_normal(shape, dtype=np.float32))
    return fit_to_states(dynamic_mode, alpha, latents, states, noise, ADDED_TO_INFERRED)


def states_of_sequences(
    dynamic_mode: str, alpha: Mapping[str, np.ndarray], latents: Latents
) -> np.ndarray:
    """s_0 … s_T of whole sequences, [N, T + 1, d]; see `fit_to_states`."""
    transition = TRANSITIONS[dynamic_mode]
    with tf.Graph().as_default(), tf.Session() as session:
        maps = transition.make(sizes_of(latents), 1.0, ANY_KEY)
        # Not constants: the latents of many sequences are too large for the definition of a graph.
        given = Latents(*(tf.placeholder(tf.float32, [None, *one.shape[1:]]) for one in latents))
        unrolled = transition.unroll(transition.read(maps), given)
        session.run(tf.global_variables_initializer())
        assign(session, weights_of(maps), alpha)
        states = session.run(unrolled.states, dict(zip(given, latents, strict=True)))
    return np.concatenate([latents.initial_state[:, np.newaxis], states], axis=1)


def weights_of(maps: Sequence[AffineMap]) -> dict[str, tf.Variable]:
    """The weights of affine maps, by the names of their variables."""
    return by_name(weight for layer in maps for weight in layer)


class TransitionFit:
    """A graph of one step of the transition, whose α and motion types are fitted to states."""

    def __init__(
        self,
        session: tf.Session,
        dynamic_mode: str,
        alpha: Mapping[str, np.ndarray],
        latents: Latents,
        added_variance: float = ADDED_TO_FIRST,
    ):
        """Build the graph in the default graph.

        Args:
            session: a session of this graph.
            alpha, latents, dynamic_mode, added_variance: see `fit_to_states`.
        """
        self._session, self._given = session, latents.innovations
        sizes = sizes_of(latents)
        transition = TRANSITIONS[dynamic_mode]
        maps = transition.make(sizes, 1.0, ANY_KEY)
        self._alpha = weights_of(maps)
        self._before = tf.placeholder(tf.float32, [None, sizes.state_size])
        self._after = tf.placeholder(tf.float32, [None, sizes.state_size])
        self._sequence = tf.placeholder(tf.int32, [None])
        self._innovations = tf.placeholder(tf.float32, [None, None, sizes.z_size])
        self._rate = tf.placeholder(tf.float32, [])
        self._motion_types = tf.Variable(latents.motion_type, name="motion_types")
        motion_type = tf.gather(self._motion_types, self._sequence)
        draws, pairs = tf.unstack(tf.shape(self._innovations)[:2])

        def of_each_draw(values: tf.Tensor) -> tf.Tensor:
            return tf.repeat(values[tf.newaxis], draws, axis=0)

        flat = Latents(
            tf.reshape(self._innovations, [draws * pairs, 1, sizes.z_size]),
            tf.reshape(of_each_draw(self._before), [draws * pairs, sizes.state_size]),
            tf.zeros([draws * pairs, 0]),
            tf.reshape(of_each_draw(motion_type), [draws * pairs, sizes.motion_type_size]),
        )
        states = transition.unroll(transition.read(maps), flat).states[:, 0]
        self._reached = tf.reshape(_unbounded(states), [draws, pairs, sizes.state_size])
        self._damping = tf.placeholder(tf.float32, [None])
        self._missing = _unbounded(self._after) - self._reached[0]
        self._correction = self._least_correction(sizes.state_size)
        prior = -0.5 * tf.reduce_sum(tf.square(self._motion_types)) / self._given[..., 0].size
        of_states = normal_log_density(_unbounded(self._after), self._reached, added_variance)
        fit = of_states + prior  # of a pair
        optimizer = tf.train.AdamOptimizer(self._rate, beta2=0.99)
        self._step = optimizer.minimize(-fit, var_list=[*self._alpha.values(), self._motion_types])
        session.run(tf.global_variables_initializer())
        assign(session, self._alpha, alpha)

    def alpha(self) -> dict[str, np.ndarray]:
        """The present α, by the names of the variables."""
        return self._session.run(self._alpha)

    def motion_types(self) -> np.ndarray:
        """The present motion types, [N, motion_type_size]."""
        return self._session.run(self._motion_types)

    def maximize(self, states: np.ndarray, noise: np.random.Generator) -> None:
        """Maximize the likelihood of states [N, T + 1, d], and the prior of the motion types."""
        num_frames = states.shape[1] - 1
        before, after = (
            one.reshape(-1, states.shape[2]) for one in (states[:, :-1], states[:, 1:])
        )
        for number in range(STEPS):
            rows = noise.integers(len(before), size=PAIRS)
            shape = (DRAWS // 2, PAIRS, self._given.shape[2])
            half = noise.standard_normal(shape, dtype=np.float32)
            self._session.run(
                self._step,
                {
                    self._before: before[rows],
                    self._after: after[rows],
                    self._sequence: rows // num_frames,
                    self._innovations: np.concatenate([half, -half]),
                    self._rate: falling_rate(RATE, number, STEPS),
                },
            )

    def innovations_to(self, states: np.ndarray) -> np.ndarray:
        """Innovations [N, T, k] that lead near states [N, T + 1, d]; near the given ones."""
        given = self._given
        found = given.copy()
        feed = {self._before: states[:, 0], self._sequence: np.arange(len(states))}
        for time in range(given.shape[1]):
            best = found[:, time]
            feed[self._after] = states[:, time + 1]
            change, least = np.zeros_like(best), np.full(len(best), np.inf)
            damping = np.full(len(best), DAMPING / EASED)
            for _ in range(CORRECTIONS):
                feed[self._innovations] = (best + change)[np.newaxis]
                missing = self._session.run(self._missing, feed) / TOLERANCE
                cost = np.square(missing).sum(axis=1)
                cost += np.square(best + change - given[:, time]).sum(axis=1)
                helps = cost < least
                best[helps] += change[helps]
                least[helps] = cost[helps]
                damping *= np.where(helps, EASED, RAISED)
                feed |= {self._innovations: best[np.newaxis], self._damping: damping}
                change = self._session.run(self._correction, feed)
            feed[self._before] = np.tanh(self._session.run(self._reached, feed)[0])
        return found

    def _least_correction(self, state_size: int) -> tf.Tensor:
        """Jᵀ(JJᵀ + λI)⁻¹(z_t − z), [pairs, k], where J = ∂z/∂ξ, for each pair with its own λ."""
        slopes = [
            tf.gradients(self._reached[0, :, number], self._innovations)[0][0]
            for number in range(state_size)
        ]
        jacobian = tf.stack(slopes, axis=1)
        square = tf.matmul(jacobian, jacobian, transpose_b=True)
        square += self._damping[:, tf.newaxis, tf.newaxis] * tf.eye(state_size)
        steps = tf.linalg.solve(square, self._missing[..., tf.newaxis])
        return tf.matmul(jacobian, steps, transpose_a=True)[..., 0]


def _unbounded(states: tf.Tensor) -> tf.Tensor:
    """z = tanh⁻¹ s, finite for saturated states, too."""
    return tf.atanh(tf.clip_by_value(states, -1 + 1e-6, 1 - 1e-6))


def normal_log_density(values: tf.Tensor, samples: tf.Tensor, added_variance: float) -> tf.Tensor:
    """The mean of log N(values; mean and covariance of samples), less the constant.

    Args:
        values: [n, d].
        samples: [draws, n, d].
        added_variance: added to the variance of the samples in each direction. It may be smaller
            than the rounding errors of float32, so this function computes in float64.

    Returns:
        float32.
    """
    values, samples = tf.cast(values, tf.float64), tf.cast(samples, tf.float64)
    mean = tf.reduce_mean(samples, axis=0)
    deviations = tf.transpose(samples - mean, [1, 2, 0])
    covariance = tf.matmul(deviations, deviations, transpose_b=True)
    covariance /= tf.cast(tf.shape(samples)[0], tf.float64)
    root = tf.linalg.cholesky(
        covariance + added_variance * tf.eye(int(values.shape[1]), dtype=tf.float64)
    )
    scaled = tf.linalg.triangular_solve(root, (values - mean)[..., tf.newaxis])
    squares = tf.reduce_sum(tf.square(scaled), axis=[1, 2])
    log_volume = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(root)), 1)
    return tf.cast(-tf.reduce_mean(0.5 * squares + log_volume), tf.float32)
