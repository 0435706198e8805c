"""Masks of missing pixels: read from a file, or generated."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from model.random_keys import Stream, random_generator
from util.data.clip_facts import ClipFacts
from util.data.clips import nearest_pixels, refuse_other_proportions
from util.data.fit import fitted_mask
from util.data.kinds import (
    STILL_SUFFIXES,
    VIDEO_SUFFIXES,
    numbers_of,
    refuse_unprintable,
    stills_in,
)
from util.data.mask_arrays import ARRAY_SUFFIXES, read_array
from util.data.mask_pictures import BRIGHT, read_images, read_still, read_video
from util.data.videos import count_packets, video_timing
from util.options.schema import Options
from util.system.counting import counted
from util.system.errors import RunError
from util.system.names import existing_form
from util.system.notes import NOTE, escaped, tell_once
from util.system.regular_files import refuse_special

SUSPICIOUS = 80  # per cent of missing pixels
HIDDEN = 10  # per cent of the missing pixels that are visible in no frame


def masks(
    options: Options, names: Sequence[str], clips: Sequence[ClipFacts] = ()
) -> Iterator[np.ndarray]:
    """Yield the mask of each sequence: bool [T, height, width], true where a pixel is missing.

    A mask from a file keeps its height and width, to be resized together with the clip. A generated
    mask has the size of the frames.

    Args:
        clips: the facts of the sequences; without them, less is known to find mistakes.

    Raises:
        RunError: a mask does not exist, cannot be read, has too few frames or covers all of a
            sequence; or no mask covers any pixel.
    """
    if options.mask_type == "external":
        missing = external_masks(options, names, clips)
    else:
        make = MADE[options.mask_type]
        missing = (
            make(options, random_generator(options.seed, Stream.MASK, index))
            for index in range(len(names))
        )
    used = f"from frame {options.first_frame} to {options.first_frame + options.num_frames - 1}"
    side, covers_anything = options.image_size, False
    for mask, name in zip(missing, names, strict=True):
        resized = nearest_pixels(mask, side, side)
        if resized.all():
            raise RunError(
                f"{origin(options, name)} covers all of {name} {used}; choose one that leaves "
                "pixels visible"
            )
        covers_anything = covers_anything or bool(resized.any())
        yield mask
    if not covers_anything:
        origins = dict.fromkeys(origin(options, name) for name in names)
        centre = "the centre of " if options.fit == "crop" else ""
        raise RunError(
            f"{', '.join(origins)} covers nothing of {centre}{', '.join(names)} {used}; a pixel is "
            f"missing where an array or a palette image is not 0, or where another image or a "
            f"video is brighter than {BRIGHT}"
        )


def tell_shares(options: Options, names: Sequence[str], resized: Iterable[np.ndarray]) -> None:
    """Print the share of missing pixels of each mask, which sequences can share.

    Args:
        resized: the mask of each sequence, bool, in the size of the frames.
    """
    shares: dict[str, list[float]] = {}
    hidden: list[str] = []
    for mask, name in zip(resized, names, strict=True):
        shares.setdefault(origin(options, name), []).append(100 * mask.mean())
        if line := never_visible(mask):
            hidden.append(f"{origin(options, name)}: {line}")
    for mask_origin, of_sequences in shares.items():
        share = sum(of_sequences) / len(of_sequences)
        line = f"{mask_origin}: {share:.1f} % of the pixels are missing"
        if share > SUSPICIOUS and options.mask_type == "external":
            line = (
                f"{NOTE}{line}; if it should be the other pixels: --invert_mask "
                f"{not options.invert_mask}"
            )
        print(escaped(line), file=sys.stderr)
    for line in hidden:
        tell_once(line)


def never_visible(mask: np.ndarray) -> str:
    """What cannot be known behind a mask, bool [T, height, width], in words; "" if little."""
    if not mask.any():
        return ""
    always = mask.all(axis=0)
    share = 100 * len(mask) * always.sum() / mask.sum()
    if share < HIDDEN:
        return ""
    which = "the same pixels" if share == 100 else f"{share:.0f} % of its pixels"
    return (
        f"it hides {which} in all {len(mask)} frames: nothing can be known there but by what "
        "surrounds them"
    )


def origin(options: Options, name: str) -> str:
    """The origin of the mask of a sequence, in words."""
    if options.mask_type == "external":
        return f"mask {mask_source(options, name)}"
    flag = {"missingFrames": "missing_fraction", "randomRegion": "region_size"}[options.mask_type]
    return f"--mask_type {options.mask_type} with --{flag} {getattr(options, flag)}"


# --- Generated masks ---


def missing_frames(options: Options, numbers: np.random.Generator) -> np.ndarray:
    """Whole frames are missing, drawn without replacement: bool [T, side, side].

    The share of missing frames is `missing_fraction`, rounded to a whole number of frames.
    """
    missing = np.zeros((options.num_frames, options.image_size, options.image_size), bool)
    count = round(options.missing_fraction * options.num_frames)
    missing[numbers.choice(options.num_frames, count, replace=False)] = True
    return missing


def random_region(options: Options, numbers: np.random.Generator) -> np.ndarray:
    """A square of each frame is missing, at a new random place: bool [T, side, side].

    The side of the square is `region_size` times the side of the frame, rounded to whole pixels,
    at least 1.
    """
    side = options.image_size
    width = max(1, round(options.region_size * side))
    missing = np.zeros((options.num_frames, side, side), bool)
    places = numbers.integers(0, side - width + 1, (options.num_frames, 2))
    for frame, (top, left) in zip(missing, places, strict=True):
        frame[top : top + width, left : left + width] = True
    return missing


MADE = {"missingFrames": missing_frames, "randomRegion": random_region}


# --- Masks from files ---


def external_masks(
    options: Options, names: Sequence[str], clips: Sequence[ClipFacts]
) -> Iterator[np.ndarray]:
    """Yield the masks of the sequences, see `masks`.

    A mask is read only once for all clips of the same size, length and numbers.
    """
    facts: Sequence[ClipFacts | None] = clips or [None] * len(names)
    keys = [
        (mask_source(options, name), clip._replace(path=Path()) if clip else None)
        for name, clip in zip(names, facts, strict=True)
    ]
    read: dict[tuple, np.ndarray] = {}
    shared = {key for key, count in Counter(keys).items() if count > 1}
    for key, clip in zip(keys, facts, strict=True):
        if key in read:
            yield read[key]
            continue
        source, side = key[0], options.image_size
        mask = read_mask(
            source, options.first_frame, options.num_frames, side, options.mask_layout, clip
        )
        if clip:
            refuse_other_proportions(mask.shape[1:], (clip.width, clip.height), clip.path)
        height, width = mask.shape[1:]
        if (height, width) != (side, side):
            cropped = options.fit == "crop" and height != width
            tell_once(
                f"mask {source} is {width}×{height} (width×height): "
                f"{'its centre is ' * cropped}resized to {side}×{side}, nearest pixel"
            )
        mask = fitted_mask(mask, options.fit)
        mask = ~mask if options.invert_mask else mask
        if key in shared:
            read[key] = mask
        yield mask


def mask_source(options: Options, sequence: str) -> Path:
    """The path of the mask of a sequence, <mask_path>/<category>/<sequence>/<mask_file>.

    If it does not exist, the mask is <mask_path>/<category>/<mask_file>, for all sequences.

    Raises:
        RunError: neither exists. The message lists the files that exist.
    """
    folder, mask_file = existing_form(Path(options.mask_path) / options.category), options.mask_file
    of_it, of_all = existing_form(folder / sequence) / mask_file, folder / mask_file
    for path in (of_it, of_all):
        if mask_file and path.exists():
            refuse_unprintable(path)
            return path
    if not folder.is_dir():
        raise RunError(f"no masks in {folder}; give the folder of the categories as --mask_path")
    names = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
    raise RunError(
        f"no mask for {sequence}: neither {of_it} nor {of_all} exists; {folder} holds {names}; "
        "choose one with --mask_file"
    )


def read_mask(
    source: Path,
    first_frame: int,
    num_frames: int,
    side: int = 0,
    layout: str = "",
    clip: ClipFacts | None = None,
) -> np.ndarray:
    """Read frames first_frame … first_frame + num_frames - 1 of a mask: bool [T, height, width].

    Args:
        source: an array or pictures. An array is a MATLAB file or .npz with the variable `masks`,
            or .npy. It is [height, width, frames] or [frames, height, width], can have channels as
            its last axis, and is not 0 where a pixel is missing. Pictures are a video, a folder of
            numbered images, or one image for all frames. They are bright where a pixel is missing.
        side, layout, clip: they decide what the axes of an array are; see `read_array`.

    Raises:
        RunError: the mask cannot be read, does not fit the clip, or has too few frames.
    """
    last = first_frame + num_frames
    suffix = source.suffix.lower()
    if not source.is_dir():
        refuse_special(source)
    if layout and suffix not in ARRAY_SUFFIXES:
        tell_once(f"--mask_layout {layout} does nothing: mask {source} is no array")
    by_number = False
    if source.is_dir():
        stills = stills_in(source)
        by_number = bool(clip and clip.numbers and numbers_of(stills))
        length = len(stills)
        missing = read_images(source, first_frame, num_frames, clip)
    elif suffix in VIDEO_SUFFIXES:
        length = count_packets(source)
        missing = read_video(source, last)[first_frame:]
        rate = video_timing(source).rate
        if clip and clip.rate and rate and rate != clip.rate:
            tell_once(
                f"mask {source} has {rate:g} frames per second and {clip.path} has {clip.rate:g}: "
                "frames of the same number belong together"
            )
    elif suffix in STILL_SUFFIXES:
        length = last
        missing = np.stack([read_still(source)] * num_frames)
    elif suffix in ARRAY_SUFFIXES:
        whole = read_array(source, last, side, layout, clip)
        length, missing = len(whole), whole[first_frame:last]
    else:
        known = " ".join((*ARRAY_SUFFIXES, *VIDEO_SUFFIXES, *STILL_SUFFIXES))
        raise RunError(
            f"mask {source} has an unknown format; give a folder of images or one of {known}"
        )
    if len(missing) < num_frames:
        raise RunError(
            f"mask {source} has {counted(length, 'frame')}, too few for --num_frames {num_frames} "
            f"from --first_frame {first_frame}; ask for fewer frames or give a longer mask"
        )
    if clip and length != clip.length and suffix not in STILL_SUFFIXES and not by_number:
        tell_once(
            f"mask {source} has {counted(length, 'frame')} and {clip.path} has {clip.length}: both "
            f"are used from frame {first_frame} to {last - 1}"
        )
    return missing
