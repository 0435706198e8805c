"""Is the prior what was learned? Ratios between inferred latents and those of the prior.

The model says that latents come from the prior, but the weights are learned from inferred latents.
If the model has learned its data, both look alike, and all ratios are near 1.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from model.dynamic_generator import DynamicGenerator
from model.innovations import spread
from model.latents import Latents, evenly, of_sequences
from model.sampling import states_of

MISSED = 0.2  # a ratio that differs from 1 by more than this shows that the prior is missed
MOST_SEQUENCES = 256  # of more sequences, so many are compared, evenly over their numbers
MOST_STATES = 2000  # more states are thinned before distances between all of them are computed


class PosteriorCheck(NamedTuple):
    """Ratios between inferred and sampled latents; 1 where both are alike.

    Each of the first three fields is a value of the inferred latents, divided by the same value of
    the sampled latents.

    Fields:
        innovation_spread: how far the innovations spread, see `spread`. Above 1, the inferred
            innovations spread further than the prior.
        state_step: mean length of a step ‖s_t − s_{t−1}‖. Above 1, videos sampled from the prior
            move too little.
        state_spread: standard deviation of the states over time.
        state_distance: mean distance of a sampled state to the nearest inferred state, over its
            mean distance to the nearest state of another sample. Above 1, samples come where
            nothing was learned.
    """

    innovation_spread: float
    state_step: float
    state_spread: float
    state_distance: float

    def missed(self) -> dict[str, float]:
        """The ratios that differ from 1 by more than a fifth, by name."""
        return {name: value for name, value in self._asdict().items() if abs(value - 1.0) > MISSED}


def check_posterior(
    generator: DynamicGenerator,
    inferred: Latents,
    chunk_length: int,
    noise: np.random.Generator,
    whole_sequences: bool = True,
    draws_start: bool = False,
) -> PosteriorCheck:
    """Compare the inferred latents of the sequences with samples of the same size.

    Of many sequences, `MOST_SEQUENCES` are compared. The innovations of a sample come from the
    prior.

    Args:
        whole_sequences: whether the innovations of a sequence were inferred from its start state
            on. Otherwise they give no states, and the ratios of states are NaN.
        draws_start: whether the start states of a sample come from the prior, too, and not from
            the inferred latents.
    """
    inferred = of_sequences(inferred, evenly(len(inferred.innovations), MOST_SEQUENCES))
    spread_ratio = spread(generator, inferred.innovations)
    if not whole_sequences:
        return PosteriorCheck(spread_ratio, *[float("nan")] * 3)
    shape = inferred.innovations.shape
    one, other = (noise.standard_normal(shape, dtype=np.float32) for _ in range(2))
    samples = [inferred._replace(innovations=innovations) for innovations in (one, other)]
    if draws_start:
        start = inferred.initial_state.shape
        samples = [
            sample._replace(initial_state=noise.standard_normal(start, dtype=np.float32))
            for sample in samples
        ]
    states, sampled, another = (
        states_of(generator, latents, chunk_length) for latents in (inferred, *samples)
    )
    return PosteriorCheck(
        innovation_spread=spread_ratio,
        state_step=ratio(step(states), step(sampled)),
        state_spread=ratio(deviation(states), deviation(sampled)),
        state_distance=ratio(nearest_distance(sampled, states), nearest_distance(sampled, another)),
    )


def step(states: np.ndarray) -> float:
    """Mean length of the steps between successive states [N, T, d]; NaN for one frame."""
    steps = np.linalg.norm(np.diff(states, axis=1), axis=-1)
    return float(steps.mean()) if steps.size else float("nan")


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


def ratio(value: float, reference: float) -> float:
    """value / reference; NaN if the reference is 0."""
    return value / reference if reference else float("nan")
