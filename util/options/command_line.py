"""Reading the command line into options, and printing --help.

The caller gives the records of the experiments, so this module names no experiment.
"""

import argparse
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, replace
from functools import partial
from typing import Any, NamedTuple, NoReturn

from model.inference import SIMULTANEOUS
from model.initial_motion import FROM_CLIPS, FROM_PRIOR
from model.matched_to_clips import MATCHED, MATCHES
from model.networks import ALIASES
from model.transition_fit import FITTED, LEARNED
from util.options.experiment import (
    Experiment,
    Experiments,
    begins_with_clips,
    fits_transition,
    users_of,
    why_states_cannot_follow,
)
from util.options.hints import hint
from util.options.schedule import SCHEDULES
from util.options.schema import (
    FIELDS,
    NETWORK_SIDES,
    PATHS,
    Group,
    Options,
    Scope,
    limit_of,
    meaning_of,
    scope_of,
)
from util.system.errors import CommandLineError
from util.system.names import LONGEST, same_name

NARROWEST = 40  # columns of --help, also where the terminal has fewer
LONGEST_SHOWN = 60  # characters of a value in an error
OF_ALL = ("experiment", "isTraining", "debug")  # options that every experiment uses


class CommandLine(NamedTuple):
    """The options of this call, and the names of the options that the command line gave.

    Fields:
        given: the names, with those in `derived`.
        derived: the network or the image size, if only the other one was given.
    """

    options: Options
    given: frozenset[str]
    experiments: Experiments
    derived: frozenset[str] = frozenset()

    def experiment(self, options: Options) -> Experiment:
        """The record of the experiment that `options` name."""
        return self.experiments[options.experiment]

    def warn_of_idle(self, options: Options, trained_by: str = "") -> None:
        """Warn on stderr about each given flag that has no effect in this call.

        Args:
            options: the options of this call. For a resumed or tested run, they include its
                recorded options.
            trained_by: the experiment that trained the tested checkpoint. The test may read its
                clips and masks again.

        Raises:
            CommandLineError: the schema refuses such a flag (`refuse_if_idle`).
        """
        self.refuse_idle(options, trained_by)
        for _, message in self._idle(options, trained_by):
            print(f"warning: {message}", file=sys.stderr)

    def refuse_idle(self, options: Options, trained_by: str = "") -> None:
        """Raises CommandLineError for a given flag that must not be without effect.

        See `warn_of_idle`.
        """
        for name, message in self._idle(options, trained_by):
            if FIELDS[name].metadata["refuse_if_idle"]:
                raise CommandLineError(f"{message}; leave it out")

    def _idle(self, options: Options, trained_by: str) -> Iterator[tuple[str, str]]:
        """Yield the name of each given flag without effect, and a line that says why."""
        typed = self.given - self.derived
        for name in FIELDS:
            if name in typed and (reason := self._why_idle(name, options, trained_by)):
                yield name, f"--{name} does nothing {reason}"

    def _why_idle(self, name: str, options: Options, trained_by: str) -> str:
        """The reason why an option has no effect, in words; "" if it has an effect."""
        about = FIELDS[name].metadata
        experiment = self.experiment(options)
        if experiment.over_runs:
            known = name in (*experiment.uses, *experiment.shares, *OF_ALL)
            return (
                "" if known else f"in --experiment {options.experiment}, which works on whole runs"
            )
        users = users_of(name, self.experiments)
        reads_again = about["group"] is Group.MASKS and trained_by in users
        if users and options.experiment not in users and not reads_again:
            return f"in --experiment {options.experiment}; it is for {', '.join(users)}"
        if about["only_in_tests"] and options.isTraining:
            return "in training; it is for --isTraining False"
        if about["only_in_training"] and not options.isTraining:
            return "in a test; it is for --isTraining True"
        if about["needs"]:
            other, value = about["needs"]
            if value is None:
                return "" if getattr(options, other) else f"without --{other}"
            if getattr(options, other) != value:
                return f"with --{other} {getattr(options, other)}; it is for {value}"
        return ""

    def over(self, recorded: Options) -> Options:
        """The recorded options of a run, replaced by options that the command line gives.

        Raises:
            CommandLineError: a given option contradicts a recorded option that must not change.
        """
        typed = [name for name in FIELDS if name in self.given - self.derived]
        refuse_contradictions(self.options, recorded, typed)
        of_now = {
            name: getattr(self.options, name)
            for name in FIELDS
            if name in self.given or scope_of(name) is Scope.THIS_CALL
        }
        for name in MATCHES:
            if of_now.get(name) == MATCHED:  # the record says which one it is
                del of_now[name]
        return replace(recorded, **of_now)


