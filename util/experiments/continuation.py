"""Continuation: what comes after the last frame of a clip.

The video goes on from the state that was inferred at the last frame, with new innovations. Each
continuation of a clip has other innovations and is another possible future. Innovations whose first
step is larger than all steps of the clip are drawn again. With --clip, the clip
is one that the model was not trained on; its latents are inferred first, with fixed weights.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from model.continuation import after_last_frame, infer_clip, nearest_sequence, with_residual
from model.latents import Latents, of_sequences
from model.random_keys import Stream, random_generator
from model.sampling import reconstruct, synthesize
from util.data.clip_facts import ClipFacts, facts_of
from util.data.clips import find_clips, read_clip, unique_names
from util.data.frames import to_bytes, to_model_range
from util.data.kinds import is_clip, refuse_unprintable
from util.data.observed import first_of_truth
from util.metrics.futures import Future, compared, in_words, write_futures
from util.metrics.steps import size, steps
from util.pictures.layout import under_one_head, write_picture, write_playing
from util.pictures.sheets import Row, around_change
from util.pictures.showing import Showing, shaped, write_shown
from util.runs.loading import LoadedCheckpoint, LoadedRun, observed_again, observed_or_reconstructed
from util.runs.showing import showing_of
from util.system.errors import CommandLineError, RunError
from util.system.names import composed, safe_names
from util.system.notes import tell_once

KNOWN = 30  # true next frames that are used, at most
DRAWS = 10  # a future is drawn so often, at most


class Observed(NamedTuple):
    """A clip to be continued.

    Fields:
        frames: uint8 [T, side, side, 3].
        latents: the latents of these frames, one sequence.
        showing: how it is shown.
        truth: the true next frames, uint8 [t, side, side, 3]; None if they are unknown.
    """

    name: str
    frames: np.ndarray
    latents: Latents
    showing: Showing
    truth: np.ndarray | None


def check(checkpoint: LoadedCheckpoint) -> None:
    """Check the model and the clip.

    Raises:
        CommandLineError: the innovations of the model do not belong to whole sequences, or flags
            contradict.
        RunError: the clip cannot be read or is too short.
    """
    options = checkpoint.options
    if checkpoint.trained_by.encodes:
        raise CommandLineError(
            f"--experiment continuation needs inferred start states; in {checkpoint.path} an "
            "encoder gives them; continue a still image with --experiment animation --image PATH"
        )
    if options.clip:
        if options.sequences:
            raise CommandLineError(
                f"--sequences {options.sequences} and --clip {options.clip} both name what to "
                "continue; give one of them"
            )
        clip = facts_of_clip(Path(options.clip))
        usable_frames(clip, checkpoint)
        tell_other_rate(clip, checkpoint)


def test(run: LoadedRun) -> None:
    """Write `num_batches_in_test` continuations of each clip, and their scores."""
    options = run.options
    tables: dict[str, dict[str, Future]] = {}
    playing, pictures = [], []
    showing = None
    for clip in clips_to_continue(run):
        futures = [continued(run, clip, video) for video in run.videos]
        whole = [np.concatenate([clip.frames, future]) for future in futures]
        labels = [f"{clip.name}_{number}" for number in range(1, len(whole) + 1)]
        tell_jumps(clip.frames, dict(zip(labels, futures, strict=True)))
        for label, video in zip(labels, whole, strict=True):
            write_shown(run.folder / label, video, clip.showing)
        tables[clip.name] = compared(
            dict(zip(labels, futures, strict=True)),
            clip.frames,
            clip.truth,
            options.truncated_backprop_length,
            options.baseline_states,
            random_generator(options.seed, Stream.BASELINE, len(tables)),
        )
        for way, scores in tables[clip.name].items():
            print(f"{way if way in labels else f'{clip.name}, {way}'}: {in_words(scores)}")
        shown = [shaped(video, clip.showing.proportions) for video in whole]
        heads = [f"future {number}" for number in range(1, len(whole) + 1)]
        playing.append(Row(clip.name, shown, heads, framed_from=[len(clip.frames)] * len(whole)))
        pictures += [
            around_change(f"{clip.name}\n{head}", video, len(clip.frames))
            for head, video in zip(heads, shown, strict=True)
        ]
        showing = showing or clip.showing
    assert showing is not None  # because there is at least one clip
    path = run.folder / "overview"
    write_playing(path, under_one_head(playing), options.enlarge, showing.rate)
    write_picture(path, under_one_head(pictures), options.enlarge)
    write_futures(run.folder / "continuation.csv", tables)


def continued(run: LoadedRun, clip: Observed, video: int) -> np.ndarray:
    """New frames after a clip, uint8 [T, side, side, 3], with an ordinary step to the first."""
    options, sampler = run.options, run.sampler
    generator, length = sampler.generator, options.truncated_backprop_length
    start = after_last_frame(generator, clip.latents, length)
    known = reconstruct(generator, clip.latents, length, 1, sampler.statistics, sampler.beginning)
    residual = to_model_range(clip.frames[-1]) - known[0, -1]

    def future(draw: int) -> np.ndarray:
        again = [draw] if draw else []
        chunks = synthesize(
            generator,
            start,
            sampler.innovations,
            length,
            options.num_sections_in_test,
            sampler.statistics,
            lambda chunk: random_generator(options.seed, Stream.CONTINUATION, video, chunk, *again),
        )
        new = np.concatenate([frames[0] for frames in chunks])
        return to_bytes(with_residual(new, residual))

    return first_with_ordinary_step(clip.frames, map(future, range(DRAWS)))


def first_with_ordinary_step(observed: np.ndarray, futures: Iterable[np.ndarray]) -> np.ndarray:
    """The first future whose step from the observed frames is not larger than all their steps.

    If there is none, it is the future with the smallest step. If nothing moves in the observed
    frames, any step is ordinary.

    Args:
        observed, futures: uint8 [T, H, W, 3].
    """
    largest = largest_step(observed)
    smallest, best = math.inf, observed[:0]
    for future in futures:
        step = size(observed[-1], future[0])
        if step < smallest:
            smallest, best = step, future
        if smallest <= largest:
            break
    return best


def largest_step(observed: np.ndarray) -> float:
    """The largest ordinary step of the frames, uint8 [T, H, W, 3]; infinite if nothing moves."""
    return steps(observed).max(initial=0.0) or math.inf


def tell_jumps(observed: np.ndarray, futures: Mapping[str, np.ndarray]) -> None:
    """Tell which futures, by name, begin with a larger step than all observed ones."""
    largest = largest_step(observed)
    jumping = [name for name, new in futures.items() if size(observed[-1], new[0]) > largest]
    if jumping:
        tell_once(
            f"{', '.join(jumping)}: a jump to the first new frame in all {DRAWS} draws; the model "
            "does not show this clip well, so train it longer, or on this clip"
        )


# --- What is continued ---


def clips_to_continue(run: LoadedRun) -> Iterator[Observed]:
    """Yield the clip of --clip, or else the requested training sequences, one by one."""
    if run.options.clip:
        yield inferred(run, facts_of_clip(Path(run.options.clip)))
        return
    observed = observed_again(run)
    if observed is None:
        tell_once("the continuations are not scored")
    rows = run.checkpoint.rows
    frames = observed_or_reconstructed(run, observed, rows)
    for index, (row, name) in enumerate(zip(rows, run.names, strict=True)):
        latents = of_sequences(run.latents, [index])
        truth = None if observed is None else next_frames(run, row)
        yield Observed(name, frames[index], latents, run.showing(row), truth)


def next_frames(run: LoadedRun, row: int) -> np.ndarray | None:
    """The frames of a training sequence after those of the training, at most `KNOWN`."""
    options, recorded = run.options, run.checkpoint.state.options
    of_truth = "truth_path" in run.checkpoint.trained_by.uses and options.truth_path
    # They have the bytes and the order of the clips of the training, perhaps with other names.
    clips = find_clips(options.data_path, recorded.category)
    clip, first = facts_of(clips[row]), recorded.first_frame
    if of_truth:
        name = composed(unique_names(clips)[row])
        known = find_clips(of_truth, recorded.category)
        truth = facts_of(known[[composed(other) for other in unique_names(known)].index(name)])
        clip, first = truth, first_of_truth(first, recorded.num_frames, clip, truth)
    first += recorded.num_frames
    count = min(clip.length - first, KNOWN)
    if count < 1:
        tell_once(f"{clip.path} ends with the training: its future is unknown")
        return None
    try:
        return read_clip(clip, first, count, options.image_size, fit=options.fit)
    except RunError as error:  # damaged after the frames of the training
        tell_once(f"{error}; the continuation is not scored")
        return None


def facts_of_clip(path: Path) -> ClipFacts:
    """The facts of the clip of --clip.

    Raises:
        RunError: there is no such clip, or it cannot be read.
    """
    if not path.exists():
        raise RunError(f"no clip {path}; check the path of --clip")
    refuse_unprintable(path)
    if not is_clip(path):
        raise RunError(
            f"--clip {path} is neither a video nor a folder of numbered images; give one clip, not "
            "a folder of several"
        )
    return facts_of(path)


def tell_other_rate(clip: ClipFacts, checkpoint: LoadedCheckpoint) -> None:
    """Say on stderr if a clip has another rate than the clips that the model has learned."""
    count = len(checkpoint.state.sequence_names)
    rates = {checkpoint.state.format_of(row).rate for row in range(count)}
    if clip.rate and None not in rates and clip.rate not in rates:
        known = ", ".join(f"{rate:g}" for rate in sorted(filter(None, rates)))
        tell_once(
            f"{clip.path} has {clip.rate:g} frames per second, and the model has learned {known}: "
            "its motion goes on at another speed"
        )


def usable_frames(clip: ClipFacts, checkpoint: LoadedCheckpoint) -> int:
    """How many of the last frames of a clip are inferred: as many as in training, or whole chunks.

    Raises:
        RunError: the clip is shorter than a chunk.
    """
    options = checkpoint.options
    if clip.length >= options.num_frames:
        return options.num_frames
    length = options.truncated_backprop_length
    if clip.length < length:
        raise RunError(
            f"{clip.path} is shorter than a chunk of {checkpoint.path} ({clip.length} of "
            f"{min(length, options.num_frames)} frames); give a longer --clip"
        )
    return clip.length // length * length


def inferred(run: LoadedRun, clip: ClipFacts) -> Observed:
    """Infer the latents of a clip that the model was not trained on.

    The chains start from the latents of the training sequence that looks most alike.
    """
    options, generator = run.options, run.sampler.generator
    count = usable_frames(clip, run.checkpoint)
    side, length = options.image_size, options.truncated_backprop_length
    frames = read_clip(clip, clip.length - count, count, side, fit=options.fit)
    in_range = to_model_range(frames)[np.newaxis]
    start = nearest_sequence(generator, in_range, run.checkpoint.state.latents, length)
    sweeps = math.ceil(options.inference_steps / options.sample_steps)
    latents = infer_clip(generator, in_range, start, length, options.seed, sweeps)
    before, after = (
        to_bytes(reconstruct(generator, values, length, 1)[0]) for values in (start, latents)
    )
    errors = [np.abs(made.astype(int) - frames).mean() for made in (before, after)]
    print(
        f"{clip.path}: the last {count} frames are inferred; mean absolute error of their "
        f"reconstruction {errors[0]:.1f} before and {errors[1]:.1f} after {sweeps} runs of the "
        f"sampler (of 255)"
    )
    stem = clip.path.name if clip.path.is_dir() else clip.path.stem
    return Observed(
        safe_names([stem or "clip"], ["overview", "continuation"])[0],
        frames,
        latents,
        showing_of(options, clip.format),
        None,
    )
