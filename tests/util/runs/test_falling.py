"""The learning rate and the step size of each epoch."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from support.command_line import flags, parse, run_directory, trained

from util.experiments.registry import EXPERIMENTS
from util.options.schema import Options
from util.runs import jobs, training
from util.runs.falling import learning_rate, settled_step, step_size
from util.runs.loading import built_sampler, read_checkpoint

FALLING = Options(step_size=0.08, lr_half_life=10, step_follows_rate=0.25)


def test_learning_rate_rises_in_equal_steps_and_then_stays():
    options = Options(lr_gen=0.008, lr_warmup=3)
    rates = [learning_rate(options, epoch) for epoch in range(6)]
    assert rates == pytest.approx([0.002, 0.004, 0.006, 0.008, 0.008, 0.008])
    assert learning_rate(Options(lr_gen=0.008), 0) == 0.008


def test_learning_rate_halves_in_its_half_life_whatever_the_number_of_epochs():
    options = Options(lr_gen=0.008, lr_warmup=1, lr_half_life=10)
    rates = [learning_rate(options, epoch) for epoch in (0, 10, 20, 35)]
    assert rates == pytest.approx([0.004, 0.004, 0.002, 0.008 / 2**3.5])
    longer = Options(lr_gen=0.008, lr_warmup=1, lr_half_life=10, num_epochs=50)
    assert learning_rate(longer, 35) == rates[-1]


def test_step_size_stays_until_the_rate_is_low_and_then_its_square_falls_with_it():
    assert [step_size(FALLING, epoch) for epoch in (0, 10, 20)] == [0.08, 0.08, 0.08]
    later = [step_size(FALLING, epoch) for epoch in (30, 40, 100)]
    assert later == pytest.approx([0.08 / 2**0.5, 0.04, 0.08 / 2**4])


@pytest.mark.parametrize("options", [{"step_follows_rate": 0.0}, {"lr_half_life": 0}])
def test_step_size_stays_where_it_does_not_follow_or_the_rate_does_not_fall(options):
    given = {"step_size": 0.08, "lr_half_life": 10, "step_follows_rate": 0.25, **options}
    assert step_size(Options(**given), 10_000) == 0.08


def test_slow_first_epochs_of_a_warm_up_do_not_shorten_the_step():
    options = Options(step_size=0.08, lr_warmup=100, lr_half_life=10, step_follows_rate=0.25)
    assert step_size(options, 0) == 0.08


def test_step_size_is_0_at_first_and_then_rises_in_equal_steps():
    options = replace(FALLING, step_warmup=4)
    steps = [step_size(options, epoch) for epoch in range(10)]
    assert steps == pytest.approx([0.0] * 4 + [0.02, 0.04, 0.06, 0.08, 0.08, 0.08])
    assert steps[3] == 0.0
    assert step_size(options, 30) == step_size(FALLING, 30) == settled_step(options, 30)
    assert settled_step(options, 0) == 0.08


def test_no_default_of_an_experiment_shortens_the_step_before_its_last_epoch():
    """The step shrinks only in runs that are longer than usual."""
    for name in (name for name, experiment in EXPERIMENTS.items() if experiment.trains):
        options = parse(["--experiment", name]).options
        assert options.step_follows_rate == 0.1
        assert step_size(options, options.num_epochs - 1) == options.step_size


def test_each_epoch_has_its_step_size(monkeypatch):
    generator, found = SimpleNamespace(), []
    monkeypatch.setattr(
        training, "alternate", lambda model, **_: found.append((model, model.step_size))
    )
    job = SimpleNamespace(
        options=FALLING,
        experiment=SimpleNamespace(encodes=False),
        clips=SimpleNamespace(frames=None, visible=None),
        workers=None,
    )
    for epoch in (0, 40):
        training.train_epoch(job, generator, None, epoch, None, None)
    assert found == [(generator, 0.08), (generator, pytest.approx(0.04))]


def test_a_restored_model_goes_on_with_the_steps_that_its_training_had(tmp_path):
    """A model that has learned with short steps may be too curved for long ones."""
    trained().copy(tmp_path)
    folder = run_directory(tmp_path)
    checkpoint = folder / "model" / "model.ckpt-6"
    test = parse(flags(category="waves", isTraining=False))
    loaded = read_checkpoint(jobs.TestingJob(test, checkpoint, folder, named_by_path=False))
    sizes = []
    for options in (FALLING, Options(step_size=0.08)):
        share = options.step_follows_rate
        learned = replace(
            loaded.state.options, step_size=0.08, lr_half_life=1, step_follows_rate=share
        )
        changed = loaded._replace(state=loaded.state._replace(options=learned))
        sizes.append(built_sampler(changed).generator.step_size)
    assert sizes == [pytest.approx(0.08 / 2 ** ((6 - 2) / 2)), 0.08]
