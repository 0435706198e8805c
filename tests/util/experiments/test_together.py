"""Who trains together is decided before anything is written, and what does not fit is refused."""

import pytest
from support.command_line import SMALL, flags, make_clips, parse, refusal

from util.experiments.together import (
    cluster_of,
    refuse_idle_workers,
    refuse_other_clips,
    with_own_places,
)
from util.runs.jobs import plan_training
from util.system.errors import CommandLineError
from util.workers.cluster import Cluster

TWO = Cluster(("a:1", "b:2"), 0)


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)


def command(**options):
    return parse(flags(**{"category": "fire", **options}))


def test_one_process_works_alone(monkeypatch, capsys):
    assert cluster_of(command()) is None
    monkeypatch.setenv("TF_CONFIG", TWO._replace(addresses=("a:1",)).as_variable(0))
    assert cluster_of(command()) is None
    assert capsys.readouterr().err == ""
    cluster_of(command(shared_statistics=True))
    assert "--shared_statistics does nothing with one worker" in capsys.readouterr().err


def test_workers_come_from_the_command_line_or_from_the_environment(monkeypatch):
    assert len(cluster_of(command(workers=3)).addresses) == 3
    monkeypatch.setenv("TF_CONFIG", TWO.as_variable(1))
    of_environment = TWO._replace(number=1)
    assert cluster_of(command()) == cluster_of(command(workers=2)) == of_environment


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"workers": 3}, "--workers 3 starts workers on this machine, and TF_CONFIG names 2"),
        ({"isTraining": False}, "TF_CONFIG names 2 workers, and only a training is shared"),
        ({"experiment": "gallery"}, "TF_CONFIG names 2 workers, and only a training is shared"),
    ],
)
def test_contradictions_are_refused(monkeypatch, options, reason):
    monkeypatch.setenv("TF_CONFIG", TWO.as_variable(0))
    with pytest.raises(CommandLineError) as caught:
        cluster_of(command(**options))
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("options", [{"isTraining": False}, {"experiment": "gallery"}])
def test_workers_are_for_training(options):
    with pytest.raises(CommandLineError) as caught:
        command(workers=2, **options)
    assert str(caught.value).startswith("--workers 2 shares the work of a training")


def test_no_worker_may_be_without_work(tmp_path, monkeypatch):
    make_clips(tmp_path)
    monkeypatch.chdir(tmp_path)
    plan = plan_training(parse(flags(**SMALL, batch_size=2)))
    refuse_idle_workers(plan, 2)
    assert refusal(refuse_idle_workers, plan, 3).startswith("3 workers for 2 sequences")
    plan = plan_training(parse(flags(**SMALL)))
    assert "--batch_size 1 gives some of them nothing" in refusal(refuse_idle_workers, plan, 2)


def test_worker_takes_the_options_of_the_first_one_and_its_own_places():
    of_first = command(seed=3, data_path="/first", output_dir="/o", cache_dir="/c").options
    line = command(data_path="/mine", seed=1, output_dir="/p")
    options = with_own_places(of_first, line)
    assert (options.seed, options.data_path, options.output_dir) == (3, "/mine", "/p")
    assert options.cache_dir == "/c"
    assert with_own_places(of_first, command()).data_path == "/first"


def test_other_clips_are_refused():
    class Workers:
        def texts(self, text):
            return ["one", text]

    refuse_other_clips(Workers(), "one")
    line = refusal(refuse_other_clips, Workers(), "two")
    assert line.startswith("worker 1 has other clips or masks than worker 0")
