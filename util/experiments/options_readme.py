"""Write util/options/README.md from the options and the records of the experiments:

python -m util.experiments.options_readme
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.initial_motion import FROM_PRIOR
from model.matched_to_clips import MATCHED
from model.transition_fit import LARGEST_STATE
from util.experiments.registry import EXPERIMENTS
from util.options.experiment import users_of
from util.options.schedule import SCHEDULES, Schedule
from util.options.schema import FIELDS, Group, meaning_of
from util.system.atomic import write_text

README = Path(__file__).parents[1] / "options" / "README.md"

INTRODUCTION = """\
# Options

`python -m util.experiments.options_readme` writes this file from `schema.py` and the records in
`../experiments/registry.py`. Do not edit it by hand.

Each option is a flag: `--name VALUE` or `--name=VALUE`. A boolean takes true and false in any usual
spelling, `--name` alone for true and `--noname` for false. `--net_type` is another name of
`--frame_generator_mode`. Where only one of the network and `--image_size` is given, the other
follows.

The tables of flags show the defaults of `--schedule published`. The default schedule is `fast`,
which replaces some of them: see the last table.
"""

EXPERIMENTS_HEADING = "## Experiments\n"

PRESETS = """\
## Defaults that differ with the experiment

A flag on the command line beats the experiment's default. An experiment without a column has the
defaults above, where the schedule does not replace them. One that only tests takes what is not
given from the checkpoint. The runs of a figure have the defaults of their own experiments.
"""


def readme() -> str:
    """The text of the whole file."""
    parts = [INTRODUCTION, EXPERIMENTS_HEADING, experiments_table(), *map(table_of, Group)]
    schedules = [schedule_part(name, row) for name, row in SCHEDULES.items() if row.defaults]
    return "\n".join([*parts, PRESETS, presets_table(), *schedules])


def experiments_table() -> str:
    """A table of the experiments."""
    rows = [["`--experiment`", "what it does", "trains"], ["---"] * 3]
    for name, record in EXPERIMENTS.items():
        other = "works on whole runs" if record.over_runs else "tests a checkpoint of another"
        rows.append([f"`{name}`", record.summary, "yes" if record.trains else f"no, it {other}"])
    return markdown(rows)


def table_of(group: Group) -> str:
    """A heading, and a table of the options in a group."""
    rows = [["flag", "default", "meaning", "looked at by"], ["---"] * 4]
    for name, field in FIELDS.items():
        if field.metadata["group"] is group:
            default = f"`{field.default}`" if field.default not in ("", ()) else ""
            rows.append([f"`--{name}`", default, meaning_of(name), looked_at_by(name)])
    return f"## {group.value[0].upper()}{group.value[1:]}\n\n{markdown(rows)}"


def looked_at_by(name: str) -> str:
    """The calls that use an option, in words; "" if all calls use it."""
    users = users_of(name, EXPERIMENTS)
    about = FIELDS[name].metadata
    words = [", ".join(users)] if users else []
    if about["only_in_tests"]:
        words.append("`--isTraining False`")
    if about["only_in_training"]:
        words.append("`--isTraining True`")
    if about["needs"]:
        other, value = about["needs"]
        words.append(f"`--{other}`" if value is None else f"`--{other} {value}`")
    return "; ".join(words)


def presets_table() -> str:
    """A table of the defaults that differ, with one column for each experiment."""
    presets = {name: record.presets for name, record in EXPERIMENTS.items() if record.presets}
    return table_of_defaults(presets)


def schedule_part(name: str, schedule: Schedule) -> str:
    """A heading, and a table of the defaults of a schedule in each experiment that trains."""
    shown = {
        experiment: record.defaults_of(name)
        for experiment, record in EXPERIMENTS.items()
        if record.trains
    }
    precision = (
        "\n`--precision` is bfloat16 if the processor multiplies bfloat16 faster than float32, "
        "else float32.\n"
        if schedule.bfloat16
        else ""
    )
    heading = f"## Defaults of `--schedule {name}`\n\n"
    table = f"It takes {schedule.summary}.\n\n{table_of_defaults(shown)}"
    return f"{heading}{table}{precision}{other_latents(name)}"


def other_latents(schedule: str) -> str:
    """A sentence for each value of --initial_latents with which the defaults differ."""
    sentences = ""
    for experiment, record in EXPERIMENTS.items():
        usual = record.defaults_of(schedule)
        values = record.with_latents.get(schedule, {})
        for latents in values:
            other = record.defaults_of(schedule, latents)
            differing = [
                f"`--{name} {other.get(name, field.default)}`"
                for name, field in FIELDS.items()
                if other.get(name, field.default) != usual.get(name, field.default)
                and name != "initial_latents"
            ]
            if differing:
                matched = f", also if `{MATCHED}` takes it" if MATCHED in values else ""
                sentences += (
                    f"\nWith `--initial_latents {latents}`{matched}, `{experiment}` has instead "
                    f"{', '.join(differing)}."
                )
                if latents == FROM_PRIOR:
                    sentences += (
                        " So it has where states cannot follow the clips: with `--dynamic_mode "
                        f"momentum` or `matched`, or `--state_size` above {LARGEST_STATE}."
                    )
                sentences += "\n"
    return sentences


def table_of_defaults(columns: Mapping[str, Mapping[str, Any]]) -> str:
    """A table with one column for each experiment, and the flags that any of them sets.

    Experiments over runs have no defaults for the options of the runs.
    """
    rows = [["flag", *columns], ["---"] * (len(columns) + 1)]
    for name, field in FIELDS.items():
        if any(name in defaults for defaults in columns.values()):
            values = [
                str(defaults.get(name, "" if EXPERIMENTS[column].over_runs else field.default))
                for column, defaults in columns.items()
            ]
            rows.append([f"`--{name}`", *values])
    return markdown(rows)


def markdown(rows: list[list[str]]) -> str:
    """Rows of cells as a Markdown table."""
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    write_text(README, readme())
