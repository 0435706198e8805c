"""All that the page shows of one run."""

import math
import os
import shlex
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from model.initial_motion import FROM_PRIOR
from model.matched_to_clips import MATCHED, MATCHES
from util.gallery.curves import ERROR, SECONDS, TAGS, Plot, figure, named, plots
from util.gallery.events import read_figures
from util.gallery.media import Link, Media, address, find_media, shown
from util.gallery.record import Record, read_record
from util.gallery.scores import OF_RECOVERY, OF_SYNTHESIS, TABLES, Scores, read_scores
from util.options.experiment import Experiments, without_truth_of_others
from util.options.schedule import SCHEDULES
from util.options.schema import FIELDS, Options, Scope, scope_of
from util.runs import checkpoints
from util.runs.run_directory import RunDirectory
from util.system.counting import counted

# Options that the page shows at another place.
ELSEWHERE = ("experiment", "category", "schedule", "seed")
CLOCKS_DIFFER = 60  # seconds, of a network folder and of this machine, at most
COMMIT = 10  # characters of a git revision that are shown


class Number(NamedTuple):
    """A score that is shown first: its name, its value as text, and what is good."""

    name: str
    text: str
    good: str


class Run(NamedTuple):
    """A run.

    Fields:
        name: its category, or the name of its folder.
        place: its path, relative to the folder of the page.
        experiment: "unknown" if its options cannot be read.
        state: how many epochs are done, and whether results are there.
        is_finished: whether results of the whole training are there.
        facts: what it was trained with, in few words.
        date: seconds since 1970 of the last epoch.
        day: the date in local time.
        error: the last mean squared error of the reconstruction; None if there is none.
        patch_distance, psnr: the scores to sort by; None if there is none.
        numbers: the scores that are shown first.
        options: all options as text, by their names.
        differing: those that differ from the defaults of the experiment and the schedule; name,
            value and default as text.
        commands: command lines for a shell, oldest first.
        problems: what cannot be read, a line each.
    """

    name: str
    place: str
    folder: Link
    experiment: str
    state: str
    is_finished: bool
    facts: list[str]
    date: float
    day: str
    error: float | None
    patch_distance: float | None
    psnr: float | None
    numbers: list[Number]
    scores: Scores
    plots: list[Plot]
    media: Media
    options: dict[str, str]
    differing: list[tuple[str, str, str]]
    commands: list[str]
    versions: list[tuple[str, str]]
    revision: str
    num_frames: int
    problems: list[str]


def read_run(folder: Path, page_folder: Path, experiments: Experiments) -> Run:
    """Read a run directory. What cannot be read becomes a line in `problems`."""
    run = RunDirectory(folder)
    record = read_record(folder) or Record(problem="it was removed while the page was made")
    options = record.options
    recorded = read_figures(run.log, TAGS)
    scores = read_scores(run.final_result)
    media = find_media(run, page_folder)
    errors = named(recorded.points, ERROR)
    epochs = max(errors, default=0) or _newest_epoch(run)
    goes_on = options is not None and 0 < epochs < options.num_epochs
    whole = media.is_final and _are_whole(run, options)
    is_finished = whole and not goes_on and not _are_older(run.final_result, recorded.last_time)
    problems = [record.problem, scores.problem, *recorded.problems]
    date = recorded.last_time if math.isfinite(recorded.last_time) else _written(run)
    made = scores.rows[0].scores if scores.rows else {}
    relative = folder.relative_to(page_folder)
    return Run(
        name=(options.category if options else "") or shown(folder.name),
        place=shown(str(relative)),
        folder=Link(shown(str(relative)), address(folder, page_folder) + "/"),
        experiment=options.experiment if options else "unknown",
        state=_state(options, epochs, media.is_final, whole, is_finished),
        is_finished=is_finished,
        facts=_facts(options, named(recorded.points, SECONDS)),
        date=date,
        day=_day(date),
        error=list(errors.values())[-1] if errors else None,
        patch_distance=made.get("wasserstein"),
        psnr=made.get("psnr"),
        numbers=[
            Number(name, figure(made[column]), good)
            for column, name, good in (*OF_SYNTHESIS, *OF_RECOVERY)
            if column in made
        ],
        scores=scores,
        plots=plots(recorded.points),
        media=media,
        options=_as_text(options) if options else {},
        differing=_differing(options, experiments) if options else [],
        commands=[shlex.join(["python", *words]) for words in record.command_lines],
        versions=list(record.versions),
        revision=_short(record.revision),
        num_frames=options.num_frames if options else 0,
        problems=[problem for problem in problems if problem],
    )


