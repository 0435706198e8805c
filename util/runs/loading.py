"""Loading the model of a checkpoint for a test."""

import functools
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from model.dynamic_generator import DynamicGenerator
from model.latents import Latents, of_sequences
from model.sampling import reconstruct
from util.data.frames import to_bytes
from util.data.observed import observed_clips
from util.data.pieces import Indexable, OneByOne
from util.options.command_line import (
    refuse_conditional,
    refuse_jumps,
    refuse_unfitted_transition,
)
from util.options.experiment import Experiment, fits_transition
from util.options.schema import Options, numbers_of, refuse_unknown
from util.pictures.encoding import FRAMES_PER_SECOND
from util.pictures.showing import Showing
from util.runs import checkpoints
from util.runs.building import build_generator, fitted_transition, restore
from util.runs.falling import settled_step
from util.runs.jobs import TestingJob, refuse_unwritable
from util.runs.memory import refuse_too_large
from util.runs.result_folder import ResultFolder
from util.runs.run_directory import RunDirectory
from util.runs.run_state import RunState, read_state
from util.runs.sampling import Sampler, make_sampler
from util.runs.showing import showing_of
from util.system.errors import RunError
from util.system.notes import tell_once


class LoadedCheckpoint(NamedTuple):
    """The content of a checkpoint, and the options of its test.

    Fields:
        path: the path of the checkpoint.
        state: the content of the checkpoint.
        options: the recorded options, replaced by options that the command line gives.
        experiment: the record of the test's experiment.
        trained_by: the record of the experiment that trained the checkpoint.
        rows: numbers of the requested training sequences, from 0.
    """

    path: Path
    state: RunState
    options: Options
    experiment: Experiment
    trained_by: Experiment
    rows: list[int]

    @property
    def whole_sequences(self) -> bool:
        """Whether the innovations of a sequence were inferred from its start state on."""
        return self.trained_by.infers_whole_sequences(self.state.options.encoded_frame)


class LoadedRun(NamedTuple):
    """The model of a checkpoint, and the new empty folder for the results.

    Fields:
        sampler: the model, and how its videos are sampled.
        folder: where to write. It has a temporary name until the results are whole.
        results: the place of the results, with their final name.
        cache: the folder of the decoded clips.
    """

    checkpoint: LoadedCheckpoint
    sampler: Sampler
    folder: Path
    results: ResultFolder
    cache: Path

    @property
    def options(self) -> Options:
        """The options of this test."""
        return self.checkpoint.options

    @property
    def names(self) -> list[str]:
        """The names of the requested sequences."""
        return [self.checkpoint.state.sequence_names[row] for row in self.checkpoint.rows]

    @property
    def videos(self) -> range:
        """The numbers of the videos of this test: training has written those with lower numbers."""
        first = self.checkpoint.state.options.num_batches_in_test
        return range(first, first + self.options.num_batches_in_test)

    @property
    def num_shown(self) -> int:
        """The number of requested sequences that get videos: all of --sequences, or the first."""
        asked = len(self.checkpoint.rows)
        return asked if self.options.sequences else min(asked, self.options.results_for)

    def showing(self, row: int) -> Showing:
        """How a training sequence is shown in this test."""
        if self.options.original_shape and self.checkpoint.state.formats is None:
            tell_once(
                f"{self.checkpoint.path} is of an earlier version, which did not record the "
                f"proportions and rates of the clips: videos are square and play at "
                f"{FRAMES_PER_SECOND:g} fps"
            )
        return showing_of(self.options, self.checkpoint.state.format_of(row))

    @property
    def showings(self) -> list[Showing]:
        """How each requested sequence is shown."""
        return [self.showing(row) for row in self.checkpoint.rows]

    @property
    def latents(self) -> Latents:
        """The inferred latents of the requested sequences."""
        return of_sequences(self.checkpoint.state.latents, self.checkpoint.rows)


