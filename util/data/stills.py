"""Reading images: upright, RGB, without transparency."""

import warnings
from collections.abc import Generator, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from util.data.kinds import numbers_of, stills_in
from util.system.errors import RunError
from util.system.notes import tell_once
from util.system.regular_files import refuse_special

MOST_PIXELS = 178_956_970  # of one frame; twice the number at which Pillow warns

# Only formats that need no other program: Pillow reads EPS with Ghostscript.
Image.init()
FORMATS: list[str] = [
    name
    for name in ("PNG", "JPEG", "BMP", "DIB", "TIFF", "WEBP", "PPM", "TGA", "GIF")
    if name in Image.OPEN
]


def image_frames(folder: Path) -> Generator[Image.Image, None, None]:
    """Read a folder of numbered images in the order of their numbers, RGB.

    Raises:
        RunError: an image cannot be decoded, or has another size than the first.
    """
    first = None
    stills = stills_in(folder)
    if numbers := numbers_of(stills):
        _tell_gap(folder, numbers)
    else:
        _tell_no_series(folder, stills)
    for path in stills:
        image = read_image(path)
        first = first or (path.name, image.size)
        if image.size != first[1]:
            raise RunError(
                f"the images in {folder} differ in size: {first[0]} is {in_pixels(first[1])}, "
                f"{path.name} is {in_pixels(image.size)} (width×height); give all the same size"
            )
        yield image


def _tell_gap(folder: Path, numbers: Sequence[int]) -> None:
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    for earlier, later in pairwise(numbers):
        if later - earlier > min(steps):
            tell_once(f"{folder}: image {later} follows image {earlier}; the time jumps there")
            return


def _tell_no_series(folder: Path, stills: Sequence[Path]) -> None:
    """Say that names with numbers are no series, as with a preview or a second camera."""
    if not any(numbers_of([path]) for path in stills):
        return
    breaks = (pair for pair in pairwise(stills) if not numbers_of(pair))
    one, other = next(breaks, (stills[0], stills[-1]))
    tell_once(
        f"{folder}: the images are not one numbered series: {other.name} comes after {one.name}; "
        "each is used as a frame, in the order of the names"
    )


def in_pixels(size: tuple[int, int]) -> str:
    """(width, height) as width×height."""
    return f"{size[0]}×{size[1]}"


def refuse_unreadable(images: Iterable[str]) -> None:
    """Raises RunError if an image of --image is a folder or cannot be read."""
    for path in map(Path, images):
        if path.is_dir():
            raise RunError(f"--image {path} is a folder; name its images, as in {path}/*.png")
        read_image(path)


def read_image(path: Path) -> Image.Image:
    """Read an image, RGB. Transparent pixels are composed over black.

    Raises:
        RunError: the image does not exist, cannot be decoded, or has too many pixels.
    """
    image = open_image(path)
    if image.mode.startswith("I"):  # 16 bits of grey, which `convert` would clip
        grey = np.asarray(image)
        if grey.min() < 0 or grey.max() > 65535:
            raise RunError(f"{path} has values beyond 16 bits; save it with 8 or 16 bits")
        if 0 < grey.max() < 4096:  # cameras of 10 or 12 bits
            tell_once(
                f"{path.parent} has very dark images of 16 bits, with values below 4096 of 65535; "
                "if they have 10 or 12 bits, save them with 8 bits"
            )
        return Image.fromarray((grey / 257).round().astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise RunError(f"{path} has floating-point values; save it with 8 or 16 bits")
    if image.has_transparency_data:
        opaque, changed = over_black(image.convert("RGBA"))
        if changed:
            tell_once(f"{path.parent} has images with transparency: they are composed over black")
        return opaque
    return image.convert("RGB")


def open_image(path: Path) -> Image.Image:
    """Read an image in its own mode, turned upright by its EXIF orientation.

    Raises:
        RunError: the image does not exist, cannot be decoded, or has too many pixels.
    """
    refuse_special(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our errors replace Pillow's warnings
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                count = getattr(image, "n_frames", 1)
                if count > 1 and image.format != "MPO":  # a photo and its copies for 3D screens
                    tell_once(f"{path} has {count} pictures: the first is used")
                image.load()
                return _upright(image)
    except FileNotFoundError as error:
        raise RunError(f"no image {path}; check the path") from error
    except Image.DecompressionBombError as error:
        raise RunError(
            f"{path} has more than {MOST_PIXELS} pixels; give a smaller image"
        ) from error
    except PermissionError as error:
        raise RunError(f"no permission to read {path}") from error
    except Exception as error:  # for a damaged file, Pillow raises many kinds of errors
        raise RunError(f"{path} cannot be decoded as an image; replace or remove it") from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF data, which Pillow otherwise ignores
        return image.copy()


def over_black(image: Image.Image) -> tuple[Image.Image, bool]:
    """An image of mode RGBA over black, RGB, and whether any pixel is transparent."""
    if image.getchannel("A").getextrema()[0] == 255:
        return image.convert("RGB"), False
    black = Image.new("RGBA", image.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, image).convert("RGB"), True
