"""A training run: the alternating loop, with checkpoints, log and pictures."""

import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np

from model.alternating import EpochReport, alternate
from model.calibration import Calibrated
from model.dynamic_generator import DynamicGenerator
from model.kept_frames import Keeper, KeptFrames
from model.latents import Latents, copied, draw_from_prior, of_sequences
from model.random_keys import Stream, random_generator
from model.workers import Workers
from util.data.clips import Clips
from util.data.frames import to_bytes
from util.data.pieces import Indexable
from util.metrics.recovered import Recovered, Recovery
from util.options.experiment import begins_with_clips
from util.options.schema import Options
from util.pictures.encoding import FRAMES_PER_SECOND, write_video
from util.pictures.layout import write_picture
from util.pictures.sheets import contact_sheet
from util.runs import checkpoints
from util.runs.announcement import announce
from util.runs.building import build_generator, fit_beginning, latent_sizes, restore
from util.runs.epoch_log import SHEET_SEQUENCES, EpochReporter
from util.runs.falling import learning_rate, settled_step, step_size
from util.runs.jobs import TrainingJob, existing_part
from util.runs.memory import refuse_too_large
from util.runs.run_directory import RunDirectory
from util.runs.run_state import RunState
from util.runs.sampling import FOR_PREVIEW, Sampler, make_sampler, posterior_check, sampled
from util.system.background import Background
from util.system.device import device_in_words
from util.system.errors import Interrupted, RunError
from util.system.folder_lock import locked
from util.system.interruption import Interruption, uninterrupted


class TrainingResult(NamedTuple):
    """A model, its training clips and their inferred latents.

    `recovery` is None if no pixel is missing. `calibrated` are the calibrated statistics of this
    model, if they are known.
    """

    options: Options
    run: RunDirectory
    clips: Clips
    generator: DynamicGenerator
    latents: Latents
    recovery: Recovery | None
    calibrated: Calibrated | None = None


class Beginning(NamedTuple):
    """The beginning of training: number of epochs done, latents, and recovery so far.

    `calibrated` are the calibrated statistics of the checkpoint, if it has any that fit.
    """

    epoch: int
    latents: Latents
    recovery: Recovery | None
    calibrated: Calibrated | None = None


class Snapshot(NamedTuple):
    """The data to be written after an epoch.

    Fields:
        state: the content of the checkpoint.
        reconstruction, synthesis: [n, T, H, W, 3] in [-1, 1], of the first sequences; None if
            only a checkpoint is due.
        recovered: None if no pixel is missing, or if only a checkpoint is due.
    """

    state: RunState
    reconstruction: np.ndarray | None = None
    synthesis: np.ndarray | None = None
    recovered: Recovered | None = None


def train_model(job: TrainingJob) -> TrainingResult:
    """Train a model, from the start or from the newest checkpoint of an earlier run.

    With several workers, this is worker 0, which writes the run directory; see `help_to_train`.

    Raises:
        RunError: the run cannot start, or a value is no longer finite.
        Interrupted: a signal has stopped the run, after a checkpoint was saved.
    """
    options, run, clips, workers = job.options, job.run, job.clips, job.workers
    generator = model_of(job)
    whole_sequences = job.experiment.infers_whole_sequences(options.encoded_frame)
    begin = start_or_resume(job, generator)
    latents, recovery = begin.latents, begin.recovery
    share_beginning(workers, generator, begin)
    shares_folder(workers, run)
    result = TrainingResult(options, run, clips, generator, latents, recovery, begin.calibrated)
    announce(options, clips, generator, run, begin.epoch)
    if begin.epoch == options.num_epochs:  # only results are missing, and they need no other worker
        workers.release()
    with (
        Interruption() as interruption,
        EpochReporter(run, options, clips, begin.epoch) as reporter,
        Background() as background,
    ):
        for epoch in range(begin.epoch, options.num_epochs):
            background.check()
            done = epoch + 1
            on_log_step = is_log_step(options, done)
            shown = frames_to_show(options, clips, done)
            began = time.monotonic()
            with kept_if_a_worker_dies(workers, result, epoch, background.wait):
                tell_progress = partial(reporter.tell_progress, done)
                report = train_epoch(job, generator, latents, epoch, shown, recovery, tell_progress)
                seconds = time.monotonic() - began
                refuse_not_finite(report, done, run, background.wait)
                check = posterior_check(generator, options, latents, done, whole_sequences)
                reporter.report(done, report, latents, check, seconds)
                if recovery:
                    recovery.end_epoch()
                stop_signal = agreed_signal(workers, interruption.signal)
            if stop_signal or done == options.num_epochs:
                workers.release()
            if on_log_step or stop_signal:
                background.wait()  # to avoid a third copy of the weights in memory
                snapshot = snapshot_of(result, done, shown.frames if on_log_step else None)
                result = result._replace(calibrated=snapshot.state.calibrated)
                background.start(write_snapshot, run, reporter, snapshot)
            if stop_signal:
                background.wait()
                raise stopped(stop_signal, done, run)
    if interruption.signal:  # it came after the last epoch, while its checkpoint was saved
        raise stopped(interruption.signal, options.num_epochs, run)
    generator = on_its_own(generator, workers)
    generator.step_size = settled_step(options, options.num_epochs)
    return result._replace(generator=generator)


