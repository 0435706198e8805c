"""From the record of a figure and the command line to the command lines of its runs."""

import pytest
from support.command_line import parse

from util.experiments.registry import EXPERIMENTS
from util.figures.records import FIGURES
from util.figures.steps import runs_of, unexpected
from util.system.errors import CommandLineError


def runs(figure, *words):
    return runs_of(figure, FIGURES[figure], asked(figure, *words))


def asked(figure, *words):
    return parse(["--experiment", "figure", "--figure", figure, *words])


def given(words, name):
    """The values of a flag in a command line."""
    found = words.index(f"--{name}") + 1
    rest = words[found:]
    ends = [place for place, word in enumerate(rest) if word.startswith("--")]
    return rest[: ends[0] if ends else None]


@pytest.mark.parametrize("schedule", ["fast", "published"])
@pytest.mark.parametrize("figure", FIGURES)
def test_every_command_line_of_a_record_is_one_of_this_program(figure, schedule):
    for run in runs(figure, "--schedule", schedule):
        for step in run.steps:
            command_line = parse(step.words)
            record = EXPERIMENTS[command_line.options.experiment]
            assert step.trains == record.trains or not command_line.options.isTraining
            assert command_line.options.schedule == (schedule if step.trains else "fast")


def test_runs_in_one_directory_have_the_same_training():
    trainings = {}
    for figure in FIGURES:
        for run in runs(figure):
            training = trainings.setdefault(run.directory.path, run.steps[0])
            assert run.steps[0] == training
    recovery = [run for run in runs("recovery") if run.name == "flag, frames"]
    assert recovery[0].directory.path.parts[-2:] == ("recovery_frames", "flag")


@pytest.mark.parametrize("figure", ["continuation", "loop"])
def test_figures_of_trained_textures_use_their_runs_again(figure):
    directories = [run.directory.path for run in runs("textures")]
    found = runs(figure, "--num_batches_in_test", "5")
    assert [run.directory.path for run in found] == directories
    for run, of_textures in zip(found, runs("textures"), strict=True):
        assert run.steps[0].words == of_textures.steps[0].words
        assert given(run.steps[1].words, "num_batches_in_test") == ["5"]
        assert run.test_folder == run.directory.path / f"final_result_{figure}"


def test_flags_of_the_user_go_to_all_trainings_and_replace_those_of_the_record():
    found = runs("textures", "--seed", "3", "--num_batches_in_test", "5", "--nooriginal_shape")
    assert len(found) == 4
    for run in found:
        (step,) = run.steps
        assert given(step.words, "seed") == ["3"]
        assert given(step.words, "num_batches_in_test") == ["5"]
        assert given(step.words, "original_shape") == ["False"]
        assert "--figure" not in step.words


def test_network_of_the_user_replaces_the_image_size_of_the_record():
    step = runs("recovery", "--net_type", "150")[0].steps[0]
    assert "--image_size" not in step.words
    assert parse(step.words).options.image_size == 150
    step = runs("recovery", "--image_size", "8")[0].steps[0]
    assert parse(step.words).options.frame_generator_mode == "8"


def test_settings_of_the_record_follow_the_schedule():
    fast, published = (
        parse(runs("recovery", "--schedule", name)[0].steps[0].words).options
        for name in ("fast", "published")
    )
    assert (fast.image_size, fast.sample_steps) == (64, 1)
    assert (published.image_size, published.sample_steps) == (150, 15)


def test_own_categories_take_the_place_of_the_embedded_ones():
    found = runs("textures", "--categories", "mine,fire,mine", "--data_path", "clips")
    assert [run.name for run in found] == ["mine", "fire"]
    assert all(given(run.steps[0].words, "data_path") == ["clips"] for run in found)


def test_trainings_that_become_alike_are_one_run():
    found = runs("recovery", "--mask_file", "mine.mat", "--categories", "fire")
    assert [run.name for run in found] == ["fire"]


def test_flag_that_replaces_what_a_label_says_removes_the_label():
    found = runs("recovery", "--mask_type", "missingFrames")
    assert [run.name for run in found] == ["flag", "water"]
    assert all("--mask_file" not in run.steps[0].words for run in found)
    found = runs("slowmotion", "--factor", "4")
    assert [run.name for run in found] == ["water", "flag"]
    assert [run.directory.path.parts[-2] for run in found] == ["slowmotion", "slowmotion"]
    assert len(runs("recovery", "--mask_type", "external")) == len(runs("recovery")) == 4


def test_flags_of_tests_go_to_the_tests_alone():
    (run,) = runs("interpolation", "--pairs", "2:4")
    training, test = run.steps
    assert "--pairs" not in training.words
    assert given(test.words, "pairs") == ["2:4"]
    assert given(test.words, "experiment") == ["interpolation"]
    assert run.test_folder == run.directory.path / "final_result_interpolation"


def test_embedded_stills_are_those_of_the_category():
    walkers, blossoms = runs("animation")
    assert "./trainingVideo/stills/walkers/01.png" in given(walkers.steps[1].words, "image")
    assert "./trainingVideo/stills/blossoms/04.png" in given(blossoms.steps[1].words, "image")


def test_pairs_of_the_record_are_not_for_other_categories():
    (run,) = runs("interpolation", "--categories", "mine")
    assert "--pairs" not in run.steps[1].words


def test_flags_that_fit_every_clip_are_for_other_categories_too():
    (run,) = runs("loop", "--categories", "mine")
    assert given(run.steps[1].words, "num_batches_in_test") == ["20"]


def test_embedded_category_that_is_asked_for_keeps_the_flags_of_the_record():
    (run,) = runs("interpolation", "--categories", "blossoms")
    assert run.steps == runs("interpolation")[0].steps
    (run,) = runs("interpolation", "--categories", "blossoms", "--data_path", "mine")
    assert "--pairs" not in run.steps[1].words


def test_own_categories_are_animated_only_with_own_images():
    with pytest.raises(CommandLineError, match="no images for mine; give them with --image"):
        runs("animation", "--categories", "mine")
    (run,) = runs("animation", "--categories", "mine", "--image", "a.png", "b.png")
    assert given(run.steps[1].words, "image") == ["a.png", "b.png"]
    assert "--image" not in run.steps[0].words


def test_only_flags_that_keep_the_distribution_keep_the_expected_values():
    kept = ["--seed", "4", "--schedule", "published", "--enlarge", "1", "--precision", "float32"]
    assert unexpected(asked("textures", *kept, "--output_dir", "elsewhere")) == []
    assert unexpected(asked("textures", "--image_size", "8")) == ["image_size"]
    assert unexpected(asked("textures", "--categories", "fire", "--num_epochs", "9")) == [
        "num_epochs"
    ]


@pytest.mark.parametrize("categories", ["a/b", "fire,", "..", ",", "a,,b", "a\\b"])
def test_categories_are_names(categories):
    with pytest.raises(CommandLineError, match="must be names of folders"):
        asked("textures", "--categories", categories)
