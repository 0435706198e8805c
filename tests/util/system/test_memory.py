"""The memory that a process may use, by the files of a made-up system."""

import os
import sys

import pytest

from util.system import memory
from util.system.memory import group_limits, has_gpu, memory_limit


def write(system, files):
    for name, text in files.items():
        (system / name).parent.mkdir(parents=True, exist_ok=True)
        (system / name).write_text(text)


@pytest.mark.parametrize(
    "files, limits",
    [
        # Version 2: the group, the group above it, and the top of a container.
        (
            {
                "proc/self/cgroup": "0::/user/job\n",
                "sys/fs/cgroup/user/job/memory.max": "3000\n",
                "sys/fs/cgroup/user/memory.max": "2000\n",
                "sys/fs/cgroup/memory.max": "max\n",
            },
            [3000, 2000],
        ),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "4000\n"}, [4000]),
        # Version 1, with a path of the host that the container does not have.
        (
            {
                "proc/self/cgroup": "9:cpu,cpuacct:/a\n7:memory:/docker/12\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "5000\n",
            },
            [5000],
        ),
        ({"proc/self/cgroup": "0::/job:1\n", "sys/fs/cgroup/job:1/memory.max": "6\n"}, [6]),
        ({}, []),
    ],
)
def test_limits_of_control_groups(tmp_path, files, limits):
    write(tmp_path, files)
    assert group_limits(tmp_path) == limits


def test_smallest_limit_holds(tmp_path, monkeypatch):
    for machine, space, smallest in ((9000, None, 4000), (3000, None, 3000), (9000, 2000, 2000)):
        monkeypatch.setattr(memory, "machine_memory", lambda machine=machine: machine)
        monkeypatch.setattr(memory, "address_space", lambda space=space: space)
        write(tmp_path, {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": "4000"})
        assert memory_limit(tmp_path) == smallest


def test_limit_that_cannot_be_known_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: None)
    monkeypatch.setattr(memory, "address_space", lambda: None)
    assert memory_limit(tmp_path) is None


@pytest.mark.skipif(not os.path.exists("/proc/meminfo"), reason="looks into /proc")
def test_memory_of_this_machine():
    with open("/proc/meminfo") as file:
        total = next(int(line.split()[1]) for line in file if line.startswith("MemTotal"))
    assert memory.machine_memory() == total * 1024


def test_limit_of_the_address_space():
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_AS)
    if before[0] != resource.RLIM_INFINITY:
        assert memory.address_space() == before[0]
    else:
        resource.setrlimit(resource.RLIMIT_AS, (2**46, before[1]))
        try:
            assert memory.address_space() == 2**46
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
        assert memory.address_space() is None


@pytest.mark.parametrize("gpus", [[], ["GPU:0"]])
def test_tensorflow_decides_whether_a_gpu_computes(monkeypatch, gpus):
    """A card is of no use without its libraries."""
    monkeypatch.setattr(memory, "may_have_gpu", lambda: not gpus)
    monkeypatch.setattr(sys.modules["tensorflow"].config, "list_physical_devices", lambda _: gpus)
    assert has_gpu() == bool(gpus)
    monkeypatch.delitem(sys.modules, "tensorflow")
    assert has_gpu() == (not gpus)
