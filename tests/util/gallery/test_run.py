"""What the page shows of a run."""

import json
import os
import shutil
from datetime import datetime
from pathlib import Path

from support.made_runs import BEGAN, RECOVERY, make_run

from util.experiments.registry import EXPERIMENTS
from util.gallery.run import read_run


def read(folder):
    return read_run(folder, folder.parent, EXPERIMENTS)


def test_whole_run(tmp_path):
    words = ["--category", "waves at 'noon'", "--seed", "3", "--num_epochs", "3"]
    folder = make_run(tmp_path / "run", *words, videos={"observed": 2})
    run = read(folder)
    assert (run.name, run.place, run.experiment) == ("waves at 'noon'", "run", "synthesis")
    assert (run.state, run.is_finished) == ("3 of 3 epochs", True)
    assert "seed 3" in run.facts and "64 × 64 pixels" in run.facts and "fast schedule" in run.facts
    assert run.date == BEGAN + 3
    assert run.day == datetime.fromtimestamp(BEGAN + 3).strftime("%Y-%m-%d %H:%M")
    assert (run.error, run.patch_distance, run.psnr) == (0.125, 0.5, None)
    assert [(number.name, number.text) for number in run.numbers] == [
        ("patch distance", "0.500"), ("sharpness", "0.750"), ("motion", "1.00"),
    ]  # fmt: skip
    command = (
        """python main_dyn_G.py --category 'waves at '"'"'noon'"'"'' --seed 3 --num_epochs 3"""
    )
    assert run.commands == [command]
    assert run.revision == "0123456789-dirty"
    assert run.problems == []
    assert run.options["seed"] == "3"
    assert "resume" not in run.options and "output_dir" not in run.options


def test_recovery_has_its_own_scores(tmp_path):
    words = ["--experiment", "recovery", "--category", "waves"]
    run = read(make_run(tmp_path / "run", *words, table=("recovery_error.csv", RECOVERY)))
    assert (run.psnr, run.patch_distance) == (23.5, None)
    assert [number.name for number in run.numbers] == ["absolute error", "PSNR", "SSIM"]


def test_options_differ_from_those_of_the_experiment_and_the_schedule(tmp_path):
    for number, experiment in enumerate(EXPERIMENTS):
        for schedule in ("fast", "published"):
            words = ["--experiment", experiment, "--schedule", schedule, "--category", "waves"]
            folder = make_run(tmp_path / f"{number}-{schedule}", *words)
            assert read(folder).differing == [], (experiment, schedule)
    words = ["--experiment", "inpainting", "--data_path", "mine", "--lr_gen", "0.01"]
    run = read(make_run(tmp_path / "run", *words, "--num_epochs", "250"))
    assert run.differing == [
        ("data_path", "mine", "./trainingVideo/background_inpainting/data"),
        ("lr_gen", "0.01", "0.002"),
    ]


def test_precision_is_a_difference_only_where_the_schedule_does_not_choose_it(tmp_path):
    for schedule, expected in (("fast", []), ("published", [("precision", "bfloat16", "float32")])):
        words = ["--schedule", schedule, "--precision", "bfloat16"]
        assert read(make_run(tmp_path / schedule, *words)).differing == expected


def test_what_is_matched_is_no_difference_where_the_schedule_matches_it(tmp_path):
    for number, (words, expected) in enumerate(
        [
            (["--dynamic_mode", "momentum"], []),
            (["--dynamic_mode", "gru"], [("dynamic_mode", "gru", "matched")]),
            (["--initial_latents", "clips"], []),
            (["--initial_latents", "prior"], []),
            (
                ["--dynamic_mode", "momentum", "--schedule", "published"],
                [("dynamic_mode", "momentum", "nonlinear")],
            ),
        ]
    ):
        assert read(make_run(tmp_path / str(number), *words)).differing == expected, words


def test_first_latents_are_a_difference_but_not_what_follows_from_them(tmp_path):
    words = ["--experiment", "action", "--category", "waves"]
    prior = ("initial_latents", "prior", "clips")
    for number, (more, expected) in enumerate(
        [
            (["--num_epochs", "20"], [("num_epochs", "20", "800")]),
            (["--initial_latents", "prior"], [prior]),
            (
                ["--initial_latents", "prior", "--step_size", "0.1"],
                [prior, ("step_size", "0.1", "0.03")],
            ),
            (["--dynamic_mode", "momentum"], [("dynamic_mode", "momentum", "nonlinear"), prior]),
        ]
    ):
        differing = read(make_run(tmp_path / str(number), *words, *more)).differing
        assert sorted(differing) == sorted(expected), more


