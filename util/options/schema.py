"""The options of a run: names, defaults, meanings, limits, and when each may change.

Flags of the authors' released code keep their names and meanings.
"""

import dataclasses
import enum
import itertools
import json
import os
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from model.chunks import CHUNK_STARTS
from model.inference import SAMPLERS, UPDATES
from model.initial_motion import INITIAL_LATENTS
from model.innovations import INNOVATIONS
from model.matched_to_clips import MATCHED, STEADY, UNSTEADY
from model.networks import ALIASES, NETWORKS, image_side
from model.transition import TRANSITIONS
from model.transition_fit import LARGEST_STATE, TRANSITIONS_IN_TEST
from util.options.schedule import SCHEDULES
from util.system.counting import counted
from util.system.errors import CommandLineError

FOLDERS_OF_CLIPS = ("data_path", "mask_path", "truth_path")
PATHS = (*FOLDERS_OF_CLIPS, "output_dir", "cache_dir", "ckpt", "clip", "image")
NORMALIZATIONS = ("calibrated", "batch", "moving")
NETWORK_SIDES = {name: image_side(network) for name, network in NETWORKS.items()}


class Scope(enum.Enum):
    """The values that a flag may have when a run is resumed or its checkpoint is tested."""

    FIXED = "the same as when the run began"
    FIXED_IN_TRAINING = "the same when the run is resumed; anything in a test"
    REMEMBERED = "anything; the run's value holds where the flag is left out"
    THIS_CALL = "anything; the run's value is forgotten"


class Group(enum.Enum):
    """The headings of --help, in their order."""

    FIRST = "what to do"
    CLIPS = "clips"
    MASKS = "masks (recovery and inpainting)"
    MODEL = "model"
    INFERENCE = "inference"
    LEARNING = "learning"
    RUN = "run"
    TEST = "test"
    FIGURES = "figures"


class Limit(NamedTuple):
    """The allowed values of an option, in words and as a test."""

    words: str
    holds: Callable[[Any], bool]


def between(least: int, most: int) -> Limit:
    """Whole numbers from `least` to `most`."""
    return Limit(f"at least {least} and at most {most:,}", lambda value: least <= value <= most)


# Upper limits are far above every sensible value. They keep numbers within the types of the graph.
COUNT_FROM_0 = between(0, 10**9)
COUNT = between(1, 10**9)
FRAMES = between(1, 10**6)
SIZE_FROM_0 = between(0, 10**5)
SIZE = between(1, 10**5)
SEED = Limit("at least 0 and below 2^32", lambda value: 0 <= value < 2**32)
POSITIVE = Limit(
    "a number above 0: at least 1e-12 and at most 1e6", lambda value: 1e-12 <= value <= 1e6
)
NOT_NEGATIVE = Limit(
    "a number, 0 or at least 1e-12 and at most 1e6",
    lambda value: value == 0 or 1e-12 <= value <= 1e6,
)
BETWEEN_0_AND_1 = Limit("above 0 and below 1", lambda value: 0 < value < 1)
# Nearer to 1, it is 1 in float32, and Adam would not learn.
BELOW_1 = Limit("at least 0 and at most 0.999999", lambda value: 0 <= value <= 0.999999)
MASK_LAYOUT = Limit("HWT or THW", lambda value: value in ("", "HWT", "THW"))


NUMBER = "[0-9]{1,9}"
SEQUENCES = Limit(
    "numbers of at most 9 digits with commas between them, as in 0,3,7",
    lambda value: re.fullmatch(rf"({NUMBER}(,{NUMBER})*)?", value) is not None,
)
PAIRS = Limit(
    "pairs of numbers of at most 9 digits, as in 0:3,1:4",
    lambda value: re.fullmatch(rf"({NUMBER}:{NUMBER}(,{NUMBER}:{NUMBER})*)?", value) is not None,
)


CATEGORIES = Limit(
    "names of folders with commas between them, as in fire,mine",
    lambda value: not value or all(is_name(name) for name in value.split(",")),
)


