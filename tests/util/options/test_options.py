"""The command line: every spelling, limit and contradiction, and what a recorded run keeps.

    python tests/test_options.py

prints the options table for README.md.
"""

import dataclasses
import math
import re
import sys

import pytest
from support.command_line import ROOT, SCRIPT, flags, parse, refused, run

from util.options.command_line import NOW, PRESETS, TRAINING, refuse_other_mode
from util.options.schema import FIELDS, NETWORK_SIDES, Options, numbers_of, pairs_of
from util.runs.jobs import prepare
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


def test_the_booleans_are_these():
    assert BOOLEANS == ["isTraining", "resume", "overwrite", "debug"]


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
    **{
        name: ["0", "-0.5", "nan", "inf"]
        for name in ("refsig", "step_size", "lr_gen", "transition_init_std")
    },
    "beta1_gen": ["1", "1.5", "-0.1", "nan", "inf"],
    "dynamic_mode": ["cubic"],
    "likelihood": ["product"],
    "normalization_in_test": ["none"],
    "experiment": ["alchemy"],
    "training_mode": ["half"],
}


@pytest.mark.parametrize("name, values", OUT_OF_RANGE.items())
def test_value_out_of_range_is_refused(name, values):
    for value in values:
        message = refusal(f"--{name}={value}")
        assert f"--{name} " in message
        assert FIELDS[name].metadata["limit"].words in message
        assert f"{float(value):g}" in message if value[-1].isdigit() else value in message


def test_values_at_the_limit_are_taken():
    options = options_of(beta1_gen=0, first_frame=0, content_size=0, num_frames=1, refsig=1e-9)
    assert (options.beta1_gen, options.num_frames, options.refsig) == (0.0, 1, 1e-9)


def test_every_number_has_a_limit():
    for name, field in FIELDS.items():
        assert field.metadata["limit"] or field.type not in (int, float), name


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
    assert "--num_epochs" in refusal("--num_epochs")


@pytest.mark.parametrize("category", ["../fire", "a/b", "/fire", "..", ".", "a\\b", "fire/"])
def test_category_that_is_a_path_is_refused(category):
    assert f"--category {category}" in refusal(category=category)


def test_two_names_for_the_checkpoint_are_refused():
    message = refusal(ckpt="a/model.ckpt-1", ckpt_name="model.ckpt-2")
    assert "a/model.ckpt-1" in message
    assert "model.ckpt-2" in message


def test_resume_and_overwrite_together_are_refused():
    assert "--overwrite" in refusal("--resume", "--overwrite")


@pytest.mark.parametrize("name", PRESETS)
def test_given_flag_beats_the_preset(name):
    preset = PRESETS[name]
    assert preset.keys() <= FIELDS.keys()
    assert options_of(experiment=name) == dataclasses.replace(Options(experiment=name), **preset)
    assert options_of(experiment=name, num_epochs=7).num_epochs == 7


# --- JSON ---


def test_options_survive_json():
    options = options_of(
        category="Öl & Feuer", isTraining=False, beta1_gen=0.1, image_size=8, num_frames=7
    )
    assert Options.from_json(options.to_json()) == options
    assert Options.from_json(options.to_json().encode()) == options


def test_option_missing_from_json_has_its_default():
    assert Options.from_json('{"num_frames": 9}') == Options(num_frames=9)


def test_json_that_holds_no_options_is_refused():
    for text in ("[]", "", "{", "7"):
        with pytest.raises(ValueError):
            Options.from_json(text)
    with pytest.raises(ValueError, match="flux"):
        Options.from_json('{"num_frames": 9, "flux": 1}')


# --- Over the options of an earlier run ---


def test_contradiction_names_both_values():
    with pytest.raises(CommandLineError, match="--num_frames 9 .* --num_frames 60"):
        parse(["--resume", "--num_frames", "9"]).over(Options())


