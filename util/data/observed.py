"""The clips that a run learns from, with their missing pixels."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from util.data.clip_facts import ClipFacts
from util.data.clips import Clips, nearest_pixels, read_category
from util.data.frames import to_bytes
from util.data.masks import masks, tell_shares
from util.options.experiment import Experiment
from util.options.schema import Options
from util.system.errors import RunError
from util.system.names import existing_form


def observed_clips(options: Options, experiment: Experiment) -> Clips:
    """The clips of the run's category, with missing pixels if the experiment has masks.

    Raises:
        RunError: the clips cannot be read, a mask does not exist or does not fit, or the truth
            has other sequences.
    """
    if experiment.fills_in_between:
        return clips_in_between(options)
    clips = _read(options, options.data_path)
    return _without_missing(clips, options, experiment) if experiment.misses_pixels else clips


def _read(
    options: Options,
    data_path: str,
    missing: list[np.ndarray] | None = None,
    facts: Sequence[ClipFacts] = (),
) -> Clips:
    """The frames of the run's category in `data_path`; see `read_category`."""
    return read_category(
        data_path,
        options.category,
        options.first_frame,
        options.num_frames,
        options.image_size,
        missing,
        options.fit,
        facts,
    )


def _without_missing(clips: Clips, options: Options, experiment: Experiment) -> Clips:
    """The clips with missing pixels in black, and with the truth if it is known."""
    masks_as_read = masks(options, clips.names, clips.facts)
    resized = [nearest_pixels(mask, *clips.frames.shape[2:4]) for mask in masks_as_read]
    missing = np.stack(resized)[..., np.newaxis]
    observed = _read(options, options.data_path, masks_as_read, clips.facts)
    truth = _truth(clips, options, experiment)
    tell_shares(options, clips.names, resized)
    frames = np.where(missing, np.float32(-1.0), observed.frames)
    return clips._replace(frames=frames, missing=missing, truth=truth)


def _truth(clips: Clips, options: Options, experiment: Experiment) -> np.ndarray | None:
    """The clips without missing pixels, uint8 [N, T, H, W, 3]; None if unknown.

    The truth is in <truth_path>/<category>. Without --truth_path, the clips themselves are the
    truth if the experiment says so (`truth_in_clips`).
    """
    if not options.truth_path and experiment.truth_in_clips:
        return to_bytes(clips.frames)
    if not options.truth_path:
        print("no --truth_path: the result cannot be scored", file=sys.stderr)
        return None
    if not existing_form(Path(options.truth_path) / options.category).is_dir():
        print(
            f"no {options.category} in --truth_path {options.truth_path}: the result cannot be "
            "scored",
            file=sys.stderr,
        )
        return None
    truth = _read(options, options.truth_path)
    if sorted(truth.names) != sorted(clips.names):
        raise RunError(
            f"the sequences {', '.join(truth.names)} in {options.truth_path} differ from the "
            f"sequences {', '.join(clips.names)} of {options.category} in {options.data_path}; "
            "give them the same names, or choose another --truth_path"
        )
    order = [truth.names.index(name) for name in clips.names]
    return to_bytes(truth.frames[order])


def clips_in_between(options: Options) -> Clips:
    """Sequences of which only every --factor-th frame is observed; the others are missing, black.

    The observed frames are all frames of the clip. With --score_left_out, they are every
    --factor-th frame of the clip, and its other frames are the truth.

    Raises:
        RunError: the clips cannot be read.
    """
    factor, length = options.factor, options.num_frames
    if options.score_left_out:
        whole = _read(options, options.data_path)
        shown, truth = whole.frames[:, ::factor], to_bytes(whole.frames)
        whole = whole._replace(truth=truth)
    else:
        count = (length - 1) // factor + 1
        whole = _read(replace(options, num_frames=count), options.data_path)
        shown = whole.frames
        whole = whole._replace(factor=factor)
    frames = np.full((len(shown), length, *shown.shape[2:]), np.float32(-1.0))
    frames[:, ::factor] = shown
    missing = np.ones((*frames.shape[:-1], 1), bool)
    missing[:, ::factor] = False
    return whole._replace(frames=frames, missing=missing)
