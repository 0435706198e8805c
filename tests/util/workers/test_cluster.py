"""TF_CONFIG names the workers of a training; what is malformed is refused in one line."""

import json

import pytest

from util.system.errors import CommandLineError
from util.workers.cluster import Cluster, cluster_in


def config(cluster, kind="worker", index=0) -> dict[str, str]:
    """An environment with TF_CONFIG."""
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


TWO = {"worker": ["one.example:2222", "10.0.0.2:2223"]}


def test_workers_have_the_order_of_their_list():
    assert cluster_in(config(TWO, index=1)) == Cluster(("one.example:2222", "10.0.0.2:2223"), 1)
    assert cluster_in(config({"worker": ["[::1]:1", "a_b-c.d.:65535"]})).number == 0


def test_chief_is_the_first_worker_wherever_it_is_named():
    roles = {"worker": ["b:1", "c:1"], "chief": ["a:1"]}
    assert cluster_in(config(roles, "chief")) == Cluster(("a:1", "b:1", "c:1"), 0)
    assert cluster_in(config(roles, "worker", 1)) == Cluster(("a:1", "b:1", "c:1"), 2)


@pytest.mark.parametrize(
    "environment",
    [{}, {"TF_CONFIG": ""}, {"TF_CONFIG": " {} "}, config({"worker": ["a:1"]})],
)
def test_one_worker_or_none_is_no_cluster(environment):
    assert cluster_in(environment) is None


def test_value_for_a_worker_is_read_as_this_worker():
    cluster = Cluster(("127.0.0.1:7000", "127.0.0.1:7001", "127.0.0.1:7002"), 0)
    for number in range(3):
        read = cluster_in({"TF_CONFIG": cluster.as_variable(number)})
        assert read == cluster._replace(number=number)
    assert cluster.name(2) == "worker 2 (127.0.0.1:7002)"


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"TF_CONFIG": "{"}, "is not JSON"),
        ({"TF_CONFIG": "[" * 100_000}, "is not JSON"),
        ({"TF_CONFIG": '{"task": 1, "task": 2}'}, "is not JSON (task is there twice)"),
        ({"TF_CONFIG": "[1]"}, "is not an object"),
        ({"TF_CONFIG": '{"task": {"type": "worker", "index": 0}}'}, 'has no "cluster"'),
        ({"TF_CONFIG": json.dumps({"cluster": TWO})}, 'has no "task"'),
        ({"TF_CONFIG": json.dumps({"cluster": TWO, "task": {"index": 0}})}, 'has no "task"'),
        (config([]), 'has no "cluster"'),
        (config({"worker": "a:1"}), 'has no list of addresses for "worker"'),
        (config({"worker": ["a:1", 2]}), 'has no list of addresses for "worker"'),
        (config({"worker": ["a:1"], "ps": ["b:1"]}), 'has "ps" in its cluster'),
        (config({"worker": ["a:1"], "chief": ["b:1", "c:1"]}), "has 2 addresses"),
        (config({"worker": ["a:1", "a:1"]}), "names a:1 twice"),
        (config({"worker": ["a:1", "A:1"]}), "names A:1 twice"),
        (config({"worker": ["a:1", "a:01"]}), 'has the address "a:01"'),
        (config({"worker": ["a:1", "a..b:1"]}), 'has the address "a..b:1"'),
        (config({"worker": ["a:1", f"{'b' * 64}:1"]}), f'has the address "{"b" * 64}:1"'),
        (config({"worker": ["a:1", "[:::]:1"]}), 'has the address "[:::]:1"'),
        (config({"worker": ["a:1", "::1:1"]}), 'has the address "::1:1"'),
        (config({"worker": ["a:1", "b"]}), 'has the address "b"'),
        (config({"worker": ["a:1", "b:0"]}), 'has the address "b:0"'),
        (config({"worker": ["a:1", "b:65536"]}), 'has the address "b:65536"'),
        (config({"worker": ["a:1", "b:1\n"]}), 'has the address "b:1\\n"'),
        (config({"worker": ["a:1", "http://b:1"]}), 'has the address "http://b:1"'),
        (config(TWO, "chief"), 'has the task type "chief"'),
        (config(TWO, "evaluator"), 'has the task type "evaluator"'),
        (config(TWO, index=2), "has the task index 2, and its cluster has 2"),
        (config(TWO, index=-1), "has the task index -1"),
        (config(TWO, index="0"), 'has the task index "0"'),
        (config(TWO, index=True), "has the task index true"),
    ],
)
def test_malformed_or_contradictory_value_is_refused(environment, reason):
    with pytest.raises(CommandLineError) as caught:
        cluster_in(environment)
    assert str(caught.value).startswith(f"TF_CONFIG {reason}")
    assert "\n" not in str(caught.value)
