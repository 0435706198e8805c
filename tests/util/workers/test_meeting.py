"""Workers wait for each other, and those that do not belong together are refused in one line."""

import json
import socket

import pytest
from support.command_line import flags, parse, refusal

from util.workers import meeting
from util.workers.cluster import Cluster
from util.workers.meeting import (
    introduction,
    refuse_differences,
    refuse_port_in_use,
    wait_for_all,
)

CLUSTER = Cluster(("a:1", "b:2", "c:3"), 0)


class Clock:
    """A clock that only `sleep` moves."""

    def __init__(self):
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def starts_after(monkeypatch, clock):
    """`starts_after({address: seconds})`: the address listens from then on."""

    def replace(moments):
        monkeypatch.setattr(
            meeting, "has_started", lambda address: clock.seconds >= moments[address]
        )

    return replace


def wait(clock, timeout=60, **options):
    wait_for_all(CLUSTER, timeout, sleep=clock.sleep, now=clock.now, **options)


def test_late_worker_is_waited_for_and_named(starts_after, clock, capsys):
    starts_after({"b:2": 10, "c:3": 20})
    wait(clock)
    assert clock.seconds == 20
    assert capsys.readouterr().err == (
        "waiting for worker 1 (b:2), worker 2 (c:3)\nwaiting for worker 2 (c:3)\n"
    )


def test_nothing_is_said_about_a_short_wait_or_by_a_worker_that_says_nothing(
    starts_after, clock, capsys
):
    starts_after({"b:2": 1, "c:3": 0})
    wait(clock)
    starts_after({"b:2": 30, "c:3": 0})
    wait(clock, says=False)
    assert capsys.readouterr().err == ""


def test_worker_that_never_comes_ends_the_others(starts_after, clock):
    starts_after({"b:2": 1, "c:3": 1000})
    assert refusal(wait, clock, 15).startswith("not started within 15 s: worker 2 (c:3); start")
    assert clock.seconds == 15


def test_worker_that_was_started_here_and_has_ended_is_not_waited_for(starts_after, clock):
    def refuse() -> None:
        raise meeting.RunError("worker 1 has ended")

    starts_after({"b:2": 1000, "c:3": 0})
    assert refusal(wait, clock, refuse_ended=refuse) == "worker 1 has ended"
    assert clock.seconds == 0


def test_port_in_use_is_refused():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        cluster = Cluster((f"127.0.0.1:{port}", "b:2"), 0)
        line = refusal(refuse_port_in_use, port, cluster)
    assert line.startswith(f"port {port} of worker 0 (127.0.0.1:{port}) is in use")
    refuse_port_in_use(port, cluster)


def introduced(**options) -> str:
    return introduction(parse(flags(category="fire", **options)).options)


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        ({"seed": 3}, "--seed 3 instead of 0"),
        ({"batch_size": 4, "resume": True}, "--batch_size 4 instead of 1, --resume True instead"),
        ({"shared_statistics": True}, "--shared_statistics True instead of False"),
    ],
)
def test_other_options_are_named(options, difference):
    same = introduced()
    line = refusal(refuse_differences, [same, same, introduced(**options)])
    assert line.startswith(f"worker 2 has other options than worker 0: {difference}")


def test_default_precision_of_another_processor_is_told():
    one, other = (introduced(precision=name) for name in ("float32", "bfloat16"))
    line = refusal(refuse_differences, [one, other])
    assert "--precision bfloat16 instead of float32" in line
    assert line.endswith("and with --precision, whose default depends on the processor")


def test_places_may_differ_between_machines():
    refuse_differences(
        [
            introduced(),
            introduced(data_path="/other", output_dir="/o", cache_dir="/c", worker_timeout=9),
        ]
    )


def test_other_tensorflow_is_refused():
    same = introduced()
    other = json.dumps(json.loads(same) | {"tensorflow": "1.0"})
    assert refusal(refuse_differences, [same, other]).startswith("worker 1 has TensorFlow 1.0")
