"""What is said of numbers of which nothing is expected, and which commands make the same figure."""

import pytest
from support.command_line import make_clips, parse

from util.figures.expected import Expected
from util.figures.making import Made, command_of, makes_the_same, report
from util.figures.numbers import Number


def asked(*words):
    return parse(["--experiment", "figure", "--figure", "textures", *words])


def said(capsys, tmp_path, numbers, *words):
    """The lines after the table of numbers: (run, name, is one expected)."""
    expected = Expected(1.0, 1.0, 1.0, 3)
    made = [
        Number(("fast", "textures", run, name), 1.0, expected if known else None)
        for run, name, known in numbers
    ]
    report({"textures": Made(tmp_path, made)}, asked(*words))
    return [line for line in capsys.readouterr().out.splitlines() if "expected: " in line]


def test_numbers_without_expectation_are_named_though_others_have_one(capsys, tmp_path):
    numbers = [("fire", "error", True), ("fire", "seam", False), ("fire", "minutes", False)]
    numbers += [("water", "error", False), ("flag", "error", True), ("mine", "error", False)]
    few = "fewer than 3 seeds were measured with --schedule fast"
    assert said(capsys, tmp_path, numbers) == [
        f"textures, fire: no seam is expected: {few}",
        f"textures, water: no number is expected: {few}",
        "textures, mine: no number is expected: it is no clip of this project",
    ]


def test_minutes_are_expected_of_no_machine(capsys, tmp_path):
    assert said(capsys, tmp_path, [("fire", "error", True), ("fire", "minutes", False)]) == []


@pytest.fixture
def waves(tmp_path, monkeypatch):
    make_clips(tmp_path)
    monkeypatch.chdir(tmp_path)
    return ["--categories", "waves"]


SAME = ["", "--seed 0", "--schedule fast", "--max_to_keep 9", "--log_step 3", "--output_dir x"]
OTHER = ["--seed 1", "--schedule published", "--num_epochs 9", "--enlarge 3", "--fit crop"]


@pytest.mark.parametrize("words", [*SAME, *OTHER])
def test_commands_make_the_same_figure_if_their_runs_are_the_same(waves, words):
    command = command_of("textures", asked(*waves, *words.split()))
    assert makes_the_same(command, "textures", asked(*waves)) == (words in SAME)


@pytest.mark.parametrize(
    "line", ["", "another program", "python main_dyn_G.py --help", "a 'b", "a b --x"]
)
def test_other_lines_make_no_figure(waves, line):
    assert not makes_the_same(line, "textures", asked(*waves))
