"""Printing never fails: broken pipes, full disks, closed streams, missing characters."""

import io
import os

import pytest
from support.command_line import SCRIPT, end_of, start_alone

from util.system.printing import LossyStream, lossy


def stream_without_reader():
    reading, writing = os.pipe()
    os.close(reading)
    return open(writing, "w", encoding="utf-8")


def closed_stream():
    stream = io.StringIO()
    stream.close()
    return stream


def full_stream():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    return open("/dev/full", "w", encoding="utf-8")


@pytest.mark.parametrize("broken", [stream_without_reader, closed_stream, full_stream])
def test_write_and_flush_never_fail(broken):
    stream = LossyStream(broken())
    for text in ("short", "long " * 10_000):
        assert stream.write(text) == len(text)
        stream.flush()


@pytest.mark.filterwarnings("error")
def test_released_stream_can_be_closed():
    inner = stream_without_reader()
    stream = LossyStream(inner)
    stream.write("kept in the buffer")
    stream.release()
    inner.close()  # which writes the buffer, and fails where the stream was not released


def test_text_that_can_be_written_is_written_in_order():
    inner = io.StringIO()
    stream = LossyStream(inner)
    print("one", "two", file=stream)
    print("three", end="", file=stream, flush=True)
    assert inner.getvalue() == "one two\nthree"


@pytest.mark.parametrize(
    "encoding, written",
    [
        ("utf-8", "ξ é \\udcff"),
        ("cp1252", "\\u03be é \\udcff"),
        ("ascii", "\\u03be \\xe9 \\udcff"),
    ],
)
def test_character_that_the_encoding_lacks_becomes_an_escape(encoding, written):
    bytes_ = io.BytesIO()
    stream = lossy(io.TextIOWrapper(bytes_, encoding=encoding))
    stream.write("ξ é \udcff")
    stream.flush()
    assert bytes_.getvalue().decode(encoding) == written


def test_without_a_stream_the_text_is_lost():
    stream = lossy(None)
    print("nobody sees this", file=stream, flush=True)


def test_missing_stream_has_the_null_device_and_no_other_file(tmp_path):
    """Otherwise the first file that the program opens would be its standard error."""
    code = (
        "import os, sys; from util.system.printing import never_fail_to_print;"
        "os.close(2); os.close(1); sys.stdout = sys.stderr = None; never_fail_to_print();"
        f"file = open({str(tmp_path / 'file')!r}, 'w'); print('out'); "
        "print('error', file=sys.stderr); os.write(2, b'of a library');"
        "sys.exit(7 if file.fileno() > 2 else 1)"
    )
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parent)}
    outcome = end_of(start_alone(tmp_path, script=("-c", code), env=environment))[:3]
    assert outcome == (7, "", "")
    assert (tmp_path / "file").read_text() == ""


def test_help_is_shown_in_ascii(tmp_path):
    outcome = end_of(
        start_alone(tmp_path, "--help", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "dimension k of the innovation \\u03be_t" in outcome.stdout


def test_exit_code_is_that_of_the_run_where_nobody_reads(tmp_path):
    for arguments, exit_code in ((["--help"], 0), (["--category", "none"], 1)):
        process = start_alone(tmp_path, *arguments)
        process.stdout.close()
        stderr = process.stderr.read()
        process.stderr.close()
        assert process.wait() == exit_code
        assert "Exception ignored" not in stderr
        assert "BrokenPipe" not in stderr
