"""Reading a category of clips: a folder of videos, of sub-folders of numbered images, or both."""

import logging
import math
import re
import subprocess
from collections.abc import Generator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import imageio_ffmpeg
import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt

from util.data.frames import to_bytes, to_model_range
from util.system.errors import RunError

VIDEO_SUFFIXES = (".avi", ".mp4", ".mov", ".mkv", ".webm", ".gif")
IMAGE_SUFFIXES = (".png", ".jpg")
WEIGHT_OF_NONE = 1e-3  # a smaller sum of weights is only rounding error

# imageio_ffmpeg warns when reading stops before the end of a video, which is normal here.
logging.getLogger("imageio_ffmpeg").setLevel(logging.ERROR)

# By default, ffmpeg fills in frames that it cannot decode. With these options it stops.
STRICT = ["-xerror", "-err_detect", "explode"]


class Clips(NamedTuple):
    """The observed sequences of a category.

    Fields:
        names: names of the N sequences, sorted. Each can be the name of a folder.
        frames: float32 [N, T, H, W, 3] in [-1, 1]; black (-1) where a pixel is missing.
        missing: bool [N, T, H, W, 1]; None if no pixel is missing.
        truth: uint8 [N, T, H, W, 3], with the true values of missing pixels; None if unknown.
    """

    names: list[str]
    frames: np.ndarray
    missing: np.ndarray | None = None
    truth: np.ndarray | None = None

    @property
    def visible(self) -> np.ndarray | None:
        """The mask M of the posterior: true at visible pixels; None if no pixel is missing."""
        return None if self.missing is None else ~self.missing

    @property
    def complete(self) -> np.ndarray | None:
        """The clips without missing pixels, uint8 [N, T, H, W, 3]; None if unknown."""
        return to_bytes(self.frames) if self.missing is None else self.truth


def read_category(
    data_path: str | Path,
    category: str,
    first_frame: int,
    num_frames: int,
    image_size: int,
    missing: Sequence[np.ndarray] | None = None,
) -> Clips:
    """Read `num_frames` frames of every sequence of a category, resized to a square.

    Args:
        missing: for each sequence, the missing pixels, bool [num_frames, any height, any width].
            Their values in the clips are not used.

    Raises:
        RunError: the category does not exist or has no clips, a clip is broken or too short, or
            a mask does not fit its clip.
    """
    folder = Path(data_path) / category
    if not folder.is_dir():
        raise RunError(
            f"no category {category} in {data_path}; {existing_categories(Path(data_path))}"
        )
    sources = [path for path in sorted(folder.iterdir(), key=natural_order) if _is_clip(path)]
    if not sources:
        raise RunError(
            f"no clips in {folder}; put videos ({' '.join(VIDEO_SUFFIXES)}) or sub-folders of "
            f"numbered images ({' '.join(IMAGE_SUFFIXES)}) there"
        )
    frames = [
        read_clip(
            source,
            first_frame,
            num_frames,
            image_size,
            None if missing is None else missing[index],
        )
        for index, source in enumerate(sources)
    ]
    return Clips(_unique_names(sources), to_model_range(np.stack(frames)))


def read_clip(
    source: Path,
    first_frame: int,
    num_frames: int,
    image_size: int,
    missing: np.ndarray | None = None,
) -> np.ndarray:
    """Read frames first_frame … first_frame + num_frames - 1 as uint8 [T, side, side, 3].

    Frames are decoded one by one, and only the requested frames are kept. A missing pixel (see
    `read_category`) is used in no average.

    Raises:
        RunError: the clip cannot be decoded, it ends before the last requested frame, or the mask
            is not square and has other proportions than the clip.
    """
    stream = image_frames(source) if source.is_dir() else video_frames(source)
    frames: list[np.ndarray] = []
    count = 0
    try:
        for image in islice(stream, first_frame + num_frames):
            count += 1
            if count > first_frame:
                if missing is None:
                    frames.append(resize_square(image, image_size))
                else:
                    mask = missing[count - first_frame - 1]
                    refuse_other_proportions(mask, image, source)
                    frames.append(resize_square_without(image, mask, image_size))
    finally:
        stream.close()
    if len(frames) < num_frames:
        raise RunError(
            f"{source} has {count} frames, too few for --num_frames {num_frames} from "
            f"--first_frame {first_frame}; ask for fewer or use a longer clip"
        )
    return np.stack(frames)


