"""The lock of a folder: only one process at a time may write into it.

The operating system holds the lock for the process and frees it when the process ends, however it
ends. A second file says who holds the lock. It may be older than the lock, so it decides nothing.
"""

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from util.system.atomic import write_text
from util.system.errors import RunError

LOCK, HOLDER = ".lock", ".lock-holder"
NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP)  # as some network folders answer
PATIENCE = 0.5  # seconds; the holder writes its name within them


@contextmanager
def locked(folder: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of an existing folder.

    On a file system without locks, a line on stderr says that nothing is locked.

    Raises:
        RunError: another process holds the lock. The message names its host, its number and when
            it started.
    """
    lock, holder = FileLock(folder / LOCK), folder / HOLDER
    is_new = not os.path.lexists(folder / LOCK)
    try:
        lock.acquire(timeout=patience)
        while not (folder / LOCK).exists():  # removed by a refused process, after it was opened
            lock.release()
            lock.acquire(timeout=patience)
    except (Timeout, NotImplementedError, OSError) as error:
        if isinstance(error, Timeout):
            who = _holder(holder) or "another process"
            raise RunError(
                f"{folder} is in use by {who}; wait until it ends, or choose another --output_dir"
            ) from error
        if isinstance(error, OSError) and error.errno not in NO_LOCKS:
            raise
        print(
            f"warning: the file system of {folder} has no locks; only one process may write there",
            file=sys.stderr,
        )
    try:
        started = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        write_text(holder, f"process {os.getpid()} on {socket.gethostname()} since {started}\n")
        yield
    except BaseException:
        if is_new:  # a refused process leaves nothing
            (folder / LOCK).unlink(missing_ok=True)
        raise
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def is_locked(folder: Path) -> bool | None:
    """Whether another process holds the lock of a folder; None if this cannot be known."""
    try:
        with FileLock(folder / LOCK).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except (NotImplementedError, OSError):
        return None


def _holder(path: Path) -> str:
    """Who holds the lock, in words; "" if nobody has written it."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    except OSError:
        return ""
    return "".join(letter if letter.isprintable() else " " for letter in text[:200]).strip()
