"""Building the model from the options of a run."""

import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from model.dynamic_generator import DynamicGenerator
from model.encoder_fit import fit_encoder
from model.graph import Settings
from model.initial_motion import fit_first_states
from model.initial_scale import matched_scale
from model.latents import Latents, LatentSizes, split_range
from model.sequence_steps import relative_step
from model.transition_fit import Fit, fit_to_inferred_states, states_of_sequences
from model.workers import ALONE, Workers
from util.data.clips import Clips
from util.options.experiment import Experiment
from util.options.schema import Options
from util.runs.run_state import RunState
from util.system.device import transposes_fast
from util.system.errors import RunError
from util.system.interruption import uninterrupted


def latent_sizes(options: Options) -> LatentSizes:
    """The sizes of the latent vectors that the options ask for."""
    return LatentSizes(
        options.state_size, options.z_size, options.content_size, options.motion_type_size
    )


def build_generator(
    options: Options,
    experiment: Experiment,
    clips: Clips | None = None,
    infers: bool = False,
    more_lengths: Iterable[int] = (),
    workers: Workers = ALONE,
) -> DynamicGenerator:
    """The model that the options describe, with initial weights.

    Args:
        clips: the training clips. Without them, the model has no inference and no learning, and
            its weights must be restored from a checkpoint.
        infers: whether a model without clips has inference all the same.
        more_lengths: numbers of frames that a chunk may have beside those of the options.
        workers: the workers that learn together.
    """
    chunks = split_range(options.num_frames, options.truncated_backprop_length)
    lengths = {chunk.stop - chunk.start for chunk in chunks} | {options.truncated_backprop_length}
    lengths |= set(more_lengths)
    settings = Settings(
        network=options.frame_generator_mode,
        dynamic_mode=options.dynamic_mode,
        sizes=latent_sizes(options),
        training_mode=options.training_mode,
        refsig=options.refsig,
        likelihood=options.likelihood,
        sampler=options.sampler,
        step_size=options.step_size,
        sample_steps=options.sample_steps,
        beta1_gen=options.beta1_gen,
        beta2_gen=options.beta2_gen,
        transition_init_std=options.transition_init_std or initial_scale(options, clips),
        precision=options.precision,
        seed=options.seed,
        encodes=experiment.encodes,
        clip_gradient=options.clip_gradient,
        clip_drift=options.clip_drift,
        updates=options.updates,
        direct_is_fast=transposes_fast(),
        shared_statistics=options.shared_statistics,
    )
    with uninterrupted():
        return DynamicGenerator(settings, lengths, clips is not None or infers, workers)


def initial_scale(options: Options, clips: Clips | None) -> float:
    """The standard deviation of the transition's initial weights, matched to the clips.

    A model that is only restored gets the usual value. So do clips in which nothing moves, no two
    successive frames are seen, or there are only two frames; a line on stderr says that.
    """
    usual = Options.transition_init_std
    if clips is None:
        return usual
    speed = relative_step(clips.frames, clips.visible)
    if math.isnan(speed):
        print(
            "warning: how fast the clips change is not known, as nothing moves, no two successive "
            f"frames are seen, or there are only two; so --transition_init_std 0 is {usual}",
            file=sys.stderr,
        )
        return usual
    length = options.num_frames
    return matched_scale(options.dynamic_mode, latent_sizes(options), speed, length, options.seed)


def fit_beginning(
    options: Options, generator: DynamicGenerator, latents: Latents, clips: Clips
) -> Latents:
    """Fit the first transition in `generator` to the clips; the first latents, fitted as well.

    An encoder is fitted to the states of these latents, and to their appearance. Clips that move in
    too few directions leave everything as it is; a line on stderr says that.

    Args:
        latents: drawn from the prior.
    """
    print("fitting the first states to the clips …", file=sys.stderr)
    variables = generator.variables()
    mode, seed = options.dynamic_mode, options.seed
    with uninterrupted():
        first = fit_first_states(mode, variables, latents, clips.frames, seed)
    if first is None:
        print(
            "warning: the clips move in fewer directions than --state_size "
            f"{options.state_size}, so the first latents come from the prior; if anything moves, a "
            "smaller --state_size fits them",
            file=sys.stderr,
        )
        return latents
    variables |= first.alpha
    if generator.settings.encodes:
        print("fitting the encoder to these states …", file=sys.stderr)
        with uninterrupted():
            states = states_of_sequences(mode, variables, first.latents)
            network, frames = options.frame_generator_mode, clips.frames
            variables |= fit_encoder(network, variables, first.latents, states, frames, seed)
    generator.set_variables(variables)
    return first.latents


def fitted_transition(
    options: Options, variables: Mapping[str, np.ndarray], latents: Latents
) -> Fit:
    """The transition and the latents, fitted to the inferred states.

    Args:
        options: the recorded options of the training.
        variables: all weights, by the names of the variables.
        latents: the inferred latents of all sequences.
    """
    print("fitting the transition to the inferred states …", file=sys.stderr)
    with uninterrupted():
        return fit_to_inferred_states(options.dynamic_mode, variables, latents, options.seed)


def restore(generator: DynamicGenerator, state: RunState, checkpoint: Path) -> None:
    """Load the weights of a checkpoint into the model.

    Raises:
        RunError: the checkpoint belongs to another model.
    """
    try:
        generator.set_variables(state.variables)
    except (KeyError, ValueError) as error:
        raise RunError(
            f"checkpoint {checkpoint} is of another model: {error}; name one that fits"
        ) from error
