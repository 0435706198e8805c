"""What the fits of networks to given values share (`model.transition_fit`, `model.encoder_fit`)."""

from model.random_keys import Stream, random_key

ANY_KEY = random_key(0, Stream.WEIGHTS)  # of weights that are then replaced


def falling_rate(rate: float, number: int, steps: int) -> float:
    """The rate of step `number`, from 0: in the second half, it falls linearly towards 0."""
    return rate * min(1.0, 2 * (1 - number / steps))