def read_checkpoint(job: TestingJob) -> LoadedCheckpoint:
    """Read a checkpoint and determine the options of its test; nothing is written.

    Raises:
        RunError: the checkpoint is damaged or was not written by this program.
        CommandLineError: a flag contradicts the checkpoint, or names an unknown sequence.
    """
    command_line = job.command_line
    path, state = _read(job)
    options = command_line.over(state.options)
    experiment = command_line.experiment(options)
    command_line.warn_of_idle(options, trained_by=state.options.experiment)
    trained_by = command_line.experiment(state.options)
    refuse_conditional(options, trained_by)
    # A training with an encoder records the flag, but does not use it.
    if "transition_in_test" in command_line.given or not trained_by.encodes:
        refuse_unfitted_transition(options, experiment, trained_by)
    typed = "start_in_test" in command_line.given and "start_in_test" in experiment.uses
    if typed and trained_by.encodes and options.start_in_test == "prior":
        print(
            "warning: --start_in_test prior does nothing: the start states of this model come from "
            "images",
            file=sys.stderr,
        )
    refuse_jumps(options, experiment)
    count = len(state.sequence_names)
    takes_sequences = "sequences" in experiment.uses
    chosen = numbers_of(options.sequences) if takes_sequences else []
    rows = chosen or list(range(count))
    if experiment.result and takes_sequences and not chosen:
        rows = rows[: options.results_for]
        if len(rows) < count:
            print(
                f"results for the first {len(rows)} of {count} sequences (--results_for); "
                "--sequences names others",
                file=sys.stderr,
            )
    refuse_unknown(rows, count, f"--sequences {options.sequences}", "the checkpoint")
    return LoadedCheckpoint(
        path=path,
        state=state,
        options=options,
        experiment=experiment,
        trained_by=trained_by,
        rows=rows,
    )


def _read(job: TestingJob) -> tuple[Path, RunState]:
    """The path and the content of the checkpoint of a test.

    A training that goes on deletes old checkpoints. If it deletes this one, the newest is taken
    again, unless the user named the checkpoint.
    """
    path = job.checkpoint
    while True:
        try:
            return path, read_state(path, job.command_line.experiments)
        except checkpoints.UnreadableCheckpoint as error:
            if checkpoints.is_there(path):
                raise
            newest = checkpoints.existing(path.parent)[-1:]
            if newest and newest[0][1] == path:
                raise  # its index is there, but not its data
            if not (job.takes_newest and newest):
                raise RunError(
                    f"checkpoint {path} is gone; {checkpoints.those_in(path.parent)}"
                ) from error
            print(f"{path.name} is gone; taking {newest[0][1].name}", file=sys.stderr)
            path = newest[0][1]


@contextmanager
def built_run(job: TestingJob, checkpoint: LoadedCheckpoint) -> Iterator[LoadedRun]:
    """Build the model of a checkpoint and yield it with a folder for the results.

    The folder gets its final name if the block succeeds.

    Raises:
        RunError: the checkpoint belongs to another model, or the folder cannot be created or must
            not be replaced.
    """
    options = checkpoint.options
    folder = job.result_folder(checkpoint.experiment)
    refuse_unwritable(folder)
    names = checkpoint.state.sequence_names
    results = ResultFolder(folder, names, options.overwrite)
    checkpoint = with_transition_in_test(checkpoint)
    sampler = built_sampler(checkpoint)
    with results.unfinished() as unfinished:
        cache = RunDirectory(job.run).cache_for(options)
        yield LoadedRun(checkpoint, sampler, unfinished, results, cache)


def with_transition_in_test(checkpoint: LoadedCheckpoint) -> LoadedCheckpoint:
    """The checkpoint with the transition of --transition_in_test, and latents that fit it.

    The statistics of a checkpoint belong to the learned transition, so a fit drops them.
    """
    state = checkpoint.state
    fits = fits_transition(checkpoint.options, checkpoint.experiment)
    if not fits or checkpoint.trained_by.encodes:
        return checkpoint
    fit = fitted_transition(state.options, state.variables, state.latents)
    variables = {**state.variables, **fit.alpha}
    state = state._replace(variables=variables, latents=fit.latents, calibrated=None)
    return checkpoint._replace(state=state)


