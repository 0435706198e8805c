"""The first states of the chains, and the first transition, fitted to the motion of the clips.

States that are drawn from the prior are scattered: frames that follow each other, or show the same
pose, have states far apart. Inference moves the states only to where the frames are reconstructed.
The transition learns to reconstruct, but not to predict: videos sampled from the prior take the
poses of the clips in any order.

Here the states begin where the clips themselves put them, and the transition begins as the one
under which these states are likely:

1. The states s_1 … s_T are principal components of windows of successive frames. Those of single
   frames do not show the direction of a motion. Those of windows do, so a periodic motion is a
   closed curve (Broomhead and King, *Extracting qualitative dynamics from experimental data*,
   1986).
2. α and the motion types m maximize Σ_t log p(s_t | s_{t-1}, m) + log p(m). The innovations enter
   F_α through rectifiers, so the first density has no closed form. A normal density of
   z_t = tanh⁻¹ s_t approximates it, with the mean and the covariance of
   z = tanh⁻¹ F_α(s_{t-1}, [m, ξ]) over drawn ξ ~ N(0, I). Without motion types, one α moves all
   sequences at one pace.
3. From frame to frame, the innovation is near a draw from the prior, and leads from the state
   that is reached near to the next of these states. It is found by Levenberg's method, with
   steps of least length (*A method for the solution of certain non-linear problems in least
   squares*, 1944).

Both networks then learn, and the latents are inferred, as always.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from model.latents import Latents, sizes_of
from model.random_keys import Stream, random_generator, random_key
from model.tensorflow_v1 import tf
from model.transition import TRANSITIONS
from model.weights import assign

FROM_PRIOR, FROM_CLIPS = "prior", "clips"
INITIAL_LATENTS = (FROM_PRIOR, FROM_CLIPS)  # the values of --initial_latents

LARGEST_STATE = 20  # in `nonlinear`, innovations reach no more directions: 20 hidden units
SIDE = 16  # frames are averaged to at most this many pixels a side
COMPONENTS = 20  # principal components of frames
REACH = 3  # a window has this many frames before and after its own; the first and the last repeat
SPREAD = 0.4  # root mean square of each number of the states
BOUND = 0.95  # the states stay inside: tanh⁻¹ of larger ones would count too much
NEGLIGIBLE = 1e-6  # smaller variances, relative to the largest, are rounding errors

STEPS, RATE = 1500, 0.01  # of Adam; the rate falls linearly in the second half
PAIRS = 64  # of successive states in a step
DRAWS = 64  # of ξ for each pair, half of them negatives; with few, the fitted noise is too large
SMALLEST_VARIANCE = 1e-4  # of z_t given s_{t-1}: few frames must not make the noise vanish

CORRECTIONS = 20  # of an innovation
DAMPING = 1e-3  # of the first correction
EASED, RAISED = 0.3, 5.0  # factors of the damping: after a correction that helps, that does not
TOLERANCE = 0.02  # a miss of z by this costs as much as a change of ξ by 1


class FirstFit(NamedTuple):
    """What a training begins with.

    Fields:
        alpha: the weights of the transition, by the names of their variables.
        latents: the latents of all sequences.
    """

    alpha: dict[str, np.ndarray]
    latents: Latents


def fit_first_states(
    dynamic_mode: str,
    alpha: dict[str, np.ndarray],
    latents: Latents,
    sequences: Iterable[np.ndarray],
    seed: int,
) -> FirstFit | None:
    """Fit the first states and the first transition to clips.

    Args:
        dynamic_mode: a name in `TRANSITIONS`; the emission network must see the whole state.
        alpha: the initial weights of the transition, by the names of their variables, and possibly
            other variables.
        latents: drawn from the prior. The appearance stays.
        sequences: N times [T, side, side, 3]. They are taken one by one, and twice, so that they
            need not be in memory together.

    Returns:
        None if the frames move in fewer directions than a state has numbers.
    """
    states = windows_as_states(sequences, latents.initial_state.shape[1])
    if states is None:
        return None
    # Before the first frame, the motion is as from the first to the second.
    start = np.clip(2 * states[:, :1] - states[:, 1:2], -BOUND, BOUND)
    states = np.concatenate([start, states], axis=1).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        fit = TransitionFit(session, dynamic_mode, alpha, latents, seed)
        fit.maximize(states, seed)
        innovations = fit.innovations_to(states)
        fitted, motion_types = fit.alpha(), fit.motion_types()
    return FirstFit(
        fitted,
        latents._replace(
            innovations=innovations, initial_state=states[:, 0], motion_type=motion_types
        ),
    )


# --- 1. The states ---


def windows_as_states(sequences: Iterable[np.ndarray], number: int) -> np.ndarray | None:
    """The principal components of windows of frames, [N, T, number], in (-1, 1).

    All sequences count alike, however much they move. Each component has the root mean square
    `SPREAD` over all frames.

    Args:
        sequences: see `fit_first_states`. Each needs at least 2 frames.

    Returns:
        None if the windows vary in fewer directions than `number`.
    """
    scatter = sum(deviations.T @ deviations for deviations in _deviations(sequences))
    axes = _leading(np.asarray(scatter), COMPONENTS)
    if not axes.size:  # nothing moves
        return None
    scores = [deviations @ axes for deviations in _deviations(sequences)]
    # At the ends, windows repeat a frame. So their mean is not 0.
    mean = np.mean([_windows(one).mean(axis=0) for one in scores], axis=0)
    centred = (_windows(one) - mean for one in scores)
    leading = _leading(np.asarray(sum(windows.T @ windows for windows in centred)), number)
    if leading.shape[1] < number:
        return None
    states = np.stack([(_windows(one) - mean) @ leading for one in scores])
    states *= SPREAD / np.sqrt(np.mean(np.square(states), axis=(0, 1)))
    return np.clip(states, -BOUND, BOUND)


def _windows(scores: np.ndarray) -> np.ndarray:
    """The window around each frame, [T, components of a window], from scores [T, components]."""
    num_frames = len(scores)
    times = np.arange(num_frames)[:, np.newaxis] + np.arange(-REACH, REACH + 1)
    return scores[np.clip(times, 0, num_frames - 1)].reshape(num_frames, -1)


def _deviations(sequences: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Each sequence as small frames, [T, pixels], less their mean; its mean square is 1, or 0."""
    for frames in sequences:
        block = -(-frames.shape[1] // SIDE)
        side = frames.shape[1] // block
        cut = frames[:, : side * block, : side * block].astype(np.float64)
        small = cut.reshape(len(cut), side, block, side, block, -1).mean(axis=(2, 4))
        deviations = small.reshape(len(small), -1)
        deviations = deviations - deviations.mean(axis=0)
        length = np.sqrt(np.mean(np.square(deviations)))
        yield deviations / length if length > NEGLIGIBLE else 0 * deviations


def _leading(scatter: np.ndarray, number: int) -> np.ndarray:
    """The eigenvectors of at most `number` largest eigenvalues that are not negligible, [n, …]."""
    values, vectors = np.linalg.eigh(scatter)
    count = min(number, int(np.sum(values > NEGLIGIBLE * max(values[-1], NEGLIGIBLE))))
    return vectors[:, ::-1][:, :count]


# --- 2. and 3. The transition and the innovations ---


class TransitionFit:
    """A graph of one step of the transition, whose α and motion types are fitted to states."""

    def __init__(
        self,
        session: tf.Session,
        dynamic_mode: str,
        alpha: dict[str, np.ndarray],
        latents: Latents,
        seed: int,
    ):
        """Build the graph in the default graph.

        Args:
            session: a session of this graph.
            alpha, latents, dynamic_mode, seed: see `fit_first_states`.
        """
        self._session, self._drawn = session, latents.innovations
        sizes = sizes_of(latents)
        transition = TRANSITIONS[dynamic_mode]
        maps = transition.make(sizes, 1.0, random_key(seed, Stream.WEIGHTS))
        self._alpha = {value.op.name: value for layer in maps for value in layer}
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
        prior = -0.5 * tf.reduce_sum(tf.square(self._motion_types)) / self._drawn[..., 0].size
        fit = normal_log_density(_unbounded(self._after), self._reached) + prior  # of a pair
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

    def maximize(self, states: np.ndarray, seed: int) -> None:
        """Maximize the likelihood of states [N, T + 1, d], and the prior of the motion types."""
        noise = random_generator(seed, Stream.INITIAL_MOTION)
        num_frames = states.shape[1] - 1
        before, after = (
            one.reshape(-1, states.shape[2]) for one in (states[:, :-1], states[:, 1:])
        )
        for number in range(STEPS):
            rows = noise.integers(len(before), size=PAIRS)
            shape = (DRAWS // 2, PAIRS, self._drawn.shape[2])
            half = noise.standard_normal(shape, dtype=np.float32)
            rate = RATE * min(1.0, 2 * (1 - number / STEPS))
            self._session.run(
                self._step,
                {
                    self._before: before[rows],
                    self._after: after[rows],
                    self._sequence: rows // num_frames,
                    self._innovations: np.concatenate([half, -half]),
                    self._rate: rate,
                },
            )

    def innovations_to(self, states: np.ndarray) -> np.ndarray:
        """Innovations [N, T, k] that lead near states [N, T + 1, d]; near the drawn ones."""
        drawn = self._drawn
        found = drawn.copy()
        feed = {self._before: states[:, 0], self._sequence: np.arange(len(states))}
        for time in range(drawn.shape[1]):
            best = found[:, time]
            feed[self._after] = states[:, time + 1]
            change, least = np.zeros_like(best), np.full(len(best), np.inf)
            damping = np.full(len(best), DAMPING / EASED)
            for _ in range(CORRECTIONS):
                feed[self._innovations] = (best + change)[np.newaxis]
                missing = self._session.run(self._missing, feed) / TOLERANCE
                cost = np.square(missing).sum(axis=1)
                cost += np.square(best + change - drawn[:, time]).sum(axis=1)
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


def normal_log_density(values: tf.Tensor, samples: tf.Tensor) -> tf.Tensor:
    """The mean of log N(values; mean and covariance of samples), less the constant.

    Args:
        values: [n, d].
        samples: [draws, n, d].
    """
    mean = tf.reduce_mean(samples, axis=0)
    deviations = tf.transpose(samples - mean, [1, 2, 0])
    covariance = tf.matmul(deviations, deviations, transpose_b=True)
    covariance /= tf.cast(tf.shape(samples)[0], tf.float32)
    root = tf.linalg.cholesky(covariance + SMALLEST_VARIANCE * tf.eye(int(values.shape[1])))
    scaled = tf.linalg.triangular_solve(root, (values - mean)[..., tf.newaxis])
    squares = tf.reduce_sum(tf.square(scaled), axis=[1, 2])
    return -tf.reduce_mean(0.5 * squares + tf.reduce_sum(tf.math.log(tf.linalg.diag_part(root)), 1))