@pytest.mark.parametrize(
    "name, other",
    [
        *((name, 7) for name in ("num_frames", "first_frame", "state_size", "batch_size")),
        *((name, 0.25) for name in ("beta1_gen", "refsig", "step_size")),
        *[("image_size", 128), ("likelihood", "mean_over_frames"), ("dynamic_mode", "linear")],
        *[("net_type", "128"), ("truncated_backprop_length", 7), ("sample_steps", 7)],
    ],
)
def test_what_makes_the_model_cannot_change(name, other):
    for training in (True, False):
        command_line = parse(flags(isTraining=training, **{name: other}))
        with pytest.raises(CommandLineError, match=f"{other} contradicts"):
            command_line.over(Options())


def test_mode_of_a_test_is_compared_with_that_of_its_checkpoint():
    command_line = parse(flags(isTraining=False, training_mode="incomplete"))
    recorded = Options(experiment="recovery", training_mode="incomplete")
    assert command_line.over(recorded).experiment == "recovery"
    with pytest.raises(CommandLineError, match="--training_mode incomplete contradicts"):
        command_line.over(Options())


def test_what_only_training_depends_on_may_change_in_a_test():
    recorded = Options(category="fire", seed=1)
    assert parse(flags(isTraining=False, seed=2, category="water")).over(recorded).seed == 2
    for name, value in {"seed": 2, "category": "water"}.items():
        assert FIELDS[name].metadata["scope"] == TRAINING
        with pytest.raises(CommandLineError, match=f"--{name} "):
            parse(flags(**{name: value})).over(recorded)


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
    ],
)
def test_flag_that_the_experiment_does_not_look_at_is_named(capsys, flag, value, experiment, idle):
    warn_of_idle(flags(isTraining=False, **{flag: value}), experiment=experiment)
    warnings = capsys.readouterr().err
    assert (f"--{flag} does nothing in --experiment {experiment}" in warnings) == idle
    assert bool(warnings) == idle


def test_flag_of_tests_is_named_in_training(capsys):
    warn_of_idle(flags(experiment="action", sequences="1"))
    assert "--sequences does nothing in training" in capsys.readouterr().err


def test_flag_of_training_is_named_in_a_test(capsys):
    warn_of_idle(flags(experiment="recovery", truth_path="there", isTraining=False))
    assert "--truth_path does nothing with --isTraining False" in capsys.readouterr().err


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


def test_truth_about_the_embedded_clips_is_none_about_others():
    by_default = parse(flags(experiment="inpainting")).options.truth_path
    assert by_default == PRESETS["inpainting"]["truth_path"]
    assert parse(flags(experiment="inpainting", data_path="mine")).options.truth_path == ""
    named = parse(flags(experiment="inpainting", data_path="mine", truth_path="there"))
    assert named.options.truth_path == "there"


def test_lists_of_sequences_and_pairs_name_each_once():
    assert numbers_of("3,0,3") == [3, 0]
    assert pairs_of("0:3,1:4,0:3,3:0") == [(0, 3), (1, 4), (3, 0)]
    assert numbers_of("") == pairs_of("") == []


def test_defaults_of_an_experiment_are_not_named(capsys):
    warn_of_idle(["--experiment", "recovery"], experiment="synthesis")
    assert not capsys.readouterr().err


def test_mode_of_a_run_that_goes_on_may_be_repeated_without_its_experiment():
    recorded = Options(experiment="recovery", training_mode="incomplete")
    refuse_other_mode(parse(["--resume", "--training_mode", "incomplete"]).over(recorded))
    with pytest.raises(CommandLineError, match="contradicts --experiment synthesis"):
        refuse_other_mode(parse(["--training_mode", "incomplete"]).options)


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
        if field.metadata["scope"] == NOW:
            assert getattr(options, name) == field.default, name


PUBLISHED = {  # by the paper and the code that its authors released
    "synthesis": ("64", 64, 3000, 60, 30, 1, 100, 0, 1.0, 4),
    "action": ("64", 64, 7000, 30, 30, 30, 3, 100, 1.0, 2),
    "recovery": ("150", 150, 7000, 70, 70, 1, 100, 0, 0.5, 4),
    "inpainting": ("128", 128, 7000, 150, 150, 1, 100, 0, 0.5, 4),
}


