"""Reading a category of clips: a folder of videos, of sub-folders of numbered images, or both."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt

from util.data.clip_facts import ClipFacts, ClipFormat, are_alike
from util.data.fit import fitted
from util.data.frames import to_bytes
from util.data.kinds import (
    STILL_SUFFIXES,
    VIDEO_SUFFIXES,
    clips_in,
    is_of_the_system,
    refuse_unprintable,
)
from util.data.pieces import Indexable, Pieces
from util.data.stills import image_frames
from util.data.videos import RATES, video_frames
from util.system.counting import counted
from util.system.errors import RunError
from util.system.names import existing_form, form, safe_names

WEIGHT_OF_NONE = 1e-3  # a smaller sum of weights is only rounding error
OF_IMAGES = 25.0  # frames per second of a folder of images, as players of the results have it


class Clips(NamedTuple):
    """The observed sequences of a category.

    Fields:
        names: names of the N sequences, sorted. Each can be the name of a folder.
        frames: float32 [N, T, H, W, 3] in [-1, 1]; black (-1) where a pixel is missing. Here and
            in the next two fields, only a piece that is indexed is in memory.
        missing: bool [N, T, H, W, 1]; None if no pixel is missing.
        truth: uint8 [N, T, H, W, 3], with the true values of missing pixels; None if unknown.
        facts: the files of the sequences; empty for clips that were made, as in tests.
        factor: frames of a sequence for each frame of its file; more than 1 only in slow motion.
        digest: the fingerprint of frames and missing pixels, see `digest`.
        stored_in: the files of the cache; none if everything is in memory.
    """

    names: list[str]
    frames: Indexable
    missing: Indexable | None = None
    truth: Indexable | None = None
    facts: Sequence[ClipFacts] = ()
    factor: int = 1
    digest: str = ""
    stored_in: Sequence[Path] = ()

    @property
    def visible(self) -> Indexable | None:
        """The mask M of the posterior: true at visible pixels; None if no pixel is missing."""
        return None if self.missing is None else Pieces(self.missing, np.logical_not)

    @property
    def complete(self) -> Indexable | None:
        """The clips without missing pixels, uint8 [N, T, H, W, 3]; None if unknown."""
        return Pieces(self.frames, to_bytes) if self.missing is None else self.truth

    def count_missing(self) -> int:
        """The number of missing pixels of all sequences."""
        return 0 if self.missing is None else sum(map(np.count_nonzero, self.missing))

    @property
    def formats(self) -> list[ClipFormat]:
        """How each sequence plays."""
        known = [facts.format for facts in self.facts] or [ClipFormat()] * len(self.names)
        if self.factor == 1:
            return known
        return [
            clip._replace(rate=min((clip.rate or OF_IMAGES) * self.factor, RATES[1]))
            for clip in known
        ]


def digest(values: Indexable, missing: Indexable | None = None) -> str:
    """The SHA-256 fingerprint of an array [N, …], such as frames, and of its missing pixels."""
    fingerprint = hashlib.sha256()
    for array in (values, missing):
        for piece in () if array is None else array:
            fingerprint.update(np.ascontiguousarray(piece).data)
    return fingerprint.hexdigest()


def find_clips(data_path: str | Path, category: str) -> list[Path]:
    """The files or folders of the sequences of a category, in the order of their names.

    Raises:
        RunError: the category does not exist, has no clips, or a name is not UTF-8.
    """
    folder = existing_form(Path(data_path) / category)
    if not folder.is_dir():
        raise RunError(
            f"no category {category} in {data_path}; {existing_categories(Path(data_path))}"
        )
    sources = clips_in(folder)
    if not sources:
        raise RunError(
            f"no clips in {folder}; put videos ({' '.join(VIDEO_SUFFIXES)}) or sub-folders of "
            f"numbered images ({' '.join(STILL_SUFFIXES)}) there"
        )
    for source in sources:
        refuse_unprintable(source)
    return sources


def read_clip(
    clip: ClipFacts,
    first_frame: int,
    num_frames: int,
    image_size: int,
    missing: np.ndarray | None = None,
    fit: str = "squash",
) -> np.ndarray:
    """Read frames first_frame … first_frame + num_frames - 1 as uint8 [T, side, side, 3].

    Frames are decoded one by one, and only the requested frames are kept.

    Args:
        missing: the missing pixels, bool [num_frames, any height, any width]. Their values in the
            clip are used in no average.
        fit: a row of `FITS`, how frames become square.

    Raises:
        RunError: the clip cannot be decoded, it ends before the last requested frame, or the mask
            is not square and has other proportions than the clip.
    """
    source = clip.path
    stream = image_frames(source) if source.is_dir() else video_frames(source, clip.length)
    frames: list[np.ndarray] = []
    count = 0
    try:
        for image in islice(stream, first_frame + num_frames):
            count += 1
            if count > first_frame:
                image = fitted(image, fit)
                if missing is None:
                    frames.append(resize_square(image, image_size))
                else:
                    mask = missing[count - first_frame - 1]
                    refuse_other_proportions(mask.shape, image.size, source)
                    frames.append(resize_square_without(image, mask, image_size))
    finally:
        stream.close()
    if len(frames) < num_frames:
        raise RunError(
            f"{source} has {counted(count, 'frame')}, too few for --num_frames {num_frames} from "
            f"--first_frame {first_frame}; ask for fewer or use a longer clip"
        )
    return np.stack(frames)


def refuse_other_proportions(
    mask_shape: tuple[int, ...], clip_size: tuple[int, int], source: Path
) -> None:
    """Raises RunError if a mask is not square and has other proportions than the clip.

    Args:
        mask_shape: (height, width).
        clip_size: (width, height).
    """
    height, width = mask_shape
    clip_width, clip_height = clip_size
    if height != width and not are_alike(height / width, clip_height / clip_width):
        raise RunError(
            f"the mask of {source} is {width}×{height}, the clip {clip_width}×{clip_height} "
            "(width×height); give a square mask or one with the clip's proportions"
        )


def resize_square(image: Image.Image, side: int) -> np.ndarray:
    """Resize an image to a square with the triangle filter: uint8 [side, side, 3], RGB.

    To shrink an image, the filter averages pixels. Unlike the bicubic filter, it makes no rims at
    edges.
    """
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))


def resize_square_without(image: Image.Image, missing: np.ndarray, side: int) -> np.ndarray:
    """Like `resize_square`, but without missing pixels in the averages.

    If all pixels of an average are missing, the nearest visible pixel replaces the average. If all
    pixels of the image are missing, the result is black.

    Args:
        missing: bool [any height, any width].
    """
    if not missing.any():
        return resize_square(image, side)
    missing = nearest_pixels(missing, image.height, image.width)
    of_nearest = resize_square(fill_from_nearest(image, missing), side)
    weight = resize_square_plane(~missing, side)
    sums = [
        resize_square_plane(plane * ~missing, side)
        for plane in np.moveaxis(np.asarray(image), 2, 0)
    ]
    averages = np.stack(sums, axis=2) / np.maximum(weight, WEIGHT_OF_NONE)[..., np.newaxis]
    mixed = (weight > WEIGHT_OF_NONE) & (weight < 1 - WEIGHT_OF_NONE)
    return np.where(mixed[..., np.newaxis], averages.round().clip(0, 255), of_nearest).astype(
        np.uint8
    )


def resize_square_plane(plane: np.ndarray, side: int) -> np.ndarray:
    """`resize_square` for a picture of one channel, [height, width]: float32 [side, side]."""
    return resize_square(Image.fromarray(plane.astype(np.float32)), side)


def fill_from_nearest(image: Image.Image, missing: np.ndarray) -> Image.Image:
    """Replace each missing pixel by the nearest visible pixel.

    Args:
        missing: bool [height, width]. If all pixels are missing, the result is black.
    """
    if missing.all():
        return Image.new("RGB", image.size)
    rows, columns = distance_transform_edt(missing, return_distances=False, return_indices=True)
    return Image.fromarray(np.asarray(image)[rows, columns])


def nearest_pixels(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize [..., any height, any width] to [..., height, width] by nearest neighbours."""
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new)
        for new, old in zip((height, width), picture.shape[-2:], strict=True)
    )
    return picture[..., rows[:, np.newaxis], columns]


def unique_names(sources: Sequence[Path]) -> list[str]:
    """The name of each clip without suffix, or with it if two clips differ only in the suffix.

    The names are safe as names of files, and no two are alike on any file system (`safe_names`).
    """
    stems = [path.name if path.is_dir() else path.stem for path in sources]
    count = Counter(map(form, stems))
    return safe_names(
        [
            stem if count[form(stem)] == 1 else path.name
            for stem, path in zip(stems, sources, strict=True)
        ]
    )


def existing_categories(data_path: Path) -> str:
    """The names of the categories, in words."""
    if not data_path.is_dir():
        return f"there is no folder {data_path}; give the folder of the categories as --data_path"
    inside = [path for path in sorted(data_path.iterdir()) if not is_of_the_system(path)]
    names = [path.name for path in inside if path.is_dir()]
    if names:
        return f"there are {', '.join(names)}"
    if inside:
        return f"{data_path} has no folders; give the folder that holds it as --data_path"
    return f"{data_path} is empty"
