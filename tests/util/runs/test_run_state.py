"""The state of a run: it comes back from a checkpoint, and what is not one is refused."""

import numpy as np
import pytest

from model.emission import Moments
from model.latents import Latents
from util.options.schema import Options
from util.runs.checkpoints import save
from util.runs.run_state import RunState, digest, read_state
from util.system.errors import RunError


def state():
    random = np.random.default_rng(0)
    latents = Latents(*(random.random((2, n), np.float32) for n in (12, 4, 0, 3)))
    options = Options(category="waves", image_size=8, frame_generator_mode="8")
    weights = {"alpha/bias": random.random(5, np.float32)}
    return RunState(9, options, ["a b", "Öl"], digest(latents.innovations), latents, weights)


MOMENTS = [
    Moments(np.float32([0.5, -1.0, 2.0]), np.float32([1.0, 0.1, 3.0])),
    Moments(np.float32([7.0]), np.float32([0.25])),
]


@pytest.mark.parametrize("statistics", [None, MOMENTS], ids=["without", "with"])
def test_state_survives_a_checkpoint(tmp_path, statistics):
    """With calibrated statistics and without them, as an earlier version wrote it."""
    written = state()._replace(statistics=statistics)
    read = read_state(save(tmp_path, 9, written.arrays(), 5))
    assert read.epoch == 9
    assert read.options == written.options
    assert read.sequence_names == written.sequence_names
    assert read.clips_digest == written.clips_digest
    for one, other in zip(read.latents, written.latents, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(read.variables["alpha/bias"], written.variables["alpha/bias"])
    assert read.variables.keys() == written.variables.keys()
    if statistics is None:
        assert read.statistics is None
    else:
        for one, other in zip(read.statistics, statistics, strict=True):
            np.testing.assert_array_equal(one.mean, other.mean)
            np.testing.assert_array_equal(one.variance, other.variance)


@pytest.mark.parametrize("missing", ["epoch", "options", "clips_digest", "latents/innovations"])
def test_checkpoint_that_lacks_something_is_of_another_model(tmp_path, missing):
    arrays = state().arrays()
    del arrays[missing]
    path = save(tmp_path, 9, arrays, 5)
    with pytest.raises(RunError, match="another model") as caught:
        read_state(path)
    assert missing.split("/")[-1] in str(caught.value)
    assert str(path) in str(caught.value)


def test_digest_tells_clips_apart():
    frames = np.zeros((1, 2, 3), np.float32)
    other = frames.copy()
    other[0, 1, 2] = 1e-7
    assert digest(frames) == digest(frames.copy())
    assert digest(frames) != digest(other)
