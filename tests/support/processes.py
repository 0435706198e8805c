"""Starting command lines as children of a server, or as processes of their own."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from support.server import SCRIPT

PAUSE = 0.005  # seconds between two looks at a process


class Ended(NamedTuple):
    """How a process ended.

    Fields:
        returncode: negative is the number of the signal that ended it, as in `subprocess`.
        stdout, stderr: its whole output.
        hung: whether it was killed because it took longer than its time limit.
    """

    returncode: int
    stdout: str
    stderr: str
    hung: bool = False


class Server:
    """A server as in server.py; also a context that closes it."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server, and with it no child that still runs."""
        self._process.stdin.close()
        self._process.wait()

    def ask(self, request: Mapping[str, Any]) -> Any:
        """Send a request and return its answer."""
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


class Child:
    """A command line that runs as a child of a server.

    Args:
        folder: its working directory.
        output: the folder of its output files. It is outside of what is compared.
        environment: variables beside those of this process.
        largest_file: bytes that a file may have; 0 for any number.
        user: the number of the user who runs it; 0 for the user of this process.
    """

    numbers = itertools.count()

    def __init__(
        self,
        server: Server,
        folder: Path,
        output: Path,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        largest_file: int = 0,
        user: int = 0,
    ):
        self._server = server
        number = next(self.numbers)
        self._files = [output / f"{number}.{name}" for name in ("stdout", "stderr")]
        self._returncode: int | None = None
        self.began = time.monotonic()
        self.pid = server.ask(
            {
                "start": {
                    "arguments": list(arguments),
                    "folder": str(folder),
                    "environment": {**os.environ, **(environment or {})},
                    "stdout": str(self._files[0]),
                    "stderr": str(self._files[1]),
                    "largest_file": largest_file,
                    "user": user,
                }
            }
        )

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        if self._returncode is None:
            self._returncode = self._server.ask({"wait": self.pid})
        return self._returncode

    def send_signal(self, number: int) -> bool:
        """Send a signal to the process, and not to its ffmpeg; False if it has ended."""
        runs = self.poll() is None
        if runs:
            os.kill(self.pid, number)
        return runs

    def kill(self) -> None:
        """Kill the process, if it runs."""
        self.send_signal(signal.SIGKILL)

    def errors_so_far(self) -> str:
        """What it has printed to stderr."""
        return _text(self._files[1])

    def end(self, limit: float) -> Ended:
        """Wait until it ends. After `limit` seconds since its start, kill it and its ffmpeg."""
        hung = False
        while self.poll() is None:
            if time.monotonic() > self.began + limit and not hung:
                hung = True
                os.killpg(self.pid, signal.SIGKILL)
            time.sleep(PAUSE)
        return Ended(self._returncode, *map(_text, self._files), hung)


def run_alone(
    folder: Path,
    arguments: Sequence[str],
    limit: float,
    environment: Mapping[str, str],
    redirection: str = "",
) -> Ended:
    """Run a command line as a process of its own, for what a child of the server cannot show.

    Args:
        redirection: what a shell does with the streams, as in `2>&-`. Of a pipe, the exit code of
            the first process counts.
    """
    program = [sys.executable, str(SCRIPT), *arguments]
    line = f'"$@" {redirection}; exit "${{PIPESTATUS[0]}}"'
    started = subprocess.Popen(
        ["bash", "-c", line, "bash", *program] if redirection else program,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    hung = False
    try:
        outputs = started.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        hung = True
        os.killpg(started.pid, signal.SIGKILL)
        outputs = started.communicate()
    texts = [output.decode("utf-8", "backslashreplace") for output in outputs]
    return Ended(started.returncode, *texts, hung)


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "backslashreplace") if path.exists() else ""
