"""Building the model from the options of a run."""

from pathlib import Path

from model.dynamic_generator import DynamicGenerator
from model.graph import Settings
from model.latents import LatentSizes, split_range
from util.options.experiment import Experiment
from util.options.schema import Options
from util.runs.run_state import RunState
from util.system.errors import RunError


def latent_sizes(options: Options) -> LatentSizes:
    """The sizes of the latent vectors that the options ask for."""
    return LatentSizes(
        options.state_size, options.z_size, options.content_size, options.motion_type_size
    )


def build_generator(options: Options, experiment: Experiment) -> DynamicGenerator:
    """The model that the options describe, with initial weights.

    For a test, the model has no inference and no learning.
    """
    chunks = split_range(options.num_frames, options.truncated_backprop_length)
    lengths = {chunk.stop - chunk.start for chunk in chunks} | {options.truncated_backprop_length}
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
        transition_init_std=options.transition_init_std,
        precision=options.precision,
        seed=options.seed,
        encodes=experiment.encodes,
    )
    return DynamicGenerator(settings, lengths, learns=options.isTraining)


def restore(generator: DynamicGenerator, state: RunState, checkpoint: Path) -> None:
    """Load the weights of a checkpoint into the model.

    Raises:
        RunError: the checkpoint belongs to another model.
    """
    try:
        generator.load_state(state.variables)
    except (KeyError, ValueError) as error:
        raise RunError(
            f"checkpoint {checkpoint} is of another model: {error}; name one that fits"
        ) from error
