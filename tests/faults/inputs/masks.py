"""Masks of every format, for recovery."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import scipy.io
from PIL import Image
from support.command_line import encode

from faults.inputs import Case, rows
from faults.inputs.damage import CONTENTS, SPECIAL, Damage, cut, flip, linked, noise
from faults.judging import Expected
from faults.places import LOSSLESS, Make, Place, good_mask, pattern, write_images

REFUSED, READ, EITHER, ANY = Expected.REFUSED, Expected.READ, Expected.EITHER, Expected.ANY
FILES = ("mask.npy", "mask.npz", "mask.mat", "mask.avi", "mask.png", "mask")


def save(place: Place, name: str, mask: np.ndarray) -> None:
    """Write a mask [height, width, frames] in the format that the name says; "mask" is a folder."""
    (place.masks / "mask.npy").unlink(missing_ok=True)
    path = place.masks / name
    if path.suffix == ".npy":
        np.save(path, mask)
    elif path.suffix == ".npz":
        np.savez(path, masks=mask)
    elif path.suffix == ".mat":
        scipy.io.savemat(path, {"masks": mask})
    else:
        save_pictures(path, mask)


def save_pictures(path: Path, mask: np.ndarray) -> None:
    """Write a mask [height, width, frames] as a video, an image or a folder of images."""
    bright = np.where(np.moveaxis(mask, 2, 0), np.uint8(255), np.uint8(0))[..., np.newaxis]
    frames = bright.repeat(3, axis=3)
    if path.suffix == ".avi":
        encode(path, frames, *LOSSLESS)
    elif path.suffix == ".png":
        Image.fromarray(frames[0]).save(path)
    else:
        write_images(path, frames)


def saved(name: str, change: Callable[[np.ndarray], np.ndarray] = lambda mask: mask) -> Make:
    """The good mask in a format, after a change of the array."""
    return lambda place, _: save(place, name, change(good_mask()))


def damaged(name: str, damage: Damage) -> Make:
    """The good mask in a format, damaged; of a folder, its third image."""

    def make(place: Place, random: Random) -> None:
        save(place, name, good_mask())
        path = place.masks / name
        damage(path / "002.png" if path.is_dir() else path, random)

    return make


def raw(content: bytes, name: str = "mask.npy") -> Make:
    def make(place: Place, _: Random) -> None:
        (place.masks / name).write_bytes(content)

    return make


def long_clip(name: str, mask: Callable[[], np.ndarray]) -> Make:
    """A clip of 12 frames of 12 by 12 pixels, and a mask."""

    def make(place: Place, _: Random) -> None:
        encode(place.clips / "ripples.avi", pattern(12), *LOSSLESS)
        save(place, name, mask())

    return make


def cube() -> np.ndarray:
    mask = np.zeros((12, 12, 12), bool)
    mask[2:6, 3:9] = True
    return mask


def npy_that_says(shape: str, kind: str = "|b1") -> bytes:
    """A .npy file of 100 bytes whose header says something else."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (117 - len(header)) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(100)


def npz_of(content: bytes, name: str = "masks.npy") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def pickled() -> bytes:
    """A .npy file of objects, which only unpickling could read."""
    file = io.BytesIO()
    np.save(file, np.array([{"a": 1}], object), allow_pickle=True)
    return file.getvalue()


def palette(place: Place, _: Random) -> None:
    """Objects 1 and 2 in dark colours of a palette."""
    place.masks.joinpath("mask.npy").unlink()
    objects = good_mask()[..., 0].astype(np.uint8)
    objects[3:5] *= 2
    image = Image.fromarray(objects, "P")
    image.putpalette([0, 0, 0, 40, 0, 0, 0, 40, 0])
    image.save(place.masks / "mask.png")


def numbered(*numbers: int) -> Make:
    """Mask images with these numbers, for the good clip, which is a video."""

    def make(place: Place, random: Random) -> None:
        save(place, "mask", good_mask())
        folder = place.masks / "mask"
        files = sorted(folder.iterdir())
        for file, number in zip(files, numbers, strict=True):
            file.rename(folder / f"frame_{number:05d}.png")

    return make


