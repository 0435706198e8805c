"""Masks of missing pixels: read from a file, or made."""

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import scipy.io
from PIL import Image

from model.random_keys import Stream, random_generator
from util.clips import IMAGE_SUFFIXES, VIDEO_SUFFIXES, image_frames, video_frames
from util.errors import RunError
from util.options import Options

ARRAY_SUFFIXES = (".mat", ".npy", ".npz")
VARIABLE = "masks"  # what it is called in a .mat or .npz file
BRIGHT = 127  # pixels of a mask in a video or image that are brighter mark what is missing


def masks(options: Options, names: Sequence[str]) -> np.ndarray:
    """What is missing of each sequence: bool [N, T, side, side, 1], true where a pixel is missing.

    Raises:
        RunError: there is no such mask, it cannot be read, does not cover the frames that are
            used, or it hides nothing or everything.
    """
    missing = np.stack([mask(options, index, name) for index, name in enumerate(names)])
    kind = f"--mask_type {options.mask_type}"
    for name, of_sequence in zip(names, missing, strict=True):
        if of_sequence.all():
            raise RunError(f"{kind} hides every pixel of {name}; choose one that leaves some")
    if not missing.any():
        raise RunError(f"{kind} hides nothing; in a mask, missing pixels are 1 (or bright)")
    return missing[..., np.newaxis]


def mask(options: Options, index: int, name: str) -> np.ndarray:
    """The mask of one sequence, bool [T, side, side]; see `masks`."""
    if options.mask_type == "external":
        return read_mask(
            mask_source(Path(options.mask_path) / options.category, options.mask_file, name),
            options.first_frame,
            options.num_frames,
            options.image_size,
        )
    numbers = random_generator(options.seed, Stream.MASK, index)
    if options.mask_type == "missingFrames":
        return missing_frames(
            options.num_frames, options.image_size, options.missing_fraction, numbers
        )
    return random_region(options.num_frames, options.image_size, options.region_size, numbers)


# --- Made ---


def missing_frames(
    num_frames: int, side: int, fraction: float, numbers: np.random.Generator
) -> np.ndarray:
    """A share of the frames, drawn without replacement, is missing entirely: [T, side, side]."""
    missing = np.zeros((num_frames, side, side), bool)
    missing[numbers.choice(num_frames, round(fraction * num_frames), replace=False)] = True
    return missing


def random_region(
    num_frames: int, side: int, size: float, numbers: np.random.Generator
) -> np.ndarray:
    """A square of each frame is missing, its place drawn anew for each: bool [T, side, side]."""
    width = max(1, round(size * side))
    missing = np.zeros((num_frames, side, side), bool)
    for frame, (top, left) in zip(
        missing, numbers.integers(0, side - width + 1, (num_frames, 2)), strict=True
    ):
        frame[top : top + width, left : left + width] = True
    return missing


# --- Read ---


def mask_source(folder: Path, mask_file: str, sequence: str) -> Path:
    """The mask of a sequence: <folder>/<sequence>/<mask_file>, or for all <folder>/<mask_file>.

    Raises:
        RunError: there is neither; it names what there is.
    """
    for path in (folder / sequence / mask_file, folder / mask_file):
        if mask_file and path.exists():
            return path
    if not folder.is_dir():
        raise RunError(f"no masks in {folder}; give the folder of the categories as --mask_path")
    names = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
    raise RunError(
        f"no mask {folder / mask_file}; --mask_file names one of what is in {folder}: {names}"
    )


def read_mask(source: Path, first_frame: int, num_frames: int, side: int) -> np.ndarray:
    """Read a mask for frames first_frame … first_frame + num_frames - 1: bool [T, side, side].

    Args:
        source: a MATLAB file or .npz with the variable `masks`, or .npy, [height, width, frames]
            or [height, width, frames, channels], not 0 where missing; a video, a folder of
            numbered images, or one image for all frames, bright where missing.

    Raises:
        RunError: it cannot be read, or has too few frames.
    """
    last = first_frame + num_frames
    suffix = source.suffix.lower()
    if source.is_dir():
        missing = _bright(islice(image_frames(source), last))
    elif suffix in VIDEO_SUFFIXES:
        missing = _bright(islice(video_frames(source), last))
    elif suffix in IMAGE_SUFFIXES:
        missing = _one_for_all(source, last)
    elif suffix in ARRAY_SUFFIXES:
        missing = _from_array(source)
    else:
        known = " ".join((*ARRAY_SUFFIXES, *VIDEO_SUFFIXES, *IMAGE_SUFFIXES))
        raise RunError(f"{source} is no mask that can be read; give a folder of images or {known}")
    if len(missing) < last:
        raise RunError(
            f"mask {source} has {len(missing)} frames, too few for --num_frames {num_frames} from "
            f"--first_frame {first_frame}; ask for fewer frames or give a longer mask"
        )
    return _resized(missing[first_frame:last], side, source)


def _bright(images: Iterator[Image.Image]) -> np.ndarray:
    return np.stack([np.asarray(image.convert("L")) > BRIGHT for image in images])


def _one_for_all(source: Path, num_frames: int) -> np.ndarray:
    try:
        with Image.open(source) as image:
            (missing,) = _bright(iter([image]))
    except (OSError, SyntaxError) as error:
        raise RunError(f"{source} cannot be decoded as an image; replace it") from error
    return np.broadcast_to(missing, (num_frames, *missing.shape))


def _from_array(source: Path) -> np.ndarray:
    """The frames of [height, width, frames(, channels)], missing where any channel is not 0."""
    try:
        if source.suffix.lower() == ".mat":
            values = scipy.io.loadmat(source, variable_names=[VARIABLE])[VARIABLE]
        else:
            values = np.load(source, allow_pickle=False)
            if not isinstance(values, np.ndarray):
                with values:
                    values = values[VARIABLE]
    except KeyError:
        raise RunError(f"{source} has no variable {VARIABLE}; name the mask so") from None
    except NotImplementedError:
        raise RunError(f"{source} is of MATLAB 7.3; save it with -v7") from None
    except (OSError, ValueError, EOFError, TypeError) as error:
        raise RunError(f"mask {source} cannot be read ({error}); replace it") from error
    if values.ndim not in (3, 4) or values.dtype.kind not in "buif":
        raise RunError(
            f"mask {source} is {values.dtype} {list(values.shape)}; it must hold numbers "
            "[height, width, frames] or [height, width, frames, channels]"
        )
    missing = values != 0
    return np.moveaxis(missing.any(axis=3) if missing.ndim == 4 else missing, 2, 0)


def _resized(missing: np.ndarray, side: int, source: Path) -> np.ndarray:
    """Each pixel from the nearest of [T, height, width], as [T, side, side]."""
    height, width = missing.shape[1:]
    if (height, width) == (side, side):
        return missing
    print(
        f"mask {source} is {width}×{height}: resized to {side}×{side}, nearest pixel",
        file=sys.stderr,
    )
    rows, columns = ((2 * np.arange(side) + 1) * size // (2 * side) for size in (height, width))
    return missing[:, rows[:, np.newaxis], columns]
