"""The command line: every spelling and contradiction, idle flags, what a recorded run keeps."""

import dataclasses
import os
import re

import pytest
from support.command_line import SCRIPT, end_of, flags, parse, refused, run, start_alone

from util.experiments.registry import EXPERIMENTS
from util.options import command_line as module
from util.options import schedule as schedule_module
from util.options.command_line import refuse_other_mode, refuse_unusable
from util.options.experiment import Experiment
from util.options.schedule import SCHEDULES
from util.options.schema import FIELDS, NETWORK_SIDES, Group, Options, Scope, limit_of, scope_of
from util.system.errors import CommandLineError

SPELLINGS = {
    True: ["True", "true", "TRUE", "1", "yes", "Yes", "y", "t", "on"],
    False: ["False", "false", "FALSE", "0", "no", "No", "n", "f", "off"],
}
BOOLEANS = [name for name, field in FIELDS.items() if field.type is bool]


def options_of(*arguments, **options):
    return parse([*arguments, *flags(**options)]).options


def refusal(*arguments, **options):
    with pytest.raises(CommandLineError) as caught:
        parse([*arguments, *flags(**options)])
    message = str(caught.value)
    assert "\n" not in message
    return message


# --- Booleans ---


@pytest.mark.parametrize("name", BOOLEANS)
@pytest.mark.parametrize("value", [True, False])
def test_every_spelling_of_a_boolean(name, value):
    for spelling in SPELLINGS[value]:
        assert getattr(options_of(f"--{name}", spelling), name) is value
        assert getattr(options_of(f"--{name}={spelling}"), name) is value


@pytest.mark.parametrize("name", BOOLEANS)
def test_bare_flag_is_true_and_no_flag_is_false(name):
    assert getattr(options_of(f"--{name}"), name) is True
    assert getattr(options_of(f"--{name}", "--category", "fire"), name) is True
    assert getattr(options_of(f"--no{name}"), name) is False


@pytest.mark.parametrize("name", BOOLEANS)
@pytest.mark.parametrize("word", ["maybe", "", "2", "Truee"])
def test_neither_true_nor_false_is_refused(name, word):
    assert name in refusal(f"--{name}={word}")


def test_maybe_training_is_refused_in_one_line(tmp_path):
    line = refused(run(tmp_path, "--isTraining", "maybe"), 2)
    assert "isTraining" in line
    assert "maybe" in line


# --- Network and image size ---


def test_scene_is_the_network_of_64_pixels():
    for flag in ("net_type", "frame_generator_mode"):
        for name in ("scene", "64"):
            options = options_of(**{flag: name})
            assert (options.frame_generator_mode, options.image_size) == ("64", 64)
    both = options_of(net_type="scene", frame_generator_mode=64)
    assert both.frame_generator_mode == "64"


def test_contradicting_names_of_the_network_are_refused():
    message = refusal(net_type="scene", frame_generator_mode=128)
    assert "scene" in message
    assert "128" in message


@pytest.mark.parametrize("name, side", NETWORK_SIDES.items())
def test_network_and_size_follow_each_other(name, side):
    for given in ({"net_type": name}, {"frame_generator_mode": name}, {"image_size": side}):
        options = options_of(**given)
        assert (options.frame_generator_mode, options.image_size) == (name, side)


@pytest.mark.parametrize(
    "given", [{"image_size": 100}, {"image_size": 128, "net_type": "scene"}, {"image_size": 0}]
)
def test_size_that_the_network_does_not_make_is_refused(given):
    message = refusal(**given)
    assert f"--image_size {given['image_size']}" in message
    assert given["image_size"] == 0 or "150" in message


@pytest.mark.parametrize("flag", ["net_type", "frame_generator_mode"])
def test_unknown_network_is_refused_with_those_that_exist(flag):
    message = refusal(**{flag: "landscape"})
    assert f"--{flag} landscape" in message
    assert "scene" in message
    assert "150" in message


# --- Limits ---

COUNTS = [
    "image_size", "num_frames", "state_size", "z_size", "num_epochs", "batch_size",
    "truncated_backprop_length", "sample_steps", "log_step", "max_to_keep",
    "num_sections_in_test", "num_batches_in_test",
]  # fmt: skip
OUT_OF_RANGE = {
    **{name: ["0", "-1"] for name in COUNTS},
    **{name: ["-1"] for name in ("first_frame", "content_size", "motion_type_size", "seed")},
    **{name: ["0", "-0.5", "nan", "inf"] for name in ("refsig", "step_size", "lr_gen")},
    "transition_init_std": ["-0.5", "nan", "inf"],
    "schedule": ["slow"],
    "chunk_starts": ["nowhere"],
    "initial_latents": ["zero"],
    "step_warmup": ["-1"],
    "updates": ["both"],
    "innovations_in_test": ["guessed"],
    "baseline_states": ["0"],
    **{name: ["1", "1.5", "-0.1", "nan", "inf"] for name in ("beta1_gen", "beta2_gen")},
    "dynamic_mode": ["cubic"],
    "likelihood": ["product"],
    "normalization_in_test": ["none"],
    "training_mode": ["half"],
    "sampler": ["dice"],
    "interpolation_steps": ["1"],
}