def test_run_without_results_says_so(tmp_path):
    run = read(make_run(tmp_path / "run", "--num_epochs", "9", errors=[0.5, 0.25], table=None))
    assert not run.is_finished
    assert run.state == "no results yet: 2 of 9 epochs (in training, stopped or killed)"
    assert (run.error, run.numbers, run.problems) == (0.25, [], [])
    run = read(make_run(tmp_path / "begun", errors=[], table=None))
    os.utime(tmp_path / "begun" / "options.json", (BEGAN, BEGAN))
    run = read(tmp_path / "begun")
    assert (run.error, run.plots, run.date) == (None, [], BEGAN)
    epochs = EXPERIMENTS["synthesis"].defaults("fast")["num_epochs"]
    assert run.state.startswith(f"no results yet: 0 of {epochs} epochs")


def test_results_from_before_the_last_epochs_say_so(tmp_path):
    folder = make_run(tmp_path / "run", "--num_epochs", "3", videos={"observed": 2})
    assert read(folder).is_finished
    os.utime(folder / "final_result" / "evaluation.csv", (BEGAN - 100, BEGAN - 100))
    run = read(folder)
    assert not run.is_finished
    assert run.state.startswith("results of an earlier training: 3 of 3 epochs")


def test_epochs_of_a_run_whose_log_is_gone_are_those_of_its_checkpoint(tmp_path):
    folder = make_run(tmp_path / "run", "--num_epochs", "3", videos={"observed": 2})
    shutil.rmtree(folder / "log")
    (folder / "model").mkdir(exist_ok=True)
    for suffix in (".index", ".data-00000-of-00001"):
        (folder / "model" / f"model.ckpt-3{suffix}").write_bytes(b"")
    run = read(folder)
    assert run.is_finished and run.state == "3 of 3 epochs"


def test_results_of_some_sequences_are_not_all(tmp_path):
    words = ["--num_epochs", "3", "--results_for", "2"]
    names = ["one", "two", "three"]
    folder = make_run(tmp_path / "run", *words, videos={"observed": 2}, sequences=names)
    shutil.rmtree(folder / "final_result" / "three")
    assert read(folder).is_finished
    shutil.rmtree(folder / "final_result" / "two")
    run = read(folder)
    assert not run.is_finished
    assert run.state.startswith("not all results: 3 of 3 epochs")


def test_run_that_goes_on_says_that_its_results_are_older(tmp_path):
    videos = {"observed": 2}
    run = read(make_run(tmp_path / "run", "--num_epochs", "9", errors=[0.5, 0.25], videos=videos))
    assert not run.is_finished
    assert run.state.startswith("results of an earlier training: 2 of 9 epochs")


def test_each_damaged_file_is_one_line_and_the_rest_is_there(tmp_path):
    folder = make_run(tmp_path / "run", videos={"observed": 2})
    (folder / "options.json").write_text("{")
    (folder / "final_result" / "evaluation.csv").write_text("?")
    (folder / "log" / "events.out.tfevents.1700000001.host").write_bytes(b"\xff" * 50)
    run = read(folder)
    assert [problem.split(" ")[0] for problem in run.problems] == [
        "options.json", "final_result/evaluation.csv", "log/events.out.tfevents.1700000001.host",
    ]  # fmt: skip
    assert (run.name, run.experiment, run.error) == ("run", "unknown", 0.125)
    assert run.media.sequences and run.plots
    assert (run.options, run.differing, run.facts, run.num_frames) == ({}, [], [], 0)


def test_category_that_is_no_unicode_is_shown(tmp_path):
    """A lone surrogate, which a damaged options.json can have; the page replaces it."""
    folder = make_run(tmp_path / "run", "--category", "waves")
    path = folder / "options.json"
    about = json.loads(path.read_text())
    about["options"]["category"] = "\ud800"
    path.write_text(json.dumps(about))
    assert read(folder).name == "\ud800"


def test_folder_that_cannot_be_entered_stops_no_page(tmp_path, monkeypatch):
    folder = make_run(tmp_path / "run", "--category", "waves")
    (folder / "final_result_testing").mkdir()

    stat = Path.stat

    def forbidden(path, **named):
        if path.parent.name == "final_result_testing":
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **named)

    monkeypatch.setattr(Path, "stat", forbidden)
    assert read(folder).name == "waves"


def test_experiment_of_a_later_version_is_shown(tmp_path):
    folder = make_run(tmp_path / "run")
    about = json.loads((folder / "options.json").read_text())
    about["options"]["experiment"] = "teleportation"
    (folder / "options.json").write_text(json.dumps(about))
    assert read(folder).experiment == "teleportation"
