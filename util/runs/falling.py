"""What changes during a training: the learning rate and the step size of the sampler."""

import math

from util.options.schema import Options


def learning_rate(options: Options, epoch: int) -> float:
    """The learning rate of an epoch, counted from 0: lr_gen, times warm-up, times halvings."""
    warm = min(1.0, (epoch + 1) / (options.lr_warmup + 1))
    return options.lr_gen * warm * left_of_rate(options, epoch)


def step_size(options: Options, epoch: int) -> float:
    """δ of an epoch, counted from 0: `settled_step`, times warm-up.

    The gradients of networks that have learned nothing yet would scatter first latents that were
    fitted to the clips. So δ is 0 for `step_warmup` epochs, and rises linearly for as many.
    """
    wait = options.step_warmup
    warm = min(1.0, max(0, epoch + 1 - wait) / wait) if wait else 1.0
    return settled_step(options, epoch) * warm


def settled_step(options: Options, epoch: int) -> float:
    """δ of an epoch, counted from 0, without warm-up.

    Once the halvings have left less than `step_follows_rate` of the learning rate, δ² falls in
    proportion to it. Langevin steps of a fixed size are stable only where the curvature of the
    energy is below 4/δ² (Roberts and Tweedie, 1996), and the curvature grows with the fit.
    """
    left, share = left_of_rate(options, epoch), options.step_follows_rate
    if left >= share:
        return options.step_size
    return options.step_size * math.sqrt(left / share)


def shortest_step(options: Options) -> float:
    """δ of the last epoch."""
    return settled_step(options, options.num_epochs - 1)


def left_of_rate(options: Options, epoch: int) -> float:
    """What the halvings have left of the learning rate, in (0, 1]."""
    return 0.5 ** (epoch / options.lr_half_life if options.lr_half_life else 0.0)
