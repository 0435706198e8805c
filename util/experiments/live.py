"""Live: a trained model that runs in a browser window until it is stopped."""

import asyncio
import io
from functools import partial
from typing import NoReturn

import numpy as np
from PIL import Image

from model.calibration import going_over
from util.data.frames import to_bytes
from util.live.opening import open_page
from util.live.player import Chunk, Frame, Request
from util.live.recordings import Recordings
from util.live.server import Server, listen
from util.live.stage import CHUNK, Stage
from util.runs.jobs import TestingJob
from util.runs.loading import LoadedCheckpoint, built_sampler, with_transition_in_test
from util.runs.sampling import Sampler, drawn_in_test, from_inferred_states
from util.runs.showing import showing_of
from util.system.errors import CommandLineError, Interrupted
from util.system.interruption import Interruption

JPEG_QUALITY = 92


def check(checkpoint: LoadedCheckpoint) -> None:
    """Raises CommandLineError if a recording would have to replace files."""
    if checkpoint.options.overwrite:
        raise CommandLineError(
            "--overwrite True replaces results, and recordings of --experiment live never replace "
            "a file; leave it out"
        )


def serve(job: TestingJob, checkpoint: LoadedCheckpoint) -> NoReturn:
    """Show the model in the browser until a signal comes. Only recordings are written.

    Raises:
        RunError: the port is in use, or the checkpoint belongs to another model.
        Interrupted: a signal has come.
    """
    with listen(checkpoint.options.port) as listening:
        checkpoint = with_transition_in_test(checkpoint)
        stage = stage_of(job, checkpoint, built_sampler(checkpoint, more_lengths=[CHUNK]))
        server = Server(stage, listening.getsockname()[1])

        def started(url: str) -> None:
            print(f"the model runs at {url}; Ctrl-C ends it", flush=True)
            if checkpoint.options.browser:
                open_page(url)

        with Interruption() as interruption:
            asyncio.run(server.serve(listening, started, lambda: interruption.signal))
            stage.close()
    folder = stage.recordings.folder
    raise Interrupted(
        interruption.signal,
        f"ended; recordings in {folder}" if folder else "ended; nothing was written",
    )


def stage_of(job: TestingJob, checkpoint: LoadedCheckpoint, sampler: Sampler) -> Stage:
    """What all pages share."""
    options, state = checkpoint.options, checkpoint.state
    rows = range(len(state.sequence_names))
    return Stage(
        title=f"{job.run.name} {checkpoint.path.name}",
        side=options.image_size,
        names=state.sequence_names,
        showings=[showing_of(options, state.format_of(row)) for row in rows],
        latents=state.latents,
        innovations=sampler.innovations,
        drawn=drawn_in_test(sampler.generator, from_inferred_states(options)),
        make=partial(made, sampler),
        recordings=Recordings(job.result_folder(checkpoint.experiment)),
    )


def made(sampler: Sampler, request: Request) -> Chunk:
    """Run the model for a chunk of one page."""
    statistics, duration = sampler.statistics, sampler.options.truncated_backprop_length
    if statistics is not None and sampler.beginning is not None and request.first <= duration:
        times = request.first + np.arange(request.latents.innovations.shape[1])
        statistics = going_over(sampler.beginning, statistics, times, duration)
    latents = sampler.innovations.pulled(sampler.generator, request.latents)
    generated = sampler.generator.generate(latents, statistics)
    frames = to_bytes(generated.frames[0])
    return Chunk([Frame(pixels, as_jpeg(pixels)) for pixels in frames], generated.states[0])


def as_jpeg(pixels: np.ndarray) -> bytes:
    """A frame, uint8 [H, W, 3], as a file in JPEG with full colours."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return file.getvalue()