def help_to_train(job: TrainingJob) -> None:
    """Train as a worker that is not worker 0: it writes nothing, unless worker 0 dies.

    Raises:
        RunError: a value is no longer finite.
        Interrupted: a signal to this worker has stopped the run.
    """
    options, run, clips, workers = job.options, job.run, job.clips, job.workers
    generator = model_of(job)
    begin = beginning(job)
    latents, recovery = begin.latents, begin.recovery
    first = share_beginning(workers, generator, begin)
    kept: Callable[[int], AbstractContextManager] = nullcontext
    if shares_folder(workers, run):
        result = TrainingResult(options, run, clips, generator, latents, recovery)
        kept = partial(kept_if_a_worker_dies, workers, result)
    if first == options.num_epochs:
        workers.release()
    with Interruption() as interruption:
        for epoch in range(first, options.num_epochs):
            done = epoch + 1
            shown = frames_to_show(options, clips, done)
            with kept(epoch):
                report = train_epoch(job, generator, latents, epoch, shown, recovery)
                refuse_not_finite(report, done, run)
                if recovery:
                    recovery.end_epoch()
                stop_signal = agreed_signal(workers, interruption.signal)
            if stop_signal or done == options.num_epochs:
                workers.release()
            if interruption.signal:
                raise Interrupted(
                    interruption.signal,
                    f"stopped after epoch {done}; worker 0 saves the checkpoint",
                )
            if stop_signal:  # another worker says so
                return


def is_log_step(options: Options, done: int) -> bool:
    """Whether a checkpoint and pictures are due after `done` epochs."""
    return done % options.log_step == 0 or done == options.num_epochs


def frames_to_show(options: Options, clips: Clips, done: int) -> KeptFrames:
    """Keeps the frames that are shown after `done` epochs; all workers must keep the same."""
    count = SHEET_SEQUENCES if is_log_step(options, done) else 0
    return KeptFrames(count, clips.frames.shape)


def encoded_frame_of(job: TrainingJob) -> str:
    """Which frame of each sequence the encoder maps, see `alternate`."""
    return job.options.encoded_frame if job.experiment.encodes else ""


def train_epoch(
    job: TrainingJob,
    generator: DynamicGenerator,
    latents: Latents,
    epoch: int,
    shown: KeptFrames,
    recovery: Recovery | None,
    tell_progress: Callable[[int, int], None] = lambda done, total: None,
) -> EpochReport:
    """Run epoch number `epoch`, from 0; see `alternate`."""
    options = job.options
    keepers: list[Keeper] = [shown, recovery] if recovery else [shown]
    generator.step_size = step_size(options, epoch)
    return alternate(
        generator,
        frames=job.clips.frames,
        visible=job.clips.visible,
        latents=latents,
        batch_size=options.batch_size,
        chunk_length=options.truncated_backprop_length,
        learning_rate=learning_rate(options, epoch),
        seed=options.seed,
        epoch=epoch,
        encoded_frame=encoded_frame_of(job),
        # With an encoder, chunks begin at the encoded frame, or follow the first frame.
        chunk_starts="fixed" if job.experiment.encodes else options.chunk_starts,
        keepers=keepers,
        tell_progress=tell_progress,
        workers=job.workers,
    )


def stopped(signal_number: int, epoch: int, run: RunDirectory) -> Interrupted:
    """The error for a signal during training, after the checkpoint of `epoch` was saved."""
    return Interrupted(
        signal_number,
        f"stopped after epoch {epoch}; checkpoint saved in {run.models}. Resume with --resume True",
    )