def is_name(text: str) -> bool:
    """Whether a text can be the name of a folder in another folder."""
    return text not in ("", ".", "..") and not set(text) & set("/\\\0")


def numbers_of(sequences: str) -> list[int]:
    """0,3,7 → [0, 3, 7]; each number once."""
    return list(dict.fromkeys(int(number) for number in sequences.split(",") if number))


DEFAULT_PAIRS = 4  # largest number of pairs if --pairs is left out


def pairs_of(pairs: str) -> list[tuple[int, int]]:
    """0:3,1:4 → [(0, 3), (1, 4)]; each pair once."""
    found = (pair.split(":") for pair in pairs.split(",") if pair)
    return list(dict.fromkeys((int(first), int(second)) for first, second in found))


def refuse_unknown(rows: Iterable[int], count: int, flag: str, of: str) -> None:
    """Raises CommandLineError if a number in `rows` is not below `count`.

    Args:
        flag: the flag with the numbers, and its value.
        of: what has `count` sequences, in words.
    """
    for row in rows:
        if row >= count:
            raise CommandLineError(
                f"{flag} asks for sequence {row}; {of} has {count}, numbered from 0"
            )


def refuse_impossible_pairs(options: "Options", count: int, of: str) -> None:
    """Raises CommandLineError for fewer than two appearances, or an unknown one in --pairs.

    Args:
        count: the number of sequences.
        of: what has the sequences, for the message.
    """
    if options.content_size == 0 or count < 2:
        raise CommandLineError(
            f"--experiment {options.experiment} needs two appearances: {of} has "
            f"{counted(count, 'sequence')} and --content_size {options.content_size}; train on "
            "several with --experiment action"
        )
    rows = itertools.chain(*pairs_of(options.pairs))
    refuse_unknown(rows, count, f"--pairs {options.pairs}", of)


def categories_of(categories: str) -> list[str]:
    """fire,mine → ["fire", "mine"]; each name once."""
    return list(dict.fromkeys(name for name in categories.split(",") if name))


def one_of(*names: str) -> Limit:
    return Limit("one of " + ", ".join(names), lambda value: value in names)


def option(
    default: Any,
    scope: Scope,
    group: Group,
    text: str,
    limit: Limit | None = None,
    *,
    only_in_tests: bool = False,
    only_in_training: bool = False,
    needs: tuple[str, str | None] | None = None,
    refuse_if_idle: bool = False,
) -> Any:
    """A field of `Options`.

    Args:
        text: the meaning of the option, in one sentence.
        only_in_tests: whether only --isTraining False uses the option.
        only_in_training: whether only --isTraining True uses the option.
        needs: another option and a value. This option has an effect only with that value; None
            stands for every value but an empty one.
        refuse_if_idle: whether a given option without effect is an error; otherwise it is only a
            warning.
    """
    about = {
        "scope": scope,
        "group": group,
        "text": text,
        "limit": limit,
        "only_in_tests": only_in_tests,
        "only_in_training": only_in_training,
        "needs": needs,
        "refuse_if_idle": refuse_if_idle,
    }
    return dataclasses.field(default=default, metadata=about)


