"""Fitting the encoder to the first latents of the sequences.

Without this fit, E_γ begins with nearly the same code for all images. The emission network then
learns to tell the sequences apart by their states. When the state of a sampled video moves on, one
flower turns into another.

So E_γ first learns codes that differ between sequences. The code of a frame is the appearance
vector of its sequence, which was drawn from the prior, and the state before the frame.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from model.encoder import encode, make_encoder, read_encoder
from model.fitting import ANY_KEY, falling_rate
from model.latents import Latents, sizes_of
from model.networks import NETWORKS, image_side
from model.random_keys import Stream, random_generator
from model.weights import assign, by_name

STEPS, RATE = 600, 0.005  # of Adam; the rate falls linearly in the second half
IMAGES = 32  # in a step


def fit_encoder(
    network: str,
    gamma: Mapping[str, np.ndarray],
    latents: Latents,
    states: np.ndarray,
    frames: Any,
    seed: int,
) -> dict[str, np.ndarray]:
    """Fit γ. The fit minimizes the sum of two mean squared errors: of a, and of s.

    Args:
        network: a name in `NETWORKS`.
        gamma: the weights before the fit, by the names of their variables, and possibly other
            variables.
        latents: of all N sequences. Only the appearance vectors are used.
        states: s_0 … s_T, [N, T + 1, state_size].
        frames: [N, T, H, W, 3] in [-1, 1]: an array, or anything with a `shape` that gives float32
            where it is indexed by two integer arrays.
        seed: the seed of the run.

    Returns:
        γ after the fit, by the names of the variables.
    """
    sizes, side = sizes_of(latents), image_side(NETWORKS[network])
    number, length = frames.shape[:2]
    noise = random_generator(seed, Stream.ENCODER_FIT)
    with tf.Graph().as_default(), tf.Session() as session:
        layers = make_encoder(NETWORKS[network], sizes, ANY_KEY)
        weights = by_name(weight for layer in layers for weight in (layer.kernel, layer.bias))
        images = tf.placeholder(tf.float32, [None, side, side, 3])
        appearance = tf.placeholder(tf.float32, [None, sizes.content_size])
        state = tf.placeholder(tf.float32, [None, sizes.state_size])
        rate = tf.placeholder(tf.float32, [])
        found = encode(read_encoder(layers), images, sizes.content_size)
        errors = found.appearance - appearance, found.initial_state - state
        optimizer = tf.train.AdamOptimizer(rate)
        step = optimizer.minimize(sum(map(mean_square, errors)), var_list=list(weights.values()))
        session.run(tf.global_variables_initializer())
        assign(session, weights, gamma)
        for step_number in range(STEPS):
            rows, times = noise.integers(number, size=IMAGES), noise.integers(length, size=IMAGES)
            session.run(
                step,
                {
                    images: frames[rows, times],
                    appearance: latents.appearance[rows],
                    state: states[rows, times],  # before frame `times`, from 0: s_0 is at 0
                    rate: falling_rate(RATE, step_number, STEPS),
                },
            )
        return session.run(weights)


def mean_square(values: tf.Tensor) -> tf.Tensor:
    """The mean square of values; 0 if there are none, as with --content_size 0."""
    count = tf.cast(tf.size(values), tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(tf.square(values)), count)
