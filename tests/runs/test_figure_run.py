"""The figure command, as a process: its runs, the figure, its numbers, and what it refuses."""

import csv
import shlex
import shutil
import signal
from unittest import mock

import pytest
from support.command_line import (
    SCRIPT,
    SMALL,
    end_of,
    flags,
    make_clips,
    parse,
    refused,
    run,
    run_here,
    start,
    start_alone,
    tree,
    wait_until,
)

from util.figures import steps_done
from util.figures.records import FIGURES

FIGURE = {"experiment": "figure", "figure": "textures", "categories": "waves"}
SETTINGS = {name: value for name, value in SMALL.items() if name != "category"}
LOOPS = {**FIGURE, **SETTINGS, "figure": "loop", "loop_length": 10, "num_batches_in_test": 2}
FILES = {"figure.mp4", "figure.gif", "figure.png", "numbers.csv", "command.txt"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder in which the figure of two small clips was made, and the outcome."""
    place = tmp_path_factory.mktemp("figure")
    make_clips(place)
    return place, run(place, *flags(**FIGURE, **SETTINGS))


@pytest.fixture(scope="module")
def looped(made, tmp_path_factory):
    """A copy of this folder in which the figure of its loops was made, too, and the outcome."""
    place = tmp_path_factory.mktemp("loops")
    shutil.copytree(made[0], place, dirs_exist_ok=True)
    return place, run_here(place, *flags(**LOOPS))


def assert_same_figure(folder, other):
    """Compare all files of two figures, but not how long their runs took."""
    assert {path.name for path in folder.iterdir()} == FILES
    for name in FILES - {"numbers.csv"}:
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name
    tables = [(place / "numbers.csv").read_text().splitlines() for place in (folder, other)]
    ours, theirs = ([line for line in table if "minutes" not in line] for table in tables)
    assert ours == theirs


def test_figure_is_made_with_its_runs_and_numbers(made):
    place, outcome = made
    assert outcome.returncode == 0, outcome
    figure = place / "output_figures" / "textures"
    assert {path.name for path in figure.iterdir()} == FILES
    directory = place / "output_figures" / "runs" / "textures" / "waves"
    assert (directory / "final_result" / "ripples" / "synthesized_3.mp4").is_file()
    with open(figure / "numbers.csv", newline="", encoding="utf-8") as file:
        rows = {row["number"]: row for row in csv.DictReader(file)}
    assert 0 < float(rows["error"]["value"]) < 2
    assert float(rows["minutes"]["value"]) > 0
    assert {row["verdict"] for row in rows.values()} == {""}
    assert outcome.stderr.startswith("run 1 of 1, textures, waves\n")
    assert "epoch 6 of 6, all runs: 0 s left" in outcome.stderr
    assert "no number is expected, because" in outcome.stdout


def test_command_file_has_the_command_lines_that_made_the_figure(made):
    place, _ = made
    text = (place / "output_figures" / "textures" / "command.txt").read_text()
    figure, training = (shlex.split(line)[2:] for line in text.splitlines())
    assert parse(figure).options.categories == "waves"
    options = parse(training).options
    assert (options.experiment, options.category, options.num_epochs) == ("synthesis", "waves", 6)
    assert options.output_dir == "output_figures/runs/textures"


def test_finished_run_is_used_again(made):
    place, _ = made
    before = tree(place / "output_figures" / "runs")
    again = run_here(place, *flags(**FIGURE, **SETTINGS))
    assert again.returncode == 0, again
    assert again.stderr == "run 1 of 1, textures, waves: done before\n"
    after = tree(place / "output_figures" / "runs")
    assert after == before


def test_figure_of_loops_uses_the_trained_textures_again(made, looped):
    place, outcome = looped
    assert outcome.returncode == 0, outcome
    assert {path.name for path in (place / "output_figures" / "loop").iterdir()} == FILES
    directories = [
        folder / "output_figures" / "runs" / "textures" / "waves" for folder in (place, made[0])
    ]
    assert len(list((directories[0] / "final_result_loop").glob("swell_*.gif"))) == 2
    assert tree(directories[0] / "model") == tree(directories[1] / "model")
    assert "mean seam" in outcome.stdout
    again = run_here(place, *flags(**FIGURE, **SETTINGS))
    assert again.stderr == "run 1 of 1, textures, waves: done before\n"


def test_run_that_another_command_has_trained_is_not_used(made):
    place, _ = made
    before = tree(place)
    outcome = run_here(place, *flags(**{**FIGURE, **SETTINGS, "figure": "loop", "num_epochs": 7}))
    message = refused(outcome, 1)
    assert "runs/textures/waves/options.json has --num_epochs 6 instead of 7;" in message
    assert tree(place) == before


def test_unfinished_run_with_other_flags_is_not_continued(made, tmp_path):
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "output_figures" / "textures")
    (tmp_path / "output_figures" / "runs" / "textures" / "waves.steps.json").unlink()
    outcome = run_here(tmp_path, *flags(**{**FIGURE, **SETTINGS, "seed": 1}))
    assert "options.json has --seed 0 instead of 1; choose another" in refused(outcome, 1)
    # With the same flags, it is the run that was asked for, whoever has begun it.
    outcome = run_here(tmp_path, *flags(**{**FIGURE, **SETTINGS}))
    assert outcome.returncode == 0, outcome


@pytest.mark.parametrize("flickers", [False, True])
def test_replaced_clip_is_noticed(made, tmp_path, flickers):
    """Also if another transition is matched to the new clips."""
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    folder = tmp_path / "trainingVideo" / "dynamicTexture" / "waves" / "swell"
    (folder / "00001.png").write_bytes((folder / "00002.png").read_bytes())
    if flickers:
        (folder.parent / "ripples.avi").unlink()
        shutil.copytree(folder, folder.with_name("ripples"))
        for clip in (folder, folder.with_name("ripples")):
            first, *_, last = frames = sorted(clip.iterdir())
            two = first.read_bytes(), last.read_bytes()
            for number, path in enumerate(frames):
                path.write_bytes(two[number % 2])
    outcome = run_here(tmp_path, *flags(**FIGURE, **SETTINGS))
    message = refused(outcome, 1)
    assert (
        "the clips, masks or truth have changed since output_figures/runs/textures/waves was"
        in message
    )


def test_moved_folder_and_flags_that_change_nothing_use_the_runs_again(made, tmp_path):
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    (tmp_path / "output_figures").rename(tmp_path / "moved")
    again = {"output_dir": tmp_path / "moved", "debug": True}
    # These values are what they are without the flag, or change no result.
    again |= {"seed": 0, "schedule": "fast", "max_to_keep": 3, "cache_dir": "cache", "log_step": 3}
    outcome = run_here(tmp_path, *flags(**{**FIGURE, **SETTINGS, **again}))
    assert outcome.returncode == 0, outcome
    assert outcome.stderr == "run 1 of 1, textures, waves: done before\n"


def test_results_of_an_earlier_program_are_made_anew(made, tmp_path, monkeypatch):
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    models = tmp_path / "output_figures" / "runs" / "textures" / "waves" / "model"
    results = models.with_name("final_result")
    before, written = tree(models), (results / "evaluation.csv").stat().st_mtime_ns
    monkeypatch.setattr(steps_done, "RESULTS", steps_done.RESULTS + 1)
    outcome = run_here(tmp_path, *flags(**FIGURE, **SETTINGS))
    assert outcome.returncode == 0, outcome
    assert "done before" not in outcome.stderr
    assert tree(models) == before
    assert (results / "evaluation.csv").stat().st_mtime_ns > written


def test_result_of_a_sequence_that_is_gone_is_no_smaller_figure(made, tmp_path):
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    results = tmp_path / "output_figures" / "runs" / "textures" / "waves" / "final_result"
    shutil.rmtree(results / "swell")
    line = refused_after_all(run_here(tmp_path, *flags(**FIGURE, **SETTINGS)))
    assert "final_result/swell is gone" in line


def refused_after_all(outcome):
    assert outcome.returncode == 1
    return outcome.stderr.splitlines()[-1]


def test_figure_is_replaced_when_told_to(made, tmp_path):
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    settings = {**FIGURE, **SETTINGS, "num_epochs": 2, "overwrite": True}
    # A mistake is found before anything is deleted.
    before = tree(tmp_path)
    refused(run_here(tmp_path, *flags(**settings, categories_="x")), 2)
    assert tree(tmp_path) == before
    outcome = run(tmp_path, *flags(**settings))
    assert outcome.returncode == 0, outcome
    command = (tmp_path / "output_figures" / "textures" / "command.txt").read_text()
    assert "--num_epochs 2" in command and "--overwrite" not in command
    del settings["overwrite"]
    outcome = run_here(tmp_path, *flags(**settings))
    assert outcome.stderr == "run 1 of 1, textures, waves: done before\n"


def test_images_are_checked_before_the_training(tmp_path):
    make_clips(tmp_path)
    folder = tmp_path / "trainingVideo"
    (folder / "dynamicTexture").rename(folder / "action_dataset")
    given = {"experiment": "figure", "figure": "animation", "categories": "waves"}
    outcome = run_here(tmp_path, *flags(**given, num_frames=5, image="gone.png"))
    assert "gone.png" in refused(outcome, 1)
    assert not (tmp_path / "output_figures").exists()


def test_figure_of_another_command_is_not_replaced(made):
    place, _ = made
    before = tree(place)
    outcome = run_here(place, *flags(**FIGURE, **{**SETTINGS, "num_epochs": 7}))
    message = refused(outcome, 1)
    assert "has a figure made by" in message and "--num_epochs 6" in message
    assert tree(place) == before


def test_files_of_another_program_are_not_replaced(tmp_path):
    make_clips(tmp_path)
    folder = tmp_path / "output_figures" / "textures"
    folder.mkdir(parents=True)
    (folder / "figure.png").write_text("mine")
    outcome = run_here(tmp_path, *flags(**FIGURE, **SETTINGS))
    assert "another program" in refused(outcome, 1)
    assert (folder / "figure.png").read_text() == "mine"


@pytest.mark.parametrize(
    "words, message",
    [
        ([], "no --figure given; it can be textures, actions,"),
        (["--figure", "flames"], "--figure flames is unknown; it can be textures,"),
        (["--figure", "textures", "--category", "fire"], "give --categories fire"),
        (["--figure", "all", "--categories", "fire"], "--categories is for one figure"),
        (["--figure", "all", "--mask_path", "masks"], "--mask_path is for one figure"),
        (["--figure", "all", "--image", "a.png"], "--image is for one figure"),
        (["--figure", "all", "--write_demo", "--seed", "1"], "without --seed; give only --figure"),
        (["--figure", "textures", "--write_demo", "--categories", "fire"], "without --categories"),
        (["--figure", "textures", "--write_demo", "--num_epochs", "9"], "without --num_epochs"),
        (["--figure", "animation", "--categories", "mine"], "no images for mine"),
        (["--figure", "textures", "--isTraining", "True"], "trains no model itself"),
        (["--figure", "textures", "--categories", "../x"], "must be names of folders"),
    ],
)
def test_command_line_without_sense_is_refused(tmp_path, words, message):
    outcome = run_here(tmp_path, "--experiment", "figure", *words)
    assert message in refused(outcome, 2)
    assert not list(tmp_path.iterdir())


def test_category_that_does_not_exist_is_told_before_anything_runs(tmp_path):
    make_clips(tmp_path)
    outcome = run_here(tmp_path, *flags(**{**FIGURE, "categories": "waves,gone"}))
    assert "no category gone" in refused(outcome, 1)
    assert not (tmp_path / "output_figures").exists()


def test_flags_that_contradict_are_told_before_anything_runs(tmp_path):
    make_clips(tmp_path)
    outcome = run_here(tmp_path, *flags(**FIGURE, image_size=8, net_type="64"))
    assert "--image_size 8" in refused(outcome, 2)


def test_flag_of_tests_is_named_where_the_figure_shows_none(made, tmp_path):
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    outcome = run_here(tmp_path, *flags(**FIGURE, **SETTINGS, pairs="0:1"))
    assert outcome.stderr.startswith("warning: --pairs does nothing: the figure shows no test\n")


def test_run_that_fails_is_told_in_one_line(tmp_path):
    make_clips(tmp_path)
    diverges = {"truncated_backprop_length": 5, "batch_size": 2, "step_size": 3e4, "clip_drift": 0}
    outcome = run(tmp_path, *flags(**{**FIGURE, **SETTINGS, **diverges}))
    assert outcome.returncode == 1
    errors = [line for line in outcome.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "no longer finite" in errors[0]
    assert "waves.log" in errors[0]


def test_clip_that_cannot_be_read_is_told_before_anything_runs(tmp_path):
    clips = make_clips(tmp_path)
    (clips / "ripples.avi").write_bytes(b"no video")
    outcome = run(tmp_path, *flags(**FIGURE))
    assert "ripples.avi is not a video" in refused(outcome, 1)
    assert not (tmp_path / "output_figures").exists()


def test_interrupted_command_goes_on_and_gives_the_same_numbers(made, tmp_path):
    place, _ = made
    make_clips(tmp_path)
    process = start(tmp_path, *flags(**FIGURE, **SETTINGS))
    models = tmp_path / "output_figures" / "runs" / "textures" / "waves" / "model"
    wait_until(lambda: list(models.glob("*.index")), process)
    process.send_signal(signal.SIGTERM)
    stopped = end_of(process)
    assert stopped.returncode == 128 + signal.SIGTERM, stopped
    assert stopped.stderr.endswith("the same command goes on from here\n")
    assert not (tmp_path / "output_figures" / "textures" / "numbers.csv").exists()
    outcome = run(tmp_path, *flags(**FIGURE, **SETTINGS))
    assert outcome.returncode == 0, outcome
    folders = (folder / "output_figures" / "textures" for folder in (tmp_path, place))
    assert_same_figure(*folders)


def kill_when(happened, place):
    """Start the figure of loops, and kill the command as soon as something has happened."""
    process = start(place, *flags(**LOOPS))
    wait_until(happened, process)
    process.kill()
    assert end_of(process).returncode == -signal.SIGKILL


# A command that kills itself just before it gives the GIF of the figure its name.
KILLED_WHILE_WRITING = """
import os, runpy, signal, sys
sys.path.insert(0, os.path.dirname({script!r}))
whole = os.replace
def replace(source, target):
    if os.path.basename(target) == "figure.gif":
        os.kill(os.getpid(), signal.SIGKILL)
    whole(source, target)
os.replace = replace
sys.argv[0] = {script!r}
runpy.run_path({script!r}, run_name="__main__")
"""


def test_command_that_is_killed_again_and_again_makes_the_same_figure(looped, tmp_path):
    make_clips(tmp_path)
    figure = tmp_path / "output_figures" / "loop"
    run_folder = tmp_path / "output_figures" / "runs" / "textures" / "waves"
    # While its run trains:
    kill_when(lambda: any((run_folder / "model").glob("*.index")), tmp_path)
    # While the trained model is tested:
    kill_when(lambda: any(run_folder.glob(".partial-*-final_result_loop")), tmp_path)
    # While the figure is written:
    code = KILLED_WHILE_WRITING.format(script=str(SCRIPT))
    killed = end_of(start_alone(tmp_path, *flags(**LOOPS), script=("-c", code)))
    assert killed.returncode == -signal.SIGKILL, killed
    assert killed.stderr == "run 1 of 1, loop, waves: trained before\n"
    left = {path.name for path in figure.iterdir()}
    assert "command.txt" in left and "numbers.csv" not in left
    assert any(name.startswith(".partial-") for name in left)
    outcome = run_here(tmp_path, *flags(**LOOPS))
    assert outcome.returncode == 0, outcome
    assert outcome.stderr == "run 1 of 1, loop, waves: done before\n"
    assert_same_figure(figure, looped[0] / "output_figures" / "loop")


def test_figure_that_fails_does_not_keep_the_next_one_from_being_made(made, tmp_path):
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    output = tmp_path / "output_figures"
    shutil.rmtree(output / "textures")
    shutil.copytree(output / "runs" / "textures", output / "runs" / "torn")
    shutil.rmtree(output / "runs" / "torn" / "waves" / "final_result" / "swell")
    (training,) = FIGURES["textures"].trainings
    two = {
        name: FIGURES["textures"]._replace(
            trainings=(training._replace(categories=("waves",), folder=name),)
        )
        for name in ("torn", "textures")
    }
    with mock.patch.dict(FIGURES, two, clear=True):
        outcome = run_here(tmp_path, *flags(experiment="figure", figure="all", **SETTINGS))
    assert outcome.returncode == 1, outcome
    first, failed, second, error = outcome.stderr.splitlines()
    assert first == "run 1 of 2, torn, waves: done before"
    assert failed.startswith("failed: torn: ") and "final_result/swell is gone" in failed
    assert second == "run 2 of 2, textures, waves: done before"
    assert error == "error: not made: torn"
    assert not (output / "torn" / "numbers.csv").exists()
    assert {path.name for path in (output / "textures").iterdir()} == FILES
    assert "textures: output_figures/textures/figure.mp4" in outcome.stdout
