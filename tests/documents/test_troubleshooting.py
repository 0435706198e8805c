"""demo/troubleshooting.md quotes the program as it speaks."""

import ast
import re

import pytest
from support.command_line import ROOT

from util.options.schema import FIELDS
from util.system.explanations import WAYS_OUT, explain

TEXT = (ROOT / "demo" / "troubleshooting.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"^    (?:error: |warning: )?((?!python)\w.*)$", TEXT, re.MULTILINE)


def texts_of_the_program() -> list[str]:
    """The texts in the code (of an f-string its fixed parts), and what is put together of them."""
    sources = [path for folder in ("util", "model") for path in (ROOT / folder).rglob("*.py")]
    nodes = [
        node for path in sources for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return [
        *(text for text in texts if isinstance(text, str)),
        *WAYS_OUT.values(),
        explain(OSError(28, "No space left on device", "a file")),
        explain(ModuleNotFoundError("No module named 'numpy'", name="numpy")),
    ]


@pytest.fixture(scope="module")
def program():
    return texts_of_the_program()


@pytest.mark.parametrize("line", QUOTED)
def test_each_quoted_line_is_a_line_of_the_program(program, line):
    parts = [part.strip(" ;:,") for part in line.split("…")]
    for part in filter(None, parts):
        assert any(part in text for text in program), part


def test_each_flag_is_an_option():
    flags = set(re.findall(r"--([a-z]\w+)", TEXT.replace("python --version", "")))
    assert flags and flags <= FIELDS.keys(), flags - FIELDS.keys()
