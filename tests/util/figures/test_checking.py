"""What is refused before a figure is made, and which commands make the same figure."""

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image
from support.command_line import flags, parse

from util.figures.checking import (
    made_by,
    refuse_impossible,
    refuse_other_figure,
    what_is_made,
)
from util.figures.files import commands_in
from util.figures.making import command_of
from util.figures.records import FIGURES
from util.figures.steps import runs_of
from util.system.errors import CommandLineError, RunError


def asked(*words):
    return parse(["--experiment", "figure", "--figure", "textures", *words])


SAME = ["", "--seed 0", "--schedule fast", "--max_to_keep 9", "--log_step 3", "--output_dir x"]
SAME += ["--enlarge 2", "--data_path ../{here}/trainingVideo/dynamicTexture"]
OTHER = ["--seed 1", "--schedule published", "--num_epochs 9", "--enlarge 3", "--fit crop"]


@pytest.mark.parametrize("words", [*SAME, *OTHER])
def test_commands_make_the_same_figure_if_their_runs_are_the_same(waves, words):
    typed = words.format(here=Path.cwd().name).split()
    command = command_of("textures", asked(*waves, *typed))
    theirs = made_by(command, "textures", asked(*waves))
    assert (theirs == what_is_made("textures", asked(*waves))) == (words in SAME)


@pytest.mark.parametrize(
    "line", ["", "another program", "python main_dyn_G.py --help", "a 'b", "a b --x"]
)
def test_other_lines_make_no_figure(waves, line):
    assert made_by(line, "textures", asked(*waves)) != what_is_made("textures", asked(*waves))


@pytest.mark.parametrize(
    "words, way_out",
    [
        ("--enlarge 3", "delete output_figures/textures to make the figure anew, which uses"),
        ("--categories waves,more", "delete output_figures/textures to make the figure anew"),
        ("--categories more", "delete output_figures/textures to make the figure anew"),
        ("--categories waves,more --seed 1", "choose another --output_dir, or replace"),
        ("--seed 1", "choose another --output_dir, or replace the figure and its runs with"),
    ],
)
def test_other_pictures_of_the_same_runs_need_no_new_training(waves, words, way_out):
    shutil.copytree("trainingVideo/dynamicTexture/waves", "trainingVideo/dynamicTexture/more")
    theirs = [*(waves if "--categories" not in words else []), *words.split()]
    folder = Path("output_figures") / "textures"
    folder.mkdir(parents=True)
    (folder / "command.txt").write_text(command_of("textures", asked(*theirs)))
    with pytest.raises(RunError, match=way_out):
        refuse_other_figure("textures", asked(*waves))


def test_figure_of_clips_in_a_folder_with_a_line_break_is_made_again(waves):
    os.rename("trainingVideo", "of\nall")
    line = asked(*waves, "--data_path", "of\nall/dynamicTexture")
    folder = Path("output_figures") / "textures"
    folder.mkdir(parents=True)
    own = command_of("textures", line)
    (folder / "command.txt").write_text(f"{own}\n{own} --seed 3\n")
    refuse_other_figure("textures", line)
    assert commands_in(folder / "command.txt") == [own, f"{own} --seed 3"]


def test_file_in_the_place_of_a_figure_is_refused_before_its_runs(waves):
    Path("output_figures").mkdir()
    Path("output_figures/textures").write_text("mine")
    with pytest.raises(RunError, match="output_figures/textures is no folder to write to"):
        refuse_other_figure("textures", asked(*waves, "--overwrite", "True"))


@pytest.mark.parametrize(
    "figure, words, said",
    [
        ("textures", "--first_frame 3", "has 7 frames, too few"),
        ("interpolation", "--pairs 0:1,1:2", "asks for sequence 2; category waves has 2"),
        ("loop", "--image still.png", "--image does nothing in --experiment loop"),
        ("loop", "--normalization_in_test batch", "video of --experiment loop would jump"),
        ("continuation", "--normalization_in_test batch", None),
        ("textures", "--image still.png", None),
        ("interpolation", "--pairs 0:1", None),
        ("interpolation", "--content_size 0", "needs two appearances: category waves has 2 seq"),
    ],
)
def test_what_cannot_be_made_is_refused_before_the_first_training(
    waves, capsys, figure, words, said
):
    Image.new("RGB", (8, 8)).save("still.png")
    words = [*waves, *flags(data_path="trainingVideo/dynamicTexture", num_frames=5), *words.split()]
    line = parse(["--experiment", "figure", "--figure", figure, *words])
    runs = runs_of(figure, FIGURES[figure], line)
    if said is None:
        refuse_impossible(runs, line)
        told = capsys.readouterr().err.splitlines()
        assert [text for text in told if not text.startswith("warning: --image does nothing")] == []
    else:
        with pytest.raises((RunError, CommandLineError), match=said):
            refuse_impossible(runs, line)


def test_one_sequence_is_refused_before_the_training_of_an_interpolation(waves):
    (clips,) = Path("trainingVideo").glob("*/waves")
    keep, *others = sorted(clips.iterdir())
    for other in others:
        shutil.rmtree(other) if other.is_dir() else other.unlink()
    words = [*waves, *flags(data_path=clips.parent, num_frames=5)]
    line = parse(["--experiment", "figure", "--figure", "interpolation", *words])
    with pytest.raises(CommandLineError, match="category waves has 1 sequence and"):
        refuse_impossible(runs_of("interpolation", FIGURES["interpolation"], line), line)


CLIPS = {"data_path": "trainingVideo/dynamicTexture", "num_frames": 5}


def make_masks(*contents):
    """Masks of the clips in `waves`: .mat files with these bytes."""
    for name, content in zip(("ripples", "swell"), contents, strict=True):
        folder = Path("masks") / "waves" / name
        folder.mkdir(parents=True)
        (folder / "holes.mat").write_bytes(content)


def test_damaged_mask_or_clip_of_the_last_run_is_refused_before_the_first_training(waves):
    make_masks(b"garbage", b"garbage")
    words = [*waves, *flags(**CLIPS, mask_path="masks", mask_file="holes.mat")]
    line = parse(["--experiment", "figure", "--figure", "recovery", *words])
    runs = runs_of("recovery", FIGURES["recovery"], line)
    with pytest.raises(RunError, match="holes.mat"):
        refuse_impossible(runs, line)
    (clips,) = Path("trainingVideo").glob("*/waves")
    *_, last = sorted(path for path in clips.rglob("*") if path.is_file())
    last.write_bytes(last.read_bytes()[:40])
    line = asked(*waves, *flags(**{**CLIPS, "num_frames": 7}))
    runs = runs_of("textures", FIGURES["textures"], line)
    with pytest.raises(RunError, match=last.name):
        refuse_impossible(runs, line)


@pytest.mark.parametrize(
    "others, said",
    [
        ("waves.log", "category waves.log has the name of a file that the figure writes"),
        ("waves.steps.json", "category waves.steps.json has the name of a file"),
        ("w" * 250, "is too long a name for a figure: at most 244 bytes"),
    ],
)
def test_category_with_the_name_of_a_file_of_another_run_is_refused(waves, others, said):
    shutil.copytree("trainingVideo/dynamicTexture/waves", f"trainingVideo/dynamicTexture/{others}")
    line = asked("--categories", f"waves,{others}", *flags(**CLIPS))
    with pytest.raises(CommandLineError, match=said):
        refuse_impossible(runs_of("textures", FIGURES["textures"], line), line)
