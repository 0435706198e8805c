"""The processor: its name and what it can do."""

import os
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")  # Linux
BFLOAT16_UNITS = {"amx_bf16", "bf16"}  # x86, ARM
BFLOAT16_VECTORS = "avx512_bf16"  # x86
INTEL = "GenuineIntel"

WIDE_VECTORS = "avx512f"  # 512 bits


def available_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def is_faster_in_bfloat16(cpu_info: Path = CPU_INFO) -> bool:
    """Whether the processor multiplies bfloat16 faster than float32; False where unknown.

    Matrix products with vectors of bfloat16 were 1.8 times as fast as with float32 on an AMD
    processor, and half as fast on an Intel processor (`tests/benchmark/README.md`). Some virtual
    machines hide Intel's matrix unit (AMX).
    """
    words = set(_words(cpu_info))
    vectors = BFLOAT16_VECTORS in words and INTEL not in words
    return vectors or not BFLOAT16_UNITS.isdisjoint(words)


def has_wide_vectors(cpu_info: Path = CPU_INFO) -> bool:
    """Whether the processor has vectors of 512 bits; False where it cannot be known."""
    return WIDE_VECTORS in _words(cpu_info)


def processor_name(cpu_info: Path = CPU_INFO) -> str:
    """The name of the processor; "" where it cannot be known."""
    lines = _description(cpu_info).splitlines()
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return " ".join(next(names, "").split())


def _words(cpu_info: Path) -> list[str]:
    return _description(cpu_info).split()


def _description(cpu_info: Path) -> str:
    """The system's description of the processor; "" where there is none."""
    try:
        return cpu_info.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
