"""A process that imports the program once and forks a child for each command line.

Importing TensorFlow takes seconds, and forking takes none. A child runs main_dyn_G.py under
`__main__` and ends as any Python process does.

The server reads requests from its standard input and answers on its standard output, one line of
JSON each:

    {"start": {arguments, folder, environment, stdout, stderr, largest_file, user}} → process id
    {"wait": process id} → exit code as of `subprocess`, or null while the process runs
"""

import importlib
import json
import os
import pkgutil
import resource
import runpy
import signal
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "main_dyn_G.py"


def import_program() -> None:
    """Import TensorFlow and all modules of the program."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.path[0] = str(ROOT)  # as Python sets it for main_dyn_G.py
    for name in ("model", "util"):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)
    importlib.import_module("tensorflow.compat.v1").summary.FileWriter  # noqa: B018


def serve() -> None:
    """Answer requests until the standard input ends. Returns in no child."""
    requests, answers = os.dup(0), os.dup(1)
    while line := read_line(requests):
        request = json.loads(line)
        if "start" in request:
            answer: Any = os.fork()
            if not answer:
                os.close(requests)
                os.close(answers)
                become(request["start"])
        else:
            process, status = os.waitpid(request["wait"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if process else None
        os.write(answers, json.dumps(answer).encode() + b"\n")


def read_line(pipe: int) -> bytes:
    """The next request; empty at the end. There is only one at a time, so nothing follows it."""
    line = b""
    while not line.endswith(b"\n") and (piece := os.read(pipe, 2**16)):
        line += piece
    return line


def become(request: dict[str, Any]) -> None:
    """Run main_dyn_G.py with the request's arguments. It ends by SystemExit, as a script does."""
    os.setsid()
    # If the tests run with nohup, their processes would ignore SIGHUP, too.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for number, path in enumerate((os.devnull, request["stdout"], request["stderr"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        os.dup2(opened, number)
        os.close(opened)
    if request["largest_file"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest_file"],) * 2)
    if request["user"]:
        os.setgid(request["user"])
        os.setuid(request["user"])
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [str(SCRIPT), *request["arguments"]]
    runpy.run_path(str(SCRIPT), run_name="__main__")
    sys.exit(0)


if __name__ == "__main__":
    import_program()
    serve()
