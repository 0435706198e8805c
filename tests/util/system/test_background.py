"""Work in the background: in order, whole, and its errors heard."""

import threading

import pytest

from util.system.background import Background


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


def test_check_raises_what_is_over_and_does_not_wait_for_what_is_not():
    release, over = threading.Event(), threading.Event()

    def slow_failure():
        release.wait(60)
        try:
            fail()
        finally:
            over.set()

    with Background() as background:
        background.start(slow_failure)
        background.check()
        release.set()
        over.wait(60)
        with pytest.raises(OSError, match="no space"):
            for _ in range(10**6):  # the work is over an instant before it counts as done
                background.check()


def test_error_of_the_block_is_raised_and_that_of_the_work_told(capsys):
    with pytest.raises(KeyError), Background() as background:
        background.start(fail)
        raise KeyError("of the block")
    assert "in the background: no space" in capsys.readouterr().err


def test_work_is_finished_where_the_block_raises():
    release, done = threading.Event(), []
    with pytest.raises(KeyError), Background() as background:
        background.start(lambda: done.append(release.wait(60)))
        threading.Timer(0.2, release.set).start()
        raise KeyError("of the block")
    assert done == [True]
