"""The threads of NumPy and SciPy."""

import subprocess
import sys
from threading import Event, get_ident

import pytest
from support.server import ROOT

from util.system.threads import LIBRARIES, beside_each_other, one_thread_for_numpy

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


def test_results_come_in_the_order_of_the_arguments(monkeypatch):
    """The first piece of work ends only after the second one."""
    monkeypatch.setattr("util.system.threads.available_cores", lambda: 2)
    second_done = Event()

    def work(named):
        number, name = named
        if number == 1:
            assert second_done.wait(60), "the second did not run beside the first"
        if number == 2:
            second_done.set()
        return name * number

    assert list(beside_each_other(work, enumerate("abc", 1), 2)) == ["a", "bb", "ccc"]


def test_an_error_of_the_work_is_raised():
    results = beside_each_other(int, ["1", "two", "3"], 4)
    assert next(results) == 1
    with pytest.raises(ValueError, match="two"):
        next(results)


@pytest.mark.parametrize(("cores", "at_once"), [(1, 2), (8, 1)])
def test_no_more_at_once_than_there_are_cores_or_than_is_asked(monkeypatch, cores, at_once):
    monkeypatch.setattr("util.system.threads.available_cores", lambda: cores)
    threads = set(beside_each_other(lambda _: get_ident(), range(50), at_once))
    assert len(threads) == 1
    assert threads != {get_ident()}
