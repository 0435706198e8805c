"""What a command says at its end."""

import shlex

from support.command_line import flags, parse

from util.runs.closing import after_sampling, after_training, look_at


def options(**given):
    return parse(flags(category="fire", **given)).options


def test_three_files_that_exist_are_named(tmp_path):
    for name in ("side_by_side.gif", "side_by_side.png"):
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / "a" / name).touch()
    for name in ("evaluation.csv", "notes.txt"):
        (tmp_path / name).touch()
    names = ("a/side_by_side.gif", "a/side_by_side.png", "evaluation.csv")
    assert look_at(tmp_path, ["a", "b"]).splitlines() == [
        "look first at",
        *(f"  {tmp_path / name}" for name in names),
    ]
    (tmp_path / "overview.gif").touch()
    _, first, *others = look_at(tmp_path, ["a", "b"]).splitlines()
    assert first == f"  {tmp_path / 'overview.gif'}"
    assert len(others) == 2


def test_table_of_a_test_is_named(tmp_path):
    for name in ("overview.gif", "a_1.gif", "a_2.gif", "continuation.csv"):
        (tmp_path / name).touch()
    assert f"  {tmp_path / 'continuation.csv'}" in look_at(tmp_path, ["a"]).splitlines()


def next_command(line):
    words = shlex.split(line.partition(": ")[2])
    assert words[:2] == ["python", "main_dyn_G.py"]
    return words[2:]


def test_next_command_tests_the_run_that_was_trained():
    for given in ({}, {"experiment": "recovery"}, {"output_dir": "out of here"}):
        trained = options(**given)
        tested = parse(next_command(after_training(trained, encodes=False))).options
        assert not tested.isTraining
        assert (tested.category, tested.output_dir) == (trained.category, trained.output_dir)


def test_model_with_an_encoder_animates_images():
    line = after_training(options(experiment="animation"), encodes=True)
    assert "--image PATH" in line


def test_other_videos_need_another_seed():
    assert after_sampling(options(seed=4)).endswith("--seed 5")
    assert after_sampling(options(seed=2**32 - 1)).endswith("--seed 0")
