"""Work in the background: in order, whole, and its errors heard."""

import threading

import pytest

from util.background import Background


def test_work_runs_beside_the_caller_and_one_at_a_time():
    release, done = threading.Event(), []
    with Background() as background:
        background.start(lambda: done.append(release.wait(60)))
        assert done == []  # the caller goes on while the work waits
        release.set()
        background.start(done.append, "second")
        assert done[0] is True
    assert done == [True, "second"]


def test_wait_returns_when_the_work_is_done():
    done = []
    with Background() as background:
        background.start(done.append, 1)
        background.wait()
        assert done == [1]
        background.wait()


def fail():
    raise OSError("no space")


def test_error_is_raised_by_the_next_call_and_once():
    with Background() as background:
        background.start(fail)
        with pytest.raises(OSError, match="no space"):
            background.start(print)
        background.wait()


def test_error_is_raised_at_the_end():
    with pytest.raises(OSError, match="no space"), Background() as background:
        background.start(fail)


def test_error_of_the_block_comes_before_that_of_the_work_and_the_work_is_finished():
    done = []

    def slow_failure():
        done.append(True)
        fail()

    with pytest.raises(KeyError), Background() as background:
        background.start(slow_failure)
        raise KeyError("of the block")
    assert done == [True]
