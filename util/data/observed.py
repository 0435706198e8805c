"""The clips that a run learns from, with their missing pixels: decoded once, sequence by sequence.

`observed_clips` takes them from the cache (`clip_cache`) or decodes them into it.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from util.data.clip_cache import ObservedClip, as_clips, cached_clips, decoded_clips
from util.data.clip_facts import ClipFacts, are_alike, facts_of
from util.data.clips import Clips, find_clips, nearest_pixels, read_clip, unique_names
from util.data.kinds import in_words
from util.data.masks import masks, tell_shares
from util.data.source_digest import cache_key
from util.options.experiment import Experiment
from util.options.schema import Options
from util.system.counting import counted
from util.system.errors import RunError
from util.system.names import composed, existing_form
from util.system.notes import tell_once


def observed_clips(options: Options, experiment: Experiment, cache: Path | None = None) -> Clips:
    """The clips of the run's category, with missing pixels if the experiment has masks.

    Args:
        cache: the folder of the decoded clips; None to keep them in memory.

    Raises:
        RunError: the clips cannot be read, a mask does not exist or does not fit, or the truth
            has other sequences; or the cache cannot be written.
    """
    sources = find_clips(options.data_path, options.category)
    names = unique_names(sources)
    clips = None
    if cache is not None:
        key = cache_key(options, experiment, sources, names)
        clips = cached_clips(cache, key, sources)
    if clips is None:
        facts = [facts_of(source) for source in sources]
        for clip in facts:
            refuse_short(clip, options, experiment)
        sequences = observed_sequences(options, experiment, facts, names)
        if cache is not None:
            clips = decoded_clips(cache, key, facts, names, sequences)
        else:
            clips = as_clips(facts, names, list(sequences))
    if clips.missing is not None and not experiment.fills_in_between:
        tell_shares(options, clips.names, (missing[..., 0] for missing in clips.missing))
    if experiment.fills_in_between and not options.score_left_out:
        return clips._replace(factor=options.factor)
    return clips


def refuse_short(clip: ClipFacts, options: Options, experiment: Experiment) -> None:
    """Raises RunError if a clip has fewer frames than a run takes of it."""
    length, where = options.num_frames, f"from --first_frame {options.first_frame}"
    needed, asked = length, f"--num_frames {length} {where}"
    if experiment.fills_in_between and not options.score_left_out:
        needed = (length - 1) // options.factor + 1
        asked = f"--num_frames {length} with --factor {options.factor}, which takes {needed} of "
        asked += f"them {where}"
    if clip.length < options.first_frame + needed:
        raise RunError(
            f"{clip.path} has {counted(clip.length, 'frame')}, too few for {asked}; ask for fewer "
            "or use a longer clip"
        )


def observed_sequences(
    options: Options, experiment: Experiment, facts: list[ClipFacts], names: list[str]
) -> Iterator[ObservedClip]:
    """Decode the sequences, one by one; see `observed_clips`."""
    if experiment.fills_in_between:
        return (_in_between(options, clip) for clip in facts)
    if experiment.misses_pixels:
        return _without_missing(options, experiment, facts, names)
    return (ObservedClip(_read(options, clip)) for clip in facts)


def _read(options: Options, clip: ClipFacts, missing: np.ndarray | None = None) -> np.ndarray:
    """The frames of a clip, uint8 [T, side, side, 3]; see `read_clip`."""
    if options.fit == "crop" and clip.pixel_shape != 1:
        tell_once(
            f"the pixels of {clip.path} are {clip.pixel_shape:.2f} times as wide as high: "
            "--fit crop takes a square of pixels, which is shown squashed"
        )
    return read_clip(
        clip, options.first_frame, options.num_frames, options.image_size, missing, options.fit
    )


def _without_missing(
    options: Options, experiment: Experiment, facts: list[ClipFacts], names: list[str]
) -> Iterator[ObservedClip]:
    """The clips with missing pixels in black, and with the truth if it is known."""
    truth = _truth(options, experiment, facts, names)
    for index, (clip, mask) in enumerate(zip(facts, masks(options, names, facts), strict=True)):
        missing = nearest_pixels(mask, options.image_size, options.image_size)[..., np.newaxis]
        frames = np.where(missing, np.uint8(0), _read(options, clip, mask))
        known = None
        if truth is not None:
            first = first_of_truth(options.first_frame, options.num_frames, clip, truth[index])
            known = _read(replace(options, first_frame=first), truth[index])
        yield ObservedClip(frames, missing, known)


def _truth(
    options: Options, experiment: Experiment, facts: list[ClipFacts], names: list[str]
) -> list[ClipFacts] | None:
    """The clips without missing pixels, in the order of the sequences; None if they are unknown.

    They are in <truth_path>/<category>. Without --truth_path, the clips themselves are the truth
    if the experiment says so (`truth_in_clips`).
    """
    if not options.truth_path and experiment.truth_in_clips:
        return facts
    if not options.truth_path:
        tell_once("no --truth_path: the result cannot be scored")
        return None
    if not existing_form(Path(options.truth_path) / options.category).is_dir():
        tell_once(
            f"no {options.category} in --truth_path {options.truth_path}: the result cannot be "
            "scored"
        )
        return None
    found = [facts_of(source) for source in find_clips(options.truth_path, options.category)]
    of_truth = [composed(name) for name in unique_names([clip.path for clip in found])]
    if sorted(of_truth) != sorted(map(composed, names)):
        raise RunError(
            f"the sequences {', '.join(of_truth)} in {options.truth_path} differ from the "
            f"sequences {', '.join(names)} of {options.category} in {options.data_path}; "
            "give them the same names, or choose another --truth_path"
        )
    return [found[of_truth.index(composed(name))] for name in names]


def first_of_truth(first: int, count: int, clip: ClipFacts, truth: ClipFacts) -> int:
    """The frame of the truth that belongs to frame `first` of a clip, from 0.

    Where both are numbered images, an image belongs to the image of its number. Everywhere else, a
    frame belongs to the frame at its place.

    Raises:
        RunError: the truth has other numbers than the `count` frames, or other proportions.
    """
    fits = are_alike(clip.format.proportions, truth.format.proportions)
    if truth.width != truth.height and not fits:
        raise RunError(
            f"the truth {truth.path} is {truth.width}×{truth.height}, the clip {clip.path} "
            f"{clip.width}×{clip.height} (width×height); give a square truth or one with the "
            "clip's proportions"
        )
    if clip.numbers and truth.numbers:
        wanted = clip.numbers[first : first + count]
        place = truth.numbers.index(wanted[0]) if wanted[0] in truth.numbers else 0
        if truth.numbers[place : place + len(wanted)] != wanted:
            raise RunError(
                f"the truth {truth.path} has the images {in_words(truth.numbers)}, but the frames "
                f"of {clip.path} are {in_words(wanted)}; give each image of the truth the number "
                "of its frame"
            )
        return place
    if clip.rate and truth.rate and clip.rate != truth.rate:
        tell_once(
            f"the truth {truth.path} has {truth.rate:g} frames per second and {clip.path} has "
            f"{clip.rate:g}: frames of the same number belong together"
        )
    if clip.length != truth.length:
        tell_once(
            f"the truth {truth.path} has {counted(truth.length, 'frame')} and {clip.path} has "
            f"{clip.length}: both are used from frame {first}"
        )
    return first


def _in_between(options: Options, clip: ClipFacts) -> ObservedClip:
    """A sequence of which only every --factor-th frame is observed; the others are black.

    The observed frames are all frames of the clip. With --score_left_out, they are every
    --factor-th frame of the clip, and its other frames are the truth.
    """
    factor, length = options.factor, options.num_frames
    if options.score_left_out:
        truth = _read(options, clip)
        shown = truth[::factor]
    else:
        truth = None
        shown = _read(replace(options, num_frames=(length - 1) // factor + 1), clip)
    frames = np.zeros((length, *shown.shape[1:]), np.uint8)
    frames[::factor] = shown
    missing = np.ones((*frames.shape[:-1], 1), bool)
    missing[::factor] = False
    return ObservedClip(frames, missing, truth)