def cases() -> list[Case]:
    """All cases of masks."""
    table: dict = {}
    for name in FILES:
        given = {"arguments": ("--mask_file", name)}
        if name != "mask.png":
            table[f"good {name}"] = (READ, saved(name), given)
        table[f"link {name}"] = (
            READ,
            damaged(name, linked) if name != "mask" else saved(name),
            given,
        )
        table[f"nothing missing {name}"] = (REFUSED, saved(name, np.zeros_like), given)
        table[f"all missing {name}"] = (REFUSED, saved(name, np.ones_like), given)
        for words, damage in {**CONTENTS, **SPECIAL}.items():
            table[f"{words} {name}"] = (REFUSED, damaged(name, damage), given)
        for number in range(2):
            table[f"cut {name} {number}"] = (EITHER, damaged(name, cut), given)
        table[f"flipped {name}"] = (ANY, damaged(name, flip), given)
    strange: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "complex": lambda mask: mask * 1j,
        "words": lambda mask: np.full(mask.shape, "x"),
        "not a number": lambda mask: np.where(mask, np.nan, 0.0),
        "infinite": lambda mask: np.where(mask, np.inf, 0.0),
        "flat": lambda mask: mask[..., 0],
        "five axes": lambda mask: mask[..., np.newaxis, np.newaxis],
        "no axis": lambda mask: mask[0, 0, 0],
        "no frames": lambda mask: mask[..., :0],
        "few frames": lambda mask: mask[..., :2],
        "other proportions": lambda mask: mask[:5],
    }
    for words, change in strange.items():
        for name in ("mask.npy", "mask.npz", "mask.mat"):
            table[f"{words} {name}"] = (
                REFUSED,
                saved(name, change),
                {"arguments": ("--mask_file", name)},
            )
    heads = {
        "more than any memory": npy_that_says(f"({10**12},)"),
        "negative": npy_that_says("(-1, 12, 12)"),
        "larger than the file": npy_that_says("(12, 12, 9999)"),
        "objects": npy_that_says("(2, 2, 2)", "|O"),
        "pickled": pickled(),
        "void": npy_that_says("(2, 2, 2)", "|V8"),
    }
    for words, content in heads.items():
        table[f"{words} .npy"] = (REFUSED, raw(content))
        given = {"arguments": ("--mask_file", "mask.npz")}
        table[f"{words} .npz"] = (REFUSED, raw(npz_of(content), "mask.npz"), given)
    array = saved("mask.npy")
    layout = {"twin": long_clip("mask.avi", cube), "twin_arguments": ("--mask_file", "mask.avi")}
    table |= {
        "other variable": (
            REFUSED,
            lambda place, _: np.savez(place.masks / "mask.npz", other=good_mask()),
            {"arguments": ("--mask_file", "mask.npz")},
        ),
        "MATLAB 7.3": (
            REFUSED,
            raw(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(900), "mask.mat"),
            {"arguments": ("--mask_file", "mask.mat")},
        ),
        "unknown suffix": (
            REFUSED,
            raw(b"x", "mask.xyz"),
            {"arguments": ("--mask_file", "mask.xyz")},
        ),
        "no such mask": (REFUSED, array, {"arguments": ("--mask_file", "none.npy")}),
        "no mask named": (REFUSED, array, {"arguments": ("--mask_file", "")}),
        "of another category": (ANY, array, {"arguments": ("--mask_file", "../waves/mask.npy")}),
        "palette": (READ, palette, {"arguments": ("--mask_file", "mask.png")}),
        "numbers with gaps": (
            REFUSED,
            numbered(*range(0, 14, 2)),
            {"arguments": ("--mask_file", "mask")},
        ),
        "numbers from 10": (
            REFUSED,
            numbered(*range(10, 17)),
            {"arguments": ("--mask_file", "mask")},
        ),
        "numbers from 1": (READ, numbered(*range(1, 8)), {"arguments": ("--mask_file", "mask")}),
        "layout not certain": (REFUSED, long_clip("mask.npy", cube)),
        "layout HWT": (
            READ,
            long_clip("mask.npy", cube),
            {"arguments": ("--mask_layout", "HWT"), **layout},
        ),
        "layout THW": (
            READ,
            long_clip("mask.npy", lambda: np.moveaxis(cube(), 2, 0)),
            {"arguments": ("--mask_layout", "THW"), **layout},
        ),
        "layout certain THW": (READ, saved("mask.npy", lambda mask: np.moveaxis(mask, 2, 0))),
        "with channels": (READ, saved("mask.npy", lambda mask: np.stack([mask] * 3, axis=3))),
        "inverted": (ANY, saved("mask.npy", np.logical_not), {"says": ("--invert_mask",)}),
        "inverted back": (
            READ,
            saved("mask.npy", np.logical_not),
            {"arguments": ("--invert_mask", "True")},
        ),
        "not UTF-8": (
            EITHER,
            lambda place, _: save(place, os.fsdecode(b"\xff.npy"), good_mask()),
            {"arguments": ("--mask_file", os.fsdecode(b"\xff.npy"))},
        ),
        "noise beside": (READ, lambda place, random: noise(place.masks / "x.npy", random)),
    }
    return rows("masks", "masks", table)
