"""The section of model/README.md on the graph and the session uses the names of the code."""

import re

from support.command_line import ROOT

from util.options.schema import FIELDS


def test_names_in_the_section_are_names_in_the_code():
    text = (ROOT / "model" / "README.md").read_text(encoding="utf-8")
    section = text.split("## How Python and the graph work together\n")[1].split("\n## ")[0]
    files = [*(ROOT / "model").glob("*.py"), *(ROOT / "util" / "runs").glob("*.py")]
    words = {word for path in files for word in re.findall(r"\w+", path.read_text("utf-8"))}
    words |= FIELDS.keys()
    spans = " ".join(re.findall(r"`([^`]+)`", section))
    calls = " ".join(re.findall(r"^ {4} *(\S.*?)(?:  |$)", section, re.MULTILINE))
    named = set(re.findall(r"[A-Za-z]\w+", f"{spans} {calls}"))
    assert {"train_model", "learning_step", "slice_chunk", "while_loop"} <= named
    assert named <= words, named - words
