"""A training run: the alternating loop, with checkpoints, log and pictures hung on it."""

import math
import shutil
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from model.alternating import EpochReport, alternate
from model.dynamic_generator import DynamicGenerator
from model.latents import Latents, draw_from_prior
from model.random_keys import Stream, random_generator
from model.sampling import synthesize
from util import checkpoints
from util.building import build_generator, latent_sizes, restore
from util.clips import Clips, read_category
from util.errors import RunError
from util.event_log import EventLog
from util.frames import to_bytes
from util.interruption import Interruption
from util.options import CommandLine, Options
from util.pictures import above, contact_sheet, write_png, write_video
from util.run_directory import RunDirectory
from util.run_state import RunState, digest, read_state

SHEET_SEQUENCES = 4  # sequences on a contact sheet


class Trained(NamedTuple):
    """A trained model with what it was trained on and what it inferred."""

    options: Options
    run: RunDirectory
    clips: Clips
    generator: DynamicGenerator
    latents: Latents


class Interrupted(Exception):
    """The run was asked to stop, and has saved; the argument is the signal's number."""


def train(command_line: CommandLine) -> Trained:
    """Train a model, from the start or from where an earlier run stopped.

    Raises:
        RunError: the run cannot start, or a value is no longer finite.
        Interrupted: Ctrl-C or SIGTERM, after a checkpoint was saved.
    """
    options = command_line.options
    run = RunDirectory(Path(options.output_dir) / options.category)
    refuse_second_run(run, options)
    if options.resume and (recorded := run.recorded_options()):
        options = command_line.over(recorded)
    clips = read_category(
        options.data_path,
        options.category,
        options.first_frame,
        options.num_frames,
        options.image_size,
    )
    generator = build_generator(options)
    refuse_full_disk(run, generator)
    if options.overwrite:
        run.clear()
    clips_digest = digest(clips.frames)
    state = resume(run, generator, options, clips_digest) if options.resume else None
    run.prepare(options)
    if state is None:
        prior = random_generator(options.seed, Stream.INITIAL_LATENTS)
        latents = draw_from_prior(
            latent_sizes(options), len(clips.names), options.num_frames, prior
        )
        write_observed(run, clips)
    else:
        latents = state.latents
    first_epoch = state.epoch if state else 0

    def save(epoch: int) -> Path:
        now = RunState(epoch, options, clips.names, clips_digest, latents, generator.state())
        return checkpoints.save(run.models, epoch, now.arrays(), options.max_to_keep)

    log = EventLog(run.log, first_epoch)
    progress = tqdm(
        total=options.num_epochs, initial=first_epoch, desc=options.category, unit="epoch"
    )
    watch = InferenceWatch()
    with Interruption() as interruption, progress:
        for epoch in range(first_epoch, options.num_epochs):
            began = time.monotonic()
            report = alternate(
                generator,
                clips.frames,
                latents,
                options.batch_size,
                options.truncated_backprop_length,
                options.seed,
                epoch,
            )
            seconds = time.monotonic() - began
            done = epoch + 1
            refuse_not_finite(report, generator, done, run)
            watch.look(report, done, progress)
            log.figures(figures(report, latents, seconds), done)
            progress.update()
            progress.set_postfix_str(
                f"error {report.squared_error:.5f}, prior {report.prior:.0f}, "
                f"likelihood {report.likelihood:.1f}"
            )
            on_log_step = done % options.log_step == 0 or done == options.num_epochs
            if on_log_step:
                draw_progress(run, log, generator, options, latents, report, done)
            if on_log_step or interruption.signal:
                save(done)
                log.flush()
            if interruption.signal:
                log.close()
                raise Interrupted(interruption.signal, run.path, done)
    log.close()
    return Trained(options, run, clips, generator, latents)


def refuse_second_run(run: RunDirectory, options: Options) -> None:
    """Raises RunError where another run's files would be touched unasked."""
    if run.holds_run() and not (options.resume or options.overwrite):
        raise RunError(
            f"{run.path} already holds a run; go on with it by --resume True, replace it by "
            "--overwrite True, or choose another --output_dir"
        )


