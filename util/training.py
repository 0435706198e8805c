"""A training run: the alternating loop, with checkpoints, log and pictures hung on it."""

import math
import shutil
import sys
import time
from typing import NamedTuple

import numpy as np

from model.alternating import EpochReport, alternate, infer_onwards
from model.dynamic_generator import DynamicGenerator
from model.latents import Latents, copied, draw_from_prior, of_sequences
from model.random_keys import Stream, random_generator
from util import checkpoints
from util.background import Background
from util.bookkeeping import Bookkeeping
from util.building import build_generator, latent_sizes, restore
from util.clips import Clips
from util.errors import Interrupted, RunError
from util.frames import to_bytes
from util.interruption import Interruption
from util.options import FIELDS, CommandLine, Options
from util.pictures import contact_sheet, write_png, write_video
from util.preparation import TrainingJob, existing_part
from util.recovery import Recovered, Recovery
from util.run_directory import RunDirectory
from util.run_state import RunState, digest, read_state
from util.sampled_videos import FOR_PREVIEW, sampled

INFERENCES_AFTER_TRAINING = 20  # of as many Langevin steps each as in an iteration


class Trained(NamedTuple):
    """A trained model with what it was trained on and what it inferred.

    `recovery` is None where nothing was missing.
    """

    options: Options
    run: RunDirectory
    clips: Clips
    generator: DynamicGenerator
    latents: Latents
    recovery: Recovery | None


def train(job: TrainingJob) -> Trained:
    """Train a model, from the start or from where an earlier run stopped.

    Raises:
        RunError: the run cannot start, or a value is no longer finite.
        Interrupted: Ctrl-C or SIGTERM, after a checkpoint was saved.
    """
    options, run, clips = job
    generator = build_generator(options)
    hidden = 0 if clips.missing is None else 3 * np.count_nonzero(clips.missing)
    refuse_full_disk(run, generator, options.average_last * hidden)
    if options.overwrite:
        run.clear()
    clips_digest = digest(clips.frames, clips.missing)
    state = resume(run, generator, options, clips_digest) if options.resume else None
    run.prepare(options)
    if state is None:
        write_observed(run, clips)
        prior = random_generator(options.seed, Stream.INITIAL_LATENTS)
        latents = draw_from_prior(
            latent_sizes(options), len(clips.names), options.num_frames, prior
        )
        first_epoch = 0
    else:
        first_epoch, latents = state.epoch, state.latents
    recovery = None
    if clips.missing is not None:
        recovery = Recovery(clips, options.average_last, state and state.recovery_samples)
    del state  # of it the model has its weights; they need not be held twice
    with (
        Interruption() as interruption,
        Bookkeeping(run, options, clips, first_epoch) as books,
        Background() as background,
    ):
        for epoch in range(first_epoch, options.num_epochs):
            background.check()
            began = time.monotonic()
            report = alternate(
                generator,
                clips.frames,
                latents,
                options.batch_size,
                options.truncated_backprop_length,
                options.seed,
                epoch,
                clips.visible,
                learning_rate(options, epoch),
                options.encoded_frame if options.experiment == "animation" else "",
            )
            seconds = time.monotonic() - began
            done = epoch + 1
            refuse_not_finite(report, done, run)
            books.note(done, report, latents, seconds)
            if recovery:
                recovery.add(report.reconstruction)
            stop_signal = interruption.signal
            on_log_step = done % options.log_step == 0 or done == options.num_epochs
            if on_log_step or stop_signal:
                background.wait()  # so that no third copy of the weights is made
                background.start(
                    write_epoch,
                    run,
                    books,
                    RunState(
                        done,
                        options,
                        clips.names,
                        clips_digest,
                        copied(latents),
                        generator.state(),
                        recovery.samples if recovery else None,
                    ),
                    report.reconstruction,
                    preview(generator, options, latents, done) if on_log_step else None,
                    recovery.recovered() if recovery and on_log_step else None,
                )
            if stop_signal:
                background.wait()
                raise Interrupted(
                    stop_signal,
                    f"stopped after epoch {done}, saved in {run.models}; go on by --resume True",
                )
    return Trained(options, run, clips, generator, latents, recovery)


def with_first_frames_encoded(trained: Trained) -> Trained:
    """The same with the sequences' latents as they follow from their first frames.

    The encoder makes of those where the sequences begin; the innovations that lead on from there
    are inferred anew, as those of training may each belong to a chunk that began elsewhere.
    """
    options, generator, frames = trained.options, trained.generator, trained.clips.frames
    appearance, initial_state = generator.encode(frames[:, 0])
    latents = copied(trained.latents)._replace(appearance=appearance, initial_state=initial_state)
    infer_onwards(
        generator,
        frames,
        latents,
        options.batch_size,
        options.truncated_backprop_length,
        options.seed,
        INFERENCES_AFTER_TRAINING,
    )
    return trained._replace(latents=latents)


