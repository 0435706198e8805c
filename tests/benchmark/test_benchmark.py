"""The benchmark that is run by hand: that it counts right, and that it runs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.command_line import flags, script_module
from support.numpy_model import transposed_convolution

from model.networks import NETWORKS
from util.options.schema import Options

SCRIPT = Path(__file__).resolve().parent / "speed.py"


@pytest.fixture(scope="module")
def speed():
    return script_module(SCRIPT)


def run(place, *arguments):
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True)


@pytest.mark.parametrize("network", ["8", "32", "150"])
def test_operations_are_those_of_every_tap_and_position(speed, network):
    """Ones through a kernel of ones: each product that reaches a pixel adds 1 to it."""
    whole = inside = 0
    side, channels = 1, 100
    for spec in NETWORKS[network]:
        ones, kernel = np.ones((1, side, side, 1)), np.ones((spec.kernel, spec.kernel, 1, 1))
        each = 2 * channels * spec.channels
        inside += each * transposed_convolution(ones, kernel, spec.stride, spec.padding).sum()
        whole += each * side**2 * spec.kernel**2
        side, channels = spec.output_side(side), spec.channels
    count = speed.operations(Options(frame_generator_mode=network, image_size=side))
    assert count.forward == whole
    assert count.inside == pytest.approx(inside / whole)


def test_figures_of_a_small_setting_hang_together(tmp_path):
    small = {"shrink": 10, "image_size": 8, "rounds": 1, "epochs": 1, "repeats": 2}
    outcome = run(tmp_path, *flags(**small), "--json")
    assert outcome.returncode == 0, outcome.stderr
    figures = json.loads(outcome.stdout)
    assert (figures["num_frames"], figures["chunk_length"]) == (6, 3)
    for precision in ("float32", "bfloat16"):
        found = figures[precision]
        for name, values in found.items():
            assert 0 < values["min"] <= values["median"] <= values["max"], name
        assert found["epoch_over_steps"]["median"] >= 1
        assert found["peak_bytes"]["median"] > 1e8
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--shrink", "0"], "shrink"),
        (["--setting", "sports"], "sports"),
        (["--nonsense", "3"], "unknown flag --nonsense"),
    ],
)
def test_mistake_is_told_without_a_traceback(tmp_path, arguments, words):
    outcome = run(tmp_path, *arguments)
    assert outcome.returncode != 0
    assert words in outcome.stderr
    assert "Traceback" not in outcome.stderr
