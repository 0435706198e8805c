"""The name of the processor and what it can do, from the system's description of it."""

import pytest

from util.system.processor import has_wide_vectors, is_faster_in_bfloat16, processor_name


@pytest.mark.parametrize(
    "vendor, line, bfloat16, wide",
    [
        ("AuthenticAMD", "flags : fpu avx2 avx512f avx512_bf16", True, True),
        ("GenuineIntel", "flags : fpu avx512f avx512_bf16 amx_tile amx_bf16", True, True),
        ("GenuineIntel", "flags : fpu avx2 avx512f avx512_bf16 avx512_fp16", False, True),
        ("GenuineIntel", "flags : fpu avx2 avx512f avx512bw", False, True),
        ("0x41", "Features : fp asimd bf16 i8mm", True, False),
        ("AuthenticAMD", "flags : fpu avx avx2 fma", False, False),
        ("", "", False, False),
    ],
)
def test_abilities_are_read_from_the_flags(tmp_path, vendor, line, bfloat16, wide):
    described = tmp_path / "cpuinfo"
    described.write_text(f"processor : 0\nvendor_id : {vendor}\n{line}\n")
    assert is_faster_in_bfloat16(described) is bfloat16
    assert has_wide_vectors(described) is wide


def test_without_a_description_they_count_as_missing(tmp_path):
    assert is_faster_in_bfloat16(tmp_path / "none") is False
    assert has_wide_vectors(tmp_path / "none") is False
    assert processor_name(tmp_path / "none") == ""


def test_name_is_read_without_needless_spaces(tmp_path):
    described = tmp_path / "cpuinfo"
    described.write_text("processor : 0\nmodel name : Some   Fast CPU\nmodel name : Another\n")
    assert processor_name(described) == "Some Fast CPU"
