"""The processor: its name and what it can do."""

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