def model_of(job: TrainingJob) -> DynamicGenerator:
    """The model of a training.

    Its initial weights fit the clips, unless a checkpoint replaces them.

    Raises:
        RunError: it needs too much memory. Only now is it known whether a GPU computes.
    """
    refuse_too_large(job.options, job.experiment, len(job.clips.names), job.missing_values)
    clips = None if job.state else job.clips
    return build_generator(job.options, job.experiment, clips, infers=True, workers=job.workers)


def start_or_resume(job: TrainingJob, generator: DynamicGenerator) -> Beginning:
    """Prepare the run directory, and go on from the checkpoint of a resumed run.

    Raises:
        RunError: the disk is full, or the checkpoint does not belong to these clips or this model.
    """
    options, run, clips = job.options, job.run, job.clips
    state = job.state
    if state is None or state.epoch < options.num_epochs or has_new_options(state, options):
        freed = size_of_checkpoints(run) if options.overwrite else 0
        refuse_full_disk(run, generator, options.average_last * job.missing_values, freed)
    if options.overwrite:
        run.clear(clips.stored_in)
    if state:
        if state.clips_digest != clips.digest:
            run.drop_from_cache(clips.stored_in)
        refuse_other_state(state, options, clips.digest, run)
        restore(generator, state, run.models / f"model.ckpt-{state.epoch}")
    elif options.resume:
        print(f"{run.path} has no checkpoint yet; training from the start", file=sys.stderr)
    begin = beginning(job)
    warn_of_long_warmup(options)
    if state is None and begins_with_clips(options, job.experiment):
        begin = begin._replace(latents=fit_beginning(options, generator, begin.latents, clips))
    run.prepare(options, clips.names, device_in_words())
    if state is None:
        write_observed(run, clips, options)
    elif state.epoch == options.num_epochs and has_new_options(state, options):
        # No epoch follows that would save the options of this call, which make the results.
        calibrated = state.calibrated_for(options, job.experiment)
        arrays = state._replace(options=options, calibrated=calibrated).arrays()
        checkpoints.save(run.models, state.epoch, arrays, options.max_to_keep)
    return begin


def warn_of_long_warmup(options: Options) -> None:
    """Print a line to stderr if the latents change in no epoch."""
    if options.num_epochs <= options.step_warmup:
        print(
            f"warning: --num_epochs {options.num_epochs} is no longer than --step_warmup "
            f"{options.step_warmup}, in which only the weights learn; so no latents are inferred",
            file=sys.stderr,
        )


def beginning(job: TrainingJob) -> Beginning:
    """Where the training begins: with drawn latents, or with those of the job's checkpoint."""
    options, clips, state = job.options, job.clips, job.state
    if state is None:
        prior = random_generator(options.seed, Stream.INITIAL_LATENTS)
        epoch, samples = 0, None
        latents = draw_from_prior(
            latent_sizes(options), len(clips.names), options.num_frames, prior
        )
    else:
        epoch, latents, samples = state.epoch, state.latents, state.recovery_samples
    recovery = None
    if clips.missing is not None:
        recovery = Recovery(clips, options.average_last, samples)
    calibrated = state.calibrated_for(options, job.experiment) if state else None
    return Beginning(epoch, latents, recovery, calibrated)


def share_beginning(workers: Workers, generator: DynamicGenerator, begin: Beginning) -> int:
    """Give all workers the beginning of worker 0, in place; the number of epochs done."""
    if workers.count == 1:
        return begin.epoch
    own = generator.variables()
    shared = {name: np.array(values, ndmin=1) for name, values in own.items()}
    for values in (*begin.latents, *(shared[name] for name in sorted(shared))):
        share(workers, values)
    generator.set_variables({name: shared[name].reshape(own[name].shape) for name in own})
    numbers = np.array([begin.epoch, len(begin.recovery.samples) if begin.recovery else 0])
    share(workers, numbers)
    epoch, num_samples = numbers.tolist()
    if begin.recovery:
        known = begin.recovery.samples
        samples = np.zeros((num_samples, *known.shape[1:]), known.dtype)
        samples[: len(known)] = known
        share(workers, samples)
        begin.recovery.samples = samples
    return epoch


