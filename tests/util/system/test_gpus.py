"""The GPUs that a process may see, by the files of a made-up system."""

import pytest

from util.system.gpus import may_have_gpu, visible_gpus


def test_gpus_are_those_of_the_environment_or_all_cards(tmp_path):
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    assert visible_gpus({}, tmp_path) == ["0", "1"]
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "3, 5"}, tmp_path) == ["3", "5"]
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "3,-1,5"}, tmp_path) == ["3"]
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "3,"}, tmp_path) == ["3"]
    for none in ("", "-1"):
        assert visible_gpus({"CUDA_VISIBLE_DEVICES": none}, tmp_path) == []


@pytest.mark.parametrize("name", ["nvidia0", "nvidia3", "dxg", "kfd"])
def test_gpu_is_seen_unless_it_is_hidden(tmp_path, monkeypatch, name):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / "nvidiactl").touch()
    assert not may_have_gpu(tmp_path)
    (tmp_path / name).touch()
    assert may_have_gpu(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert may_have_gpu(tmp_path)
    for hidden in ("", "-1", "-1,0"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert not may_have_gpu(tmp_path)
