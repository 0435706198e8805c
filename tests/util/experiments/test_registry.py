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
    record = EXPERIMENTS[name]
    for package in record.packages:
        pytest.importorskip(package)
    module = importlib.import_module(record.module)
    assert hasattr(module, "run") == record.over_runs
    assert hasattr(module, "check") != record.over_runs
    assert hasattr(module, "serve") == record.serves
    assert hasattr(module, "test") != (record.over_runs or record.serves)
    assert hasattr(module, "train") == record.trains
    assert record.over_runs + record.serves + record.trains <= 1


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_record_names_options_that_exist(name):
    record = EXPERIMENTS[name]
    assert set(record.uses) | set(record.shares) | set(record.presets) <= set(FIELDS)
    assert not record.shares or record.over_runs
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
    others = "synthesis, action, recovery, inpainting, slowmotion, loop, continuation"
    idle = f"warning: --sequences does nothing in --experiment mine; it is for {others}\n"
    assert outcome.stderr == idle


@pytest.fixture
def over_runs(monkeypatch):
    """A registered experiment that works on whole runs, and the command lines that reached it."""
    module = types.ModuleType("experiment_over_runs_of_a_test")
    seen = []

    def run(command_line):
        seen.append(command_line)
        return "the last line"

    module.run = run
    monkeypatch.setitem(sys.modules, module.__name__, module)
    record = Experiment(
        "of a test",
        module.__name__,
        uses=("pairs",),
        presets={"output_dir": "."},
        trains=False,
        over_runs=True,
        shares=("output_dir", "seed"),
    )
    monkeypatch.setitem(EXPERIMENTS, "mine", record)
    return seen


def test_experiment_over_runs_gets_the_command_line_and_no_lock(over_runs, tmp_path, monkeypatch):
    monkeypatch.setattr("util.system.tensorflow_setup.start_tensorflow", None)  # not callable
    monkeypatch.setattr("util.runs.jobs.locked_run", None)
    options = flags(experiment="mine", seed=3, pairs="0:1", output_dir="there", debug=False)
    outcome = run_here(tmp_path, *options, "--isTraining", "False")
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "the last line\n", "")
    options = over_runs[0].options
    assert (options.seed, options.pairs, options.output_dir) == (3, "0:1", "there")
    assert list(tmp_path.iterdir()) == []
    assert run_here(tmp_path, *flags(experiment="mine")).returncode == 0
    assert over_runs[1].options.output_dir == "."


def test_experiment_over_runs_names_every_flag_that_it_does_not_use(over_runs, tmp_path):
    idle = {"category": "fire", "net_type": "8", "ckpt": "a", "overwrite": True, "sequences": "0"}
    outcome = run_here(tmp_path, *flags(experiment="mine", **idle))
    assert outcome.returncode == 0
    named = [line.split()[1] for line in outcome.stderr.splitlines()]
    expected = {"--category", "--frame_generator_mode", "--ckpt", "--overwrite", "--sequences"}
    assert set(named) == expected and len(named) == len(expected)
    first = outcome.stderr.splitlines()[0]
    works = "does nothing in --experiment mine, which works on whole runs"
    assert first == f"warning: --category {works}"
    for flag in ("isTraining", "resume"):
        outcome = run_here(tmp_path, *flags(experiment="mine"), f"--{flag}")
        assert outcome.returncode == 2
        assert "works on whole runs" in outcome.stderr and f"leave --{flag} out" in outcome.stderr
    assert len(over_runs) == 1
