"""Workers of one machine: free ports, a GPU for each or a share of the cores."""

import io
import os

import pytest
from support.command_line import refusal

from util.system.errors import CommandLineError
from util.workers import local
from util.workers.local import devices_of, local_cluster, refuse_ended, take_own_share


def test_each_worker_has_a_port_of_its_own_on_the_loopback():
    cluster = local_cluster(5)
    assert len(set(cluster.addresses)) == 5 and cluster.number == 0 and cluster.starts_others
    assert all(address.startswith("127.0.0.1:") for address in cluster.addresses)


def test_each_worker_gets_its_gpu():
    environment = {"CUDA_VISIBLE_DEVICES": "3,5,7"}
    assert [devices_of(number, 2, environment) for number in range(2)] == [
        {"CUDA_VISIBLE_DEVICES": "3"},
        {"CUDA_VISIBLE_DEVICES": "5"},
    ]
    with pytest.raises(CommandLineError) as caught:
        devices_of(0, 4, environment)
    assert str(caught.value).startswith("--workers 4 needs 4 GPUs, one for each worker, and")
    assert "may use 3; give --workers 3" in str(caught.value)


def test_without_gpus_workers_share_the_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    none = {"CUDA_VISIBLE_DEVICES": "-1"}
    assert devices_of(1, 3, none) == {local.THREADS: "2"}
    assert devices_of(1, 16, none) == {local.THREADS: "1"}
    assert devices_of(1, 3, {**none, local.THREADS: "7"}) == {local.THREADS: "7"}


def test_worker_that_has_ended_is_named():
    refuse_ended([None, None])
    assert refusal(refuse_ended, [None, 2]).startswith("worker 2 ended with exit code 2")
    assert refusal(refuse_ended, [-9, None]).startswith("worker 1 was killed by signal 9")
    assert "its line above" not in refusal(refuse_ended, [-9])  # a killed process prints nothing


def test_lines_of_a_worker_are_printed_with_its_number(tmp_path):
    with open(tmp_path / "printed", "wb") as printed:
        local._pass_on(3, io.BytesIO("\nstopped – at once\n".encode()), os.dup(printed.fileno()))
    assert (tmp_path / "printed").read_text("utf-8") == "worker 3: stopped – at once\n"


def test_first_worker_has_its_gpu_before_anything_else_and_tells_what_was_given(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    monkeypatch.setenv("TF_CONFIG", "")  # it is what it was after the test
    given = take_own_share(local_cluster(2))
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"
    assert devices_of(1, 2, given)["CUDA_VISIBLE_DEVICES"] == "5"
