"""The numbers of figures are entered in the table of what is expected."""

import math

import pytest

from util.figures.enter import enter_figures
from util.figures.expected import Expected, read_expected, read_measured
from util.figures.numbers import compared, rows_of, write_rows
from util.system.errors import RunError

KEY = ("fast", "textures", "fire", "motion")


def figure_folder(folder, seed, motion, flags=""):
    """The numbers and the command of a figure, as its command writes them."""
    folder.mkdir(parents=True)
    values = {"fire": {"motion": motion, "sharpness": math.nan}}
    write_rows(folder / "numbers.csv", rows_of(compared("fast", "textures", values, {})))
    flag = f" --seed {seed}" if seed else ""
    figure = f"python main_dyn_G.py --experiment figure --figure textures{flag}{flags}"
    (folder / "command.txt").write_text(f"{figure}\npython main_dyn_G.py --seed 9\n")
    return folder


def test_each_seed_is_entered_under_the_seed_of_its_command(tmp_path, capsys):
    table = tmp_path / "expected.csv"
    for seed, motion in ((1, 0.9), (0, 0.8), (2, 1.0)):
        figure_folder(tmp_path / f"output_{seed}" / "textures", seed, motion)
        enter_figures(tmp_path / f"output_{seed}", table)
    assert read_measured(table) == {KEY: {0: 0.8, 1: 0.9, 2: 1.0}}
    assert read_expected(table) == {KEY: Expected(pytest.approx(0.9), 0.8, 1.0, 3)}
    assert capsys.readouterr().out.split("\n")[1] == f"{tmp_path / 'output_0' / 'textures'}: seed 0"


@pytest.mark.parametrize(
    "flags, name",
    [(" --num_epochs 5", "num_epochs"), (" --categories mine", "categories"), (" --x=-1", "x")],
)
def test_figure_with_other_settings_is_not_entered(tmp_path, flags, name):
    figure_folder(tmp_path / "output" / "actions", 1, 0.9)
    figure_folder(tmp_path / "output" / "textures", 1, 0.9, flags)
    with pytest.raises(RunError, match=f"textures was made with --{name}"):
        enter_figures(tmp_path / "output", tmp_path / "expected.csv")
    assert not (tmp_path / "expected.csv").exists()


def test_figure_of_another_precision_or_schedule_is_entered(tmp_path):
    figure_folder(tmp_path / "output" / "textures", 1, 0.9, " --precision float32 --enlarge 1")
    enter_figures(tmp_path / "output", tmp_path / "expected.csv")
    assert read_measured(tmp_path / "expected.csv") == {KEY: {1: 0.9}}


def test_folder_without_figures_is_refused(tmp_path):
    with pytest.raises(RunError, match="no figure in"):
        enter_figures(tmp_path / "output_figrues", tmp_path / "expected.csv")