@pytest.mark.parametrize("name, values", OUT_OF_RANGE.items())
def test_value_out_of_range_is_refused(name, values):
    for value in values:
        message = refusal(f"--{name}={value}")
        assert f"--{name} " in message
        assert limit_of(name).words in message
        assert f"{float(value):g}" in message if value[-1].isdigit() else value in message


NUMERIC = [name for name, field in FIELDS.items() if field.type in (int, float)]


@pytest.mark.parametrize("name", NUMERIC)
def test_number_that_is_far_too_large_is_refused_with_the_limit(name):
    for value in ("9" * 20, "9" * 4000):
        message = refusal(f"--{name}={value}")
        assert message.startswith(f"--{name} ")
        assert limit_of(name).words in message
        assert len(message) < 250
    assert limit_of(name).words not in refusal(f"--{name}=1x")


def test_number_of_more_digits_than_python_reads_is_refused():
    message = refusal("--num_epochs=" + "9" * 100_000)
    assert "(100000 characters) has too many digits" in message


@pytest.mark.parametrize("name", [name for name in NUMERIC if FIELDS[name].type is float])
@pytest.mark.parametrize("value", ["1e200", "-1e200", "1e400", "nan", "-nan", "inf", "Infinity"])
def test_number_that_is_no_sensible_one_is_refused_with_the_limit(name, value):
    message = refusal(f"--{name}={value}")
    assert f"--{name} " in message
    assert limit_of(name).words in message


@pytest.mark.parametrize("name", ["lr_gen", "refsig", "step_size", "transition_init_std"])
def test_number_that_the_graph_would_take_for_zero_is_refused(name):
    assert "at least 1e-12" in refusal(f"--{name}=1e-200")


def test_negative_zero_is_zero():
    for text in ("-0.0", "-0", "-0e5"):
        value = options_of(f"--transition_init_std={text}").transition_init_std
        assert (value, str(value)) == (0.0, "0.0")
    assert str(options_of("--content_size=-0").content_size) == "0"


@pytest.mark.parametrize("value", ["1_0", "１０", "٣", "0x10", "1 0", "", "1e1", "1.0"])
def test_whole_number_is_written_with_digits(value):
    assert "is not a whole number" in refusal(f"--num_epochs={value}")


@pytest.mark.parametrize("value", ["0.1_0", "０.５", "0x1p-2", "1e", "e1", "", ".", "0,5", "1e1.0"])
def test_number_is_written_with_digits(value):
    assert "is not a number" in refusal(f"--step_size={value}")


@pytest.mark.parametrize("text", ["0.25", ".25", "2.5e-1", "2.5E-01", "+0.25", " 0.25", "25.e-2"])
def test_every_usual_spelling_of_a_number(text):
    assert options_of(f"--step_size={text}").step_size == 0.25


@pytest.mark.parametrize(
    "value", ["1,", "a", "1-2", "٣", "1_0", "9" * 20, "0:1", "-1", "1,,2", "1 "]
)
def test_list_of_sequences_says_its_form(value):
    assert "with commas between them, as in 0,3,7" in refusal(f"--sequences={value}")


@pytest.mark.parametrize("value", ["0-1", "0", "0:1:2", "٣:٤", "0:" + "9" * 20, "0:1,2", ":"])
def test_pairs_say_their_form(value):
    message = refusal(f"--pairs={value}")
    assert "is not possible; it must be pairs of numbers" in message
    assert "as in 0:3,1:4" in message


def test_unknown_experiment_is_refused_with_those_that_exist():
    message = refusal(experiment="alchemy")
    assert "--experiment alchemy" in message
    for name in EXPERIMENTS:
        assert name in message


def test_values_at_the_limit_are_taken():
    options = options_of(beta1_gen=0, first_frame=0, content_size=0, num_frames=1, refsig=1e-9)
    assert (options.beta1_gen, options.num_frames, options.refsig) == (0.0, 1, 1e-9)


@pytest.mark.parametrize("given", ["--num_epochs=ten", "--num_epochs=1.5", "--refsig=big"])
def test_what_is_no_number_is_refused(given):
    flag, value = given.split("=")
    message = refusal(given)
    assert flag in message
    assert value in message


# --- Flags ---


