"""The options of a run, in one place: names, defaults, meanings, limits, presets.

Flags that the authors' released code had keep their names and meanings.
"""

import argparse
import dataclasses
import difflib
import json
import math
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

from util.errors import CommandLineError

# What a flag may say when a run is resumed, or tested from its checkpoint:
RUN = "run"  # the same as when the run began
TRAINING = "training"  # the same when it is resumed; anything when it is tested
CALL = "call"  # anything; what it said before holds where it is left out
NOW = "now"  # anything; what it said before is forgotten

NETWORK_SIDES = {"8": 8, "16": 16, "32": 32, "64": 64, "128": 128, "150": 150, "256": 256}
NETWORK_NAMES = {"scene": "64"}


class Limit(NamedTuple):
    """What values an option may have, in words and as a test."""

    words: str
    holds: Callable[[Any], bool]


AT_LEAST_0 = Limit("at least 0", lambda value: value >= 0)
SEED = Limit("at least 0 and below 2^32", lambda value: 0 <= value < 2**32)
AT_LEAST_2 = Limit("at least 2", lambda value: value >= 2)
AT_LEAST_1 = Limit("at least 1", lambda value: value >= 1)
POSITIVE = Limit("a number above 0", lambda value: 0 < value < math.inf)
BETWEEN_0_AND_1 = Limit("above 0 and below 1", lambda value: 0 < value < 1)
BELOW_1 = Limit("at least 0 and below 1", lambda value: 0 <= value < 1)


SEQUENCES = Limit("as in 0,3,7", lambda value: re.fullmatch(r"(\d+(,\d+)*)?", value) is not None)
PAIRS = Limit(
    "as in 0:3,1:4", lambda value: re.fullmatch(r"(\d+:\d+(,\d+:\d+)*)?", value) is not None
)


def numbers_of(sequences: str) -> list[int]:
    """0,3,7 → [0, 3, 7]; each once."""
    return list(dict.fromkeys(int(number) for number in sequences.split(",") if number))


def pairs_of(pairs: str) -> list[tuple[int, int]]:
    """0:3,1:4 → [(0, 3), (1, 4)]; each once."""
    found = (tuple(map(int, pair.split(":"))) for pair in pairs.split(",") if pair)
    return list(dict.fromkeys(found))


def one_of(*names: str) -> Limit:
    return Limit("one of " + ", ".join(names), lambda value: value in names)


def option(default: Any, scope: str, text: str, limit: Limit | None = None) -> Any:
    """A field of `Options`: its default, when it may change, its meaning, its limit."""
    return dataclasses.field(
        default=default, metadata={"scope": scope, "text": text, "limit": limit}
    )