def built_sampler(checkpoint: LoadedCheckpoint, more_lengths: Iterable[int] = ()) -> Sampler:
    """Build the model of a checkpoint and prepare its sampling; nothing is written.

    Args:
        more_lengths: see `build_generator`.

    Raises:
        RunError: the checkpoint belongs to another model, or the memory is too small.
    """
    options, trained_by = checkpoint.options, checkpoint.trained_by
    # The training decides whether there is an encoder, which gives the start states.
    experiment = replace(checkpoint.experiment, encodes=trained_by.encodes)
    refuse_too_large(options, experiment, len(checkpoint.state.sequence_names))
    infers = bool(options.clip)
    generator = build_generator(options, experiment, infers=infers, more_lengths=more_lengths)
    restore(generator, checkpoint.state, checkpoint.path)
    generator.step_size = settled_step(checkpoint.state.options, checkpoint.state.epoch)
    return sampler_of(checkpoint, generator)


def sampler_of(checkpoint: LoadedCheckpoint, generator: DynamicGenerator) -> Sampler:
    """Prepare sampling, with the calibrated statistics of the checkpoint if they fit the test."""
    options, state = checkpoint.options, checkpoint.state
    calibrated = state.calibrated_for(options, checkpoint.experiment)
    return make_sampler(generator, options, state.latents, calibrated)


def observed_again(run: LoadedRun) -> Indexable | None:
    """The clips of all training sequences without missing pixels, uint8 [N, T, H, W, 3].

    The result is None if the clips do not exist, have changed, or have missing pixels with unknown
    values. The reason is printed on stderr.
    """
    recorded = run.checkpoint.state.options
    # A mask that was made is drawn from the seed of the training, not from the seed of the test.
    options = replace(run.options, seed=recorded.seed, category=recorded.category)
    cache: Path | None = run.cache
    try:
        refuse_unwritable(run.cache)
    except RunError:  # a place that does not exist any more; the clips are read into memory
        cache = None
    try:
        clips = observed_clips(options, run.checkpoint.trained_by, cache)
    except Exception as error:  # the test does not need the clips, so nothing about them stops it
        tell_once(f"the training clips cannot be read: {' '.join(str(error).split())}")
        return None
    if clips.digest != run.checkpoint.state.clips_digest:
        tell_once(
            f"{options.category} in {options.data_path} differs from the training clips, or was "
            "decoded otherwise by the machine of the training"
        )
        return None
    if clips.complete is None and run.checkpoint.trained_by.fills_in_between:
        tell_once("the true frames between the observed ones are unknown")
    return clips.complete


def observed_or_reconstructed(
    run: LoadedRun, observed: Indexable | None, rows: Sequence[int]
) -> Indexable:
    """The training sequences `rows`, uint8 [n, T, H, W, 3]: observed clips or reconstructions.

    They are read or reconstructed one by one, where they are indexed.

    Args:
        observed: see `observed_again`. If it is None, the result is reconstructed.
    """
    options = run.options
    latents = of_sequences(run.checkpoint.state.latents, list(rows))
    shape = (len(rows), options.num_frames, options.image_size, options.image_size, 3)
    if observed is not None:
        return OneByOne(lambda index: observed[rows[index]], shape)
    print("reconstructions are shown in the place of the observed clips", file=sys.stderr)

    @functools.lru_cache(maxsize=1)
    def batch_from(start: int) -> np.ndarray:
        batch = of_sequences(latents, slice(start, start + options.batch_size))
        length = options.truncated_backprop_length
        return to_bytes(reconstruct(run.sampler.generator, batch, length, options.batch_size))

    def reconstructed(index: int) -> np.ndarray:
        place = index % options.batch_size
        return batch_from(index - place)[place]

    return OneByOne(reconstructed, shape)
