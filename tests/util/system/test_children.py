"""What a process that this program starts does when the program dies."""

import os
import signal
import subprocess
import sys

import pytest
from support.command_line import ROOT, end_of, start_alone, wait_until

PARENT = """
import subprocess, sys, threading
from util.system.children import stop_with_parent
for _ in range(8):
    threading.Thread(target=threading.Event().wait).start()
subprocess.Popen(sys.argv[1:], start_new_session=True, preexec_fn=stop_with_parent())
"""
CHILD = """
import os, sys, time
from pathlib import Path
from util.system.interruption import Interruption
parent = os.getppid()
with Interruption() as interruption:
    Path("started").touch()
    while not interruption.signal or os.getppid() == parent:
        time.sleep(0.001)
    print("ends after one signal:", int(interruption.signal))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child")
@pytest.mark.parametrize("hangup", [signal.SIG_DFL, signal.SIG_IGN], ids=["shell", "nohup"])
def test_child_of_a_killed_process_stops_as_after_one_signal(tmp_path, hangup):
    """The system tells it once for each thread of the parent."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, sys.executable, "-c", CHILD],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, hangup),
    )
    wait_until((tmp_path / "started").exists, parent)
    parent.kill()
    outcome = end_of(parent)  # the child has the same pipes
    assert (outcome.stdout, outcome.stderr) == (f"ends after one signal: {signal.SIGHUP:d}\n", "")


DIES_EARLY = """
import os, signal, subprocess, sys
from util.system.children import stop_with_parent
parent, prepare = os.getpid(), stop_with_parent()
def prepare_too_late():
    os.kill(parent, signal.SIGKILL)
    while os.getppid() == parent:
        pass
    prepare()
subprocess.Popen([sys.executable, "-c", "print('goes on')"], preexec_fn=prepare_too_late)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child")
def test_child_of_a_process_that_was_killed_while_it_started_the_child_stops():
    """The system tells a child only of a death after it has asked for this."""
    parent = start_alone(ROOT, script=("-c", DIES_EARLY))
    outcome = end_of(parent)  # the child has the same pipes
    assert (outcome.returncode, outcome.stdout) == (-signal.SIGKILL, "")
