"""The line about an error says what is wrong and what to do about this error."""

import errno
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

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


def test_invalid_argument_of_ffmpeg_is_not_taken_for_a_name():
    line = f"[out#0/gif @ 0x55d0] Error writing trailer: {os.strerror(errno.EINVAL)}"
    assert "such a name" not in explain(OSError(errno.EIO, line, "a.gif"))


def test_error_without_a_way_out_of_its_own_names_the_place():
    line = explain(OSError(errno.ENOTTY, "not a typewriter", b"some/\xff"))
    assert line.startswith("cannot read or write some/\\udcff: not a typewriter; check this place")
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


@pytest.mark.parametrize(
    "kind, message",
    [
        (tf.errors.InternalError, "Dst tensor is not initialized.\n\t [[{{node x}}]]"),
        (tf.errors.InternalError, "CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
        (
            tf.errors.ResourceExhaustedError,
            "2 root error(s) found.\n  (0) RESOURCE_EXHAUSTED: OOM when allocating\n  (1) other",
        ),
    ],
)
def test_full_gpu_is_a_full_memory(kind, message):
    line = explain(kind(None, None, message))
    assert line.startswith("the memory is full: ")
    assert "root error" not in line


def test_of_several_errors_the_first_is_told():
    error = tf.errors.InvalidArgumentError(
        None, None, "2 root error(s) found.\n  (0) INVALID_ARGUMENT: too short\n\t [[x]]\n  (1) y"
    )
    line = "InvalidArgumentError: INVALID_ARGUMENT: too short; --debug True shows where"
    assert explain(error) == line


def test_reason_of_a_failed_graph_is_told():
    """A session says first where the graph was built."""
    one = tf.placeholder(tf.float32, [None, None])
    product = tf.matmul(one, one)
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError) as caught:
        session.run(product, {one: np.zeros((2, 3))})
    line = explain(caught.value)
    assert line.startswith("InvalidArgumentError: Matrix size-incompatible: In[0]: [2,3]")


def test_name_with_control_characters_does_not_reach_the_terminal():
    assert explain(RunError("\x1b[31mred.mp4 is broken")) == "\\x1b[31mred.mp4 is broken"
