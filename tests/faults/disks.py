"""Disks that fill at a random moment of a training or a test; then there is room again.

The disk is a tmpfs of a random small size in a namespace of its own (`unshare -rm`). Where that is
not allowed, a limit of the size of a file (RLIMIT_FSIZE) takes its place.
"""

import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import NamedTuple

from faults.judging import RUN, Wanted, judge
from faults.kills import goes_on, tests_again
from faults.places import TEST, TRAIN, Place, Stage
from faults.trees import tree

NUMBER = 20
ROOM = 64 * 2**20  # bytes that are enough


class Disk(NamedTuple):
    """A full disk; every third is full in a test.

    Fields:
        name: disks/<number> in <training or test>.
    """

    name: str
    in_test: bool


def cases() -> list[Disk]:
    """The full disks."""
    return [
        Disk(f"disks/{number} in {'test' if number % 3 == 2 else 'training'}", number % 3 == 2)
        for number in range(NUMBER)
    ]


def may_mount() -> bool:
    """Whether this user may make a namespace and mount a tmpfs there."""
    try:
        line = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"]
        return subprocess.run(line, capture_output=True).returncode == 0
    except OSError:
        return False


def mount(place: Place, size: int, options: str = "") -> None:
    """Mount a tmpfs of `size` bytes in the place of output_synthesis/."""
    target = place.work / "output_synthesis"
    target.mkdir(exist_ok=True)
    given = ["-o", f"{options}size={size}", "-t", "tmpfs", "tmpfs", str(target)]
    subprocess.run(["mount", *given], check=True)


def mount_small(stage: Stage, place: Place, random: Random, in_test: bool) -> None:
    """Mount a disk that the results may or may not fill; of a test it holds the run already."""
    whole = size_of(Place(stage.finished(TRAIN)).run)
    if not in_test:
        mount(place, random.randint(4096, whole * 5 // 4))
        return
    here, aside = place.work / "output_synthesis", place.root / "aside"
    here.rename(aside)
    mount(place, whole + random.randint(0, 80_000))
    shutil.copytree(aside, here, dirs_exist_ok=True)
    shutil.rmtree(aside)


def size_of(folder: Path) -> int:
    """Bytes of the pages that the files and folders below a folder take."""
    return sum(4096 + path.stat().st_size // 4096 * 4096 for path in folder.rglob("*"))


def run_disk(stage: Stage, case: Disk, seed: int, mounts: bool) -> list[str]:
    """Fill the disk, judge, make room, go on, judge again, and compare. Returns the failures.

    Args:
        mounts: whether the campaign runs in a namespace where it may mount.
    """
    random = Random(f"{seed}/{case.name}")
    place = stage.place("test" if case.in_test else "clips")
    limit = 0
    if mounts:
        mount_small(stage, place, random, case.in_test)
    else:
        limit = random.randint(*((200, 20_000) if case.in_test else (500, 1_000_000)))
    before = tree(place.root)
    ended = stage.run(place, TEST if case.in_test else TRAIN, largest_file=limit)
    wanted = Wanted(frozenset({0, 1}), changes=rf"{RUN}/.*", may_stop=True)
    failures = judge(ended, before, tree(place.root), wanted)
    if mounts:
        mount(place, ROOM, "remount,")
    if not case.in_test:
        failures += goes_on(stage, place)
    else:
        failures += tests_again(stage, place)
    if mounts:
        subprocess.run(["umount", str(place.work / "output_synthesis")], check=True)
    stage.remove(place)
    return failures