@dataclasses.dataclass(frozen=True)
class Options:
    """Every option of a run; the field names are the flags."""

    experiment: str = option(
        "synthesis",
        TRAINING,
        "what to do",
        one_of("synthesis", "action", "recovery", "inpainting", "interpolation", "animation"),
    )
    isTraining: bool = option(True, NOW, "train, or else synthesize from a checkpoint")
    category: str = option("", TRAINING, "name of the folder of clips under data_path")
    data_path: str = option(
        "./trainingVideo/dynamicTexture", CALL, "folder that holds the categories"
    )
    output_dir: str = option("./output_synthesis", NOW, "folder that holds the run directories")
    seed: int = option(0, TRAINING, "the one seed of everything random", SEED)

    image_size: int = option(64, RUN, "side of the frames in pixels", AT_LEAST_1)
    num_frames: int = option(60, RUN, "frames of each sequence", AT_LEAST_1)
    first_frame: int = option(0, RUN, "first frame of each clip that is used", AT_LEAST_0)
    training_mode: str = option(
        "complete",
        RUN,
        "whether pixels are missing, as in recovery and inpainting",
        one_of("complete", "incomplete"),
    )
    mask_type: str = option(
        "external",
        RUN,
        "what is missing: a mask that is read, whole frames at random, or a square of each frame "
        "at a place that jumps",
        one_of("external", "missingFrames", "randomRegion"),
    )
    mask_path: str = option("", CALL, "folder that holds the masks of the categories")
    mask_file: str = option("", RUN, "the mask in <mask_path>/<category>")
    missing_fraction: float = option(
        0.5, RUN, "share of the frames that missingFrames takes", BETWEEN_0_AND_1
    )
    region_size: float = option(
        0.4, RUN, "side of what randomRegion takes, as a share of the frame's", BETWEEN_0_AND_1
    )
    truth_path: str = option(
        "", CALL, "folder that holds what is under the masks, if the clips themselves do not"
    )
    average_last: int = option(
        20, RUN, "iterations whose reconstructions are averaged in recovery", AT_LEAST_1
    )

    frame_generator_mode: str = option(
        "64",
        RUN,
        "emission network, named by the image side it makes; --net_type says the same, "
        "and there 64 is also called scene",
        one_of(*NETWORK_SIDES, *NETWORK_NAMES),
    )
    dynamic_mode: str = option(
        "nonlinear", RUN, "transition network", one_of("nonlinear", "linear")
    )
    state_size: int = option(100, RUN, "dimension d of the state s_t", AT_LEAST_1)
    z_size: int = option(100, RUN, "dimension k of the innovation ξ_t", AT_LEAST_1)
    content_size: int = option(0, RUN, "dimension of the appearance vector a", AT_LEAST_0)
    motion_type_size: int = option(0, RUN, "dimension of the motion-type vector m", AT_LEAST_0)
    transition_init_std: float = option(
        0.1, RUN, "standard deviation of the transition's first weights", POSITIVE
    )

    encoded_frame: str = option(
        "random",
        RUN,
        "which frame of a sequence the encoder of animation is shown, an iteration's chunks "
        "beginning there: the first, or a random one with the one chunk that it begins",
        one_of("first", "random"),
    )

    num_epochs: int = option(3000, CALL, "iterations over all sequences", AT_LEAST_1)
    batch_size: int = option(1, RUN, "sequences in a batch", AT_LEAST_1)
    truncated_backprop_length: int = option(30, RUN, "frames in a chunk", AT_LEAST_1)
    lr_gen: float = option(0.002, CALL, "learning rate of Adam", POSITIVE)
    lr_half_life: int = option(
        0,
        CALL,
        "epochs, counted from the first of the run, in which the learning rate falls to half; "
        "0 where it stays",
        AT_LEAST_0,
    )
    lr_warmup: int = option(0, RUN, "epochs over which the learning rate rises to it", AT_LEAST_0)
    beta1_gen: float = option(0.5, RUN, "β₁ of Adam", BELOW_1)
    refsig: float = option(1.0, RUN, "σ, standard deviation of the residual", POSITIVE)
    likelihood: str = option(
        "sum",
        RUN,
        "the paper's sum over frames, or the released code's mean",
        one_of("sum", "mean_over_frames"),
    )
    step_size: float = option(0.03, RUN, "δ, step size of Langevin", POSITIVE)
    sample_steps: int = option(15, RUN, "l, Langevin steps an iteration", AT_LEAST_1)

    precision: str = option(
        "float32",
        TRAINING,
        "number format of the emission network's activations and products; all else is float32",
        one_of("float32", "bfloat16"),
    )

    log_step: int = option(10, CALL, "epochs between checkpoints and pictures", AT_LEAST_1)
    max_to_keep: int = option(50, CALL, "checkpoints to keep", AT_LEAST_1)
    resume: bool = option(False, NOW, "go on from the newest checkpoint of the run")
    overwrite: bool = option(False, NOW, "replace what an earlier run or test wrote")

    ckpt: str = option("", NOW, "checkpoint to test, a path")
    ckpt_name: str = option("", NOW, "checkpoint to test, a name in the run's model/")
    num_sections_in_test: int = option(4, CALL, "chunks in a synthesized video", AT_LEAST_1)
    num_batches_in_test: int = option(2, CALL, "videos synthesized per sequence", AT_LEAST_1)
    start_in_test: str = option(
        "inferred",
        CALL,
        "the state s_0 of a synthesized video: that inferred for the sequence, or from the prior",
        one_of("inferred", "prior"),
    )
    sequences: str = option("", NOW, "sequences to synthesize, by their numbers from 0", SEQUENCES)
    pairs: str = option("", NOW, "sequences to interpolate between, by their numbers", PAIRS)
    interpolation_steps: int = option(
        8, NOW, "columns from one appearance to the other", AT_LEAST_2
    )
    image: tuple = option((), NOW, "still images to animate, one or more paths")
    normalization_in_test: str = option(
        "batch",
        CALL,
        "normalise a synthesized chunk by its own statistics or by the averages of training",
        one_of("batch", "moving"),
    )
    debug: bool = option(False, NOW, "show tracebacks and TensorFlow's own messages")

    def lasting(self) -> "Options":
        """These options with the defaults in place of what concerns only the present call."""
        passing = (field for field in FIELDS.values() if field.metadata["scope"] == NOW)
        return dataclasses.replace(self, **{field.name: field.default for field in passing})

    def to_json(self) -> str:
        """All options as a JSON object, one a line."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Options":
        """The options that `to_json` wrote; one that did not exist yet has its default.

        Raises:
            ValueError: not such an object, or an option of it is unknown.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("not an object of options")
        unknown = values.keys() - FIELDS.keys()
        if unknown:
            raise ValueError(f"unknown options {', '.join(sorted(unknown))}")
        if "image" in values:
            values["image"] = tuple(values["image"])
        return cls(**values)


