"""How frames of any proportions become square: the part of a frame that is used."""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels


def whole(width: int, height: int) -> Box:
    """All of the frame, which is then squashed."""
    return 0, 0, width, height


def centre_square(width: int, height: int) -> Box:
    """The largest square in the centre of the frame."""
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


FITS: Mapping[str, Callable[[int, int], Box]] = {"squash": whole, "crop": centre_square}


def fitted(image: Image.Image, fit: str) -> Image.Image:
    """The part of an image that a row of `FITS` takes."""
    box = FITS[fit](*image.size)
    return image if box == (0, 0, *image.size) else image.crop(box)


def fitted_mask(mask: np.ndarray, fit: str) -> np.ndarray:
    """The part of a mask [T, height, width] that a row of `FITS` takes."""
    left, top, right, bottom = FITS[fit](mask.shape[2], mask.shape[1])
    return mask[:, top:bottom, left:right]
