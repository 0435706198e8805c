"""The device on which TensorFlow computes, and a GPU that it cannot use."""

from types import SimpleNamespace

import pytest

from util.system import device
from util.system.device import WITH_CUDA, device_in_words, transposes_fast, unused_gpu


@pytest.fixture
def gpus(monkeypatch):
    """`gpus(*names)` pretends that TensorFlow sees these GPUs."""

    def pretend(*names):
        gpus = [SimpleNamespace(name=name) for name in names]
        monkeypatch.setattr(device.tf.config, "list_physical_devices", lambda _: gpus)
        experimental = device.tf.config.experimental
        monkeypatch.setattr(
            experimental, "get_device_details", lambda gpu: {"device_name": gpu.name}
        )

    return pretend


def test_processor_is_named_with_its_cores(gpus, monkeypatch):
    gpus()
    monkeypatch.setattr(device, "processor_name", lambda: "ACME 9000 Fast")
    monkeypatch.setattr(device, "available_cores", lambda: 3)
    assert device_in_words() == "CPU, 3 cores (ACME 9000 Fast)"
    monkeypatch.setattr(device, "available_cores", lambda: 1)
    assert device_in_words() == "CPU, 1 core (ACME 9000 Fast)"
    monkeypatch.setattr(device, "available_cores", lambda: 3)
    monkeypatch.setattr(device, "processor_name", lambda: "")
    assert device_in_words() == "CPU, 3 cores"


def test_gpu_is_named(gpus):
    gpus("ACME 1")
    assert device_in_words() == "GPU ACME 1"
    gpus("ACME 1", "ACME 2")
    assert device_in_words() == "GPU ACME 1, the first of 2; --workers uses more"


def test_gpu_that_is_not_used_is_told_with_the_way_out(gpus, monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(device, "visible_gpus", lambda environment: [])
    driver = tmp_path / "nvidia"
    gpus()
    assert unused_gpu(driver) == ""
    driver.touch()
    assert WITH_CUDA in unused_gpu(driver)
    monkeypatch.setattr(device, "visible_gpus", lambda environment: ["0"])
    assert WITH_CUDA in unused_gpu(tmp_path / "no driver")
    gpus("ACME 1")
    assert unused_gpu(driver) == ""


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_gpu_that_the_user_hides_is_not_told(gpus, monkeypatch, tmp_path, hidden):
    gpus()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert unused_gpu(tmp_path) == ""


@pytest.mark.parametrize(
    "names, wide, fast", [((), False, False), ((), True, True), (("H100",), False, True)]
)
def test_transposed_convolution_is_fast_on_a_gpu_or_with_wide_vectors(
    gpus, monkeypatch, names, wide, fast
):
    gpus(*names)
    monkeypatch.setattr(device, "has_wide_vectors", lambda: wide)
    assert transposes_fast() is fast
