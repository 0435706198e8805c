"""The ffmpeg that reads and writes videos: that of imageio-ffmpeg, or IMAGEIO_FFMPEG_EXE."""

import functools
import os
import re
import subprocess

import imageio_ffmpeg

from util.system.errors import RunError

OLDEST = (5, 1)  # the first version with the option -fps_mode
LONGEST_START = 60  # seconds
WAY_OUT = "unset IMAGEIO_FFMPEG_EXE, or name another ffmpeg there"


def ffmpeg_program() -> str:
    """The path of ffmpeg.

    Raises:
        RunError: there is none, it does not run, or it is too old.
    """
    try:
        program = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise RunError("no ffmpeg found; install imageio-ffmpeg again") from error
    _refuse_unfit(program)
    return program


def reader_in_words() -> str:
    """Which ffmpeg reads, if IMAGEIO_FFMPEG_EXE names it. It can be the reason of an error."""
    if not os.getenv("IMAGEIO_FFMPEG_EXE"):
        return ""
    program = ffmpeg_program()
    return f" (IMAGEIO_FFMPEG_EXE names {program}, ffmpeg {version_of(program)})"


@functools.cache
def _refuse_unfit(program: str) -> None:
    version = version_of(program)
    # The version of a development build is no number.
    number = re.match(r"n?(\d+)\.(\d+)", version)
    if number and (int(number[1]), int(number[2])) < OLDEST:
        raise RunError(
            f"{program} is ffmpeg {version}, too old: version {OLDEST[0]}.{OLDEST[1]} or newer is "
            f"needed; {WAY_OUT}"
        )


def version_of(program: str) -> str:
    """The version of an ffmpeg, in its own words.

    Raises:
        RunError: the program does not run, or is not ffmpeg.
    """
    try:
        answer = subprocess.run(
            [program, "-nostdin", "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LONGEST_START,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise RunError(f"ffmpeg {program} does not run; {WAY_OUT}") from error
    found = re.match(r"ffmpeg version (\S+)", answer.stdout.decode(errors="replace"))
    if answer.returncode or not found:
        raise RunError(f"{program} does not run, or is not ffmpeg; {WAY_OUT}")
    return found[1]
