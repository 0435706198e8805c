"""What the processor can do, from the system's description of it."""

import pytest

from util.system.processor import multiplies_bfloat16


@pytest.mark.parametrize(
    "line, can",
    [
        ("flags : fpu avx2 avx512f avx512_bf16 amx_tile", True),
        ("flags : fpu avx512f amx_bf16", True),
        ("Features : fp asimd bf16 i8mm", True),
        ("flags : fpu avx2 avx512f avx512bw", False),
        ("", False),
    ],
)
def test_bfloat16_is_read_from_the_flags(tmp_path, line, can):
    described = tmp_path / "cpuinfo"
    described.write_text(f"processor : 0\n{line}\n")
    assert multiplies_bfloat16(described) is can


def test_without_a_description_it_counts_as_missing(tmp_path):
    assert multiplies_bfloat16(tmp_path / "none") is False
