"""What the READMEs say about options and experiments."""

import re

from support.command_line import ROOT

from util.experiments.options_readme import readme
from util.experiments.registry import EXPERIMENTS
from util.options.schema import FIELDS


def test_readme_of_the_options_is_up_to_date():
    """If not, `python -m util.experiments.options_readme` writes it anew."""
    assert (ROOT / "util" / "options" / "README.md").read_bytes() == readme().encode()


def test_readme_of_the_options_has_a_row_for_each_and_whole_tables():
    rows = [line for line in readme().splitlines() if line.startswith("|")]
    flags = [row.split(" | ")[0].removeprefix("| ") for row in rows if row.count(" | ") == 3]
    for name in FIELDS:
        assert flags.count(f"`--{name}`") == 1, name
    tables = re.findall(r"(?:^\|.*\|\n)+", readme(), re.MULTILINE)
    for table in tables:
        lines = table.splitlines()
        assert len({line.count(" | ") for line in lines}) == 1, lines[0]
        assert set(lines[1]) <= set("| -")


def test_every_experiment_is_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in EXPERIMENTS:
        unnamed = name == "synthesis"  # the default
        assert unnamed or re.search(rf"--experiment {name}\b", text), name
