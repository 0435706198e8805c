"""The page: whole, escaped, linked relatively, and never in the place of another file."""

import html.parser
import json
import os
import re

import pytest
from support.command_line import refusal
from support.made_runs import EVALUATION, make_run

from util.experiments.registry import EXPERIMENTS
from util.gallery.page import MARK, write_gallery

EVIL = "<script>alert(1)</script>"
ODD = f"\"'&{{{{ 7 * 7 }}}} </title>--><!-- ]]> ü火\u2028 %23 {EVIL}"


class Elements(html.parser.HTMLParser):
    """The elements of a page with their attributes, and the texts by their elements."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts = [], {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        tag = self.elements[-1][0] if self.elements else ""
        self.texts.setdefault(tag, []).append(data)

    def attributes(self, name):
        return [about[name] for _, about in self.elements if name in about]


def written(folder, **options):
    path, _ = write_gallery(folder, EXPERIMENTS, **options)
    return path.read_text(encoding="utf-8")


def data_of(text):
    """What the script of a page reads."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])


@pytest.fixture
def evil(tmp_path):
    """A run whose every text is one that a page must escape."""
    table = EVALUATION.replace("floor", EVIL).replace("state_step", EVIL)
    folder = make_run(
        tmp_path / "run #1?%41 <b>",
        "--category", EVIL.replace("/", "|"), "--data_path", ODD, "--mask_path", EVIL,
        videos={"observed": 2},
        sequences=[EVIL.replace("/", "|")],
        table=("evaluation.csv", table),
        versions={EVIL: EVIL, "\ud800": "\x00"},
    )  # fmt: skip
    (folder / "log" / f"events.out.tfevents.5.{EVIL.replace('/', '|')}").write_bytes(b"?" * 50)
    return folder


def test_every_text_of_a_run_is_a_text_of_the_page(evil):
    text = written(evil.parent)
    page = Elements(text)
    assert [tag for tag, _ in page.elements].count("script") == 2
    assert [tag for tag, _ in page.elements].count("b") == len(re.findall("<b>[0-9]", text))
    assert not [name for _, about in page.elements for name in about if name.startswith("on")]
    assert "<script>alert" not in text and "49" not in page.texts.get("td", [])
    assert EVIL.replace("/", "|") in page.texts["h2"]
    assert ODD in page.texts["td"]
    data = data_of(text)
    assert data[0]["name"] == EVIL.replace("/", "|")
    assert data[0]["options"]["data_path"] == ODD


def test_links_are_relative_and_lead_to_files(evil):
    text = written(evil.parent)
    links = [link for link in Elements(text).attributes("href") if link != "data:,"]
    links += [
        video["address"]
        for run in data_of(text)
        for sequence in run["sequences"]
        for video in sequence["videos"]
    ]
    assert len(links) > 5
    for link in links:
        assert link.startswith("./")
        assert not set(link) & set("#?<>\"' ")
        assert os.path.exists(os.path.join(evil.parent, *map(_decoded, link.split("/"))))


def _decoded(part):
    from urllib.parse import unquote

    return unquote(part)


def test_page_asks_for_nothing_from_elsewhere(evil):
    text = written(evil.parent)
    assert not re.search(r"(?:https?:)?//[a-z]", re.sub(r"<pre.*?</pre>", "", text))
    assert '<link rel="icon" href="data:,">' in text


def test_newest_run_comes_first_and_same_runs_give_same_bytes(tmp_path):
    for day, name in enumerate(["b", "a", "c"]):
        make_run(tmp_path / name, began=1.7e9 + 86400 * day)
    once = written(tmp_path)
    assert [run["place"] for run in data_of(once)] == ["c", "a", "b"]
    assert written(tmp_path) == once
    assert list(tmp_path.glob(".partial-*")) == []


def test_page_of_others_is_never_replaced_unasked(tmp_path):
    make_run(tmp_path / "run")
    path = tmp_path / "index.html"
    for content in (b"", b"<html>mine</html>", b"\xff", b" " * 5000 + MARK.encode()):
        path.write_bytes(content)
        message = refusal(write_gallery, tmp_path, EXPERIMENTS)
        assert str(path) in message and "--overwrite True" in message
        assert path.read_bytes() == content
    assert MARK in written(tmp_path, overwrite=True)
    assert MARK in written(tmp_path)


def test_what_is_no_file_is_not_replaced(tmp_path):
    make_run(tmp_path / "run")
    (tmp_path / "index.html").mkdir()
    assert "is a folder" in refusal(write_gallery, tmp_path, EXPERIMENTS)
    (tmp_path / "index.html").rmdir()
    os.symlink(tmp_path / "nothing", tmp_path / "index.html")
    assert "not written by this program" in refusal(write_gallery, tmp_path, EXPERIMENTS)
    (tmp_path / "nothing").write_text("mine")
    refusal(write_gallery, tmp_path, EXPERIMENTS)
    written(tmp_path, overwrite=True)
    assert (tmp_path / "nothing").read_text() == "mine"


def test_folder_without_runs_is_refused_but_an_old_page_is_emptied(tmp_path):
    assert "no run in" in refusal(write_gallery, tmp_path, EXPERIMENTS)
    assert list(tmp_path.iterdir()) == []
    assert "does not exist" in refusal(write_gallery, tmp_path / "none", EXPERIMENTS)
    (tmp_path / "file").write_text("")
    assert "is not a folder" in refusal(write_gallery, tmp_path / "file", EXPERIMENTS)
    (tmp_path / "index.html").write_text(MARK)
    assert data_of(written(tmp_path)) == []


def test_full_disk_leaves_the_old_page(tmp_path, monkeypatch):
    make_run(tmp_path / "run")
    once = written(tmp_path)

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("util.system.atomic.flush_to_disk", full)
    said = refusal(write_gallery, tmp_path, EXPERIMENTS)
    assert f"cannot write {tmp_path / 'index.html'}: No space left on device; the page" in said
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == once
    assert list(tmp_path.glob(".partial-*")) == []


def test_unfinished_page_of_a_killed_program_is_deleted(tmp_path):
    make_run(tmp_path / "run")
    digits = "0123456789abcdef"
    old, new = tmp_path / f".partial-{digits}.html", tmp_path / f".partial-{digits[::-1]}.html"
    mine = tmp_path / ".partial-mine.html"
    for path in (old, new, mine):
        path.write_text("")
    for path in (old, mine):
        os.utime(path, (1, 1))
    written(tmp_path)
    assert (old.exists(), new.exists(), mine.exists()) == (False, True, True)
