"""Is the prior what was learned? Ratios between inferred latents and those of the prior.

The model says that latents come from the prior, but the weights are learned from inferred latents.
If the model has learned its data, both look alike, and all ratios are near 1.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from model.dynamic_generator import DynamicGenerator
from model.innovations import spread
from model.latents import Latents, evenly, of_sequences
from model.sampling import MOTION_TYPE, drawn_start, states_of

MISSED = 0.2  # a ratio that differs from 1 by more than this shows that the prior is missed
# Few values have these ratios, so chance alone can take them farther from 1.
OF_FEW_VALUES = ("start_spread", "appearance_spread", "motion_type_spread")
MOST_SEQUENCES = 256  # of more sequences, so many are compared, evenly over their numbers
MOST_STATES = 2000  # more states are thinned before distances between all of them are computed


class PosteriorCheck(NamedTuple):
    """Ratios between inferred and sampled latents; 1 where both are alike.

    A ratio is NaN where the model has no such latents, or where they are not inferred. Of states,
    the part counts that the emission network sees.

    Fields:
        innovation_spread: how far the innovations spread, see `spread`. Above 1, the inferred
            innovations spread further than the prior.
        state_step: mean length of a step ‖s_t − s_{t−1}‖, inferred over sampled. Above 1, videos
            sampled from the prior move too little.
        state_spread: standard deviation of the states over time, inferred over sampled.
        state_distance: mean distance of a sampled state to the nearest inferred state, over its
            mean distance to the nearest state of another sample. Above 1, samples come where
            nothing was learned.
        state_persistence: mean distance of states two frames apart ‖s_{t+1} − s_{t−1}‖, over the
            mean length of a step; inferred over sampled. Above 1, the inferred states keep their
            direction longer than the sampled ones, so videos sampled from the prior jitter.
        start_spread, appearance_spread, motion_type_spread: root mean square of the inferred s_0,
            a and m, over 1, that of the prior.
    """

    innovation_spread: float
    state_step: float
    state_spread: float
    state_distance: float
    state_persistence: float
    start_spread: float
    appearance_spread: float
    motion_type_spread: float

    def missed(self) -> dict[str, float]:
        """The ratios that differ from 1 by more than a fifth, by name, but `OF_FEW_VALUES`.

        The root mean square of n values from the prior has a standard deviation of 1/√(2n): a fifth
        for the start state of one sequence with 12 dimensions. If synthesized videos draw these
        latents, the samples of the check do so, too. The ratios of states then show the harm.
        """
        return {
            name: value
            for name, value in self._asdict().items()
            if abs(value - 1.0) > MISSED and name not in OF_FEW_VALUES
        }


def check_posterior(
    generator: DynamicGenerator,
    inferred: Latents,
    chunk_length: int,
    noise: np.random.Generator,
    whole_sequences: bool = True,
    drawn: Collection[str] = (MOTION_TYPE,),
) -> PosteriorCheck:
    """Compare the inferred latents of the sequences with samples of the same size.

    Of many sequences, `MOST_SEQUENCES` are compared. The innovations of a sample come from the
    prior.

    Args:
        whole_sequences: whether the innovations of a sequence were inferred from its start state
            on. Otherwise they give no states, and the ratios of states are NaN.
        drawn: the other latents of a sample that come from the prior, see `drawn_start`.
    """
    inferred = of_sequences(inferred, evenly(len(inferred.innovations), MOST_SEQUENCES))
    nan = float("nan")
    encodes = generator.settings.encodes  # then s_0 and a come from an image and have no prior
    check = PosteriorCheck(
        innovation_spread=spread(generator, inferred.innovations),
        state_step=nan,
        state_spread=nan,
        state_distance=nan,
        state_persistence=nan,
        start_spread=nan if encodes else root_mean_square(inferred.initial_state),
        appearance_spread=nan if encodes else root_mean_square(inferred.appearance),
        motion_type_spread=root_mean_square(inferred.motion_type),
    )
    if not whole_sequences:
        return check
    shape = inferred.innovations.shape
    pair = [noise.standard_normal(shape, dtype=np.float32) for _ in range(2)]
    samples = [
        drawn_start(inferred, noise, drawn, same_for_all=False)._replace(innovations=innovations)
        for innovations in pair
    ]
    states, sampled, another = (
        generator.seen(states_of(generator, latents, chunk_length))
        for latents in (inferred, *samples)
    )
    return check._replace(
        state_step=ratio(step(states), step(sampled)),
        state_spread=ratio(deviation(states), deviation(sampled)),
        state_distance=ratio(nearest_distance(sampled, states), nearest_distance(sampled, another)),
        state_persistence=ratio(persistence(states), persistence(sampled)),
    )


def step(states: np.ndarray, frames: int = 1) -> float:
    """Mean length of the moves over so many frames of states [N, T, d]; NaN if T is too small."""
    moves = np.linalg.norm(states[:, frames:] - states[:, :-frames], axis=-1)
    return float(moves.mean()) if moves.size else float("nan")


def persistence(states: np.ndarray) -> float:
    """Mean length of the moves over two frames, over that of a step; NaN below three frames.

    It is 2 on a straight line, √2 with steps at right angles, 0 in a jitter between two states.
    """
    return ratio(step(states, 2), step(states))


def deviation(states: np.ndarray) -> float:
    """Standard deviation of states [N, T, d] over time, root mean square over sequences and d."""
    return float(np.sqrt(states.var(axis=1).mean()))


def nearest_distance(states: np.ndarray, others: np.ndarray) -> float:
    """Mean distance of states [N, T, d] to the nearest of other states [n, t, d]."""
    return float(cdist(thinned(states), thinned(others)).min(axis=1).mean())


def thinned(states: np.ndarray) -> np.ndarray:
    """At most `MOST_STATES` of the states [N, T, d], evenly over sequences and time: [n, d]."""
    every = states.reshape(-1, states.shape[-1])
    return every[:: -(-len(every) // MOST_STATES)]


def root_mean_square(values: np.ndarray) -> float:
    """Root mean square of all values; NaN if there are none."""
    return float(np.sqrt(np.square(values).mean())) if values.size else float("nan")


def ratio(value: float, reference: float) -> float:
    """value / reference; NaN if the reference is 0."""
    return value / reference if reference else float("nan")
