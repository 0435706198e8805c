"""One process at a time holds the lock of a folder, and it dies with the process."""

import errno
import os
import signal
import socket
import subprocess
import sys

import pytest
from filelock import FileLock, Timeout
from support.command_line import ROOT, refusal

from util.system import folder_lock
from util.system.errors import RunError
from util.system.folder_lock import HOLDER, LOCK, is_locked, locked

HOLDS = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from util.system.folder_lock import locked
with locked(Path({folder!r})):
    print("holds", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock of tmp_path."""
    code = HOLDS.format(root=str(ROOT), folder=str(tmp_path))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        assert process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def enter(folder):
    with locked(folder, patience=0):
        pass


def test_second_process_is_refused_with_the_name_of_the_first(tmp_path, other):
    line = refusal(enter, tmp_path)
    assert str(tmp_path) in line
    assert f"process {other.pid} on {socket.gethostname()} since 20" in line
    assert is_locked(tmp_path)


def test_lock_dies_with_its_process(tmp_path, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert (tmp_path / HOLDER).exists()  # what the killed process wrote decides nothing
    assert not is_locked(tmp_path)
    with locked(tmp_path, patience=0):
        assert str(os.getpid()) in (tmp_path / HOLDER).read_text()


def test_lock_is_free_afterwards(tmp_path):
    enter(tmp_path)
    enter(tmp_path)
    assert not (tmp_path / HOLDER).exists()


def test_lock_holds_within_one_process(tmp_path):
    with locked(tmp_path):
        assert f"process {os.getpid()}" in refusal(enter, tmp_path)
        assert is_locked(tmp_path)


def test_refused_work_leaves_nothing(tmp_path):
    with pytest.raises(ValueError), locked(tmp_path):
        raise ValueError
    assert os.listdir(tmp_path) == []


def test_lock_is_not_opened_through_a_link(tmp_path):
    (tmp_path / "other").write_text("of a user")
    (tmp_path / LOCK).symlink_to("other")
    with pytest.raises(OSError):
        enter(tmp_path)
    assert (tmp_path / "other").read_text() == "of a user"


@pytest.mark.parametrize(
    "error",
    [NotImplementedError(), OSError(errno.ENOLCK, "no locks"), OSError(errno.EOPNOTSUPP, "none")],
)
def test_file_system_without_locks_is_said(tmp_path, monkeypatch, capsys, error):
    monkeypatch.setattr(folder_lock, "FileLock", lock_that_raises(error))
    enter(tmp_path)
    assert f"the file system of {tmp_path} has no locks" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_answer_of_a_file_system_without_locks_reaches_us(tmp_path, monkeypatch, capsys, number):
    """A version of the library that waits instead would say that others hold the lock."""

    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    enter(tmp_path)
    assert f"the file system of {tmp_path} has no locks" in capsys.readouterr().err


def test_lock_that_is_held_by_nobody_known_is_held(tmp_path, monkeypatch):
    """Its process may have taken it a moment ago."""
    monkeypatch.setattr(folder_lock, "FileLock", lock_that_raises(Timeout("lock")))
    with pytest.raises(RunError, match=f"{tmp_path} is in use by another process; wait"):
        enter(tmp_path)


def lock_that_raises(error):
    class NoLock:
        def __init__(self, _):
            pass

        def acquire(self, timeout):
            raise error

        def release(self):
            pass

    return NoLock


def test_whether_a_folder_is_locked_may_be_unknown(tmp_path, monkeypatch):
    def acquire(*_, **__):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(FileLock, "acquire", acquire)
    assert is_locked(tmp_path) is None
