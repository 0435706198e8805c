"""Which ffmpeg runs, and what is said of one that cannot be used."""

import imageio_ffmpeg
import pytest
from support.command_line import refusal

from util.system.ffmpeg import ffmpeg_program


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Makes a program and names it in IMAGEIO_FFMPEG_EXE."""

    def make(text, mode=0o755):
        path = tmp_path / "ffmpeg"
        path.write_text(text)
        path.chmod(mode)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(path))
        return str(path)

    return make


def test_ffmpeg_of_imageio_is_taken(monkeypatch):
    monkeypatch.delenv("IMAGEIO_FFMPEG_EXE", raising=False)
    assert ffmpeg_program() == imageio_ffmpeg.get_ffmpeg_exe()


@pytest.mark.parametrize("version", ["5.1", "n7.0.2-static", "10.0", "N-115000-g1234567"])
def test_new_ffmpeg_is_taken(program, version):
    path = program(f"#!/bin/sh\necho ffmpeg version {version} Copyright\n")
    assert ffmpeg_program() == path


@pytest.mark.parametrize("version", ["4.2.7-0ubuntu0.1", "n5.0.1", "2.8"])
def test_old_ffmpeg_is_refused_with_its_version(program, version):
    path = program(f"#!/bin/sh\necho ffmpeg version {version} Copyright\n")
    message = refusal(ffmpeg_program)
    for word in (path, version, "5.1", "IMAGEIO_FFMPEG_EXE"):
        assert word in message


@pytest.mark.parametrize(
    "text, mode",
    [
        ("#!/bin/sh\nexit 1\n", 0o755),
        ("#!/bin/sh\necho something else\n", 0o755),
        ("no program", 0o755),
        ("#!/bin/sh\n", 0o644),
    ],
)
def test_program_that_is_no_ffmpeg_is_named(program, text, mode):
    path = program(text, mode)
    message = refusal(ffmpeg_program)
    assert path in message
    assert "IMAGEIO_FFMPEG_EXE" in message


def test_missing_program_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "none"))
    assert str(tmp_path / "none") in refusal(ffmpeg_program)