def refuse_other_proportions(missing: np.ndarray, image: Image.Image, source: Path) -> None:
    """Raises RunError if a mask is not square and has other proportions than the clip.

    This check detects an array with its axes in another order.
    """
    height, width = missing.shape
    alike = math.isclose(height / width, image.height / image.width, rel_tol=0.1)
    if height != width and not alike:
        raise RunError(
            f"the mask of {source} is {width}×{height}, the clip {image.width}×{image.height} "
            "(width×height); give a square mask or one with the clip's proportions; an array is "
            "[height, width, frames]"
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


def video_frames(path: Path) -> Generator[Image.Image, None, None]:
    """Decode a video frame by frame, RGB. Each frame appears once; timestamps are ignored.

    Raises:
        RunError: the file is not a video, or is broken or truncated.
    """
    packets = count_packets(path)
    stream = imageio_ffmpeg.read_frames(
        str(path), input_params=STRICT, output_params=["-fps_mode", "passthrough"]
    )
    count = 0
    try:
        about = next(stream)
        for data in stream:
            count += 1
            yield Image.frombytes("RGB", about["size"], data)
    except (OSError, RuntimeError, KeyError, IndexError) as error:
        raise RunError(f"{path} cannot be decoded as a video; replace or remove it") from error
    finally:
        stream.close()
    # An intact file may contain a few packets that give no frame.
    if count < 0.95 * packets - 1:
        raise RunError(
            f"{path} is broken: of {packets} frames only {count} can be decoded; "
            "replace or remove it"
        )


def count_packets(path: Path) -> int:
    """Count the packets of a video, one for each frame, without decoding.

    The count reads the whole file, and so it finds a truncated file.

    Raises:
        RunError: the file is not a video, or is broken or truncated.
    """
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "warning", *STRICT]
    command += ["-i", str(path), "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "-"]
    walk = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if walk.returncode or "ended prematurely" in walk.stderr or _is_cut_gif(path):
        raise RunError(f"{path} is not a video, or is broken or truncated; replace or remove it")
    return sum(not line.startswith("#") for line in walk.stdout.splitlines())


def _is_cut_gif(path: Path) -> bool:
    """Whether a GIF lacks its last byte. ffmpeg does not detect this."""
    if path.suffix.lower() != ".gif":
        return False
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 64))
        return not file.read().rstrip(b"\0").endswith(b";")


def image_frames(folder: Path) -> Generator[Image.Image, None, None]:
    """Read a folder of numbered images in the order of their numbers, RGB.

    Raises:
        RunError: an image cannot be decoded.
    """
    for path in sorted(filter(_is_image, folder.iterdir()), key=natural_order):
        yield read_image(path)


def read_image(path: Path) -> Image.Image:
    """Read an image, RGB.

    Raises:
        RunError: the image does not exist or cannot be decoded.
    """
    try:
        with Image.open(path) as image:
            if image.mode.startswith("I"):  # 16 bits of grey, which `convert` would clip
                grey = (np.asarray(image) / 257).round().astype(np.uint8)
                return Image.fromarray(grey).convert("RGB")
            return image.convert("RGB")
    except FileNotFoundError as error:
        raise RunError(f"no image {path}; check the path") from error
    except (OSError, SyntaxError) as error:
        raise RunError(f"{path} cannot be decoded as an image; replace or remove it") from error


def natural_order(path: Path) -> list:
    """A sort key: the name of the path, with numbers by value (frame_2 before frame_10)."""
    pieces = re.split(r"(\d+)", path.name)
    return [(not piece.isdecimal(), int(piece) if piece.isdecimal() else piece) for piece in pieces]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def _is_clip(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    if path.is_dir():
        return any(map(_is_image, path.iterdir()))
    return path.suffix.lower() in VIDEO_SUFFIXES


def _unique_names(sources: list[Path]) -> list[str]:
    """The name of each clip without suffix, or with it if two clips differ only in the suffix."""
    stems = [path.name if path.is_dir() else path.stem for path in sources]
    return [
        stem if stems.count(stem) == 1 else path.name
        for stem, path in zip(stems, sources, strict=True)
    ]


def existing_categories(data_path: Path) -> str:
    """The possible values of --category, in words."""
    if not data_path.is_dir():
        return f"there is no folder {data_path}; give the folder of the categories as --data_path"
    names = [path.name for path in sorted(data_path.iterdir()) if path.is_dir()]
    return f"--category can be {', '.join(names)}" if names else f"{data_path} is empty"
