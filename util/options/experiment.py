"""The record of an experiment, which the command line reads without TensorFlow."""

import os
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from model.initial_motion import FROM_CLIPS, FROM_PRIOR
from model.matched_to_clips import MATCHED, MATCHES, matched_latents, matched_transition
from model.transition import TRANSITIONS
from model.transition_fit import FITTED, LARGEST_STATE
from util.options.schedule import SCHEDULES
from util.options.schema import Options


@dataclass(frozen=True)
class Experiment:
    """An experiment.

    Fields:
        summary: one sentence for --help.
        module: the name of the module that runs it, imported after TensorFlow has started. The
            module has `test` and `check`, and `train` if the experiment trains. See `over_runs`
            for the other kind.
        presets: the defaults that differ from the defaults of `Options`.
        scheduled: the defaults that differ further with a schedule, by its name.
        with_latents: the defaults that differ further with --initial_latents, by the schedule and
            the value of that option. The first value is the default.
        uses: the options that this experiment uses, but not every experiment.
        result: the last word in the name of a test's result folder, final_result_<result> or
            test/<result>; "" for the published names, final_result_testing and test/synthesis.
        trains: whether it trains. An experiment that does not train tests a checkpoint of
            another experiment.
        misses_pixels: whether pixels are missing in its clips (--training_mode incomplete).
        truth_in_clips: whether the clips themselves contain the true values of missing pixels.
        fills_in_between: whether its clips show only every --factor-th frame of its sequences.
        encodes: whether an encoder maps a still image to the appearance vector and start state.
        over_runs: whether it works on run directories instead of training or testing a model.
            Its module has `run(command_line) -> str`, which returns the last line to print. It
            runs without TensorFlow and without the lock of a run. `trains` is False.
        serves: whether it runs a model until it is stopped, instead of writing results. Its module
            has `serve(job, checkpoint)` instead of `test`. `trains` is False.
        shows_together: whether a test keeps all its videos in memory, for an overview of all.
        endless: whether its videos go on or repeat without a jump, so no chunk may be normalised by
            itself.
        packages: packages that only this experiment needs. They are in `PACKAGES` of
            `util.system.explanations`.
        shares: with `over_runs`, the options of every experiment that it uses, too. Apart from
            these and `uses`, it uses none.
    """

    summary: str
    module: str
    presets: Mapping[str, Any] = field(default_factory=dict)
    scheduled: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    with_latents: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    result: str = ""
    trains: bool = True
    misses_pixels: bool = False
    truth_in_clips: bool = False
    fills_in_between: bool = False
    encodes: bool = False
    over_runs: bool = False
    serves: bool = False
    shows_together: bool = False
    endless: bool = False
    packages: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()

    @property
    def training_mode(self) -> str:
        """The only value of --training_mode that this experiment accepts."""
        return "incomplete" if self.misses_pixels else "complete"

    def infers_whole_sequences(self, encoded_frame: str) -> bool:
        """Whether the innovations of a sequence are inferred from its start state on."""
        return not (self.encodes and encoded_frame == "random")

    def defaults(self, schedule: str, initial_latents: str = "") -> dict[str, Any]:
        """The presets, and the defaults that follow from the schedule and from other fields.

        Args:
            initial_latents: see `defaults_of`.
        """
        follows: dict[str, Any] = {}
        if self.misses_pixels:
            follows["training_mode"] = self.training_mode
        if not self.trains:
            follows["isTraining"] = False
        precision = SCHEDULES[schedule].precision_here()
        of_schedule = self.defaults_of(schedule, initial_latents)
        return {**self.presets, **precision, **of_schedule, **follows}

    def defaults_of(self, schedule: str, initial_latents: str = "") -> dict[str, Any]:
        """The defaults of a schedule in this experiment, alike on every machine.

        Args:
            initial_latents: the value of that option, on which others depend; "" is its default.
        """
        defaults = {**SCHEDULES[schedule].defaults, **self.scheduled.get(schedule, {})}
        with_latents = self.with_latents.get(schedule, {})
        latents = initial_latents or next(iter(with_latents), "")
        if latents in with_latents:
            defaults |= {"initial_latents": latents, **with_latents[latents]}
        return defaults

    def defaults_beside(self, schedule: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The defaults of a command line: given options change some defaults of others.

        Other clips have no truth about the embedded ones. Where states cannot follow the clips,
        the first latents come from the prior.
        """
        latents = given.get("initial_latents", "")
        defaults = self.defaults(schedule, latents)
        begins = defaults.get("initial_latents") == FROM_CLIPS
        if begins and not latents and why_states_cannot_follow(Options(**{**defaults, **given})):
            defaults = self.defaults(schedule, FROM_PRIOR)
        return defaults | without_truth_of_others(defaults, given.get("data_path"))

    def matched(self, options: Options, given: Container[str], correlation: float) -> Options:
        """The options with the transition and the first latents that are matched to the clips.

        Defaults that depend on --initial_latents change with it. Where states cannot follow the
        clips, the first latents come from the prior.

        Args:
            given: names of the options that the command line gave.
            correlation: of the steps of the clips, see `model.matched_to_clips`.
        """
        if options.dynamic_mode == MATCHED:
            options = replace(options, dynamic_mode=matched_transition(correlation))
        if options.initial_latents != MATCHED:
            return options
        latents = matched_latents(correlation)
        found = self._with_latents(options, given, latents)
        if latents == FROM_CLIPS and why_states_cannot_follow(found):
            return self._with_latents(options, given, FROM_PRIOR)
        return found

    def _with_latents(self, options: Options, given: Container[str], latents: str) -> Options:
        defaults = self.with_latents.get(options.schedule, {}).get(latents, {})
        follows = {name: value for name, value in defaults.items() if name not in given}
        return replace(options, initial_latents=latents, **follows)

    def may_be_matched(self, options: Options, given: Container[str]) -> set[str]:
        """The names of the options that `matched` may change."""
        names = {name for name in MATCHES if getattr(options, name) == MATCHED}
        if "initial_latents" in names:
            for defaults in self.with_latents.get(options.schedule, {}).values():
                names |= {name for name in defaults if name not in given}
        return names


Experiments = Mapping[str, Experiment]


def begins_with_clips(options: Options, experiment: Experiment) -> bool:
    """Whether the first latents of a training are fitted to the clips."""
    return options.initial_latents == FROM_CLIPS and "initial_latents" in experiment.uses


def fits_transition(options: Options, experiment: Experiment) -> bool:
    """Whether the transition of sampled videos is fitted to the inferred states."""
    return options.transition_in_test == FITTED and "transition_in_test" in experiment.uses


def why_states_cannot_follow(options: Options) -> str:
    """What a fit to states needs and these options do not have; "" if nothing."""
    size = options.state_size
    whole = [name for name, transition in TRANSITIONS.items() if transition.num_seen(size) == size]
    if options.dynamic_mode not in whole:
        return f"--dynamic_mode {' or '.join(whole)}, not {options.dynamic_mode}"
    if size > LARGEST_STATE:
        return f"--state_size of at most {LARGEST_STATE}, not {size}"
    return ""


def without_truth_of_others(defaults: Mapping[str, Any], data_path: str | None) -> dict[str, str]:
    """An empty default of --truth_path if the default one belongs to other clips; else nothing.

    Args:
        data_path: the value of --data_path; None if it is the default.
    """
    by_default = defaults.get("data_path", Options.data_path)
    if data_path is None or os.path.abspath(data_path) == os.path.abspath(by_default):
        return {}
    return {"truth_path": ""}


def users_of(option: str, experiments: Experiments) -> list[str]:
    """The experiments that name an option in `uses`; every experiment uses an option without."""
    return [name for name, experiment in experiments.items() if option in experiment.uses]