@pytest.mark.parametrize(
    "wrong, right", [("--num_epoch", "--num_epochs"), ("--is_training", "--isTraining")]
)
def test_unknown_flag_suggests_the_nearest(wrong, right):
    for arguments in ([wrong, "3"], [f"{wrong}=3"]):
        message = refusal(*arguments)
        assert f"unknown flag {wrong};" in message
        assert f"did you mean {right}?" in message


def test_flag_unlike_any_other_is_refused():
    assert "unknown flag --xyzzy" in refusal("--xyzzy")
    assert "fire" in refusal("fire")


def test_flag_without_its_value_is_refused():
    for given in ("--num_epochs", "--num_epochs=--", "--category=--", "--image=--"):
        assert "expected" in refusal(given)
        assert given.split("=")[0] in refusal(given)


@pytest.mark.parametrize("category", ["../fire", "a/b", "/fire", "..", ".", "a\\b", "fire/"])
def test_category_that_is_a_path_is_refused(category):
    assert f"--category {category}" in refusal(category=category)


def test_two_names_for_the_checkpoint_are_refused():
    message = refusal(ckpt="a/model.ckpt-1", ckpt_name="model.ckpt-2")
    assert "a/model.ckpt-1" in message
    assert "model.ckpt-2" in message


def test_innovations_given_states_that_were_not_inferred_are_refused():
    """An encoder gives the start state of each chunk. From the first frame on, states are known."""
    given = ["--experiment", "animation", "--innovations_in_test", "conditional"]
    assert "--encoded_frame random" in refusal(*given)
    assert parse([*given, "--encoded_frame", "first"]).options.innovations_in_test == "conditional"
    # In a test and in a resumed run, the recorded --encoded_frame counts.
    for words in (["--isTraining", "False"], ["--resume", "True"]):
        assert parse([*given, *words]).options.innovations_in_test == "conditional"


def test_resume_and_overwrite_together_are_refused():
    assert "--overwrite" in refusal("--resume", "--overwrite")


def test_resuming_what_does_not_train_is_refused_with_the_reason():
    message = refusal("--resume", experiment="transfer", category="waves")
    assert "--experiment transfer only tests a checkpoint" in message
    assert "leave --resume out" in message


@pytest.mark.parametrize("name", ["ckpt", "ckpt_name", "clip", "sequences", "pairs", "categories"])
def test_flag_with_an_empty_variable_is_refused(name):
    assert f"--{name} is empty" in refusal(f"--{name}", "")


@pytest.mark.parametrize(
    "name", ["output_dir", "cache_dir", "truth_path", "category", "data_path", "ckpt", "image"]
)
def test_text_that_is_not_utf8_is_refused(name):
    line = refusal(f"--{name}", os.fsdecode(b"caf\xe9"))
    assert f"--{name} caf\\xe9 is not UTF-8" in line


@pytest.mark.parametrize("value", ["0.99999999", "1", "-0.1"])
@pytest.mark.parametrize("name", ["beta1_gen", "beta2_gen"])
def test_adam_that_does_not_learn_is_refused(name, value):
    assert f"--{name}" in refusal(f"--{name}", value)


@pytest.mark.parametrize("name", ["data_path", "output_dir", "image"])
def test_empty_place_is_refused(name):
    assert f"--{name} is empty" in refusal(f"--{name}", "")


def test_network_of_an_odd_side_is_refused_before_it_is_built(monkeypatch):
    monkeypatch.setitem(NETWORK_SIDES, "64", 63)
    message = refusal("--image_size", "63", "--net_type", "64")
    assert "the network 64 makes frames of 63×63 pixels, and videos need an even side" in message


# --- Flags given twice ---


@pytest.mark.parametrize("name", FIELDS)
def test_flag_given_twice_is_refused(name):
    default = FIELDS[name].default
    value = "a" if default in ("", ()) else str(default)
    value = {"sequences": "1", "pairs": "0:1"}.get(name, value)
    assert f"--{name} is given twice" in refusal(f"--{name}", value, f"--{name}", value)


@pytest.mark.parametrize("name", BOOLEANS)
def test_flag_and_its_negation_are_given_twice(name):
    for first, second in (
        (f"--{name}", f"--no{name}"),
        (f"--no{name}", f"--{name}=False"),
        (f"--no{name}", f"--no{name}"),
    ):
        assert f"--{name} is given twice" in refusal(first, second)


def test_other_value_is_refused_too():
    assert "--seed is given twice" in refusal("--seed", "1", "--category", "fire", "--seed=2")
    assert "--net_type is given twice" in refusal("--net_type", "64", "--net_type", "scene")
    assert "with all its values" in refusal("--image", "a", "--image", "b")


# --- What an experiment presets ---

