"""Signals: which ones are heard, and what the first and the second of them do."""

import os
import signal

import pytest

from util.system import interruption as module
from util.system.errors import Interrupted
from util.system.interruption import (
    Interruption,
    ignore_signals,
    stop_at_once_on_signals,
    stopping_signals,
    uninterrupted,
)

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP here")
ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


class Ended(Exception):
    """In place of the end of the process."""


@pytest.fixture(autouse=True)
def handlers_again():
    before = {number: signal.getsignal(number) for number in ALL}
    for number in ALL:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def ended(monkeypatch):
    """The exit code with which the process would have ended."""
    codes = []

    def end(code):
        codes.append(code)
        raise Ended

    monkeypatch.setattr(module.os, "_exit", end)
    return codes


def listen_to(*numbers):
    """The interruption after its thread has read these signals, as bytes of a pipe."""
    interruption = Interruption()
    interruption._heard, told = os.pipe()
    os.write(told, bytes(numbers))
    os.close(told)
    interruption._listen()
    return interruption


@pytest.mark.parametrize("number", ALL)
def test_signal_in_training_is_remembered(number):
    stop_at_once_on_signals()
    with Interruption() as interruption:
        assert interruption.signal == 0
        os.kill(os.getpid(), number)
        while not interruption.signal:
            pass
    assert interruption.signal == number


@pytest.mark.parametrize("number", ALL)
def test_signal_outside_training_raises_what_no_code_catches_by_mistake(number):
    stop_at_once_on_signals()
    with pytest.raises(Interrupted, match="--resume True") as caught:
        try:
            os.kill(os.getpid(), number)
        except Exception:
            pytest.fail("a signal is not an error of the work")
    assert caught.value.exit_code == 128 + number


def test_ignored_hangup_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    assert stopping_signals() == [signal.SIGINT, signal.SIGTERM]
    stop_at_once_on_signals()
    with Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGHUP)
    assert interruption.signal == 0
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.parametrize(
    "numbers, code",
    [
        ((signal.SIGINT, signal.SIGINT), 128 + signal.SIGINT),
        ((signal.SIGINT, signal.SIGTERM), 128 + signal.SIGTERM),
        ((signal.SIGHUP, signal.SIGINT, signal.SIGTERM), 128 + signal.SIGTERM),
    ],
)
def test_second_request_stops_at_once(ended, capsys, numbers, code):
    with pytest.raises(Ended):
        listen_to(*numbers)
    assert ended == [code]
    assert "stopped at once" in capsys.readouterr().err


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGHUP,) * 3, (signal.SIGTERM, signal.SIGHUP), (signal.SIGHUP, signal.SIGINT)],
)
def test_hangup_is_never_the_second_request(ended, numbers):
    assert listen_to(*numbers).signal == numbers[0]
    assert ended == []


def test_signals_while_the_program_cleans_up_raise_nothing(ended):
    stop_at_once_on_signals()
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGHUP)
    assert ended == []
    with pytest.raises(Ended):
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended == [128 + signal.SIGTERM]


def test_signal_after_a_hangup_is_the_first_of_two(ended, capfd):
    stop_at_once_on_signals()
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGINT)
    assert ended == []
    with pytest.raises(Ended):
        os.kill(os.getpid(), signal.SIGINT)
    assert ended == [128 + signal.SIGINT]
    assert "stopped at once" in capfd.readouterr().err


def test_signal_after_everything_is_done_changes_nothing():
    """SIG_IGN is the only handler that the end of Python keeps."""
    stop_at_once_on_signals()
    ignore_signals()
    for number in ALL:
        os.kill(os.getpid(), number)
        assert signal.getsignal(number) is signal.SIG_IGN


def test_signal_while_files_are_replaced_counts_after_that():
    stop_at_once_on_signals()
    done = []
    with pytest.raises(Interrupted):
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("replaced")
        done.append("after")
    assert done == ["replaced"]
    os.kill(os.getpid(), signal.SIGHUP)  # while the program cleans up, it raises nothing


def test_signal_in_a_longer_interruption_is_left_to_it():
    with Interruption() as interruption:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGTERM)
        while not interruption.signal:
            pass
    assert not Interruption.active
