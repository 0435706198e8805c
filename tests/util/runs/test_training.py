"""A training run's own checks."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.command_line import flags, parse, refusal
from support.numpy_model import draw_latents

from model.alternating import EpochReport
from model.emission import Moments
from model.latents import Latents, LatentSizes
from model.workers import ALONE
from util.options.schema import Options
from util.runs import checkpoints, memory
from util.runs import training as module
from util.runs.jobs import TrainingJob
from util.runs.run_directory import RunDirectory
from util.runs.run_state import RunState
from util.runs.training import (
    TrainingResult,
    agreed_signal,
    kept_if_a_worker_dies,
    model_of,
    refuse_not_finite,
    refuse_state_not_finite,
)
from util.system.errors import RunError

REPORT = EpochReport(
    squared_error=1.0,
    prior=1.0,
    likelihood=1.0,
    alpha_gradient=1.0,
    beta_gradient=1.0,
    active_share=1.0,
    diagnostics={},
)


@pytest.mark.parametrize("figure", ["prior", "likelihood", "alpha_gradient", "beta_gradient"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_figure_that_is_no_longer_finite_is_refused(figure, value):
    refuse_not_finite(REPORT, 3, RunDirectory(Path("run")))
    with pytest.raises(RunError, match="no longer finite in epoch 3"):
        refuse_not_finite(REPORT._replace(**{figure: value}), 3, RunDirectory(Path("run")))


def test_advice_after_a_divergence_is_one_that_can_be_followed(tmp_path):
    run = RunDirectory(tmp_path)
    first = refusal(refuse_not_finite, REPORT._replace(prior=math.inf), 3, run)
    assert "--overwrite True" in first and "--resume" not in first
    checkpoints_of(run)
    later = refusal(refuse_not_finite, REPORT._replace(prior=math.inf), 3, run)
    assert "--resume True" in later and "--step_size" not in later


@pytest.mark.parametrize("part", ["latents", "variables", "calibrated"])
def test_state_that_no_checkpoint_could_be_read_with_is_refused(part):
    latents = Latents(*(np.zeros((2, 3), np.float32) for _ in Latents._fields))
    moments = Moments(np.zeros(2, np.float32), np.ones(2, np.float32))
    state = RunState(9, Options(), ["a", "b"], "", latents, {"bias": np.zeros(2)})
    state = state._replace(calibrated=[[moments], [moments]])
    run = RunDirectory(Path("run"))
    refuse_state_not_finite(state, run)
    arrays = {
        "latents": state.latents.innovations,
        "variables": state.variables["bias"],
        "calibrated": moments.variance,
    }
    arrays[part].flat[1] = np.nan
    with pytest.raises(RunError, match="no longer finite in epoch 9"):
        refuse_state_not_finite(state, run)


def checkpoints_of(run):
    """Make the folder of the checkpoints, with one."""
    run.models.mkdir(parents=True)
    checkpoints.save(run.models, 2, {"epoch": np.array(2)}, 1)


class Workers:
    """Two workers, of which the other one has `other` where this one has its own values."""

    count = 2

    def __init__(self, number, other):
        self.number, self._other = number, other

    def total(self, values):
        return values + np.array(self._other)

    def begin_saving(self):
        self.saves = True


def test_signal_to_any_worker_counts_for_all():
    assert agreed_signal(ALONE, 0) == 0
    assert agreed_signal(ALONE, 15) == 15
    assert agreed_signal(Workers(0, [0, 15]), 0) == 15
    assert agreed_signal(Workers(1, [2, 0]), 15) == 15
    assert agreed_signal(Workers(1, [0, 0]), 0) == 0


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(("weight", "epochs"), [(1.0, [3]), (math.nan, [])])
def test_last_whole_epoch_is_saved_if_a_worker_dies_but_only_a_finite_one(
    tmp_path, number, weight, epochs
):
    """Worker 0 may have ended because a weight was not finite; no other one may then save it."""
    run = RunDirectory(tmp_path)
    run.models.mkdir()
    sizes = LatentSizes(state_size=2, z_size=2, content_size=0, motion_type_size=0)
    result = TrainingResult(
        Options(),
        run,
        clips=SimpleNamespace(names=["a"], digest="d", formats=[]),
        generator=SimpleNamespace(variables=lambda: {"w": np.array([weight], np.float32)}),
        latents=draw_latents(sizes, 1, 3),
        recovery=None,
    )
    workers = Workers(number, [])
    with pytest.raises(ConnectionError), kept_if_a_worker_dies(workers, result, 3):
        raise ConnectionError
    assert workers.saves
    assert [epoch for epoch, _ in checkpoints.existing(run.models)] == epochs


def job_of(state, **given):
    """A training on clips of which only the names matter."""
    line = parse(flags(isTraining=True, **given))
    clips = SimpleNamespace(names=["waves"])
    experiment = line.experiment(line.options)
    return TrainingJob(line.options, experiment, RunDirectory(Path("run")), clips, state)


def test_only_new_weights_are_matched_to_the_clips(monkeypatch):
    matched = []
    monkeypatch.setattr(
        module, "build_generator", lambda options, experiment, clips, **_: matched.append(clips)
    )
    new, resumed = job_of(None), job_of("state")
    model_of(new)
    model_of(resumed)
    assert matched == [new.clips, None]


def test_memory_is_checked_again_when_it_is_known_that_no_gpu_computes(monkeypatch):
    job = job_of(None, truncated_backprop_length=100_000, num_sections_in_test=1)
    monkeypatch.setattr(memory, "memory_limit", lambda: 24 * 10**9)
    monkeypatch.setattr(module, "build_generator", lambda *_, **__: "model")
    monkeypatch.setattr(memory, "has_gpu", lambda: True)
    assert model_of(job) == "model"
    monkeypatch.setattr(memory, "has_gpu", lambda: False)
    assert "a batch of chunks" in refusal(model_of, job)