def refuse_contradictions(options: Options, recorded: Options, names: Iterable[str]) -> None:
    """Raises CommandLineError if an option in `names` differs from the record and must not.

    Args:
        options: the options of this call; `isTraining` decides which options are fixed.
    """
    fixed = {Scope.FIXED}
    if options.isTraining:
        fixed.add(Scope.FIXED_IN_TRAINING)
    for name in names:
        now, then = getattr(options, name), getattr(recorded, name)
        if now != then and scope_of(name) in fixed and not _agree(name, now, then):
            way_out = "leave the flag out or train another run"
            if name == "category":  # it names the folder, so it cannot be left out
                way_out = f"rename the folder of the run to {then} again"
            raise CommandLineError(
                f"--{name} {now} contradicts the checkpoint, which was trained with "
                f"--{name} {then}; {way_out}"
            )


def _agree(name: str, now: Any, then: Any) -> bool:
    """Whether another value of an option says the same as the recorded one."""
    if name in MATCHES:
        return now == MATCHED and then in MATCHES[name]
    return name == "category" and same_name(now, then)


def parse(arguments: Sequence[str], experiments: Experiments) -> CommandLine:
    """Read the command line.

    Raises:
        CommandLineError: a flag is unknown, a value is out of range, or values contradict.
        SystemExit: after --help.
    """
    values = vars(_parser(experiments).parse_args(arguments))
    given = {name: value for name, value in values.items() if value is not None}
    given |= {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    given |= {name: with_home(given[name]) for name in PATHS if name in given}
    derived = _settle_network(given)
    experiment = given.get("experiment", Options.experiment)
    _refuse_unknown_experiment(experiment, experiments)
    schedule = given.get("schedule", Options.schedule)
    _refuse_out_of_range("schedule", schedule)
    defaults = experiments[experiment].defaults_beside(schedule, given)
    options = Options(**{**defaults, **given})
    for name in FIELDS:
        _refuse_out_of_range(name, getattr(options, name))
    for rule in RULES:
        rule(options, experiments[experiment])
    _refuse_empty(given)
    return CommandLine(options, frozenset(given), experiments, derived)


def with_home(path: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """A path, or several, with the home folder for ~, which shells leave in --flag=~/folder."""
    if isinstance(path, tuple):
        return tuple(map(os.path.expanduser, path))
    return os.path.expanduser(path)


def refuse_unusable(recorded: Options, experiments: Experiments) -> None:
    """Raises CommandLineError if no command line could have given the recorded options of a run.

    The limits of single options hold already, see `Options.from_json`.
    """
    _refuse_unknown_experiment(recorded.experiment, experiments)
    for name, values in MATCHES.items():
        if getattr(recorded, name) == MATCHED:
            raise CommandLineError(
                f"--{name} {MATCHED} is recorded, and must be what was matched: "
                + " or ".join(values)
            )
    for rule in RULES:
        rule(recorded, experiments[recorded.experiment])
    refuse_other_mode(recorded, experiments[recorded.experiment])


def _refuse_empty(given: Mapping[str, Any]) -> None:
    for name, what in NEVER_EMPTY.items():
        if given.get(name) == "":
            raise _is_empty(name, what)


def _is_empty(name: str, what: str) -> CommandLineError:
    return CommandLineError(
        f"--{name} is empty, as with a variable that is not set; give {what} or leave the flag out"
    )


def _refuse_unknown_experiment(name: str, experiments: Experiments) -> None:
    if name not in experiments:
        raise CommandLineError(
            f"--experiment {name} is unknown; it must be one of {', '.join(experiments)}"
        )


# --- Rules beyond the limits of single options ---

# Options whose default is the empty text: what a flag of theirs gives.
NEVER_EMPTY = {
    "ckpt": "a checkpoint",
    "ckpt_name": "a checkpoint",
    "clip": "a clip",
    "sequences": "numbers of sequences",
    "pairs": "pairs of sequences",
    "categories": "names of categories",
}


def _texts_are_utf8(options: Options, _: Experiment) -> None:
    for name in FIELDS:
        value = getattr(options, name)
        for text in value if isinstance(value, tuple) else [value]:
            if isinstance(text, str) and text.encode(errors="ignore").decode() != text:
                shown = os.fsencode(text).decode(errors="backslashreplace")
                raise CommandLineError(f"--{name} {shown} is not UTF-8; rename it")


def _network_makes_the_size(options: Options, _: Experiment) -> None:
    if NETWORK_SIDES.get(options.frame_generator_mode) != options.image_size:
        raise CommandLineError(
            f"--image_size {options.image_size} is not the size that the network "
            f"{options.frame_generator_mode} makes; networks exist for the sizes "
            + ", ".join(NETWORK_SIDES)
        )


def _network_has_an_even_side(options: Options, _: Experiment) -> None:
    side = NETWORK_SIDES[options.frame_generator_mode]
    if side % 2:
        raise CommandLineError(
            f"the network {options.frame_generator_mode} makes frames of {side}×{side} pixels, and "
            "videos need an even side; choose another --frame_generator_mode"
        )


def _places_have_names(options: Options, _: Experiment) -> None:
    for name in ("data_path", "output_dir", "image"):
        value = getattr(options, name)
        if "" in (value if isinstance(value, tuple) else [value]):
            raise _is_empty(name, "a path")


def _category_is_a_name(options: Options, _: Experiment) -> None:
    if options.category in (".", "..") or set(options.category) & set("/\\"):
        raise CommandLineError(
            f"--category {options.category} is not a name; give the folder that holds it "
            "as --data_path and its name alone as --category"
        )
    if len(os.fsencode(options.category)) > LONGEST:
        raise CommandLineError(
            f"--category {options.category} is too long; a name has at most {LONGEST} bytes"
        )


def _one_checkpoint(options: Options, _: Experiment) -> None:
    if options.ckpt and options.ckpt_name:
        raise CommandLineError(
            f"--ckpt {options.ckpt} and --ckpt_name {options.ckpt_name} both name a checkpoint; "
            "give one of them"
        )


def _experiment_trains(options: Options, experiment: Experiment) -> None:
    if options.isTraining and experiment.over_runs:
        raise CommandLineError(
            f"--experiment {options.experiment} works on whole runs and trains no model itself; "
            "leave --isTraining out"
        )
    if options.isTraining and not experiment.trains:
        raise CommandLineError(
            f"--experiment {options.experiment} only tests a checkpoint of another experiment; "
            "leave --isTraining out"
        )


def _resumed_is_a_training(options: Options, experiment: Experiment) -> None:
    if options.resume and experiment.over_runs:
        raise CommandLineError(
            f"--resume True continues a training, and --experiment {options.experiment} works on "
            "whole runs; leave --resume out, or name the --experiment that trains"
        )
    if options.resume and not experiment.trains:
        raise CommandLineError(
            f"--resume True continues a training, and --experiment {options.experiment} only "
            "tests a checkpoint; leave --resume out, or name the --experiment that trains"
        )


def _resume_or_overwrite(options: Options, _: Experiment) -> None:
    if options.resume and options.overwrite:
        raise CommandLineError("--resume True and --overwrite True contradict; give one of them")


def _slow_motion_ends_on_a_frame(options: Options, experiment: Experiment) -> None:
    left = (options.num_frames - 1) % options.factor
    if experiment.fills_in_between and (left or options.num_frames == 1):
        fits = max(options.num_frames - left, options.factor + 1)
        raise CommandLineError(
            f"--num_frames {options.num_frames} with --factor {options.factor} does not begin and "
            f"end on a frame of the clip; take {fits} or {fits + options.factor}"
        )


def _shared_step_is_the_only_one(options: Options, _: Experiment) -> None:
    steps = f"{options.sample_steps} of {options.sampler}"
    if options.updates == SIMULTANEOUS and steps != "1 of langevin":
        raise CommandLineError(
            f"--updates simultaneous needs --sample_steps 1 and --sampler langevin, not {steps}; "
            "change them, or take --updates alternating"
        )


def refuse_conditional(options: Options, trained_by: Experiment) -> None:
    """Raises CommandLineError if --innovations_in_test asks for states that were not inferred."""
    whole_sequences = trained_by.infers_whole_sequences(options.encoded_frame)
    if options.innovations_in_test == "conditional" and not whole_sequences:
        raise CommandLineError(
            "--innovations_in_test conditional needs the states of whole sequences, and with "
            "--encoded_frame random each chunk begins at an encoded frame; take prior or fitted"
        )


def refuse_jumps(options: Options, experiment: Experiment) -> None:
    """Raises CommandLineError if an endless video would jump where two chunks meet."""
    if experiment.endless and options.normalization_in_test == "batch":
        raise CommandLineError(
            "--normalization_in_test batch normalizes each chunk by itself, and the video of "
            f"--experiment {options.experiment} would jump; give calibrated or moving"
        )


def refuse_states_that_cannot_follow(options: Options, experiment: Experiment) -> None:
    """Raises CommandLineError if --initial_latents clips does not go with the state."""
    why = why_states_cannot_follow(options)
    if why and begins_with_clips(options, experiment):
        raise CommandLineError(
            f"--initial_latents {FROM_CLIPS} needs {why}; give --initial_latents {FROM_PRIOR}"
        )


def refuse_unfitted_transition(
    options: Options, experiment: Experiment, trained_by: Experiment
) -> None:
    """Raises CommandLineError if --transition_in_test fitted does not go with the model."""
    why = "a model without an encoder" if trained_by.encodes else why_states_cannot_follow(options)
    if why and fits_transition(options, experiment):
        raise CommandLineError(
            f"--transition_in_test {FITTED} needs {why}; give --transition_in_test {LEARNED}"
        )


def _first_states_follow_the_clips(options: Options, experiment: Experiment) -> None:
    if options.isTraining and not options.resume:  # otherwise the recorded options count
        refuse_states_that_cannot_follow(options, experiment)


def _learned_states_are_inferred(options: Options, experiment: Experiment) -> None:
    if options.isTraining and not options.resume:  # otherwise the recorded options count
        refuse_conditional(options, experiment)


def _states_can_be_fitted(options: Options, experiment: Experiment) -> None:
    if options.isTraining and not options.resume:  # otherwise the recorded options count
        refuse_unfitted_transition(options, experiment, experiment)


def _workers_train(options: Options, _: Experiment) -> None:
    if options.workers > 1 and not options.isTraining:
        raise CommandLineError(
            f"--workers {options.workers} shares the work of a training, and this call trains no "
            "model; leave --workers out"
        )


RULES = (
    _texts_are_utf8,
    _network_makes_the_size,
    _network_has_an_even_side,
    _places_have_names,
    _category_is_a_name,
    _one_checkpoint,
    _experiment_trains,
    _resumed_is_a_training,
    _resume_or_overwrite,
    _slow_motion_ends_on_a_frame,
    _shared_step_is_the_only_one,
    _first_states_follow_the_clips,
    _learned_states_are_inferred,
    _states_can_be_fitted,
    _workers_train,
)


def refuse_other_mode(options: Options, experiment: Experiment) -> None:
    """Raises CommandLineError if --training_mode contradicts the experiment.

    `parse` does not check this: the command line of a resumed run may give --training_mode
    without --experiment.
    """
    if options.training_mode != experiment.training_mode:
        raise CommandLineError(
            f"--training_mode {options.training_mode} contradicts --experiment "
            f"{options.experiment}, which is {experiment.training_mode}; leave the flag out or "
            "choose another --experiment"
        )


def _refuse_out_of_range(name: str, value: Any, flag: str = "") -> None:
    limit = limit_of(name)
    if limit and not limit.holds(value):
        problem = "is not possible" if isinstance(value, str) else "is out of range"
        raise CommandLineError(
            f"--{flag or name} {abbreviated(str(value))} {problem}; it must be {limit.words}"
        )


def _settle_network(given: dict[str, Any]) -> frozenset[str]:
    """Merge the two flags of the network; derive the network or the image size if it is missing.

    Returns:
        The name of the derived option, if there is one.
    """
    names = {
        flag: ALIASES.get(given[flag], given[flag])
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
        _refuse_out_of_range("frame_generator_mode", name, flag)
        given["frame_generator_mode"] = name
    if names and "image_size" not in given:
        given["image_size"] = NETWORK_SIDES[given["frame_generator_mode"]]
        return frozenset({"image_size"})
    if not names and str(given.get("image_size")) in NETWORK_SIDES:
        given["frame_generator_mode"] = str(given["image_size"])
        return frozenset({"frame_generator_mode"})
    return frozenset()


# --- The parser ---


def read_boolean(text: str) -> bool:
    """Read true/false, yes/no, on/off, t/f, y/n or 1/0, in upper or lower case.

    Raises:
        argparse.ArgumentTypeError: the text is none of these words.
    """
    words = {"true": True, "t": True, "yes": True, "y": True, "on": True, "1": True}
    words |= {"false": False, "f": False, "no": False, "n": False, "off": False, "0": False}
    try:
        return words[text.lower()]
    except KeyError:
        raise argparse.ArgumentTypeError(f"{text} is neither True nor False") from None


def read_whole_number(text: str) -> int:
    """Read a whole number that is written with the digits 0 to 9.

    Raises:
        argparse.ArgumentTypeError: the text is no such number, or one of thousands of digits.
    """
    if not re.fullmatch("[+-]?[0-9]+", text.strip()):
        raise argparse.ArgumentTypeError(f"{abbreviated(text)} is not a whole number, as 12 is")
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{abbreviated(text)} has too many digits") from None


def read_number(text: str) -> float:
    """Read a decimal number; nan and inf are left to the limits of the options.

    Raises:
        argparse.ArgumentTypeError: the text is no number that is written with the digits 0 to 9.
    """
    decimal = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?(nan|inf|infinity)"
    if not re.fullmatch(decimal, text.strip(), re.IGNORECASE):
        raise argparse.ArgumentTypeError(
            f"{abbreviated(text)} is not a number, as 0.5 and 1e-3 are"
        )
    return float(text) + 0.0  # which makes -0.0 to 0.0


def abbreviated(text: str) -> str:
    """The text, or its beginning and its length if it is long."""
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"{text[: LONGEST_SHOWN // 2]}… ({len(text)} characters)"


class _Once(argparse.Action):
    """Stores the value of a flag, and refuses the second one."""

    def __call__(self, parser, namespace, values, option_string=None):
        if getattr(namespace, self.dest) is not None:
            several = ", with all its values" if self.nargs == "+" else ""
            raise CommandLineError(f"--{self.dest} is given twice; give it once{several}")
        if values == [] and self.nargs != 0:  # argparse drops the value of --flag=--
            parser.error(f"argument --{self.dest}: expected a value")
        setattr(namespace, self.dest, self.const if self.nargs == 0 else values)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CommandLineError(message.removeprefix("argument ") + "; --help lists all flags")

    def parse_args(self, arguments=None, namespace=None):
        values, unknown = self.parse_known_args(arguments, namespace)
        if unknown:
            flag = next((word for word in unknown if word.startswith("-")), unknown[0])
            name = flag.split("=")[0]
            meant = hint(name, self._option_string_actions)
            raise CommandLineError(f"unknown flag {name}; {meant}")
        return values


# For each type of option: how --help names a value, and how it is read.
VALUES: Mapping[Any, tuple[str, Callable[[str], Any]]] = {
    int: ("N", read_whole_number),
    float: ("X", read_number),
    str: ("TEXT", str),
}

EXAMPLES = """\
examples:
  main_dyn_G.py --category fire --isTraining True
  main_dyn_G.py --category fire --isTraining True --resume True
  main_dyn_G.py --category fire --isTraining False --num_sections_in_test 8
"""


def _parser(experiments: Experiments) -> _Parser:
    width = max(shutil.get_terminal_size().columns, NARROWEST) - 2
    parser = _Parser(
        prog="main_dyn_G.py",
        usage="main_dyn_G.py --category NAME [--flag VALUE ...]",
        description=_description(experiments, width),
        epilog=_defaults_in_words(experiments, width),
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=width),
        allow_abbrev=False,
    )
    for group in Group:
        section = parser.add_argument_group(group.value)
        for name, field in FIELDS.items():
            if field.metadata["group"] is group:
                _add_flag(section, name, field)
        if group is Group.MODEL:
            section.add_argument(
                "--net_type",
                action=_Once,
                metavar="TEXT",
                help="another name of --frame_generator_mode",
            )
    return parser


def _add_flag(section: argparse._ArgumentGroup, name: str, field: Field) -> None:
    text = meaning_of(name)
    text += f" (default: {field.default})" if field.default not in ("", ()) else ""
    text = text.replace("%", "%%")
    about: dict[str, Any] = {"action": _Once, "help": text}
    if field.type is bool:
        section.add_argument(
            f"--{name}", type=read_boolean, nargs="?", const=True, metavar="True|False", **about
        )
        hidden = {**about, "help": argparse.SUPPRESS}
        section.add_argument(f"--no{name}", dest=name, nargs=0, const=False, **hidden)
    elif field.type is tuple:
        section.add_argument(f"--{name}", nargs="+", metavar="PATH", **about)
    else:
        metavar, read = VALUES[field.type]
        section.add_argument(f"--{name}", type=read, metavar=metavar, **about)


def _description(experiments: Experiments, width: int) -> str:
    about = (
        "Learn a dynamic generator model from video by alternating back-propagation through "
        "time, and synthesize video from it."
    )
    rows = [_indented(f"{name}: {record.summary}", width) for name, record in experiments.items()]
    return "\n".join([textwrap.fill(about, width), "", EXAMPLES, "experiments:", *rows])


def _defaults_in_words(experiments: Experiments, width: int) -> str:
    parts = ["defaults that differ with --experiment:"]
    parts += _rows({name: record.presets for name, record in experiments.items()}, width)
    for schedule in SCHEDULES:
        of_schedule = {
            name: record.defaults_of(schedule)
            for name, record in experiments.items()
            if record.trains
        }
        if rows := _rows(of_schedule, width):
            parts += [f"\ndefaults that differ further with --schedule {schedule}:", *rows]
    return "\n".join(parts)


def _rows(defaults: Mapping[str, Mapping[str, Any]], width: int) -> list[str]:
    return [
        _indented(f"{name}: " + " ".join(f"--{flag} {value}" for flag, value in row.items()), width)
        for name, row in defaults.items()
        if row
    ]


def _indented(text: str, width: int) -> str:
    return textwrap.fill(
        text,
        width,
        initial_indent="  ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )
