"""The documents lead where they say: links, headings, command lines, and who is cited."""

import re
import shlex
from functools import cache
from pathlib import Path

import nbformat
import pytest
from support.command_line import ROOT, parse

FOLDERS = ("demo", "model", "util", "tests", "trainingVideo")
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md")),
        ROOT / "output_synthesis" / "README.md",
        ROOT / "demo" / "tour.ipynb",
    ]
)
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
LINK = re.compile(r'\]\(([^)\s]+)\)|<(?:img|a) [^>]*(?:src|href)="([^"]+)"')


@cache
def text_of(path: Path) -> str:
    """The text of a document; of a notebook, its cells in Markdown."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return path.read_text(encoding="utf-8")


def without_code(text: str) -> str:
    """The text without blocks and pieces of code."""
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^ {4}.*$", "", text, flags=re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path: Path) -> list[str]:
    """The names that headings have in links, as GitHub gives them."""
    text = re.sub(r"^ *```.*?^ *```$", "", text_of(path), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def commands(path: Path) -> list[str]:
    """The command lines of main_dyn_G.py in a document, without the program."""
    found = re.findall(r"python main_dyn_G\.py((?: [^`|&\n]*)?)", text_of(path))
    return [flags for flags in found if "…" not in flags and "--help" not in flags]


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_links_lead_to_files_and_headings(path):
    for match in LINK.finditer(without_code(text_of(path))):
        link = match[1] or match[2]
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.is_relative_to(ROOT) and target.exists(), link
        if heading:
            assert heading in anchors(target), link


@pytest.mark.parametrize("name", [name for name in NAMES if name != "CONTRIBUTING.md"])
def test_command_lines_are_accepted_and_no_flag_is_idle(name, capsys):
    """That of CONTRIBUTING.md needs the transition to add."""
    for flags in commands(ROOT / name):
        line = parse(shlex.split(re.sub(r"<\w+>", "name", flags)))
        line.warn_of_idle(line.options)
        assert capsys.readouterr().err == "", flags


@pytest.mark.parametrize("name", [*NAMES, "CITATION.cff"])
def test_document_names_no_place_of_one_machine(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"/(?:home|root|tmp|work|Users)/", text)


def test_citation_file_cites_what_bibtex_cites():
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    text = text_of(ROOT / "demo" / "paper.md")
    bibtex = dict(re.findall(r"^ +(\w+) += \{(.*)\}", text, re.MULTILINE))
    for author in bibtex["author"].split(" and "):
        family, given = author.split(", ")
        assert f"- family-names: {family}\n      given-names: {given}\n" in cited
    first, last = bibtex["pages"].split("--")
    for field, value in (
        ("title", bibtex["title"]),
        ("collection-title", bibtex["booktitle"]),
        ("volume", bibtex["volume"]),
        ("start", first),
        ("end", last),
        ("year", bibtex["year"]),
    ):
        assert f"\n  {field}: {value}\n" in cited
