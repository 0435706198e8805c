"""What the processor can do."""

from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")  # Linux
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # x86, x86, ARM

WIDE_VECTORS = "avx512f"  # 512 bits


def multiplies_bfloat16(cpu_info: Path = CPU_INFO) -> bool:
    """Whether the processor multiplies bfloat16 numbers itself; False where it cannot be known."""
    return not BFLOAT16_FLAGS.isdisjoint(_words(cpu_info))


def has_wide_vectors(cpu_info: Path = CPU_INFO) -> bool:
    """Whether the processor has vectors of 512 bits; False where it cannot be known."""
    return WIDE_VECTORS in _words(cpu_info)


def _words(cpu_info: Path) -> list[str]:
    """All words of the system's description of the processor; none where there is none."""
    try:
        return cpu_info.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return []