@dataclasses.dataclass(frozen=True)
class Options:
    """All options of a run. The field names are the flags."""

    experiment: str = option(
        "synthesis", Scope.FIXED_IN_TRAINING, Group.FIRST, "name of the experiment"
    )
    isTraining: bool = option(
        True, Scope.THIS_CALL, Group.FIRST, "True trains; False synthesizes from a checkpoint"
    )
    category: str = option(
        "", Scope.FIXED_IN_TRAINING, Group.FIRST, "name of the folder of clips in data_path"
    )
    schedule: str = option(
        "fast",
        Scope.FIXED_IN_TRAINING,
        Group.FIRST,
        "defaults of the training: "
        + "; ".join(f"{name} takes {row.summary}" for name, row in SCHEDULES.items()),
        one_of(*SCHEDULES),
        only_in_training=True,
    )
    data_path: str = option(
        "./trainingVideo/dynamicTexture",
        Scope.REMEMBERED,
        Group.CLIPS,
        "folder that holds the categories",
    )
    output_dir: str = option(
        "./output_synthesis",
        Scope.THIS_CALL,
        Group.FIRST,
        "folder that holds the run directories",
    )
    cache_dir: str = option(
        "",
        Scope.REMEMBERED,
        Group.RUN,
        "folder of the decoded clips, which several runs can share; <run directory>/cache where it "
        "is left out",
    )
    seed: int = option(
        0, Scope.FIXED_IN_TRAINING, Group.RUN, "seed of all random numbers of the run", SEED
    )

    image_size: int = option(
        64,
        Scope.FIXED,
        Group.CLIPS,
        "height and width of the frames in pixels; emission networks exist for "
        f"{', '.join(NETWORK_SIDES)}",
        between(1, 10**4),
    )
    num_frames: int = option(60, Scope.FIXED, Group.CLIPS, "frames of each sequence", FRAMES)
    first_frame: int = option(
        0, Scope.FIXED, Group.CLIPS, "number of the first frame used, from 0", COUNT_FROM_0
    )
    fit: str = option(
        "squash",
        Scope.FIXED,
        Group.CLIPS,
        "how frames become square: squash changes their proportions, crop takes the centre",
        one_of("squash", "crop"),
    )
    original_shape: bool = option(
        False,
        Scope.REMEMBERED,
        Group.RUN,
        "write videos in the proportions of their clips instead of square",
        needs=("fit", "squash"),
    )
    factor: int = option(
        2,
        Scope.FIXED,
        Group.CLIPS,
        "how many times more frames a second slow motion makes",
        Limit("2 or 4", lambda value: value in (2, 4)),
    )
    score_left_out: bool = option(
        False,
        Scope.FIXED,
        Group.CLIPS,
        "keep only every factor-th frame of a clip, fill in the others and score them; otherwise "
        "frames that the clip never had are filled in",
    )
    training_mode: str = option(
        "complete",
        Scope.FIXED,
        Group.MASKS,
        "incomplete means that pixels are missing; it follows from --experiment",
        one_of("complete", "incomplete"),
    )
    mask_type: str = option(
        "external",
        Scope.FIXED,
        Group.MASKS,
        "which pixels are missing: external reads a mask, missingFrames takes whole frames at "
        "random, randomRegion takes a square of each frame at a random place",
        one_of("external", "missingFrames", "randomRegion"),
    )
    mask_path: str = option(
        "",
        Scope.REMEMBERED,
        Group.MASKS,
        "folder that holds the masks of the categories",
        needs=("mask_type", "external"),
    )
    mask_file: str = option(
        "",
        Scope.FIXED,
        Group.MASKS,
        "file name of the mask in the category's folder of mask_path",
        needs=("mask_type", "external"),
    )
    mask_layout: str = option(
        "",
        Scope.REMEMBERED,
        Group.MASKS,
        "axes of a mask in an array: height, width, frames, or frames, height, width; where it is "
        "left out, the sizes decide if they are certain",
        MASK_LAYOUT,
        needs=("mask_type", "external"),
    )
    invert_mask: bool = option(
        False,
        Scope.FIXED,
        Group.MASKS,
        "exchange missing and visible pixels of the mask",
        needs=("mask_type", "external"),
    )
    missing_fraction: float = option(
        0.5,
        Scope.FIXED,
        Group.MASKS,
        "share of the frames that are missing with missingFrames",
        BETWEEN_0_AND_1,
        needs=("mask_type", "missingFrames"),
    )
    region_size: float = option(
        0.4,
        Scope.FIXED,
        Group.MASKS,
        "side of the missing square with randomRegion, as a share of the frame's side",
        BETWEEN_0_AND_1,
        needs=("mask_type", "randomRegion"),
    )
    truth_path: str = option(
        "",
        Scope.REMEMBERED,
        Group.MASKS,
        "folder of clips without missing pixels, used only to score the result",
    )
    average_last: int = option(
        20,
        Scope.FIXED,
        Group.MASKS,
        "a missing pixel gets the mean of its reconstructions in this many last epochs",
        between(1, 10**4),
    )

    frame_generator_mode: str = option(
        "64",
        Scope.FIXED,
        Group.MODEL,
        "emission network, named by its image size; --net_type is the same flag; "
        + ", ".join(f"{alias} means {name}" for alias, name in ALIASES.items()),
        one_of(*NETWORKS, *ALIASES),
    )
    dynamic_mode: str = option(
        "nonlinear",
        Scope.FIXED,
        Group.MODEL,
        "transition network; nonlinear is that of the paper; momentum has states with a velocity; "
        f"{MATCHED} is {STEADY} for clips whose frames keep their direction, else {UNSTEADY}",
        one_of(*TRANSITIONS, MATCHED),
    )
    state_size: int = option(
        100,
        Scope.FIXED,
        Group.MODEL,
        "dimension d of the state s_t; with momentum, half of it is the velocity",
        SIZE,
    )
    z_size: int = option(100, Scope.FIXED, Group.MODEL, "dimension k of the innovation ξ_t", SIZE)
    content_size: int = option(
        0, Scope.FIXED, Group.MODEL, "dimension of the appearance vector a", SIZE_FROM_0
    )
    motion_type_size: int = option(
        0, Scope.FIXED, Group.MODEL, "dimension of the motion-type vector m", SIZE_FROM_0
    )
    transition_init_std: float = option(
        0.1,
        Scope.FIXED,
        Group.MODEL,
        "standard deviation of the transition's initial weights; 0 matches it to how fast the "
        "clips change",
        NOT_NEGATIVE,
    )

    encoded_frame: str = option(
        "random",
        Scope.FIXED,
        Group.LEARNING,
        "first encodes the first frame of a sequence; random encodes a random frame and learns "
        "from the chunk that begins there",
        one_of("first", "random"),
    )

    num_epochs: int = option(
        3000,
        Scope.REMEMBERED,
        Group.FIRST,
        "passes over all sequences",
        COUNT,
        only_in_training=True,
    )
    batch_size: int = option(
        1, Scope.FIXED_IN_TRAINING, Group.LEARNING, "sequences in a batch", between(1, 10**6)
    )
    truncated_backprop_length: int = option(
        30, Scope.FIXED, Group.LEARNING, "frames in a chunk", FRAMES
    )
    initial_latents: str = option(
        INITIAL_LATENTS[0],
        Scope.FIXED,
        Group.LEARNING,
        "prior draws the first latents of the sequences from the prior, as in the paper; clips "
        "begins with states that follow the clips, with a transition that predicts them, and in "
        "animation with an encoder that gives them; "
        f"{MATCHED} is clips if the steps of the frames are hardly correlated and states of this "
        "size can follow them, else prior",
        one_of(*INITIAL_LATENTS, MATCHED),
    )
    chunk_starts: str = option(
        "fixed",
        Scope.FIXED,
        Group.LEARNING,
        "where the chunks of an epoch begin: fixed divides the sequence from its first frame, as "
        "in the paper; anywhere begins them at random frames, in pairs: one begins as far from the "
        "beginning as the other ends from the end",
        one_of(*CHUNK_STARTS),
    )
    lr_gen: float = option(
        0.002,
        Scope.REMEMBERED,
        Group.LEARNING,
        "learning rate of Adam",
        POSITIVE,
        only_in_training=True,
    )
    lr_half_life: int = option(
        0,
        Scope.REMEMBERED,
        Group.LEARNING,
        "the learning rate halves every so many epochs, counted from the run's first; "
        "0 keeps it constant",
        COUNT_FROM_0,
        only_in_training=True,
    )
    lr_warmup: int = option(
        0,
        Scope.FIXED,
        Group.LEARNING,
        "the learning rate rises linearly to lr_gen over this many first epochs",
        COUNT_FROM_0,
    )
    beta1_gen: float = option(0.5, Scope.FIXED, Group.LEARNING, "β₁ of Adam", BELOW_1)
    beta2_gen: float = option(0.999, Scope.FIXED, Group.LEARNING, "β₂ of Adam", BELOW_1)
    clip_gradient: float = option(
        0.0,
        Scope.FIXED,
        Group.LEARNING,
        "the longest gradient of the weights, in multiples of its usual length; a longer one is "
        "shortened; 0 shortens none",
        NOT_NEGATIVE,
    )
    refsig: float = option(
        1.0,
        Scope.FIXED,
        Group.INFERENCE,
        "σ, standard deviation of the observation residual",
        POSITIVE,
    )
    likelihood: str = option(
        "sum",
        Scope.FIXED,
        Group.INFERENCE,
        "sum over frames, as in the paper, or mean over frames, as in the released code",
        one_of("sum", "mean_over_frames"),
    )
    sampler: str = option(
        "langevin",
        Scope.FIXED,
        Group.INFERENCE,
        "sampler of the latents from their posterior",
        one_of(*SAMPLERS),
    )
    step_size: float = option(
        0.03, Scope.FIXED, Group.INFERENCE, "δ, step size of the sampler", POSITIVE
    )
    step_warmup: int = option(
        0,
        Scope.FIXED,
        Group.INFERENCE,
        "in this many first epochs δ is 0, so that only the weights learn; over as many epochs "
        "after these, δ rises linearly to step_size",
        COUNT_FROM_0,
    )
    step_follows_rate: float = option(
        0.0,
        Scope.REMEMBERED,
        Group.INFERENCE,
        "once the halvings of lr_half_life have left less than this share of lr_gen, δ² falls as "
        "the rate does; 0 keeps δ",
        BELOW_1,
        needs=("lr_half_life", None),
        only_in_training=True,
    )
    sample_steps: int = option(
        15,
        Scope.FIXED,
        Group.INFERENCE,
        "l, steps of the sampler on a chunk before its learning step",
        COUNT,
    )
    clip_drift: float = option(
        0.0,
        Scope.FIXED,
        Group.INFERENCE,
        "the longest drift of a Langevin step, in multiples of the expected length of its noise; "
        "a longer one is shortened; 0 shortens none",
        NOT_NEGATIVE,
    )
    updates: str = option(
        "alternating",
        Scope.FIXED,
        Group.INFERENCE,
        "alternating infers, then learns from what was inferred, as in the paper; simultaneous "
        "takes one Langevin step and the learning step by one back-propagation, and needs "
        "sample_steps 1",
        one_of(*UPDATES),
    )

    precision: str = option(
        "float32",
        Scope.FIXED_IN_TRAINING,
        Group.RUN,
        "number format of the emission network's activations and products; the rest is float32; "
        "the default of the fast schedule follows the processor, also where a GPU computes",
        one_of("float32", "bfloat16"),
    )

    log_step: int = option(
        10,
        Scope.REMEMBERED,
        Group.RUN,
        "epochs between checkpoints and pictures",
        COUNT,
        only_in_training=True,
    )
    enlarge: int = option(
        0,
        Scope.REMEMBERED,
        Group.RUN,
        "factor by which frames are enlarged in labelled videos and pictures, nearest neighbour; "
        "0 chooses the smallest that gives at least 256 pixels, and 2 in figures; wide sheets are "
        "enlarged less",
        between(0, 64),
    )
    workers: int = option(
        1,
        Scope.THIS_CALL,
        Group.RUN,
        "processes of this machine that train together, one for each GPU or with a share of the "
        "cores; several machines are named by the environment variable TF_CONFIG",
        between(1, 1024),
    )
    shared_statistics: bool = option(
        False,
        Scope.REMEMBERED,
        Group.RUN,
        "with several workers, normalise in training by the statistics of the whole batch, as one "
        "worker does; otherwise each worker takes those of its own frames",
    )
    worker_timeout: int = option(
        600,
        Scope.THIS_CALL,
        Group.RUN,
        "seconds in which all workers must have started",
        between(1, 10**6),
    )
    max_to_keep: int = option(
        5,
        Scope.REMEMBERED,
        Group.RUN,
        "number of newest checkpoints to keep",
        COUNT,
        only_in_training=True,
    )
    resume: bool = option(
        False, Scope.THIS_CALL, Group.FIRST, "continue the run from its newest checkpoint"
    )
    overwrite: bool = option(
        False, Scope.THIS_CALL, Group.RUN, "replace the files of an earlier run or test"
    )

    ckpt: str = option("", Scope.THIS_CALL, Group.TEST, "path of the checkpoint to test")
    ckpt_name: str = option(
        "", Scope.THIS_CALL, Group.TEST, "name of the checkpoint to test in the run's model/"
    )
    num_sections_in_test: int = option(
        4, Scope.REMEMBERED, Group.TEST, "chunks in a synthesized video", between(1, 10**6)
    )
    num_batches_in_test: int = option(
        2, Scope.REMEMBERED, Group.TEST, "videos synthesized per sequence", between(1, 10**6)
    )
    results_for: int = option(
        16,
        Scope.REMEMBERED,
        Group.TEST,
        "number of sequences, from the first, that get videos of their own and all measures",
        COUNT,
    )
    start_in_test: str = option(
        "inferred",
        Scope.REMEMBERED,
        Group.TEST,
        "start state s_0 of a synthesized video: inferred for the sequence, or from the prior",
        one_of("inferred", "prior"),
    )
    motion_type_in_test: str = option(
        "prior",
        Scope.REMEMBERED,
        Group.TEST,
        "motion type m of a synthesized video: inferred for the sequence, or from the prior",
        one_of("inferred", "prior"),
        needs=("motion_type_size", None),
    )
    transition_in_test: str = option(
        TRANSITIONS_IN_TEST[0],
        Scope.REMEMBERED,
        Group.TEST,
        "transition of a synthesized video: learned takes it from the checkpoint; fitted fits it, "
        "the motion types and the innovations to the inferred states, so that sequences keep their "
        f"pace, and leaves the checkpoint as it is (--state_size of at most {LARGEST_STATE}, and "
        "not --dynamic_mode momentum)",
        one_of(*TRANSITIONS_IN_TEST),
    )
    sequences: str = option(
        "",
        Scope.THIS_CALL,
        Group.TEST,
        "numbers of the sequences to synthesize, from 0; all where it is left out",
        SEQUENCES,
        only_in_tests=True,
    )
    pairs: str = option(
        "",
        Scope.THIS_CALL,
        Group.TEST,
        "pairs of sequence numbers, from 0; 0:1,2:3,… where it is left out",
        PAIRS,
        only_in_tests=True,
    )
    interpolation_steps: int = option(
        8,
        Scope.THIS_CALL,
        Group.TEST,
        "columns from one appearance to the other",
        between(2, 1000),
        only_in_tests=True,
    )
    image: tuple = option(
        (),
        Scope.THIS_CALL,
        Group.TEST,
        "paths of still images to animate",
        only_in_tests=True,
        refuse_if_idle=True,
    )
    loop_length: int = option(
        60,
        Scope.THIS_CALL,
        Group.TEST,
        "frames of a loop, which ends where it began",
        between(10, 3000),
        only_in_tests=True,
    )
    clip: str = option(
        "",
        Scope.THIS_CALL,
        Group.TEST,
        "path of another clip to continue, a video or a folder of images",
        only_in_tests=True,
        refuse_if_idle=True,
    )
    inference_steps: int = option(
        200,
        Scope.THIS_CALL,
        Group.TEST,
        "steps of the sampler that infer the latents of --clip",
        between(1, 10**6),
        only_in_tests=True,
        needs=("clip", None),
    )
    browser: bool = option(
        True,
        Scope.THIS_CALL,
        Group.TEST,
        "open the page of the running model in the browser",
        only_in_tests=True,
    )
    port: int = option(
        0,
        Scope.THIS_CALL,
        Group.TEST,
        "port of the page of the running model; 0 takes a free one",
        between(0, 65535),
        only_in_tests=True,
    )
    normalization_in_test: str = option(
        "calibrated",
        Scope.REMEMBERED,
        Group.TEST,
        "statistics that normalise synthesized frames: calibrated takes those of a long sample (a "
        "video begins with those of first chunks), batch those of each chunk, moving the averages "
        "of training",
        one_of(*NORMALIZATIONS),
    )
    innovations_in_test: str = option(
        "prior",
        Scope.REMEMBERED,
        Group.TEST,
        "distribution of the innovations of a synthesized video: prior is N(0, I), fitted is a "
        "Gaussian fitted to the inferred innovations, conditional is one given the previous state",
        one_of(*INNOVATIONS),
    )
    baseline_states: int = option(
        20,
        Scope.REMEMBERED,
        Group.TEST,
        "dimension of the states of the linear dynamical system in evaluation.csv",
        between(1, 10**4),
    )
    figure: str = option(
        "",
        Scope.THIS_CALL,
        Group.FIGURES,
        "figure to make with its runs; all makes those of the paper, and no other",
    )
    categories: str = option(
        "",
        Scope.THIS_CALL,
        Group.FIGURES,
        "categories to show in the figure instead of its own",
        CATEGORIES,
    )
    write_demo: bool = option(
        False,
        Scope.THIS_CALL,
        Group.FIGURES,
        "copy the figures that were made to demo/, and write their numbers into the tables of the "
        "documents",
    )
    debug: bool = option(
        False, Scope.THIS_CALL, Group.RUN, "show tracebacks and TensorFlow's own messages"
    )

    def lasting(self) -> "Options":
        """These options, but with the default for each option of `Scope.THIS_CALL`."""
        passing = (name for name in FIELDS if scope_of(name) is Scope.THIS_CALL)
        defaults: dict[str, Any] = {name: FIELDS[name].default for name in passing}
        return dataclasses.replace(self, **defaults)

    def with_whole_paths(self) -> "Options":
        """These options, but with one spelling of each folder of clips: absolute, without links."""
        folders = ((name, getattr(self, name)) for name in FOLDERS_OF_CLIPS)
        whole: dict[str, Any] = {name: os.path.realpath(path) for name, path in folders if path}
        return dataclasses.replace(self, **whole)

    def to_json(self) -> str:
        """All options as a JSON object, one option on each line."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Options":
        """Read the text of `to_json`. An option that the text lacks gets its default.

        Raises:
            ValueError: the text is no JSON object, names an option twice, or contains an unknown
                option, a value of another type or a value out of range.
        """
        try:
            values = json.loads(text, object_pairs_hook=each_once)
        except (TypeError, RecursionError) as error:
            raise ValueError("not a text in JSON") from error
        if not isinstance(values, dict):
            raise ValueError("not an object of options")
        unknown = values.keys() - FIELDS.keys()
        if unknown:
            raise ValueError(f"unknown options {', '.join(sorted(unknown))}")
        values.setdefault("schedule", "published")  # earlier versions had no other
        if isinstance(values.get("image"), list):
            values["image"] = tuple(values["image"])
        for name, value in values.items():
            _refuse_other_type(name, value)
            limit = limit_of(name)
            if limit and not limit.holds(value):
                raise ValueError(f"--{name} {value} is out of range; it must be {limit.words}")
        return cls(**values)


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of a JSON text. Raises ValueError if it has a key twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice} is there twice")
    return values


def _refuse_other_type(name: str, value: Any) -> None:
    """Raises ValueError if a value of a JSON text has not the type of its option."""
    wanted = FIELDS[name].type
    types = (int, float) if wanted is float else (wanted,)
    texts = value if isinstance(value, tuple) else ()
    if type(value) not in types or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"--{name} {value!r} is of another type")


FIELDS: dict[str, dataclasses.Field] = {field.name: field for field in dataclasses.fields(Options)}


def scope_of(name: str) -> Scope:
    """When an option may change."""
    return FIELDS[name].metadata["scope"]


def limit_of(name: str) -> Limit | None:
    """The allowed values of an option; None if every value is allowed."""
    return FIELDS[name].metadata["limit"]


def meaning_of(name: str) -> str:
    """The meaning and the allowed values of an option, in words."""
    limit = limit_of(name)
    return FIELDS[name].metadata["text"] + (f"; {limit.words}" if limit else "")