FIELDS: dict[str, dataclasses.Field] = {field.name: field for field in dataclasses.fields(Options)}

# Where an experiment's defaults differ from those above.
PRESETS: dict[str, dict[str, Any]] = {
    "synthesis": {},
    "action": {
        "data_path": "./trainingVideo/action_dataset",
        "num_epochs": 7000,
        "num_frames": 30,
        "truncated_backprop_length": 30,
        "batch_size": 30,
        "state_size": 3,
        "content_size": 100,
        "num_sections_in_test": 2,
        "start_in_test": "prior",
        # The statistics of a chunk would tell what few sequences share from what they do not.
        "normalization_in_test": "moving",
    },
    "recovery": {
        "data_path": "./trainingVideo/recovery_dataset/data",
        "mask_path": "./trainingVideo/recovery_dataset/mask",
        "mask_file": "region_type.mat",
        "output_dir": "./output_recovery",
        "training_mode": "incomplete",
        # A pixel of the 150 network has 7·7·64 inputs: at the full rate, the first steps of Adam
        # saturate it.
        "lr_warmup": 20,
        # A missing pixel is told by the frames next to it the more, the shorter the state's steps.
        "transition_init_std": 0.04,
        "image_size": 150,
        "frame_generator_mode": "150",
        "num_epochs": 7000,
        "num_frames": 70,
        "truncated_backprop_length": 70,
        "refsig": 0.5,
    },
    "inpainting": {
        "data_path": "./trainingVideo/background_inpainting/data",
        "mask_path": "./trainingVideo/background_inpainting/mask",
        "mask_file": "mask128.mat",
        "truth_path": "./trainingVideo/background_inpainting/truth",
        "output_dir": "./output_background_inpainting",
        "training_mode": "incomplete",
        "image_size": 128,
        "frame_generator_mode": "128",
        "num_epochs": 7000,
        "num_frames": 150,
        "truncated_backprop_length": 150,
        "refsig": 0.5,
    },
    "interpolation": {"isTraining": False},
    "animation": {
        "data_path": "./trainingVideo/action_dataset",
        "num_epochs": 7000,
        "num_frames": 30,
        "truncated_backprop_length": 15,
        "batch_size": 30,
        "state_size": 3,
        "content_size": 100,
        "num_sections_in_test": 4,
        "normalization_in_test": "moving",
    },
}

# Which experiments look at an option, and with which masks, where not all do; and which options
# only a test looks at, or only a training.
MASKED = ("recovery", "inpainting")
ONLY_FOR: dict[str, tuple[str, ...]] = {
    "mask_type": MASKED,
    "mask_path": MASKED,
    "mask_file": MASKED,
    "missing_fraction": MASKED,
    "region_size": MASKED,
    "truth_path": MASKED,
    "average_last": MASKED,
    "encoded_frame": ("animation",),
    "sequences": ("synthesis", "action", *MASKED),
    "pairs": ("interpolation",),
    "interpolation_steps": ("interpolation",),
    "num_batches_in_test": ("synthesis", "action", *MASKED, "animation"),
    "start_in_test": ("synthesis", "action", *MASKED, "interpolation"),
}
ONLY_FOR_MASK = {
    "mask_path": "external",
    "mask_file": "external",
    "missing_fraction": "missingFrames",
    "region_size": "randomRegion",
}
ONLY_IN_TRAINING = ("mask_path", "truth_path")
ONLY_IN_TEST = ("sequences", "pairs", "interpolation_steps")


