"""The threads of NumPy and SciPy."""

import subprocess
import sys

import pytest
from support.server import ROOT

from util.system.threads import LIBRARIES, one_thread_for_numpy

VARIABLES = [f"{name}_NUM_THREADS" for name in ("OMP", *LIBRARIES)]


@pytest.mark.parametrize(
    "given, expected",
    [
        ({}, [None, "1", "1"]),
        ({"OPENBLAS_NUM_THREADS": "4"}, [None, "4", "1"]),
        ({"OMP_NUM_THREADS": "4"}, ["4", None, None]),
    ],
)
def test_one_thread_unless_the_environment_says_how_many(monkeypatch, given, expected):
    environment = dict(given)
    monkeypatch.setattr("os.environ", environment)
    one_thread_for_numpy()
    assert [environment.get(name) for name in VARIABLES] == expected


def test_it_comes_before_numpy():
    """OpenBLAS reads the environment once, when it is loaded."""
    program = "import sys, main_dyn_G; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
