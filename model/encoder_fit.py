"""Fitting the encoder to the first latents of the sequences.

With its initial weights, E_γ gives nearly the same code to all images. The emission network then
learns to tell the sequences apart by their states. In a sampled video, the state moves on, and a
sequence turns into another one.

So E_γ first learns codes that are far apart. A frame of a sequence gets the appearance vector of
the sequence, which was drawn from the prior, and the state before the frame.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from model.encoder import encode, make_encoder, read_encoder
from model.latents import Latents, sizes_of
from model.networks import NETWORKS, image_side
from model.random_keys import Stream, random_generator
from model.transition_fit import ANY_KEY, falling_rate
from model.weights import assign

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
    """Fit γ: the mean square of the errors of a, plus that of the errors of s, becomes small.

    Args:
        network: a name in `NETWORKS`.
        gamma: the weights before the fit, by the names of their variables, and possibly other
            variables.
        latents: of all N sequences. Only the appearance vectors are used.
        states: s_0 … s_T, [N, T + 1, state_size].
        frames: [N, T, H, W, 3]; see `model.alternating.alternate`.

    Returns:
        γ after the fit, by the names of the variables.
    """
    sizes, side = sizes_of(latents), image_side(NETWORKS[network])
    number, length = frames.shape[:2]
    noise = random_generator(seed, Stream.ENCODER_FIT)
    with tf.Graph().as_default(), tf.Session() as session:
        layers = make_encoder(NETWORKS[network], sizes, ANY_KEY)
        weights = [weight for layer in layers for weight in (layer.kernel, layer.bias)]
        by_name = {weight.op.name: weight for weight in weights}
        images = tf.placeholder(tf.float32, [None, side, side, 3])
        appearance = tf.placeholder(tf.float32, [None, sizes.content_size])
        state = tf.placeholder(tf.float32, [None, sizes.state_size])
        rate = tf.placeholder(tf.float32, [])
        found = encode(read_encoder(layers), images, sizes.content_size)
        errors = found.appearance - appearance, found.initial_state - state
        optimizer = tf.train.AdamOptimizer(rate)
        step = optimizer.minimize(sum(map(mean_square, errors)), var_list=weights)
        session.run(tf.global_variables_initializer())
        assign(session, by_name, gamma)
        for step_number in range(STEPS):
            rows, times = noise.integers(number, size=IMAGES), noise.integers(length, size=IMAGES)
            session.run(
                step,
                {
                    images: frames[rows, times],
                    appearance: latents.appearance[rows],
                    state: states[rows, times],  # s_0 is at 0, so this is the state before
                    rate: falling_rate(RATE, step_number, STEPS),
                },
            )
        return session.run(by_name)


def mean_square(values: tf.Tensor) -> tf.Tensor:
    """The mean square of values; 0 if there are none, as with --content_size 0."""
    return tf.reduce_sum(tf.square(values)) / tf.maximum(1.0, tf.cast(tf.size(values), tf.float32))