PRESET = [
    (schedule, experiment, name)
    for schedule in SCHEDULES
    for experiment, record in EXPERIMENTS.items()
    for name, value in record.defaults(schedule).items()
    # Of an experiment that only tests, isTraining cannot be given otherwise.
    if value != FIELDS[name].default
    and name != "isTraining"
    # The default, 60 frames, does not end on a frame of the clip.
    and (experiment, name) != ("slowmotion", "num_frames")
]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_where_nothing_is_given_the_presets_hold_and_else_the_defaults(experiment, schedule):
    presets = EXPERIMENTS[experiment].defaults(schedule)
    expected = dataclasses.replace(Options(experiment=experiment, schedule=schedule), **presets)
    assert options_of(experiment=experiment, schedule=schedule) == expected


@pytest.mark.parametrize("schedule, experiment, name", PRESET)
def test_given_flag_beats_the_preset(schedule, experiment, name):
    given = FIELDS[name].default
    options = options_of(schedule=schedule, experiment=experiment, **{name: given})
    assert getattr(options, name) == given


def test_actions_with_fitted_latents_have_their_own_defaults_in_the_fast_schedule():
    fitted = options_of(experiment="action")
    assert fitted == options_of(experiment="action", initial_latents="clips")
    assert (fitted.transition_init_std, fitted.step_size, fitted.step_warmup) == (0.1, 0.015, 15)
    assert (fitted.initial_latents, fitted.innovations_in_test) == ("clips", "prior")
    assert (fitted.motion_type_size, fitted.motion_type_in_test) == (4, "inferred")
    assert fitted.transition_in_test == "fitted"
    given = options_of(experiment="action", step_size=0.05)
    assert (given.step_size, given.step_warmup) == (0.05, 15)
    drawn = options_of(experiment="action", initial_latents="prior")
    assert (drawn.step_size, drawn.step_warmup, drawn.motion_type_size) == (0.03, 0, 0)
    published = options_of(experiment="action", schedule="published", initial_latents="clips")
    assert (published.step_size, published.step_warmup) == (0.03, 0)
    assert options_of(experiment="action", schedule="published").initial_latents == "prior"


def test_textures_have_small_states_that_follow_the_clips_where_they_are_asked_to():
    usual, fitted = options_of(), options_of(initial_latents="clips")
    assert (usual.initial_latents, usual.dynamic_mode) == ("matched", "matched")
    assert (usual.state_size, usual.transition_in_test) == (100, "learned")
    assert (fitted.dynamic_mode, fitted.state_size) == ("nonlinear", 20)
    assert (fitted.innovations_in_test, fitted.transition_in_test) == ("prior", "fitted")
    published = options_of(schedule="published")
    assert (published.initial_latents, published.dynamic_mode) == ("prior", "nonlinear")


def matched(correlation, **given):
    command_line = parse(flags(**given))
    options = command_line.options
    experiment = command_line.experiment(options)
    found = experiment.matched(options, command_line.given, correlation)
    changed = {name for name in FIELDS if getattr(found, name) != getattr(options, name)}
    assert changed <= experiment.may_be_matched(options, command_line.given)
    return found


@pytest.mark.parametrize("typed", [{}, {"initial_latents": "matched", "dynamic_mode": "matched"}])
@pytest.mark.parametrize(
    "correlation, transition, latents",
    [(0.5, "momentum", "prior"), (0.0, "nonlinear", "clips"), (-0.4, "nonlinear", "prior")],
)
def test_transition_and_first_latents_are_matched_to_the_clips(
    correlation, transition, latents, typed
):
    expected = options_of(initial_latents=latents, dynamic_mode=transition)
    assert matched(correlation, **typed) == expected


def test_what_is_matched_changes_no_given_option():
    found = matched(0.0, step_size=0.05, state_size=7, transition_in_test="learned")
    assert (found.initial_latents, found.step_warmup) == ("clips", 15)
    assert (found.step_size, found.state_size, found.transition_in_test) == (0.05, 7, "learned")


@pytest.mark.parametrize("given", [{"state_size": 21}, {"dynamic_mode": "momentum"}], ids=str)
def test_matched_latents_come_from_the_prior_where_states_cannot_follow_the_clips(given):
    assert matched(0.0, **given) == options_of(
        **{"initial_latents": "prior", "dynamic_mode": "nonlinear", **given}
    )


def test_latents_of_actions_can_be_matched_too():
    for correlation, latents in ((0.5, "prior"), (0.0, "clips")):
        typed = {"experiment": "action", "initial_latents": "matched"}
        expected = options_of(experiment="action", initial_latents=latents)
        assert matched(correlation, **typed) == expected


def test_animation_has_fitted_latents_without_motion_types_in_the_fast_schedule():
    fitted, drawn = (
        options_of(experiment="animation", **given) for given in ({}, {"initial_latents": "prior"})
    )
    assert (fitted.initial_latents, fitted.motion_type_size) == ("clips", 0)
    assert (fitted.transition_init_std, fitted.step_size, fitted.step_warmup) == (0.1, 0.015, 15)
    assert (drawn.transition_init_std, drawn.step_size, drawn.step_warmup) == (0.0, 0.03, 0)
    assert options_of(experiment="animation", schedule="published").initial_latents == "prior"


