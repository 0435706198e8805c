"""Reading ahead: in order, one ahead, and errors where their result would come."""

import threading

import pytest

from model.read_ahead import read_ahead


def test_results_come_in_order_and_one_more_is_read_meanwhile():
    started = [threading.Event() for _ in range(4)]

    def read(number):
        started[number].set()
        return number, threading.current_thread() is threading.main_thread()

    reading = read_ahead(lambda number=number: read(number) for number in range(4))
    for number in range(4):
        assert next(reading) == (number, False)
        if number < 3:
            assert started[number + 1].wait(60)
        assert not any(event.is_set() for event in started[number + 2 :])
    assert list(reading) == []


def test_nothing_to_read_gives_nothing():
    assert list(read_ahead([])) == []


def test_an_error_is_raised_where_its_result_would_come():
    def fail():
        raise OSError("gone")

    reading = read_ahead([lambda: 1, fail, lambda: 3])
    assert next(reading) == 1
    with pytest.raises(OSError, match="gone"):
        next(reading)


def test_closing_early_ends_the_thread():
    before = threading.active_count()
    reading = read_ahead(lambda: 1 for _ in range(3))
    assert next(reading) == 1
    reading.close()
    assert threading.active_count() == before
