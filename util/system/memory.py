"""How much memory a process may use, on this machine and in its container."""

import os
import sys
from pathlib import Path

from util.system.gpus import may_have_gpu

SYSTEM = Path("/")


def memory_limit(system: Path = SYSTEM) -> int | None:
    """The memory that this process may use at most, in bytes; None where it cannot be known.

    It is the smallest of the machine's memory, the limits of the control groups (containers), and
    the limit of the process's address space (ulimit -v). Memory that other programs use counts as
    usable, as they may end.

    Args:
        system: the root of the file system.
    """
    limits = [*group_limits(system), *filter(None, (machine_memory(), address_space()))]
    return min(limits, default=None)


def machine_memory() -> int | None:
    """The memory of the machine, in bytes; None where it cannot be known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None


def address_space() -> int | None:
    """The limit of the process's address space, in bytes; None if there is none."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def group_limits(system: Path) -> list[int]:
    """The memory limits, in bytes, of the process's control groups and of all groups above."""
    limits = []
    for line in read(system / "proc/self/cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers == "":  # version 2
            top, name = system / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):  # version 1
            top, name = system / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        path = Path(group.strip("/"))
        # In a container, the path may be one of the host. Only the top exists then.
        for folder in (path, *path.parents):
            text = read(top / folder / name).strip()
            limits += [int(text)] if text.isdecimal() else []
    return limits


def read(path: Path) -> str:
    """The text of a file; "" if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def has_gpu() -> bool:
    """Whether a GPU computes, whose memory is not the machine's.

    Before TensorFlow is loaded, whether it may: a GPU needs libraries that may be missing.
    """
    if tensorflow := sys.modules.get("tensorflow"):
        return bool(tensorflow.config.list_physical_devices("GPU"))
    return may_have_gpu()