@pytest.mark.parametrize("experiment", ["action", "animation"])
@pytest.mark.parametrize(
    "given",
    [{"dynamic_mode": "momentum"}, {"dynamic_mode": "matched"}, {"state_size": 21}],
    ids=str,
)
def test_latents_come_from_the_prior_where_states_cannot_follow_the_clips(experiment, given):
    expected = options_of(experiment=experiment, initial_latents="prior", **given)
    assert options_of(experiment=experiment, **given) == expected


def test_an_option_that_an_experiment_does_not_use_is_not_refused_for_its_value():
    given = {"initial_latents": "clips", "dynamic_mode": "momentum"}
    assert options_of(experiment="recovery", **given).experiment == "recovery"


def test_schedule_is_fast_where_none_is_given():
    assert options_of() == options_of(schedule="fast")
    assert options_of() != options_of(schedule="published")


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_fast_schedule_uses_bfloat16_only_where_it_is_faster(experiment, monkeypatch):
    for faster, precision in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(schedule_module, "is_faster_in_bfloat16", lambda faster=faster: faster)
        assert options_of(experiment=experiment, schedule="fast").precision == precision
        assert options_of(experiment=experiment, schedule="published").precision == "float32"


# By the paper and the code that its authors released; not taken from this project.
PUBLISHED = {
    "synthesis": ("64", 64, 3000, 60, 30, 1, 100, 0, 1.0, 4),
    "action": ("64", 64, 7000, 30, 30, 30, 3, 100, 1.0, 2),
    "recovery": ("150", 150, 7000, 70, 70, 1, 100, 0, 0.5, 4),
    "inpainting": ("128", 128, 7000, 150, 150, 1, 100, 0, 0.5, 4),
}


@pytest.mark.parametrize("experiment", PUBLISHED)
def test_settings_are_the_published_ones(experiment):
    options = options_of(experiment=experiment, schedule="published")
    names = ["frame_generator_mode", "image_size", "num_epochs", "num_frames"]
    names += ["truncated_backprop_length", "batch_size", "state_size", "content_size", "refsig"]
    names += ["num_sections_in_test"]
    assert tuple(getattr(options, name) for name in names) == PUBLISHED[experiment]
    assert (options.z_size, options.motion_type_size) == (100, 0)
    assert (options.step_size, options.sample_steps) == (0.03, 15)
    assert (options.lr_gen, options.beta1_gen, options.beta2_gen) == (0.002, 0.5, 0.999)
    assert (options.log_step, options.max_to_keep) == (10, 5)
    assert options.num_batches_in_test == 2
    # Not the released code's 0.001, by which inference stood still with long chunks.
    assert options.transition_init_std == (0.04 if experiment == "recovery" else 0.1)


def test_truth_about_the_embedded_clips_is_none_about_others():
    by_default = options_of(experiment="inpainting").truth_path
    assert by_default.startswith("./trainingVideo/")
    assert options_of(experiment="inpainting", data_path="mine").truth_path == ""
    named = options_of(experiment="inpainting", data_path="mine", truth_path="there")
    assert named.truth_path == "there"
    # And the record is as it was.
    assert options_of(experiment="inpainting").truth_path == by_default


def test_truth_about_the_embedded_clips_stays_where_their_folder_is_typed():
    by_default = options_of(experiment="inpainting")
    folder = by_default.data_path
    for same in (folder, folder.removeprefix("./") + "/", os.path.abspath(folder)):
        typed = options_of(experiment="inpainting", data_path=same)
        assert typed.truth_path == by_default.truth_path


# --- Over the options of an earlier run ---


def test_contradiction_names_both_values():
    with pytest.raises(CommandLineError, match="--num_frames 9 .* --num_frames 60"):
        parse(["--resume", "--num_frames", "9"]).over(Options())


@pytest.mark.parametrize(
    "name, other",
    [
        *((name, 7) for name in ("num_frames", "first_frame", "state_size")),
        *((name, 0.25) for name in ("beta1_gen", "beta2_gen", "refsig", "step_size")),
        *[("image_size", 128), ("likelihood", "mean_over_frames"), ("dynamic_mode", "linear")],
        *[("net_type", "128"), ("truncated_backprop_length", 7), ("sample_steps", 7)],
    ],
)
def test_what_makes_the_model_cannot_change(name, other):
    for training in (True, False):
        command_line = parse(flags(isTraining=training, **{name: other}))
        # The error names the flag that was given, not the one that follows from it.
        flag = {"net_type": "frame_generator_mode"}.get(name, name)
        with pytest.raises(CommandLineError, match=f"^--{flag} {other} contradicts"):
            command_line.over(Options())