def learning_rate(options: Options, epoch: int) -> float:
    """The rate of an epoch, the first being 0: it rises in equal steps, and halves as asked."""
    warm = min(1.0, (epoch + 1) / (options.lr_warmup + 1))
    halvings = epoch / options.lr_half_life if options.lr_half_life else 0.0
    return options.lr_gen * warm * 0.5**halvings


def refuse_full_disk(run: RunDirectory, generator: DynamicGenerator, samples_bytes: int) -> None:
    """Raises RunError where not even two checkpoints would fit."""
    needed = 2 * (generator.state_bytes() + samples_bytes)
    free = shutil.disk_usage(existing_part(run.path)).free
    if free < needed:
        raise RunError(
            f"no space for checkpoints in {run.path}: {free / 1e6:.0f} MB are free and two "
            f"checkpoints take {needed / 1e6:.0f} MB; make room or choose another --output_dir"
        )


def resume(
    run: RunDirectory, generator: DynamicGenerator, options: Options, clips_digest: str
) -> RunState | None:
    """Load the newest checkpoint that can be read; None where the run has none yet.

    Raises:
        RunError: none of the checkpoints there can be read, or it is of other clips.
        CommandLineError: it is of other options.
    """
    found = checkpoints.existing(run.models)
    for _, path in reversed(found):
        try:
            state = read_state(path)
        except checkpoints.UnreadableCheckpoint as error:
            print(f"{error}; trying the one before it", file=sys.stderr)
            continue
        if state.clips_digest != clips_digest:
            raise RunError(
                f"the clips of {options.category} in {options.data_path}, or their masks, are not "
                f"those that {path} was trained on; restore them or train another run"
            )
        if state.epoch > options.num_epochs:
            raise RunError(
                f"{path} has {state.epoch} epochs, more than --num_epochs {options.num_epochs}; "
                "ask for more epochs"
            )
        # options.json may have been edited or replaced since: what the checkpoint says counts.
        CommandLine(options, frozenset(FIELDS)).over(state.options)
        restore(generator, state, path)
        return state
    if found:
        raise RunError(f"no checkpoint in {run.models} can be read; begin anew, --overwrite True")
    print(f"{run.path} has no checkpoint yet; training from the start", file=sys.stderr)
    return None


def refuse_not_finite(report: EpochReport, epoch: int, run: RunDirectory) -> None:
    """Raises RunError where the energy or a gradient is no longer a finite number."""
    seen = {
        "the energy": report.prior + report.likelihood,
        "a gradient": report.alpha_gradient + report.beta_gradient,
    }
    for name, value in seen.items():
        if not math.isfinite(value):
            raise not_finite(name, epoch, run)


def not_finite(name: str, epoch: int, run: RunDirectory) -> RunError:
    """The error that a value is no longer a finite number."""
    return RunError(
        f"{name} is no longer finite in epoch {epoch}; the checkpoints in {run.models} are from "
        "before; try a smaller --lr_gen or --step_size"
    )


def write_epoch(
    run: RunDirectory,
    books: Bookkeeping,
    state: RunState,
    reconstruction: np.ndarray,
    synthesis: np.ndarray | None,
    recovered: Recovered | None,
) -> None:
    """Write the pictures of an epoch, where there is a synthesis, and then its checkpoint.

    Args:
        reconstruction, synthesis: [n, T, H, W, 3] in [-1, 1], of all and of the first sequences.
        recovered: where pixels are missing, and there is a synthesis.

    Raises:
        RunError: a weight is no longer a finite number; there is no such checkpoint then.
    """
    if not all(np.isfinite(values).all() for values in state.variables.values()):
        raise not_finite("a weight", state.epoch, run)
    if synthesis is not None:
        videos = {"reconstruction": to_bytes(reconstruction), "synthesis": to_bytes(synthesis)}
        if recovered:
            videos["recovered"] = recovered.average
            books.score(state.epoch, recovered)
        books.draw(state.epoch, videos)
    checkpoints.save(run.models, state.epoch, state.arrays(), state.options.max_to_keep)


def preview(
    generator: DynamicGenerator, options: Options, latents: Latents, epoch: int
) -> np.ndarray:
    """A synthesized video of the first batch of sequences, [n, T, H, W, 3] in [-1, 1]."""
    num_chunks = math.ceil(options.num_frames / options.truncated_backprop_length)
    first = of_sequences(latents, slice(options.batch_size))
    chunks = sampled(generator, options, first, num_chunks, FOR_PREVIEW, epoch)
    return np.concatenate(list(chunks), axis=1)[:, : options.num_frames]


def write_observed(run: RunDirectory, clips: Clips) -> None:
    """The training clips as the model sees them, black where pixels are missing."""
    for name, frames in zip(clips.names, to_bytes(clips.frames), strict=True):
        write_video(run.observed_sequence / name, frames)
        write_png(run.observed_sequence / f"{name}.png", contact_sheet(frames))
