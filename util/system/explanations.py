"""The line for the user about an error: what is wrong and what to do."""

import errno
import os
import re
import sys

from util.system.errors import CommandLineError, RunError
from util.system.notes import escaped

OTHER_PLACE = "choose another place, for results by --output_dir"

# What to do about the errors of the operating system.
WAYS_OUT = {
    errno.ENOSPC: f"make room on this disk, or {OTHER_PLACE}",
    errno.EDQUOT: f"delete files of yours on this disk, or {OTHER_PLACE}",
    errno.EFBIG: f"allow larger files (ulimit -f), or {OTHER_PLACE}",
    errno.EEXIST: "move away what has this name",
    errno.ENOTEMPTY: "another program writes there; end it, and move away what is there",
    errno.EISDIR: "a folder has the name of this file; move it away or give another name",
    errno.ENOTDIR: f"a part of this path is a file; move it away or {OTHER_PLACE}",
    errno.ENOENT: "it was removed, or its path is wrong; check the path",
    errno.EACCES: f"ask its owner for permission, or {OTHER_PLACE}",
    errno.EPERM: f"ask its owner for permission, or {OTHER_PLACE}",
    errno.EROFS: f"nothing can be written on this disk; {OTHER_PLACE}",
    errno.EMFILE: "allow more open files (ulimit -n)",
    errno.ENFILE: "the whole system has too many open files; close other programs",
    errno.ENAMETOOLONG: "give it a shorter name, or a shorter path",
    errno.ELOOP: "links lead in a circle there; remove one of them",
    errno.EBUSY: "another program uses it; close that program",
    errno.ETXTBSY: "another program runs it; close that program",
    errno.EINVAL: "this disk does not take such a name; give another one",
    errno.EILSEQ: "this disk does not take such a name; give another one",
    errno.EIO: f"the disk may be broken; check it, or {OTHER_PLACE}",
    errno.ESTALE: f"the network disk is gone; connect it again, or {OTHER_PLACE}",
    errno.ETIMEDOUT: f"the network disk does not answer; connect it again, or {OTHER_PLACE}",
    errno.ENOMEM: "the memory is full; close other programs",
    errno.EAGAIN: "the system has no more processes or locks; close other programs",
}
# TensorFlow and ffmpeg pass on the words of an error, among others, but not its number.
NUMBERS = {os.strerror(number): number for number in WAYS_OUT}
# ffmpeg also says these of much else. So they count only where they are all that is said.
VAGUE = (errno.EINVAL, errno.EILSEQ)

INSTALL = "python -m pip install -r"
# Packages that requirements.txt does not have, and the file that has them.
PACKAGES = {"aiohttp": "requirements-live.txt"}
SMALLER = (
    "close other programs; in a new training choose a smaller --batch_size, "
    "--truncated_backprop_length or --image_size, in a test a smaller --batch_size or fewer "
    "--num_sections_in_test; an interrupted training goes on with --resume True"
)
# TensorFlow says these, too, where a GPU has no memory left.
OF_MEMORY = ("Dst tensor is not initialized", "out of memory", "OUT_OF_MEMORY", "ALLOC_FAILED")
# What TensorFlow says before the reason: where the graph was built, and that there are more errors.
BEFORE = re.compile(
    r"\s*(Graph execution error:\s*(Detected at node.*?\nNode: '[^']*'\n)*)?"
    r"(\d+ root error\(s\) found\.\s*(\(0\) )?)?",
    re.DOTALL,
)


def explain(error: Exception) -> str:
    """The line for the user: what is wrong and what to do."""
    if isinstance(error, CommandLineError | RunError):
        line = str(error)
    elif is_of_memory(error):
        line = f"the memory is full: {first_line(error)}; {SMALLER}"
    elif isinstance(error, OSError) and error.strerror:
        told = [
            words
            for words, number in NUMBERS.items()
            if words == error.strerror or (words in error.strerror and number not in VAGUE)
        ]
        number = NUMBERS[max(told, key=len)] if told else error.errno or 0
        way_out = WAYS_OUT.get(number, f"check this place, or {OTHER_PLACE}")
        line = f"cannot read or write {place_of(error)}: {error.strerror}; {way_out}"
    elif isinstance(error, ModuleNotFoundError) and error.name:
        requirements = PACKAGES.get(error.name.split(".")[0], "requirements.txt")
        line = (
            f"the package {error.name} is not installed for {sys.executable}; activate the "
            f"environment of this program, or install: {INSTALL} {requirements}"
        )
    else:
        line = f"{type(error).__name__}: {first_line(error)}; --debug True shows where"
    return escaped(" ".join(line.splitlines()))


def is_of_memory(error: Exception) -> bool:
    """Whether the error says that no memory is left, to Python, NumPy or TensorFlow."""
    of_tensorflow = {kind.__name__ for kind in type(error).__mro__}  # without its import
    return (
        isinstance(error, MemoryError)
        or "ResourceExhaustedError" in of_tensorflow
        or ("OpError" in of_tensorflow and any(words in str(error) for words in OF_MEMORY))
    )


def place_of(error: OSError) -> str:
    """The path that an error is about."""
    if isinstance(error.filename, bytes):
        return os.fsdecode(error.filename)
    return error.filename if isinstance(error.filename, str) else "a file"


def first_line(error: Exception) -> str:
    """The first line of the message of an error that tells the reason."""
    text = BEFORE.sub("", str(error), count=1).strip()
    return (text or "no message").splitlines()[0]