@pytest.mark.parametrize("then", ["nonlinear", "momentum"])
@pytest.mark.parametrize("training", [True, False])
def test_matched_transition_is_the_recorded_one(then, training):
    """Whether it is typed or comes from the schedule."""
    words = flags(isTraining=training, resume=training)
    for typed in ([], ["--dynamic_mode", "matched"]):
        command_line = parse([*words, *typed])
        assert command_line.options.dynamic_mode == "matched"
        assert command_line.over(Options(dynamic_mode=then)).dynamic_mode == then


@pytest.mark.parametrize("then", ["prior", "clips"])
def test_matched_latents_are_the_recorded_ones(then):
    command_line = parse(["--resume", "True", "--initial_latents", "matched"])
    assert command_line.over(Options(initial_latents=then)).initial_latents == then


@pytest.mark.parametrize("then", ["linear", "gru"])
def test_other_transitions_are_never_the_matched_one(then):
    with pytest.raises(CommandLineError, match=f"matched contradicts .* --dynamic_mode {then};"):
        parse(["--resume", "--dynamic_mode", "matched"]).over(Options(dynamic_mode=then))


def test_schedule_that_matches_the_transition_leaves_a_typed_one():
    assert parse(["--dynamic_mode", "gru"]).options.dynamic_mode == "gru"
    assert parse(["--schedule", "published"]).options.dynamic_mode == "nonlinear"


def test_no_run_can_have_recorded_that_its_transition_is_to_be_matched():
    with pytest.raises(
        CommandLineError, match="matched is recorded, and must be .* momentum or nonlinear"
    ):
        refuse_unusable(Options(dynamic_mode="matched"), EXPERIMENTS)


def test_mode_of_a_test_is_compared_with_that_of_its_checkpoint():
    command_line = parse(flags(isTraining=False, training_mode="incomplete"))
    recorded = Options(experiment="recovery", training_mode="incomplete")
    assert command_line.over(recorded).experiment == "recovery"
    with pytest.raises(CommandLineError, match="--training_mode incomplete contradicts"):
        command_line.over(Options())


def test_what_only_training_depends_on_may_change_in_a_test():
    recorded = Options(category="fire", seed=1)
    of_a_test = parse(flags(isTraining=False, seed=2, category="water")).over(recorded)
    assert (of_a_test.seed, of_a_test.category) == (2, "water")
    for name, value in {"seed": 2, "category": "water"}.items():
        with pytest.raises(CommandLineError, match=f"--{name} "):
            parse(flags(**{name: value})).over(recorded)


def test_learning_rate_may_change_when_a_run_goes_on():
    options = parse(["--resume", "--lr_gen", "0.001"]).over(Options(lr_half_life=50))
    assert (options.lr_gen, options.lr_half_life) == (0.001, 50)


def test_recorded_value_holds_where_the_flag_is_left_out():
    recorded = Options(num_epochs=9, log_step=4, num_frames=7, category="fire")
    options = parse(["--resume", "--num_epochs", "12"]).over(recorded)
    assert (options.num_epochs, options.log_step, options.num_frames) == (12, 4, 7)
    assert options.category == "fire"


def test_agreeing_flag_is_no_contradiction():
    recorded = Options(frame_generator_mode="8", image_size=8)
    for given in ({"net_type": 8}, {"image_size": 8}):
        assert parse(flags(isTraining=False, **given)).over(recorded).image_size == 8


def test_what_an_earlier_call_did_is_not_done_again():
    recorded = Options(
        isTraining=False, resume=True, overwrite=True, debug=True, ckpt="a", output_dir="b"
    )
    options = parse(["--resume"]).over(recorded)
    assert (options.isTraining, options.resume, options.overwrite) == (True, True, False)
    options = parse([]).over(recorded)
    for name, field in FIELDS.items():
        if scope_of(name) is Scope.THIS_CALL:
            assert getattr(options, name) == field.default, name


def refuse_mode(command_line, options):
    refuse_other_mode(options, command_line.experiment(options))


def test_mode_of_a_run_that_goes_on_may_be_repeated_without_its_experiment():
    recorded = Options(experiment="recovery", training_mode="incomplete")
    going_on = parse(["--resume", "--training_mode", "incomplete"])
    refuse_mode(going_on, going_on.over(recorded))
    anew = parse(["--training_mode", "incomplete"])
    with pytest.raises(CommandLineError, match="contradicts --experiment synthesis"):
        refuse_mode(anew, anew.options)


# --- Flags that nothing looks at ---


def warn_of_idle(arguments, **of_the_run):
    """As a call would that goes on with a run, or tests one, of these options."""
    command_line = parse(arguments)
    command_line.warn_of_idle(dataclasses.replace(command_line.options, **of_the_run))