@pytest.mark.parametrize("experiment", PUBLISHED)
def test_settings_are_the_published_ones(experiment):
    options = options_of(experiment=experiment)
    names = ["frame_generator_mode", "image_size", "num_epochs", "num_frames"]
    names += ["truncated_backprop_length", "batch_size", "state_size", "content_size", "refsig"]
    names += ["num_sections_in_test"]
    assert tuple(getattr(options, name) for name in names) == PUBLISHED[experiment]
    assert (options.z_size, options.motion_type_size) == (100, 0)
    assert (options.step_size, options.sample_steps) == (0.03, 15)
    assert (options.lr_gen, options.beta1_gen) == (0.002, 0.5)
    assert (options.log_step, options.max_to_keep) == (10, 50)
    assert options.num_batches_in_test == 2
    # Not the released code's 0.001, by which inference stood still with long chunks.
    assert options.transition_init_std == (0.04 if experiment == "recovery" else 0.1)


EMBEDDED = [
    *(("synthesis", category) for category in ("fire", "flag", "light", "water")),
    *(("recovery", category) for category in ("flag", "water")),
    ("inpainting", "pond"),
    *((kind, category) for kind in ("action", "animation") for category in ("walkers", "blossoms")),
]


@pytest.mark.parametrize("experiment, category", EMBEDDED)
def test_embedded_clips_are_what_the_defaults_ask_for(experiment, category, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    job = prepare(parse(flags(experiment=experiment, category=category, output_dir=tmp_path)))
    length, side = job.options.num_frames, job.options.image_size
    assert job.clips.frames.shape[1:] == (length, side, side, 3)
    assert len(job.clips.names) == (16 if job.options.content_size else 1)
    assert (job.clips.truth is not None) == (experiment in ("recovery", "inpainting"))


# --- Help and README ---


def test_help_names_every_flag_and_does_without_tensorflow(tmp_path):
    outcome = run(tmp_path, "--help", script=("-X", "importtime", SCRIPT))
    assert outcome.returncode == 0
    for name in [*FIELDS, "net_type"]:
        assert f"--{name}" in outcome.stdout
    imported = {line.split("|")[-1].strip() for line in outcome.stderr.splitlines()}
    assert "argparse" in imported
    assert "tensorflow" not in imported


def test_every_option_has_help():
    for name, field in FIELDS.items():
        assert re.fullmatch(r"\S.{3,}\S", field.metadata["text"]), name
        assert isinstance(field.default, field.type), name
        assert field.type is not float or math.isfinite(field.default), name


def options_table():
    """The rows of README's table of options."""
    rows = ["| flag | default | meaning |", "|---|---|---|"]
    for name, field in FIELDS.items():
        limit = field.metadata["limit"]
        meaning = field.metadata["text"] + (f"; {limit.words}" if limit else "")
        default = "" if field.default == () else field.default
        rows.append(f"| `--{name}` | {default} | {meaning} |")
    return rows


def presets_table():
    """The rows of README's table of where an experiment has other defaults."""
    presets = {
        experiment: preset
        for experiment, preset in PRESETS.items()
        if preset and preset.get("isTraining", True)
    }
    rows = [["flag", *presets], ["---"] * (len(presets) + 1)]
    for name, field in FIELDS.items():
        if any(name in preset for preset in presets.values()):
            values = [str(preset.get(name, field.default)) for preset in presets.values()]
            rows.append([f"`--{name}`", *values])
    return [f"| {' | '.join(row)} |" for row in rows]


TABLES = {"options": options_table, "presets": presets_table}


@pytest.mark.parametrize("name", TABLES)
def test_table_in_the_readme_is_that_of_the_options(name):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search(rf"<!-- {name} -->(.*?)<!-- /{name} -->", text, re.DOTALL)
    assert table, f"README.md has no table between <!-- {name} --> and <!-- /{name} -->"

    def rows(lines):
        cells = (re.split(r"\s*\|\s*", line.strip()) for line in lines)
        return [row for row in cells if len(row) > 1 and row[1].startswith("`--")]

    assert rows(TABLES[name]())
    assert rows(table[1].splitlines()) == rows(TABLES[name]())


if __name__ == "__main__":
    for table in TABLES.values():
        sys.stdout.write("\n".join(table()) + "\n\n")
