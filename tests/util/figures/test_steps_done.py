"""What is done of a run of a figure."""

import json
import math
import os
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
from support.command_line import flags, make_sequences, parse

from util.figures import steps_done
from util.figures.steps import Run, Step
from util.figures.steps_done import StepsDone, beside, fingerprint
from util.runs.run_directory import RunDirectory

TRAIN = Step({"experiment": "action", "category": "waves"}, trains=True)
TEST = Step({"experiment": "interpolation", "category": "waves"}, trains=False)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run with all its files and its clips."""
    monkeypatch.chdir(tmp_path)
    make_sequences(tmp_path, ["one", "two"], 3)
    directory = RunDirectory(tmp_path / "runs" / "waves")
    directory.models.mkdir(parents=True)
    directory.final_result.mkdir()
    directory.prepare(parse(TRAIN.words).options, ["one", "two"])
    for suffix in (".index", ".data-00000-of-00001"):
        (directory.models / f"model.ckpt-5{suffix}").write_text("")
    tested = directory.path / "final_result_interpolation"
    tested.mkdir()
    return Run("interpolation", "waves", directory, [TRAIN, TEST], tested, parse(TRAIN.words))


def done(run, *numbers):
    for number in numbers:
        record = StepsDone(run)
        record.begin(number)
        record.end(number, True)
    return [StepsDone(run).is_done(number) for number in range(2)]


def test_nothing_is_done_at_first(run):
    assert [StepsDone(run).is_done(number) for number in range(2)] == [False, False]


def test_step_that_succeeded_is_done(run):
    assert done(run, 0) == [True, False]
    assert done(run, 1) == [True, True]


def test_step_that_failed_is_not_done(run):
    record = StepsDone(run)
    record.begin(0)
    record.end(0, False)
    assert not StepsDone(run).is_done(0)


def test_killed_step_is_not_done(run):
    done(run, 0, 1)
    StepsDone(run).begin(0)
    assert [StepsDone(run).is_done(number) for number in range(2)] == [False, False]


def test_test_with_other_flags_is_not_done(run):
    done(run, 0, 1)
    other = Step({**TEST.flags, "pairs": "0:1"}, trains=False)
    run = run._replace(steps=[TRAIN, other])
    assert [StepsDone(run).is_done(number) for number in range(2)] == [True, False]


def test_test_of_other_images_of_the_same_name_is_not_done(run, tmp_path):
    (tmp_path / "a.png").write_bytes(b"one")
    still = Step({"experiment": "animation", "image": ("a.png",)}, trains=False)
    run = run._replace(steps=[TRAIN, still])
    assert done(run, 0, 1) == [True, True]
    (tmp_path / "a.png").write_bytes(b"other")
    assert [StepsDone(run).is_done(number) for number in range(2)] == [True, False]


def test_results_of_another_version_are_not_done(run, monkeypatch):
    assert done(run, 0, 1) == [True, True]
    monkeypatch.setattr(steps_done, "RESULTS", steps_done.RESULTS + 1)
    assert [StepsDone(run).is_done(number) for number in range(2)] == [False, False]
    assert done(run, 0) == [True, False]
    assert done(run, 1) == [True, True]


def test_flags_that_change_no_result_count_as_the_same(run):
    done(run, 0, 1)
    places = {"output_dir": "/elsewhere", "cache_dir": "cache"}
    steps = [step._replace(flags={**step.flags, **places}) for step in (TRAIN, TEST)]
    same = run._replace(steps=steps, asked=parse(steps[0].words))
    assert [StepsDone(same).is_done(number) for number in range(2)] == [True, True]
    assert same.other_options == ""
    # Figures show pictures of a test as it has enlarged them.
    steps = [step._replace(flags={**step.flags, "enlarge": 3}) for step in (TRAIN, TEST)]
    larger = run._replace(steps=steps, asked=parse(steps[0].words))
    assert [StepsDone(larger).is_done(number) for number in range(2)] == [True, False]
    assert larger.other_options == ""


@pytest.mark.parametrize("name, value", [("seed", "1"), ("num_epochs", "9")])
def test_run_with_other_options_is_not_the_one_that_is_asked_for(run, name, value):
    assert run.other_options == ""
    other = run._replace(asked=parse([*TRAIN.words, f"--{name}", value]))
    default = getattr(run.asked.options, name)
    assert other.other_options.endswith(f"options.json has --{name} {default} instead of {value}")


@pytest.mark.parametrize("epochs, differs", [(700, False), (3000, True)])
def test_steps_that_would_have_been_as_long_are_no_difference(run, epochs, differs):
    """A run of an earlier version, in which no step became shorter."""
    words = ["--dynamic_mode", "nonlinear", "--num_epochs", str(epochs)]
    asked = parse(words).options
    run.directory.prepare(replace(asked, step_follows_rate=0.0), ["one", "two"])
    found = run._replace(asked=parse(words)).other_options
    assert found.endswith("--step_follows_rate 0.0 instead of 0.1") if differs else found == ""


def test_precision_of_another_machine_is_a_difference_only_if_it_was_typed(run):
    words = [*TRAIN.words, "--precision", "bfloat16"]
    run.directory.prepare(parse(words).options, ["one", "two"])
    assert run.other_options == ""
    step = TRAIN._replace(flags={**TRAIN.flags, "precision": "float32"})
    typed = run._replace(steps=[step], asked=parse(step.words))
    assert "--precision bfloat16 instead of float32" in typed.other_options


def test_precision_is_a_difference_where_the_schedule_does_not_choose_it(run):
    words = [*TRAIN.words, "--schedule", "published"]
    run.directory.prepare(parse([*words, "--precision", "bfloat16"]).options, ["one", "two"])
    published = run._replace(asked=parse(words))
    assert "--precision bfloat16 instead of float32" in published.other_options


@pytest.mark.parametrize(
    "recorded, difference",
    [
        ({}, ""),
        ({"dynamic_mode": "nonlinear"}, "has --dynamic_mode nonlinear instead of momentum"),
        (
            {"transition_in_test": "fitted"},
            "has --transition_in_test fitted instead of learned",
        ),
    ],
)
def test_run_has_what_is_matched_to_the_clips(run, recorded, difference):
    """These clips are waves that travel on; an earlier version took the other transition."""
    asked, matched = (
        parse([*TRAIN.words, *flags(num_frames=3, dynamic_mode=mode, initial_latents=latents)])
        for mode, latents in (("matched", "matched"), ("momentum", "prior"))
    )
    run.directory.prepare(replace(matched.options, **recorded), ["one", "two"])
    found = run._replace(asked=asked)
    assert found.other_options == ""
    assert found.find_other_match().endswith(difference)
    assert bool(found.find_other_match()) == bool(difference)


def test_clips_that_have_changed_are_noticed(run, tmp_path):
    assert not StepsDone(run).has_other_clips(fingerprint(run))  # because none are recorded
    done(run, 0)
    assert not StepsDone(run).has_other_clips(fingerprint(run))
    folder = tmp_path / "trainingVideo" / "action_dataset" / "waves"
    shutil.copy(folder / "one.avi", folder / "two.avi")
    assert StepsDone(run).has_other_clips(fingerprint(run))


def test_test_whose_results_another_test_has_replaced_is_not_done(run):
    (run.test_folder / "one.mp4").write_text("before")
    done(run, 0, 1)
    (run.test_folder / "one.mp4").write_text("behind")  # the same name and length
    os.utime(run.test_folder, ns=(0, 1))
    assert [StepsDone(run).is_done(number) for number in range(2)] == [True, False]


def test_copy_of_a_folder_of_runs_is_done(run):
    """A backup or another disk has other times of its files."""
    (run.test_folder / "one.mp4").write_text("")
    done(run, 0, 1)
    original = run.directory.path.parent
    copy = shutil.copytree(original, original.with_name("copy"), copy_function=shutil.copyfile)
    moved = run._replace(
        directory=RunDirectory(copy / "waves"),
        test_folder=copy / "waves" / run.test_folder.name,
    )
    assert [StepsDone(moved).is_done(number) for number in range(2)] == [True, True]


@pytest.mark.parametrize("gone", ["options.json", "model/model.ckpt-5.index"])
def test_step_whose_files_are_gone_is_not_done(run, gone):
    done(run, 0, 1)
    (run.directory.path / gone).unlink()
    assert not StepsDone(run).is_done(0)


def test_test_whose_results_are_gone_is_not_done(run):
    done(run, 0, 1)
    run.test_folder.rmdir()
    assert [StepsDone(run).is_done(number) for number in range(2)] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"done": 3}',
        '{"done": [], "seconds": "x"}',
        '{"done": {"training": 3}, "seconds": {}, "began": null, "starts_again": false}',
        '{"done": [["a"], ["--experiment"]], "seconds": 3, "began": null, "starts_again": false}',
    ],
)
def test_damaged_record_means_that_nothing_is_done(run, text):
    done(run, 0)
    beside(run, ".steps.json").write_text(text)
    assert not StepsDone(run).is_done(0)


@pytest.mark.parametrize(
    "field, value",
    [
        *(("starts_again", value) for value in (None, [1], "x")),
        *(("version", value) for value in (None, "x", math.inf)),
        *(("began", value) for value in ("x", math.nan)),
        *(("seconds", {"training": value}) for value in (None, math.nan, math.inf)),
        *(("results", value) for value in (None, [1])),
    ],
)
def test_one_odd_value_in_a_record_means_that_nothing_is_done(run, field, value):
    done(run, 0)
    file = beside(run, ".steps.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), field: value}))
    record = StepsDone(run)
    assert not record.is_done(0)
    assert record.minutes == 0


def test_run_that_starts_again_says_so_until_its_training_has_replaced_it(run):
    done(run, 0, 1)
    StepsDone(run).start_again()
    assert not StepsDone(run).is_done(0)
    assert StepsDone(run).starts_again
    StepsDone(run).begin(0)  # and then it is killed
    assert StepsDone(run).starts_again
    options, before = run.directory.options_file, run.directory.options_file.stat().st_mtime
    for clock in (60, -60):  # a file server may have another time
        os.utime(options, (before + clock, before + clock))
        assert not StepsDone(run).starts_again


def test_run_without_options_starts_again_until_it_has_some(run):
    done(run, 0, 1)
    options = run.directory.options_file
    text = options.read_bytes()
    options.unlink()
    StepsDone(run).start_again()
    assert StepsDone(run).starts_again
    options.write_bytes(text)
    assert not StepsDone(run).starts_again


def test_time_of_all_attempts_counts(run, monkeypatch):
    clock = iter([1000.0, 1060.0, 2000.0])
    monkeypatch.setattr(steps_done, "time", SimpleNamespace(time=lambda: next(clock)))
    record = StepsDone(run)
    record.begin(0)
    record.end(0, False)
    record.begin(0)
    assert StepsDone(run).minutes == 1.0


def test_time_of_a_killed_attempt_counts_until_its_last_checkpoint(run, monkeypatch):
    saved = (run.directory.models / "model.ckpt-5.index").stat().st_mtime
    clock = iter([saved - 120.0, saved + 500.0])
    monkeypatch.setattr(steps_done, "time", SimpleNamespace(time=lambda: next(clock)))
    StepsDone(run).begin(0)
    record = StepsDone(run)
    record.begin(0)
    assert record.minutes == pytest.approx(2.0, abs=0.01)


def test_time_of_lost_work_does_not_count(run, monkeypatch):
    clock = iter([1000.0, 1060.0, 2000.0, 2030.0])
    monkeypatch.setattr(steps_done, "time", SimpleNamespace(time=lambda: next(clock)))
    done(run, 0)
    shutil.rmtree(run.directory.models)
    done(run, 0)
    assert StepsDone(run).minutes == 0.5


def test_record_is_a_file_beside_the_run(run):
    done(run, 0)
    about = json.loads((run.directory.path.parent / "waves.steps.json").read_text())
    assert about["done"] == {"training": TRAIN.identity}


@pytest.fixture
def other(run):
    """The run of another figure, which has the same training and another test."""
    tested = run.directory.path / "final_result_transfer"
    tested.mkdir()
    test = Step({**TEST.flags, "experiment": "transfer"}, trains=False)
    return run._replace(figure="transfer", steps=[TRAIN, test], test_folder=tested)


def test_figures_share_a_training_and_each_has_its_own_test(run, other):
    assert done(run, 0, 1) == [True, True]
    assert [StepsDone(other).is_done(number) for number in range(2)] == [True, False]
    assert done(other, 1) == [True, True]
    assert [StepsDone(run).is_done(number) for number in range(2)] == [True, True]


def test_new_training_makes_the_tests_of_all_figures_outdated(run, other):
    done(run, 0, 1)
    done(other, 1, 0)
    assert [StepsDone(run).is_done(number) for number in range(2)] == [True, False]
    assert [StepsDone(other).is_done(number) for number in range(2)] == [True, False]


def test_time_of_a_test_counts_for_its_own_figure_and_only_the_last_time(run, other, monkeypatch):
    clock = iter([400.0, 1000.0, 1100.0, 1160.0, 2000.0, 2120.0, 3000.0, 3030.0])
    monkeypatch.setattr(steps_done, "time", SimpleNamespace(time=lambda: next(clock)))
    done(run, 0, 1, 1)
    done(other, 1)
    assert StepsDone(run).minutes == pytest.approx(12)
    assert StepsDone(other).minutes == pytest.approx(10.5)


def test_record_of_an_earlier_version_is_known(run):
    about = {"done": [TRAIN.words, TEST.words], "seconds": 90, "began": None, "starts_again": False}
    run.directory.path.parent.joinpath("waves.steps.json").write_text(json.dumps(about))
    record = StepsDone(run)
    assert [record.is_done(number) for number in range(2)] == [False, False]  # other results
    assert record.minutes == 1.5
