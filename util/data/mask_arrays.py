"""Masks in arrays: reading the files, and finding out which axis is which."""

import math
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import scipy.io

from util.data.clip_facts import ClipFacts
from util.system.counting import counted
from util.system.errors import RunError
from util.system.notes import tell_once

ARRAY_SUFFIXES = (".mat", ".npy", ".npz")
VARIABLE = "masks"  # name of the mask in a .mat or .npz file
MOST_VALUES = 2**32  # in one array
LAYOUTS = {"HWT": "[height, width, frames]", "THW": "[frames, height, width]"}
EITHER = " or ".join(LAYOUTS.values())


def read_array(
    source: Path, num_frames: int, side: int, layout: str, clip: ClipFacts | None
) -> np.ndarray:
    """Read an array, bool [T, height, width]; a pixel is missing if any channel is not 0.

    Args:
        num_frames: the number of frames that the run needs of it, from its first.
        side: the side of the frames that the model makes.
        layout: a key of `LAYOUTS`; "" if the sizes must decide.
        clip: the clip that the mask belongs to; None if it is unknown.

    Raises:
        RunError: the array cannot be read, is no mask, or its layout is not certain.
    """
    values = _load_or_refuse(source)
    if values.ndim not in (3, 4) or values.dtype.kind not in "buif" or not values.size:
        raise RunError(
            f"mask {source} is {values.dtype} {list(values.shape)}; it must hold numbers "
            f"{EITHER}, and can have channels as the last axis, as in "
            "[height, width, frames, channels]"
        )
    if not np.isfinite(values).all():
        raise RunError(f"mask {source} holds values that are not finite; missing is 1, visible 0")
    missing = values != 0
    if np.any(missing & (values != values.max())):
        tell_once(f"mask {source} has other values than 0 and one more: all but 0 are missing")
    missing = missing.any(axis=3) if missing.ndim == 4 else missing
    found = layout or _layout_or_refuse(source, missing.shape, num_frames, side, clip)
    return np.moveaxis(missing, 2, 0) if found == "HWT" else missing


# --- Layout ---


def layouts(shape: Sequence[int], num_frames: int, side: int, clip: ClipFacts | None) -> list[str]:
    """The layouts, keys of `LAYOUTS`, that an array of three axes can have.

    A layout fits if there are enough frames, and if height and width are those of the clip, in
    its exact proportions, or those of the model's frames. If no layout fits so, a square fits, and
    so do the clip's proportions rounded to whole pixels. Where only such a layout has as many
    frames as the clip, it leaves a doubt, and both are given.
    """
    planes = {"HWT": (shape[0], shape[1], shape[2]), "THW": (shape[1], shape[2], shape[0])}

    def fitting(fits: Callable[[int, int], bool]) -> list[str]:
        of_size = [name for name, (height, width, _) in planes.items() if fits(height, width)]
        long_enough = [name for name in of_size if planes[name][2] >= num_frames]
        return long_enough or of_size

    def exactly(height: int, width: int) -> bool:
        of_clip = clip is not None and height * clip.width == width * clip.height
        return of_clip or height == width == side

    def about(height: int, width: int) -> bool:
        return height == width or (
            clip is not None
            and abs(height * clip.width - width * clip.height) <= max(clip.height, clip.width)
        )

    found, possible = fitting(exactly), fitting(about)
    as_long = [name for name in possible if clip is not None and planes[name][2] == clip.length]
    if found and as_long and not set(found) & set(as_long):
        return [*found, *as_long]
    return found or possible


def _layout_or_refuse(
    source: Path, shape: tuple[int, ...], num_frames: int, side: int, clip: ClipFacts | None
) -> str:
    found = layouts(shape, num_frames, side, clip)
    if len(found) == 1:
        return found[0]
    of_clip = f"{clip.path}, {clip.width}×{clip.height} (width×height)," if clip else "the clip"
    does = (
        f"both {LAYOUTS['HWT']} and {LAYOUTS['THW']} fit"
        if found
        else f"neither {LAYOUTS['HWT']} nor {LAYOUTS['THW']} fits"
    )
    out = "say which it is" if found else "give a mask of the clip's size, or say which it is"
    raise RunError(
        f"mask {source} is {list(shape)}: {does} {of_clip} with {counted(num_frames, 'frame')}; "
        f"{out} with --mask_layout HWT or --mask_layout THW"
    )


# --- Files ---


def _load_or_refuse(source: Path) -> np.ndarray:
    try:
        return _load(source)
    except RunError:
        raise
    except PermissionError:
        raise RunError(f"no permission to read {source}; ask its owner for permission") from None
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


def _load(source: Path) -> np.ndarray:
    """Raises KeyError if the file is intact but lacks the variable."""
    if source.suffix.lower() == ".mat":
        for name, shape, _ in scipy.io.whosmat(source):
            if name == VARIABLE:
                _refuse_huge(source, math.prod(shape))
        return scipy.io.loadmat(source, variable_names=[VARIABLE])[VARIABLE]
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as members:
            _refuse_huge(source, max(member.file_size for member in members.infolist()))
    values = np.load(source, allow_pickle=False)
    if isinstance(values, np.ndarray):
        return values
    with values:
        return values[VARIABLE]


def _refuse_huge(source: Path, count: int) -> None:
    if count > MOST_VALUES:
        raise RunError(
            f"mask {source} would need {count} bytes of memory or more; at most {MOST_VALUES} are "
            "read: give a mask of fewer frames or pixels"
        )
