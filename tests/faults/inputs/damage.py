"""Ways to damage a file, or to put something else in its place."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

Damage = Callable[[Path, Random], None]


def empty(path: Path, _: Random) -> None:
    path.write_bytes(b"")


def noise(path: Path, random: Random) -> None:
    path.write_bytes(random.randbytes(random.randint(1, 5000)))


def text(path: Path, _: Random) -> None:
    path.write_text("<!DOCTYPE html><title>404 Not Found</title>\n" * 20)


def zeros(path: Path, _: Random) -> None:
    path.write_bytes(bytes(path.stat().st_size if path.exists() else 3000))


def cut(path: Path, random: Random) -> None:
    """Cut the file at a random place."""
    data = path.read_bytes()
    path.write_bytes(data[: random.randrange(1, len(data))])


def flip(path: Path, random: Random) -> None:
    """Change one bit of one random byte."""
    data = bytearray(path.read_bytes())
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    path.write_bytes(data)


def scramble(path: Path, random: Random) -> None:
    """Replace up to 64 bytes at a random place."""
    data = bytearray(path.read_bytes())
    place = random.randrange(len(data))
    data[place : place + 64] = random.randbytes(len(data[place : place + 64]))
    path.write_bytes(data)


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def fifo(path: Path, _: Random) -> None:
    _clear(path)
    os.mkfifo(path)


def device(path: Path, _: Random) -> None:
    _clear(path)
    path.symlink_to("/dev/zero")


def loop(path: Path, _: Random) -> None:
    """A link to itself."""
    _clear(path)
    path.symlink_to(path.name)


def dangling(path: Path, _: Random) -> None:
    _clear(path)
    path.symlink_to("nowhere")


def folder(path: Path, _: Random) -> None:
    """An empty folder in its place."""
    _clear(path)
    path.mkdir()


def gone(path: Path, _: Random) -> None:
    _clear(path)


def linked(path: Path, _: Random) -> None:
    """A link to the same file elsewhere."""
    moved = path.parent.parent / f"moved-{path.name}"
    path.rename(moved)
    path.symlink_to(moved)


# What is no file of any format, and what is no file at all.
CONTENTS: dict[str, Damage] = {"empty": empty, "noise": noise, "text": text, "zeros": zeros}
SPECIAL: dict[str, Damage] = {
    "FIFO": fifo,
    "device": device,
    "link to itself": loop,
    "dangling link": dangling,
    "folder": folder,
}