@pytest.mark.parametrize(
    "flag, value, experiment, idle",
    [
        ("mask_type", "randomRegion", "synthesis", True),
        ("mask_type", "randomRegion", "recovery", False),
        ("average_last", 3, "inpainting", False),
        ("pairs", "0:1", "action", True),
        ("pairs", "0:1", "interpolation", False),
        ("sequences", "1", "animation", True),
        ("sequences", "1", "action", False),
        ("seed", 1, "animation", False),
        ("image", "a.png", "animation", False),
    ],
)
def test_flag_that_the_experiment_does_not_look_at_is_named(capsys, flag, value, experiment, idle):
    warn_of_idle(flags(isTraining=False, **{flag: value}), experiment=experiment)
    warnings = capsys.readouterr().err
    assert (f"--{flag} does nothing in --experiment {experiment}" in warnings) == idle
    assert bool(warnings) == idle


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_idle_image_or_clip_is_an_error_and_every_other_idle_flag_a_warning(capsys, experiment):
    of_some = {name for record in EXPERIMENTS.values() for name in record.uses}
    record = EXPERIMENTS[experiment]
    idle = of_some - {*record.uses, *record.shares}
    assert idle or record.shares
    not_empty = {"sequences": "0", "pairs": "0:1", "categories": "fire"}
    for name in idle - {"image", "clip"}:
        value = not_empty.get(name, FIELDS[name].default)
        given = flags(experiment=experiment, isTraining=False, **{name: value})
        warn_of_idle(given)
        assert f"warning: --{name} does nothing" in capsys.readouterr().err
    for name in idle & {"image", "clip"}:
        with pytest.raises(CommandLineError, match=f"^--{name} does nothing in .*; leave it out$"):
            warn_of_idle(flags(experiment=experiment, isTraining=False, **{name: "a.png"}))


def test_image_in_training_is_an_error_too():
    with pytest.raises(CommandLineError, match="--image does nothing in training; it is for --is"):
        warn_of_idle(flags(experiment="animation", image="a.png"))


def test_who_looks_at_a_flag_follows_from_the_records(capsys):
    """Of any experiments: these are unknown to the rest of the program."""
    records = {
        "synthesis": Experiment("of a test", "no_module"),
        "dance": Experiment("of a test", "no_module", uses=("pairs", "sequences")),
        "song": Experiment("of a test", "no_module", uses=("pairs",)),
    }
    given = flags(isTraining=False, pairs="0:1", sequences="1", interpolation_steps=3)
    for experiment, warned in {
        "synthesis": {"pairs": "dance, song", "sequences": "dance"},
        "dance": {},
        "song": {"sequences": "dance"},
    }.items():
        command_line = module.parse([*given, "--experiment", experiment], records)
        command_line.warn_of_idle(command_line.options)
        assert set(capsys.readouterr().err.splitlines()) == {
            f"warning: --{name} does nothing in --experiment {experiment}; it is for {users}"
            for name, users in warned.items()
        }


def test_flag_of_tests_is_named_in_training(capsys):
    warn_of_idle(flags(experiment="action", sequences="1"))
    assert "--sequences does nothing in training" in capsys.readouterr().err


def test_clips_and_masks_of_a_test_may_be_named(capsys):
    """A test measures its videos against them."""
    given = {"data_path": "here", "mask_path": "there", "truth_path": "elsewhere"}
    warn_of_idle(flags(experiment="recovery", isTraining=False, **given))
    assert capsys.readouterr().err == ""


def test_clips_and_masks_of_a_test_as_another_experiment_may_be_named(capsys):
    given = {"mask_path": "there", "truth_path": "elsewhere", "sequences": "1"}
    command_line = parse(flags(isTraining=False, **given))
    options = dataclasses.replace(command_line.options, experiment="transfer")
    command_line.warn_of_idle(options, trained_by="inpainting")
    warnings = capsys.readouterr().err
    assert "--sequences does nothing in --experiment transfer" in warnings
    assert "_path" not in warnings
    command_line.warn_of_idle(options, trained_by="action")
    assert "--mask_path does nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flag, value, mask_type",
    [
        ("mask_path", "there", "external"),
        ("mask_file", "a.mat", "external"),
        ("missing_fraction", 0.3, "missingFrames"),
        ("region_size", 0.3, "randomRegion"),
    ],
)
def test_flag_of_other_masks_is_named(capsys, flag, value, mask_type):
    for given in ("external", "missingFrames", "randomRegion"):
        warn_of_idle(flags(experiment="recovery", mask_type=given, **{flag: value}))
        warning = f"--{flag} does nothing with --mask_type {given}; it is for {mask_type}"
        assert (warning in capsys.readouterr().err) == (given != mask_type)


