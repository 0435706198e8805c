"""The records of the experiments, and what follows from them."""

import importlib
import sys
import types

import numpy as np
import pytest
from support.command_line import flags, make_sequences, run_here

from util.experiments.registry import EXPERIMENTS
from util.options.experiment import Experiment
from util.options.schema import FIELDS


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_module_has_what_the_record_promises(name):
    module = importlib.import_module(EXPERIMENTS[name].module)
    assert callable(module.test) and callable(module.check)
    assert hasattr(module, "train") == EXPERIMENTS[name].trains


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_record_names_options_that_exist(name):
    record = EXPERIMENTS[name]
    assert set(record.uses) | set(record.presets) <= set(FIELDS)
    assert len(set(record.uses)) == len(record.uses)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_presets_are_where_defaults_differ(name):
    for option, value in EXPERIMENTS[name].presets.items():
        assert value != FIELDS[option].default, option


def test_result_folders_do_not_collide():
    words = [record.result for record in EXPERIMENTS.values() if record.result]
    assert len(set(words)) == len(words)


def test_experiment_that_only_tests_is_a_record_and_a_module(tmp_path, monkeypatch):
    """One that is unknown to the rest of the program runs, in a folder named as it says."""
    module = types.ModuleType("experiment_of_a_test")
    seen = []

    def check(checkpoint):
        seen.append(checkpoint.options.pairs)

    def test(run):
        np.save(run.folder / "appearance.npy", run.latents.appearance)

    module.check, module.test = check, test
    monkeypatch.setitem(sys.modules, module.__name__, module)
    record = Experiment("of a test", module.__name__, uses=("pairs",), result="mine", trains=False)
    monkeypatch.setitem(EXPERIMENTS, "mine", record)
    make_sequences(tmp_path, ["hop", "jog"], 2)
    small = {"image_size": 8, "num_frames": 2, "num_epochs": 1, "sample_steps": 1}
    training = flags(experiment="action", category="waves", **small)
    assert run_here(tmp_path, *training).returncode == 0
    arguments = flags(experiment="mine", category="waves", pairs="0:1", sequences="0")
    outcome = run_here(tmp_path, *arguments)
    assert outcome.returncode == 0, outcome.stderr
    folder = tmp_path / "output_synthesis" / "waves" / "final_result_mine"
    assert outcome.stdout.splitlines()[-1] == f"results in {folder.relative_to(tmp_path)}"
    assert np.load(folder / "appearance.npy").shape == (2, 100)
    assert seen == ["0:1"]
    others = "synthesis, action, recovery, inpainting"
    idle = f"warning: --sequences does nothing in --experiment mine; it is for {others}\n"
    assert outcome.stderr == idle
