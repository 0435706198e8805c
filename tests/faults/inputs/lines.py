"""Command lines: values of flags, flags that contradict, sizes that no memory holds, names."""

import os

from faults.inputs import Case, with_flags
from faults.judging import Expected
from faults.places import SMALLEST, TEST
from util.options.schema import FIELDS

REFUSED, ANY, READ = Expected.REFUSED, Expected.ANY, Expected.READ
# No number of these is in the range of any option.
NO_NUMBERS = ("nan", "inf", "-inf", "", " ", "x", "0x10", "1e400", "9" * 25, "1,5", "--", "True")
# No whole number, or out of range, of every option that takes whole numbers.
NO_COUNTS = ("-1", "1.5", "1e3", "9" * 400)
# Beyond what the machine holds, or beyond a sensible limit.
TOO_LARGE = {
    "image_size": "65536",
    "num_frames": "1000000000",
    "state_size": "100000000",
    "z_size": "100000000",
    "content_size": "100000000",
    "motion_type_size": "100000000",
    "refsig": "1e200",
    "step_size": "1e200",
    "lr_gen": "1e200",
    "transition_init_std": "1e200",
    "seed": str(2**32),
    "sample_steps": "99999999999999999999",
    "batch_size": "99999999999999999999",
    "num_epochs": "99999999999999999999",
}
WRONG_CHOICES = ("", "none", "LANGEVIN", "64 ", "../x", "a\nb", "None", os.fsdecode(b"\xff"))
CATEGORIES = (
    "",
    ".",
    "..",
    "a/b",
    "/etc",
    "..\\x",
    "a\nb",
    "none",
    "x" * 300,
    os.fsdecode(b"\xff\xfe"),
    "waves ",
    "WAVES",
    "-x",
    "*",
    "waves/",
    "%s",
)
# Words after the smallest training; all must be refused.
CONTRADICTIONS = {
    "seed twice": ("--seed", "1", "--seed", "2"),
    "seed twice the same": ("--seed", "1", "--seed", "1"),
    "flag and its negation": ("--resume", "--noresume"),
    "resume and overwrite": ("--resume", "--overwrite"),
    "unknown flag": ("--colour", "red"),
    "abbreviation": ("--num_epoch", "3"),
    "capitals": ("--Seed", "1"),
    "single dash": ("-seed", "1"),
    "a word too many": ("fire",),
    "value too many": ("--seed", "1", "2"),
    "no value": ("--seed",),
    "end of flags": ("--", "fire"),
    "two networks": ("--net_type", "scene", "--frame_generator_mode", "128"),
    "network of another size": ("--net_type", "scene"),
    "checkpoint in training": ("--ckpt", "a/model.ckpt-1"),
    "checkpoint name in training": ("--ckpt_name", "model.ckpt-1"),
    "image in training": ("--image", "still.png"),
    "incomplete": ("--training_mode", "incomplete"),
    "trains nothing": ("--experiment", "interpolation"),
    "unknown experiment": ("--experiment", "Synthesis"),
    "transfer": ("--experiment", "transfer"),
    "frames beyond the clip": ("--first_frame", "6"),
    "data path of a file": ("--data_path", "still.png"),
    "data path nowhere": ("--data_path", "nowhere"),
    "data path empty": ("--data_path", ""),
    "data path of zeros": ("--data_path", "/dev/zero"),
    "output of a file": ("--output_dir", "still.png"),
    "output in a device": ("--output_dir", "/dev/null"),
    "output in /proc": ("--output_dir", "/proc/x"),
    "output name too long": ("--output_dir", "x" * 300),
    "output path too long": ("--output_dir", "x/" * 3000),
}
OF_A_TEST = {
    "no run": (),
    "no category": ("--category", ""),
    "resume": ("--resume", "True"),
    "both checkpoints": ("--ckpt", "a/b/model.ckpt-1", "--ckpt_name", "model.ckpt-2"),
    "sequences": ("--sequences", "a"),
    "many sequences": ("--sequences", "9" * 30),
    "pairs with a dash": ("--pairs", "0-1"),
    "pairs": ("--pairs", "0:1:2"),
    "no image": ("--experiment", "animation"),
    "of a folder": ("--ckpt", "trainingVideo"),
    "of a clip": ("--ckpt", "trainingVideo/dynamicTexture/waves/ripples.avi"),
}


def cases() -> list[Case]:
    """All cases of command lines. All but a few must be refused, and nothing is written."""
    made: dict[str, tuple[str, ...]] = {}
    small = {name: str(value) for name, value in SMALLEST.items() if name != "num_epochs"}
    numbers = [name for name, field in FIELDS.items() if field.type in (int, float)]
    for position, name in enumerate(numbers):
        # Each value with a few options, and each option with a few values.
        values = NO_NUMBERS[position % 3 :: 3]
        values += NO_COUNTS[position % 2 :: 2] if FIELDS[name].type is int else ("-1",)
        for value in values:
            made[f"--{name} {_short(value)}"] = (f"--{name}={value}",)
    for name, value in TOO_LARGE.items():
        made[f"--{name} too large"] = ("--" + name, value)
    choices = [
        name
        for name, field in FIELDS.items()
        if field.type is str and field.metadata["limit"] and name not in ("sequences", "pairs")
    ]
    for position, name in enumerate(choices):
        for value in WRONG_CHOICES[position % 4 :: 4]:
            made[f"--{name} {value!r}"] = (f"--{name}={value}",)
    for name in ("isTraining", "resume", "overwrite", "debug"):
        made[f"--{name} of a word"] = (f"--{name}=perhaps",)
    for value in CATEGORIES:
        made[f"--category {_short(value)}"] = (f"--category={value}",)
    made |= CONTRADICTIONS
    of_training = [_training(words, given, small) for words, given in made.items()]
    of_tests = [
        Case(
            f"lines/test: {words}",
            "clips",
            REFUSED,
            arguments=tuple(with_flags(TEST, given)),
            alone=True,
        )
        for words, given in OF_A_TEST.items()
    ]
    return [*of_training, *of_tests]


def _training(words: str, given: tuple[str, ...], small: dict[str, str]) -> Case:
    """The smallest training without the flags that are given, and then what is given."""
    names = {word.split("=")[0].removeprefix("--") for word in given}
    kept = [
        word for name, value in small.items() if name not in names for word in (f"--{name}", value)
    ]
    epochs = [] if "num_epochs" in names else ["--num_epochs", "1"]
    return Case(f"lines/{words}", "clips", REFUSED, arguments=(*kept, *epochs, *given), alone=True)


def _short(value: str) -> str:
    return repr(value) if len(value) < 12 else f"{value[:6]!r} and so on, {len(value)} characters"