class CommandLine(NamedTuple):
    """The options that hold, and the names of those that the command line gave itself."""

    options: Options
    given: frozenset[str]

    def warn_of_idle(self, options: Options) -> None:
        """Name on stderr the flags given that this call does not look at.

        Args:
            options: those that hold, of a run that goes on or is tested its own among them.
        """
        experiment, mask_type = options.experiment, options.mask_type
        for name, experiments in ONLY_FOR.items():
            reason = ""
            if experiment not in experiments:
                reason = f"in --experiment {experiment}; it is for {', '.join(experiments)}"
            elif name in ONLY_IN_TEST and options.isTraining:
                reason = "in training; it is for --isTraining False"
            elif name in ONLY_IN_TRAINING and not options.isTraining:
                reason = "with --isTraining False; it is for training"
            elif ONLY_FOR_MASK.get(name, mask_type) != mask_type:
                reason = f"with --mask_type {mask_type}; it is for {ONLY_FOR_MASK[name]}"
            if reason and name in self.given:
                print(f"warning: --{name} does nothing {reason}", file=sys.stderr)

    def over(self, recorded: Options) -> Options:
        """The recorded options of a run, with what the command line gave put over them.

        Raises:
            CommandLineError: a given option contradicts the recorded one.
        """
        fixed = (RUN,) if not self.options.isTraining else (RUN, TRAINING)
        for name in FIELDS:
            now, then = getattr(self.options, name), getattr(recorded, name)
            if name in self.given and now != then and FIELDS[name].metadata["scope"] in fixed:
                raise CommandLineError(
                    f"--{name} {now} contradicts the checkpoint, which was trained with "
                    f"--{name} {then}; leave the flag out or train another run"
                )
        of_now = {
            name: getattr(self.options, name)
            for name, field in FIELDS.items()
            if name in self.given or field.metadata["scope"] == NOW
        }
        return dataclasses.replace(recorded, **of_now)


