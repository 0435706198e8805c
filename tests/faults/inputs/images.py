"""Still images to animate."""

import os
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from faults.inputs import Case, rows
from faults.inputs.damage import CONTENTS, SPECIAL, Damage, cut, flip, linked
from faults.judging import Expected
from faults.places import Make, Place, good, pattern

REFUSED, READ, EITHER, ANY = Expected.REFUSED, Expected.READ, Expected.EITHER, Expected.ANY
NAMES = {
    "line break": "a\nb.png",
    "not UTF-8": os.fsdecode(b"\xff.png"),
    "percent": "%05d.png",
    "dots": "...png",
    "long": "a" * 250 + ".png",
    "protocol": "file:a.png",
    "escape": "\x1b[31m.png",
    "quotes": "'\".png",
}


def still(place: Place) -> Path:
    return place.work / "still.png"


def damaged(damage: Damage) -> Make:
    return lambda place, random: damage(still(place), random)


def named(name: str) -> Make:
    """The good image under another name."""

    def make(place: Place, _: Random) -> None:
        still(place).rename(place.work / name)

    return make


def turned(place: Place, _: Random) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.ascontiguousarray(np.rot90(pattern()[0]))).save(still(place), exif=exif)


def transparent(over_black: bool) -> Make:
    def make(place: Place, _: Random) -> None:
        frame = pattern()[0]
        alpha = np.full((*frame.shape[:2], 1), 255, np.uint8)
        alpha[:5] = 0
        image = np.where(alpha > 0, frame, np.uint8(0)) if over_black else frame
        Image.fromarray(image if over_black else np.concatenate([image, alpha], 2)).save(
            still(place)
        )

    return make


def cases() -> list[Case]:
    """All cases of images."""
    table: dict = {
        words: (REFUSED, damaged(damage)) for words, damage in {**CONTENTS, **SPECIAL}.items()
    }
    for words, name in NAMES.items():
        given = {"arguments": ("--image", name)}
        table[f"name: {words}"] = (EITHER, named(name), given)
    table |= {
        "cut": (EITHER, damaged(cut)),
        "flipped": (ANY, damaged(flip)),
        "link": (READ, damaged(linked)),
        "EXIF orientation": (READ, turned),
        "transparent": (READ, transparent(False), {"twin": transparent(True)}),
        "not there": (REFUSED, good, {"arguments": ("--image", "none.png")}),
        "no name": (REFUSED, good, {"arguments": ("--image", "")}),
        "absolute path": (REFUSED, good, {"arguments": ("--image", "/etc/passwd")}),
        "path upwards": (REFUSED, good, {"arguments": ("--image", "../outside/of_a_user.txt")}),
        "same twice": (ANY, good, {"arguments": ("--image", "still.png", "still.png")}),
    }
    return rows("images", "images", table)
