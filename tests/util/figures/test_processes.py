"""Running a command line in a process of its own."""

import os
import select
import signal
import sys

import pytest
from support.command_line import LONG_ENOUGH

from util.figures import processes
from util.figures.processes import reason, run_process
from util.system.errors import Interrupted, RunError

SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Makes a Python script to be run in place of main_dyn_G.py."""

    def make(code):
        path = tmp_path / "program.py"
        path.write_text(code)
        monkeypatch.setattr(processes, "PROGRAM", path)

    return make


@pytest.fixture(autouse=True)
def handlers_again():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_lines_are_heard_and_logged(program, tmp_path):
    program("import sys; print('ä', *sys.argv[1:]); print('no end', end='', file=sys.stderr)")
    heard = []
    run_process(["--a", "b c"], tmp_path / "log", heard.append, "it goes on")
    run_process(["--a", "d"], tmp_path / "log", heard.append, "it goes on")
    assert sorted(heard) == ["no end", "no end", "ä --a b c", "ä --a d"]
    assert sorted((tmp_path / "log").read_text(encoding="utf-8").splitlines()) == sorted(heard)


def test_failure_gives_the_error_of_the_process_and_its_log(program, tmp_path):
    program("import sys; print('error: no clips in x; put some there'); print('y'); sys.exit(1)")
    with pytest.raises(RunError, match="^no clips in x; put some there .*log"):
        run_process([], tmp_path / "log", lambda line: None, "it goes on")


def test_failure_without_an_error_says_how_the_process_ended():
    assert "because the memory was full" in reason(["epoch 1"], -9)
    assert reason(["epoch 1"], -6) == "it was killed by signal 6"
    assert reason([], 3) == "it ended with exit code 3"


def test_signal_stops_the_process_and_is_told(program, tmp_path):
    """On Linux by SIGHUP, which never counts as the second of two signals."""
    number = "SIGHUP" if sys.platform.startswith("linux") else "SIGTERM"
    program(
        "import signal, sys\n"
        f"signal.signal(signal.{number}, lambda *_: print('saved', flush=True) or sys.exit(143))\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    heard = []

    def hear(line):
        heard.append(line)
        if line == "ready":
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="the same command goes on") as caught:
        run_process([], tmp_path / "log", hear, "the same command goes on")
    assert caught.value.exit_code == 128 + signal.SIGINT
    assert heard == ["ready", "saved"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child")
def test_process_is_told_to_stop_if_the_program_is_killed(program, tmp_path):
    told, alive = tmp_path / "told", tmp_path / "alive"
    program(
        "import pathlib, signal, sys\n"
        f"alive = open({str(alive)!r}, 'w')\n"
        f"told = pathlib.Path({str(told)!r})\n"
        "signal.signal(signal.SIGHUP, lambda *_: told.write_text('') and None or sys.exit())\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    os.mkfifo(alive)
    pipe = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    child = os.fork()
    if child == 0:  # the program, which is killed as soon as its process runs
        try:
            run_process([], tmp_path / "log", lambda line: os.kill(os.getpid(), signal.SIGKILL), "")
        finally:
            os._exit(1)  # it must never go on as a second run of the tests
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with open(pipe):
        assert select.select([pipe], [], [], LONG_ENOUGH)[0]  # at its end: the process has ended
    assert told.exists()