def parse(arguments: Sequence[str]) -> CommandLine:
    """Read the command line.

    Raises:
        CommandLineError: an unknown flag, a value out of range, or values that contradict.
        SystemExit: after --help.
    """
    values = vars(_parser().parse_args(arguments))
    given = {name: value for name, value in values.items() if value is not None}
    given |= {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    _settle_network(given)
    experiment = given.get("experiment", Options.experiment)
    _check("experiment", experiment)
    preset = dict(PRESETS[experiment])
    if "data_path" in given:
        preset.pop("truth_path", None)  # it is the truth about other clips
    options = Options(**{**preset, **given})
    for name in FIELDS:
        _check(name, getattr(options, name))
    if NETWORK_SIDES[options.frame_generator_mode] != options.image_size:
        raise CommandLineError(
            f"--image_size {options.image_size} is not what the network "
            f"{options.frame_generator_mode} makes; the sizes that a network makes: "
            + ", ".join(NETWORK_SIDES)
        )
    if options.category and (options.category in (".", "..") or set(options.category) & set("/\\")):
        raise CommandLineError(
            f"--category {options.category} is not a name; give the folder that holds it "
            "as --data_path and its name alone as --category"
        )
    if options.ckpt and options.ckpt_name:
        raise CommandLineError(
            f"--ckpt {options.ckpt} and --ckpt_name {options.ckpt_name} both name a checkpoint; "
            "give one of them"
        )
    if options.isTraining and experiment == "interpolation":
        raise CommandLineError(
            "--experiment interpolation only tests: train with --experiment action, and leave "
            "--isTraining out"
        )
    if options.resume and options.overwrite:
        raise CommandLineError("--resume True and --overwrite True contradict; give one of them")
    return CommandLine(options, frozenset(given))


def refuse_other_mode(options: Options) -> None:
    """Raises CommandLineError where an experiment would train in the mode of another.

    The options are those that hold when those of a run that goes on are known.
    """
    experiment = options.experiment
    implied = PRESETS[experiment].get("training_mode", Options.training_mode)
    if options.training_mode != implied:
        raise CommandLineError(
            f"--training_mode {options.training_mode} contradicts --experiment {experiment}, which "
            f"is {implied}; incomplete video is for --experiment recovery and inpainting"
        )


def read_boolean(text: str) -> bool:
    """true/false, yes/no, on/off, t/f, y/n, 1/0, in any case.

    Raises:
        argparse.ArgumentTypeError: anything else.
    """
    words = {"true": True, "t": True, "yes": True, "y": True, "on": True, "1": True}
    words |= {"false": False, "f": False, "no": False, "n": False, "off": False, "0": False}
    try:
        return words[text.lower()]
    except KeyError:
        raise argparse.ArgumentTypeError(f"{text} is neither True nor False") from None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CommandLineError(message.removeprefix("argument ") + "; --help lists all flags")

    def parse_args(self, arguments=None, namespace=None):
        values, unknown = self.parse_known_args(arguments, namespace)
        if unknown:
            flag = next((word for word in unknown if word.startswith("-")), unknown[0])
            name = flag.split("=")[0]
            near = difflib.get_close_matches(name, self._option_string_actions, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else "--help lists all flags"
            raise CommandLineError(f"unknown flag {name}; {hint}")
        return values


def _parser() -> _Parser:
    parser = _Parser(
        prog="main_dyn_G.py",
        description="Learn a dynamic generator model from video by alternating back-propagation "
        "through time, and synthesize video from it.",
        epilog="examples:\n"
        "  main_dyn_G.py --category fire --isTraining True\n"
        "  main_dyn_G.py --category fire --isTraining True --resume True\n"
        "  main_dyn_G.py --category fire --isTraining False --num_sections_in_test 8\n\n"
        "defaults that differ with --experiment:\n" + "\n".join(map(_preset_in_words, PRESETS)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for name, field in FIELDS.items():
        limit = field.metadata["limit"]
        text = field.metadata["text"] + (f"; {limit.words}" if limit else "")
        text += f" (default: {field.default})" if field.default not in ("", ()) else ""
        if field.type is bool:
            parser.add_argument(
                f"--{name}", type=read_boolean, nargs="?", const=True, metavar="True|False",
                help=text,
            )  # fmt: skip
            parser.add_argument(
                f"--no{name}", dest=name, action="store_const", const=False, help=argparse.SUPPRESS
            )
        elif field.default == ():
            parser.add_argument(f"--{name}", nargs="+", metavar="PATH", help=text)
        else:
            parser.add_argument(f"--{name}", type=field.type, metavar=name.upper(), help=text)
    parser.add_argument("--net_type", metavar="NET_TYPE", help="the same as --frame_generator_mode")
    return parser


def _preset_in_words(experiment: str) -> str:
    """A paragraph of --help: the defaults of an experiment where they differ; "" if none do."""
    preset = PRESETS[experiment]
    words = " ".join(f"--{name} {value}" for name, value in preset.items())
    indents = {"initial_indent": f"  {experiment}: ", "subsequent_indent": " " * 4}
    return textwrap.fill(words, 90, **indents, break_long_words=False, break_on_hyphens=False)


def _check(name: str, value: Any, flag: str = "") -> None:
    limit = FIELDS[name].metadata["limit"]
    if limit and not limit.holds(value):
        raise CommandLineError(
            f"--{flag or name} {value} is out of range; it must be {limit.words}"
        )


def _settle_network(given: dict[str, Any]) -> None:
    """One value out of the network's two names; where only one of network and size is given,
    the other follows."""
    names = {
        flag: NETWORK_NAMES.get(given[flag], given[flag])
        for flag in ("net_type", "frame_generator_mode")
        if flag in given
    }
    if len(set(names.values())) > 1:
        raise CommandLineError(
            f"--net_type {given['net_type']} and --frame_generator_mode "
            f"{given['frame_generator_mode']} name different networks; give one of them"
        )
    given.pop("net_type", None)
    for flag, name in names.items():
        _check("frame_generator_mode", name, flag)
        given["frame_generator_mode"] = name
    if names and "image_size" not in given:
        given["image_size"] = NETWORK_SIDES[given["frame_generator_mode"]]
    elif not names and str(given.get("image_size")) in NETWORK_SIDES:
        given["frame_generator_mode"] = str(given["image_size"])