def share(workers: Workers, values: np.ndarray) -> None:
    """Give all workers the values of worker 0, in place."""
    workers.gather(values, np.full(len(values), workers.number == 0))


def agreed_signal(workers: Workers, own: int) -> int:
    """The number of a signal that has reached any of the workers; 0 if none has."""
    signals = np.zeros(workers.count)
    signals[workers.number] = own
    return int(workers.total(signals).max())


def on_its_own(generator: DynamicGenerator, workers: Workers) -> DynamicGenerator:
    """The same model in a graph that needs no other worker."""
    if workers.count == 1:
        return generator
    with uninterrupted():
        alone = DynamicGenerator(generator.settings, generator.chunk_lengths)
    alone.set_variables(generator.variables())
    return alone


def shares_folder(workers: Workers, run: RunDirectory) -> bool:
    """Whether this worker sees the run directory of worker 0, and not another one of that name."""
    identities = workers.texts(run.identity())
    own = identities[workers.number]
    return own != "" and own == identities[0]


@contextmanager
def kept_if_a_worker_dies(
    workers: Workers, result: TrainingResult, epoch: int, wait: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Save a checkpoint of `epoch` epochs, which are done, if the block fails with several workers.

    Worker 0 saves it, or if worker 0 is dead, the first other worker that sees its directory. One
    process alone has its newest checkpoint, which may be some epochs older.

    Args:
        wait: waits until this worker writes nothing else.
    """
    if workers.count == 1:
        yield
        return
    state = state_of(result, epoch, None)
    try:
        yield
    except RunError:  # this worker itself found what is wrong
        raise
    except Exception:
        workers.begin_saving()
        wait()
        run, options = result.run, result.options
        # Worker 0 holds the lock while it lives, so the others are then refused.
        with suppress(RunError), nullcontext() if workers.number == 0 else locked(run.path):
            if epoch > 0 and not checkpoints.is_there(run.models / f"model.ckpt-{epoch}"):
                refuse_state_not_finite(state, run)  # worker 0 may have ended because of them
                path = checkpoints.save(run.models, epoch, state.arrays(), options.max_to_keep)
                print(f"the last whole epoch is saved in {path}", file=sys.stderr)
        raise


def snapshot_of(
    result: TrainingResult,
    epoch: int,
    reconstruction: np.ndarray | None,
) -> Snapshot:
    """The data to be written after `epoch` epochs, as copies that training does not change.

    Args:
        reconstruction: of the first sequences; None if only a checkpoint is due.
    """
    sampler = make_sampler(result.generator, result.options, result.latents)
    state = state_of(result, epoch, sampler.calibrated())
    if reconstruction is None:
        return Snapshot(state)
    return Snapshot(
        state,
        reconstruction,
        synthesis=preview(sampler, result.latents, epoch),
        recovered=result.recovery.recovered() if result.recovery else None,
    )


def state_of(result: TrainingResult, epoch: int, calibrated: Calibrated | None) -> RunState:
    """The content of a checkpoint after `epoch` epochs, as copies that training does not change."""
    return RunState(
        epoch=epoch,
        options=result.options,
        sequence_names=result.clips.names,
        clips_digest=result.clips.digest,
        latents=copied(result.latents),
        variables=result.generator.variables(),
        recovery_samples=result.recovery.samples if result.recovery else None,
        calibrated=calibrated,
        formats=result.clips.formats,
    )


def has_new_options(state: RunState, options: Options) -> bool:
    """Whether a call changes options that a checkpoint has."""
    return state.options.lasting() != options.lasting()


def size_of_checkpoints(run: RunDirectory) -> int:
    """The bytes of the checkpoints of a run."""
    return sum(path.stat().st_size for path in run.models.glob("model.ckpt-*") if path.is_file())


def refuse_full_disk(
    run: RunDirectory, generator: DynamicGenerator, samples_bytes: int, freed: int = 0
) -> None:
    """Raises RunError if the disk has no space for two checkpoints.

    Args:
        samples_bytes: of the last reconstructions in a checkpoint.
        freed: bytes that the run frees before it writes.
    """
    needed = 2 * (generator.variable_bytes() + samples_bytes)
    free = shutil.disk_usage(existing_part(run.models)).free + freed
    if free < needed:
        raise RunError(
            f"no space for checkpoints in {run.path}: {free / 1e6:.0f} MB are free and two "
            f"checkpoints take {needed / 1e6:.0f} MB; make room or choose another --output_dir"
        )


def refuse_other_state(
    state: RunState, options: Options, clips_digest: str, run: RunDirectory
) -> None:
    """Raises RunError if a checkpoint has other clips or more epochs than requested."""
    path = run.models / f"model.ckpt-{state.epoch}"
    if state.clips_digest != clips_digest:
        raise RunError(
            f"{path} was trained on other clips or masks than {options.category} in "
            f"{options.data_path} now has, or on a machine that decodes videos otherwise; restore "
            "them, go on there, or train another run"
        )
    if state.epoch > options.num_epochs:
        raise RunError(
            f"{path} has {state.epoch} epochs, more than --num_epochs {options.num_epochs}; "
            "ask for more epochs"
        )


def refuse_not_finite(
    report: EpochReport, epoch: int, run: RunDirectory, wait: Callable[[], None] = lambda: None
) -> None:
    """Raises RunError if the energy or a gradient is not finite.

    Args:
        wait: waits until the last checkpoint is written, so that the error can name it.
    """
    seen = {
        "the energy": report.prior + report.likelihood,
        "a gradient": report.alpha_gradient + report.beta_gradient,
    }
    for name, value in seen.items():
        if not math.isfinite(value):
            wait()
            raise not_finite(name, epoch, run)


def refuse_state_not_finite(state: RunState, run: RunDirectory) -> None:
    """Raises RunError if a weight, a statistic or a latent is not finite."""
    statistics = [
        values for part in state.calibrated or [] for moments in part for values in moments
    ]
    parts = {"a weight": [*state.variables.values(), *statistics], "a latent": state.latents}
    for name, arrays in parts.items():
        if not all(np.isfinite(values).all() for values in arrays):
            raise not_finite(name, state.epoch, run)


def not_finite(name: str, epoch: int, run: RunDirectory) -> RunError:
    """The error for a value that is not finite."""
    what = f"{name} is no longer finite in epoch {epoch}"
    if not checkpoints.existing(run.models):
        return RunError(
            f"{what}, before the first checkpoint; start again with --overwrite True and a smaller "
            "--lr_gen or --step_size"
        )
    return RunError(
        f"{what}; the checkpoints in {run.models} are older and finite; go on with --resume True "
        "and a smaller --lr_gen"
    )


def write_snapshot(run: RunDirectory, reporter: EpochReporter, snapshot: Snapshot) -> None:
    """Write the pictures and scores of an epoch, if they are due, and then its checkpoint.

    Raises:
        RunError: a weight, a statistic or a latent is not finite; no checkpoint is written then.
    """
    state = snapshot.state
    refuse_state_not_finite(state, run)
    if snapshot.reconstruction is not None and snapshot.synthesis is not None:
        videos: dict[str, Indexable] = {
            "reconstruction": to_bytes(snapshot.reconstruction),
            "synthesis": to_bytes(snapshot.synthesis),
        }
        reporter.measure(state.epoch, videos["synthesis"][:])
        if snapshot.recovered:
            videos["recovered"] = snapshot.recovered.average
            reporter.score(state.epoch, snapshot.recovered)
        reporter.draw(state.epoch, videos)
    checkpoints.save(run.models, state.epoch, state.arrays(), state.options.max_to_keep)


def preview(sampler: Sampler, latents: Latents, epoch: int) -> np.ndarray:
    """Synthesized videos of the first batch of sequences, [n, T, H, W, 3] in [-1, 1]."""
    options = sampler.options
    num_chunks = math.ceil(options.num_frames / options.truncated_backprop_length)
    first = of_sequences(latents, slice(options.batch_size))
    chunks = sampled(sampler, first, num_chunks, FOR_PREVIEW, epoch)
    return np.concatenate(list(chunks), axis=1)[:, : options.num_frames]


def write_observed(run: RunDirectory, clips: Clips, options: Options) -> None:
    """Write the first --results_for training clips, with missing pixels in black."""
    shown = zip(clips.names, clips.formats, clips.frames, strict=True)
    for name, clip, observed in islice(shown, options.results_for):
        frames = to_bytes(observed)
        write_video(run.observed_sequence / name, frames, clip.rate or FRAMES_PER_SECOND)
        rows = contact_sheet(f"observed\n{name}", frames)
        write_picture(run.observed_sequence / name, rows, options.enlarge)