def _newest_epoch(run: RunDirectory) -> int:
    """The epochs of the newest checkpoint, for a run whose log is gone; 0 without checkpoints."""
    return max((epoch for epoch, _ in checkpoints.existing(run.models)), default=0)


def _written(run: RunDirectory) -> float:
    """When the run began, by its files; 0 if there is none."""
    for path in (run.options_file, run.mark):
        try:
            return path.stat().st_mtime
        except OSError:
            continue
    return 0.0


def _day(date: float) -> str:
    try:
        return datetime.fromtimestamp(date).strftime("%Y-%m-%d %H:%M") if date else "no date"
    except (ValueError, OverflowError, OSError):
        return "no date"


def _are_whole(run: RunDirectory, options: Options | None) -> bool:
    """Whether every sequence that has results has them."""
    count = options.results_for if options else None
    return all(os.path.isdir(run.final_result / name) for name in run.sequences()[:count])


def _are_older(results: Path, last_time: float) -> bool:
    """Whether results were written before the last epoch of the training, in seconds since 1970.

    The table of the scores is written last. Without it, the youngest result counts.
    """
    tables = [results / name for name in TABLES if os.path.isfile(results / name)]
    times = []
    for path in tables or results.glob("*/"):
        with suppress(OSError):  # it was removed while the page was made
            times.append(path.stat().st_mtime)
    return bool(times) and max(times) + CLOCKS_DIFFER < last_time


def _state(
    options: Options | None, done: int, has_results: bool, whole: bool, is_finished: bool
) -> str:
    epochs = f"{done} of {options.num_epochs} epochs" if options else f"{done} epochs"
    if is_finished:
        return epochs
    some = "results of an earlier training" if whole else "not all results"
    results = some if has_results else "no results yet"
    return f"{results}: {epochs} (in training, stopped or killed)"


def _facts(options: Options | None, seconds: dict[int, float]) -> list[str]:
    if options is None:
        return []
    facts = [
        f"{options.image_size} × {options.image_size} pixels",
        counted(options.num_frames, "frame"),
    ]
    facts += [f"{options.schedule} schedule", options.precision, f"seed {options.seed}"]
    return facts + ([f"trained in {_duration(sum(seconds.values()))}"] if seconds else [])


def _duration(seconds: float) -> str:
    """42 s, 7 min, 3.2 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _as_text(options: Options) -> dict[str, str]:
    """The lasting options, by their names."""
    return {
        name: _text(getattr(options, name))
        for name in FIELDS
        if scope_of(name) is not Scope.THIS_CALL
    }


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _differing(options: Options, experiments: Experiments) -> list[tuple[str, str, str]]:
    """The options that differ from the defaults of their experiment and schedule.

    The precision of a schedule that asks the processor is a default whatever it is. So is what
    was matched to the clips.
    """
    record = experiments.get(options.experiment)
    defaults: dict[str, Any] = {name: field.default for name, field in FIELDS.items()}
    if record:
        with_latents = record.defaults_of(options.schedule, options.initial_latents)
        by_default = record.defaults_of(options.schedule).get("initial_latents", FROM_PRIOR)
        defaults |= {**record.presets, **with_latents, "initial_latents": by_default}
        if record.misses_pixels:
            defaults["training_mode"] = record.training_mode
    defaults |= without_truth_of_others(defaults, options.data_path)
    if SCHEDULES[options.schedule].bfloat16:
        defaults["precision"] = options.precision
    for name, values in MATCHES.items():
        if defaults[name] == MATCHED and getattr(options, name) in values:
            defaults[name] = getattr(options, name)
    return [
        (name, text, _text(defaults[name]))
        for name, text in _as_text(options).items()
        if name not in ELSEWHERE and text != _text(defaults[name])
    ]


def _short(revision: str) -> str:
    """The first characters of a git revision, with its -dirty."""
    commit, dash, rest = revision.partition("-")
    return commit[:COMMIT] + dash + rest
