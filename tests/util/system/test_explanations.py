"""The line about an error says what is wrong and what to do about this error."""

import errno
import os

import pytest

from util.system.errors import RunError
from util.system.explanations import WAYS_OUT, explain

# What a way out must name. The words are those of the user's remedy.
NAMED = {
    errno.ENOSPC: "make room",
    errno.EEXIST: "move away",
    errno.EISDIR: "a folder",
    errno.ENOTDIR: "is a file",
    errno.ENOENT: "check the path",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.EROFS: "another place",
    errno.EMFILE: "ulimit -n",
    errno.ENAMETOOLONG: "shorter",
    errno.ELOOP: "links",
    errno.EIO: "disk",
    errno.EFBIG: "ulimit -f",
    errno.EDQUOT: "delete",
    errno.ENOMEM: "close other programs",
}


@pytest.mark.parametrize("number, word", NAMED.items())
def test_error_of_the_system_has_its_own_way_out(number, word):
    line = explain(OSError(number, os.strerror(number), "some/file"))
    assert line.startswith(f"cannot read or write some/file: {os.strerror(number)}; ")
    assert word in line
    assert ("make room" in line) == (number == errno.ENOSPC)


@pytest.mark.parametrize("number", WAYS_OUT)
def test_words_without_their_number_have_the_same_way_out(number):
    """TensorFlow passes on the words only."""
    passed_on = OSError(errno.EIO, os.strerror(number), "model.ckpt-3")
    assert explain(passed_on).endswith(f"; {WAYS_OUT[number]}")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EACCES])
def test_words_among_others_have_the_same_way_out(number):
    """As ffmpeg writes them."""
    line = f"[out#0/mp4 @ 0x55d0] Error writing trailer: {os.strerror(number)}"
    assert explain(OSError(errno.EIO, line, "a.mp4")).endswith(f"; {WAYS_OUT[number]}")


def test_error_without_a_way_out_of_its_own_names_the_place():
    line = explain(OSError(errno.ENOTTY, "not a typewriter", b"some/\xff"))
    assert line.startswith("cannot read or write some/\udcff: not a typewriter; check this place")
    assert explain(OSError(errno.EMFILE, "many", 7)).startswith("cannot read or write a file: many")


class ResourceExhaustedError(Exception):
    """As TensorFlow calls it."""


@pytest.mark.parametrize("kind", [MemoryError, ResourceExhaustedError])
def test_full_memory_is_told_in_one_line_with_the_way_out(kind):
    line = explain(kind("OOM when allocating tensor with shape[30,64]\n\t [[node]]\nHint: none"))
    assert line.startswith("the memory is full: OOM when allocating tensor with shape[30,64]; ")
    for word in ("--batch_size", "--truncated_backprop_length", "--resume True"):
        assert word in line
    assert "\n" not in line
    assert "the memory is full: no message; " in explain(kind())


def test_other_errors():
    assert explain(RunError("the\nline")) == "the line"
    assert explain(KeyError("a")) == "KeyError: 'a'; --debug True shows where"
