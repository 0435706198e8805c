"""Masks of missing pixels: read from a file, or generated."""

import sys
from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from pathlib import Path

import numpy as np
import scipy.io
from PIL import Image

from model.random_keys import Stream, random_generator
from util.data.clips import nearest_pixels
from util.data.kinds import STILL_SUFFIXES, VIDEO_SUFFIXES
from util.data.stills import image_frames, read_image
from util.data.videos import video_frames
from util.options.schema import Options
from util.system.errors import RunError

ARRAY_SUFFIXES = (".mat", ".npy", ".npz")
VARIABLE = "masks"  # name of the mask in a .mat or .npz file
BRIGHT = 127  # in a mask from a video or image, a brighter pixel means "missing"


def masks(options: Options, names: Sequence[str]) -> list[np.ndarray]:
    """The mask of each sequence: bool [T, height, width], true where a pixel is missing.

    A mask from a file keeps its height and width, to be resized together with the clip. A generated
    mask has the size of the frames.

    Raises:
        RunError: a mask does not exist, cannot be read, has too few frames or covers all of a
            sequence; or no mask covers any pixel.
    """
    if options.mask_type == "external":
        missing = external_masks(options, names)
    else:
        make = MADE[options.mask_type]
        numbers = (
            random_generator(options.seed, Stream.MASK, index) for index in range(len(names))
        )
        missing = [make(options, generator) for generator in numbers]
    resized = [nearest_pixels(mask, options.image_size, options.image_size) for mask in missing]
    used = f"from frame {options.first_frame} to {options.first_frame + options.num_frames - 1}"
    for mask, name in zip(resized, names, strict=True):
        if mask.all():
            raise RunError(
                f"{origin(options, name)} covers all of {name} {used}; choose one that leaves "
                "pixels visible"
            )
    if not any(mask.any() for mask in resized):
        origins = dict.fromkeys(origin(options, name) for name in names)
        raise RunError(
            f"{', '.join(origins)} covers nothing of {', '.join(names)} {used}; a pixel is "
            f"missing where an array is not 0, or an image or a video is brighter than {BRIGHT}"
        )
    return missing


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


def external_masks(options: Options, names: Sequence[str]) -> list[np.ndarray]:
    """The masks of the sequences, see `masks`. A mask that sequences share is read only once."""
    sources = [mask_source(options, name) for name in names]
    read = {}
    for source in dict.fromkeys(sources):
        read[source] = mask = read_mask(source, options.first_frame, options.num_frames)
        side, (height, width) = options.image_size, mask.shape[1:]
        if (height, width) != (side, side):
            print(
                f"mask {source} is {width}×{height} (width×height; an array is [height, width, "
                f"frames]): resized to {side}×{side}, nearest pixel",
                file=sys.stderr,
            )
    return [read[source] for source in sources]


def mask_source(options: Options, sequence: str) -> Path:
    """The path of the mask of a sequence, <mask_path>/<category>/<sequence>/<mask_file>.

    If it does not exist, the mask is <mask_path>/<category>/<mask_file>, for all sequences.

    Raises:
        RunError: neither exists. The message lists the files that exist.
    """
    folder, mask_file = Path(options.mask_path) / options.category, options.mask_file
    of_it, of_all = folder / sequence / mask_file, folder / mask_file
    for path in (of_it, of_all):
        if mask_file and path.exists():
            return path
    if not folder.is_dir():
        raise RunError(f"no masks in {folder}; give the folder of the categories as --mask_path")
    names = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
    raise RunError(
        f"no mask for {sequence}: neither {of_it} nor {of_all} exists; {folder} holds {names}; "
        "choose one with --mask_file"
    )


def read_mask(source: Path, first_frame: int, num_frames: int) -> np.ndarray:
    """Read frames first_frame … first_frame + num_frames - 1 of a mask: bool [T, height, width].

    Args:
        source: an array or pictures. An array is a MATLAB file or .npz with the variable `masks`,
            or .npy. It is [height, width, frames] or [height, width, frames, channels], and not 0
            where a pixel is missing. Pictures are a video, a folder of numbered images, or one
            image for all frames. They are bright where a pixel is missing.

    Raises:
        RunError: the mask cannot be read, or has too few frames.
    """
    last = first_frame + num_frames
    suffix = source.suffix.lower()
    if source.is_dir():
        missing = _bright(source, islice(image_frames(source), last))
    elif suffix in VIDEO_SUFFIXES:
        missing = _bright(source, islice(video_frames(source), last))
    elif suffix in STILL_SUFFIXES:
        missing = _bright(source, repeat(read_image(source), last))
    elif suffix in ARRAY_SUFFIXES:
        missing = _from_array(source)
    else:
        known = " ".join((*ARRAY_SUFFIXES, *VIDEO_SUFFIXES, *STILL_SUFFIXES))
        raise RunError(
            f"mask {source} has an unknown format; give a folder of images or one of {known}"
        )
    if len(missing) < last:
        raise RunError(
            f"mask {source} has {len(missing)} frames, too few for --num_frames {num_frames} from "
            f"--first_frame {first_frame}; ask for fewer frames or give a longer mask"
        )
    return missing[first_frame:last]


def _bright(source: Path, images: Iterator[Image.Image]) -> np.ndarray:
    frames = [np.asarray(image.convert("L")) > BRIGHT for image in images]
    if len({frame.shape for frame in frames}) != 1:
        raise RunError(f"mask {source} has no images, or images of several sizes; replace it")
    return np.stack(frames)


def _from_array(source: Path) -> np.ndarray:
    """Read [height, width, frames(, channels)]; a pixel is missing if any channel is not 0."""
    try:
        values = _load(source)
    except NotImplementedError:
        raise RunError(f"mask {source} is a MATLAB 7.3 file; save it with -v7") from None
    except KeyError:
        raise RunError(
            f"mask {source} has no variable {VARIABLE}; give the mask this name"
        ) from None
    except Exception as error:  # for a damaged file, the readers raise many kinds of errors
        raise RunError(
            f"mask {source} cannot be read; replace it by an array of numbers"
        ) from error
    if values.ndim not in (3, 4) or values.dtype.kind not in "buif" or not values.size:
        raise RunError(
            f"mask {source} is {values.dtype} {list(values.shape)}; it must hold numbers "
            "[height, width, frames] or [height, width, frames, channels]"
        )
    if not np.isfinite(values).all():
        raise RunError(f"mask {source} holds values that are not finite; missing is 1, visible 0")
    missing = values != 0
    return np.moveaxis(missing.any(axis=3) if missing.ndim == 4 else missing, 2, 0)


def _load(source: Path) -> np.ndarray:
    """Raises KeyError if the file is intact but lacks the variable."""
    if source.suffix.lower() == ".mat":
        return scipy.io.loadmat(source, variable_names=[VARIABLE])[VARIABLE]
    values = np.load(source, allow_pickle=False)
    if isinstance(values, np.ndarray):
        return values
    with values:
        return values[VARIABLE]