def refuse_full_disk(run: RunDirectory, generator: DynamicGenerator) -> None:
    """Raises RunError where not even two checkpoints would fit."""
    needed = 2 * generator.state_bytes()
    folder = run.path.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
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
        RunError: none of the checkpoints there can be read, or it is of other clips or options.
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
                f"the clips of {options.category} in {options.data_path} are not those that "
                f"{path} was trained on; restore them or train another run"
            )
        if state.epoch > options.num_epochs:
            raise RunError(
                f"{path} has {state.epoch} epochs, more than --num_epochs {options.num_epochs}; "
                "ask for more epochs"
            )
        restore(generator, state, path)
        return state
    if found:
        raise RunError(f"no checkpoint in {run.models} can be read; begin anew, --overwrite True")
    print(f"{run.path} has no checkpoint yet; training from the start", file=sys.stderr)
    return None


def refuse_not_finite(
    report: EpochReport, generator: DynamicGenerator, epoch: int, run: RunDirectory
) -> None:
    """Raises RunError where the likelihood or a weight is no longer a finite number."""
    wrong = None
    if not math.isfinite(report.likelihood + report.prior):
        wrong = "the likelihood"
    elif not generator.weights_are_finite():
        wrong = "a weight"
    if wrong:
        raise RunError(
            f"{wrong} is no longer finite in epoch {epoch}; the checkpoints in {run.models} are "
            "from before; try a smaller --lr_gen or --step_size"
        )


class InferenceWatch:
    """Warns when the frames no longer reach the innovations, once each time it happens."""

    def __init__(self) -> None:
        self._warned = False

    def look(self, report: EpochReport, epoch: int, progress: tqdm) -> None:
        stopped = report.likelihood_gradient == 0
        if stopped and not self._warned:
            progress.write(
                f"warning: in epoch {epoch} the gradient of the likelihood with respect to the "
                f"innovations is 0 ({report.active_share:.0%} of the hidden units are active): "
                "inference has stopped working; try a larger --transition_init_std",
                file=sys.stderr,
            )
        self._warned = stopped


def figures(report: EpochReport, latents: Latents, seconds: float) -> dict[str, float]:
    """The figures of an epoch by the names they have in TensorBoard."""
    return {
        "reconstruction_error": report.squared_error,
        "energy/prior": report.prior,
        "energy/likelihood": report.likelihood,
        "gradient_norm/alpha": report.alpha_gradient,
        "gradient_norm/beta": report.beta_gradient,
        "gradient_norm/innovations": report.likelihood_gradient,
        "active_hidden_units": report.active_share,
        "seconds_per_epoch": seconds,
        **{
            f"latent_norm/{name}": float(np.linalg.norm(value))
            for name, value in latents._asdict().items()
            if value.size
        },
    }


def write_observed(run: RunDirectory, clips: Clips) -> None:
    """The training clips as the model sees them: videos and contact sheets."""
    for name, frames in zip(clips.names, to_bytes(clips.frames), strict=True):
        write_video(run.observed_sequence / name, frames)
        write_png(run.observed_sequence / f"{name}.png", contact_sheet(frames))


def draw_progress(
    run: RunDirectory,
    log: EventLog,
    generator: DynamicGenerator,
    options: Options,
    latents: Latents,
    report: EpochReport,
    epoch: int,
) -> None:
    """Contact sheets of reconstruction and synthesis, as files and in TensorBoard."""
    shown = slice(SHEET_SEQUENCES)
    length = options.truncated_backprop_length
    synthesis = synthesize(
        generator,
        Latents(*(value[shown] for value in latents)),
        length,
        math.ceil(options.num_frames / length),
        options.normalization_in_test,
        lambda chunk: random_generator(options.seed, Stream.PREVIEW, epoch, chunk),
    )
    videos = {
        "reconstruction": report.reconstruction[shown],
        "synthesis": np.concatenate(list(synthesis), axis=1)[:, : options.num_frames],
    }
    for name, frames in videos.items():
        sheet = above([contact_sheet(video) for video in to_bytes(frames)])
        write_png(run.synthesis_sequence / f"epoch_{epoch:05d}_{name}.png", sheet)
        log.picture(name, sheet, epoch)
