"""A worker that is gone is noticed."""

import socket

import pytest

from util.workers import watch
from util.workers.cluster import Cluster
from util.workers.watch import Watch, ended, is_reachable, watched_by


class Workers:
    """Stands for the workers that sum; remembers whether the sums were broken off."""

    def __init__(self, released):
        self.released, self.closed = watch.threading.Event(), watch.threading.Event()
        self.saves = watch.threading.Event()
        if released:
            self.released.set()

    def close(self):
        self.closed.set()


@pytest.fixture
def soon(monkeypatch):
    """Looks follow each other at once."""
    monkeypatch.setattr(watch, "EVERY", 0.001)


def unused_address() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


def test_first_worker_looks_at_all_and_the_others_at_it_and_at_their_neighbour():
    assert watched_by(0, 4) == [1, 2, 3]
    assert [watched_by(number, 4) for number in (1, 2, 3)] == [[0, 2], [0, 3], [0]]
    assert watched_by(1, 2) == [0]


def test_address_is_reachable_while_somebody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert is_reachable(address)
    assert not is_reachable(address)


def test_sums_are_broken_off_when_a_worker_is_gone(soon):
    workers, cluster = Workers(released=False), Cluster((unused_address(), unused_address()), 0)
    with Watch(cluster, workers) as watching:
        assert workers.closed.wait(60)
        assert watching.gone() == [1]
    assert ended(cluster, [1]).startswith(f"worker 1 ({cluster.addresses[1]}) has ended or cannot")


def test_machine_that_does_not_answer_counts_as_gone_only_after_a_while(soon, monkeypatch):
    def silent(address):
        raise TimeoutError

    seconds = iter(range(0, 1000, 10))
    monkeypatch.setattr(watch, "is_reachable", silent)
    monkeypatch.setattr(watch.time, "monotonic", lambda: next(seconds))
    workers = Workers(released=False)
    with Watch(Cluster(("a:1", "b:1"), 0), workers):
        assert workers.closed.wait(60)
    assert next(seconds) == 40  # looks at 0, 10, 20 and 30 s


def test_released_workers_may_end(soon):
    workers, cluster = Workers(released=True), Cluster((unused_address(), unused_address()), 1)
    with Watch(cluster, workers) as watching:
        watching._thread.join(60)
    assert not workers.closed.is_set()


@pytest.mark.parametrize("saves", [False, True])
def test_worker_that_hangs_is_ended_but_not_while_it_saves(soon, monkeypatch, saves):
    codes = []
    monkeypatch.setattr(watch, "TO_BREAK_OFF", 0.001)
    monkeypatch.setattr(watch.os, "_exit", codes.append)
    workers, cluster = Workers(released=False), Cluster((unused_address(), unused_address()), 0)
    if saves:
        workers.saves.set()
    with Watch(cluster, workers) as watching:
        watching._thread.join(60)
    assert codes == ([] if saves else [1])