def test_defaults_of_an_experiment_are_not_named(capsys):
    warn_of_idle(["--experiment", "recovery"], experiment="synthesis")
    assert not capsys.readouterr().err


# --- Help ---


@pytest.fixture(scope="module", params=[60, 120])
def shown_help(request, tmp_path_factory):
    """The width of a terminal, what --help shows there, and the modules that were imported."""
    outcome = end_of(
        start_alone(
            tmp_path_factory.mktemp("help"),
            "--help",
            script=("-X", "importtime", SCRIPT),
            env={**os.environ, "COLUMNS": str(request.param)},
        )
    )
    assert outcome.returncode == 0, outcome.stderr
    imported = {line.split("|")[-1].strip() for line in outcome.stderr.splitlines()}
    return request.param, outcome.stdout, imported


def test_help_does_without_tensorflow(shown_help):
    _, _, imported = shown_help
    assert "argparse" in imported
    assert "tensorflow" not in imported


def test_help_has_the_groups_in_their_order_and_every_flag_in_its_own(shown_help):
    _, text, _ = shown_help
    headings = "|".join(re.escape(group.value) for group in Group)
    _, *parts = re.split(rf"^({headings}):\n", text, flags=re.MULTILINE)
    assert parts[::2] == [group.value for group in Group]
    for group, part in zip(Group, parts[1::2], strict=True):
        shown = set(re.findall(r"^  --(\w+)", part.split("defaults that differ")[0], re.MULTILINE))
        expected = {name for name, field in FIELDS.items() if field.metadata["group"] is group}
        assert shown == expected | ({"net_type"} if group is Group.MODEL else set())


def test_help_lists_the_experiments_with_their_summaries(shown_help):
    _, text, _ = shown_help
    before_the_flags = " ".join(text.split("experiments:")[1].split("options:")[0].split())
    assert before_the_flags == " ".join(
        f"{name}: {record.summary}" for name, record in EXPERIMENTS.items()
    )


def test_help_lists_the_defaults_that_differ(shown_help):
    _, text, _ = shown_help
    last = " ".join(text.split("defaults that differ with --experiment:")[1].split())
    for record in EXPERIMENTS.values():
        for name, value in record.presets.items():
            assert f"--{name} {value}" in last


def test_help_lists_the_defaults_of_the_fast_schedule(shown_help):
    _, text, _ = shown_help
    last = " ".join(text.split("defaults that differ further with --schedule fast:")[1].split())
    for name, record in EXPERIMENTS.items():
        assert (f"{name}: " in last) is record.trains
        for flag, value in record.scheduled.get("fast", {}).items():
            assert f"--{flag} {value}" in last


def test_help_does_without_a_terminal_of_any_width(capsys, monkeypatch):
    for columns in ("1", "0", "-5", "x"):
        monkeypatch.setenv("COLUMNS", columns)
        with pytest.raises(SystemExit) as end:
            parse(["--help"])
        assert end.value.code == 0
        assert "--num_epochs" in capsys.readouterr().out


def test_help_fits_the_terminal(shown_help):
    columns, text, _ = shown_help
    for line in text.splitlines():
        if not line.startswith("  main_dyn_G.py "):  # a command to copy stays in one line
            assert len(line) <= columns, line
    # And takes the width that there is.
    assert max(map(len, text.splitlines())) > columns - 10


# --- Simultaneous updates ---


@pytest.mark.parametrize("steps", [["--sample_steps", "2"], ["--schedule", "published"]])
def test_simultaneous_updates_share_the_only_step(steps):
    updates = ["--category", "fire", "--updates", "simultaneous"]
    assert parse([*updates]).options.updates == "simultaneous"
    with pytest.raises(CommandLineError, match="needs --sample_steps 1 .* not (2|15) of langevin"):
        parse([*updates, *steps])


def test_home_folder_stands_for_its_sign_that_a_shell_left(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    options = parse(
        ["--output_dir=~/runs", "--data_path=~/clips", "--category=~x", "--ckpt=a~/b"]
    ).options
    assert (options.output_dir, options.data_path) == (f"{tmp_path}/runs", f"{tmp_path}/clips")
    assert (options.category, options.ckpt) == ("~x", "a~/b")
    animated = ["--experiment", "animation", "--isTraining", "False", "--image", "~/a.png", "b.png"]
    assert parse(animated).options.image == (f"{tmp_path}/a.png", "b.png")


def test_batch_of_a_test_may_be_smaller_than_that_of_the_training():
    """The machine of the test may have less memory."""
    trained = Options(batch_size=7)
    line = parse(flags(isTraining=False, batch_size=2))
    assert line.over(trained).batch_size == 2
    with pytest.raises(CommandLineError, match="^--batch_size 2 contradicts"):
        parse(flags(resume=True, batch_size=2)).over(trained)
