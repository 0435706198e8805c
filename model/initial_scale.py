"""The initial scale of the transition, matched to how fast a clip changes.

The standard deviation of the transition's initial weights decides how fast the first sampled states
move: with small weights they move slowly, with large weights each state is almost independent of
the previous one. Learning changes this only slowly, because inference finds innovations that
reconstruct the clip in both cases. Videos sampled from the prior then move too little or too much.
What is matched is the part of the states that the emission network sees.

The speed is measured by the relative step. The matched scale is the one at which sampled states
have the relative step of the observed frames, times `headroom`: sampled videos move less than their
states, because the emission network mixes observed frames between the states that it has learned.
"""

import numpy as np
import tensorflow.compat.v1 as tf

from model.latents import Latents, LatentSizes, draw_from_prior
from model.random_keys import Stream, random_generator, random_key
from model.sequence_steps import relative_step
from model.transition import TRANSITIONS, AffineMap

SMALLEST, LARGEST = 0.08, 0.4  # hidden units die with smaller weights, states saturate with larger
# With this scale, half of the numbers of a state are near -1 or 1. A saturated state of d numbers
# has 2^d values. If these are not more than the frames of a sequence, larger weights are no use:
# frames share a state, and Langevin steps do not tell them apart.
LARGEST_OF_FEW = 0.25
SEQUENCES = 16
HALVINGS = 12


def matched_scale(
    dynamic_mode: str, sizes: LatentSizes, observed_step: float, num_frames: int, seed: int
) -> float:
    """The standard deviation of initial weights that is matched to clips.

    Args:
        dynamic_mode: a name in `TRANSITIONS`.
        observed_step: the relative step of the clips, see `relative_step`.
        num_frames: the length of the sampled sequences.

    Returns:
        A value from `SMALLEST` to `LARGEST`, or for states of few numbers to `LARGEST_OF_FEW`.
    """
    noise = random_generator(seed, Stream.INITIAL_SCALE)
    transition = TRANSITIONS[dynamic_mode]
    wanted = transition.headroom * observed_step
    seen = transition.num_seen(sizes.state_size)
    largest = LARGEST if 2**seen > num_frames else LARGEST_OF_FEW
    with tf.Graph().as_default(), tf.Session() as session:
        scale = tf.placeholder(tf.float32, [])
        unscaled = transition.make(sizes, 1.0, random_key(seed, Stream.WEIGHTS))
        scaled = [AffineMap(scale * one.kernel, tf.identity(one.bias)) for one in unscaled]
        drawn = draw_from_prior(sizes, SEQUENCES, 2 * num_frames, noise)
        latents = Latents(*map(tf.constant, drawn))
        # The first half of each sequence still depends on its start state.
        states = transition.unroll(scaled, latents).seen[:, num_frames:]
        session.run(tf.global_variables_initializer())
        low, high = np.log(SMALLEST), np.log(largest)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if relative_step(session.run(states, {scale: np.exp(middle)})) < wanted:
                low = middle
            else:
                high = middle
    return float(np.exp((low + high) / 2))
