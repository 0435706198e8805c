"""The start of TensorFlow: the memory of a GPU."""

import os

import pytest
import tensorflow.compat.v1 as tf

from util.system.tensorflow_setup import start_tensorflow

GROWTH = "TF_FORCE_GPU_ALLOW_GROWTH"


@pytest.mark.parametrize("debug", [True, False])
def test_memory_of_a_gpu_is_taken_as_it_is_needed(monkeypatch, debug):
    monkeypatch.setenv(GROWTH, "")  # so that it is as before after the test
    monkeypatch.delenv(GROWTH)
    start_tensorflow(debug)
    assert os.environ[GROWTH] == "true"


def test_float32_is_float32_on_a_gpu_too(monkeypatch):
    monkeypatch.setenv(GROWTH, "true")
    tf.config.experimental.enable_tensor_float_32_execution(True)
    start_tensorflow(debug=False)
    assert not tf.config.experimental.tensor_float_32_execution_enabled()


def test_choice_of_the_user_holds(monkeypatch):
    monkeypatch.setenv(GROWTH, "false")
    start_tensorflow(debug=False)
    assert os.environ[GROWTH] == "false"
