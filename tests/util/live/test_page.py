"""The page is one file: it runs its own script and no other."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

from support.live_stage import NAMES, stage

from util.live.page import page

HOSTS = ["127.0.0.1:4000", "localhost:4000"]


class Reader(HTMLParser):
    """The parts of a page: its tags with attributes, its scripts and styles, its options."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.styles, self.options, self.inside = [], [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag
        if tag in ("script", "style"):
            (self.scripts if tag == "script" else self.styles).append("")
        elif tag == "option":
            self.options.append("")

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        for tag, found in (
            ("script", self.scripts),
            ("style", self.styles),
            ("option", self.options),
        ):
            if self.inside == tag:
                found[-1] += data


def rules_of(headers):
    parts = headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def test_names_are_text(tmp_path):
    text, _ = page(stage(tmp_path), HOSTS)
    found = Reader(text)
    labels = [f"{number} · {name}" for number, name in enumerate(NAMES)]
    assert [option for option in found.options if "·" in option] == 3 * labels
    assert len(found.scripts) == 2
    assert "<i>" not in text and "alert(1)</script>" not in text


def test_only_its_own_script_and_style_are_allowed(tmp_path):
    text, headers = page(stage(tmp_path), HOSTS)
    found, rules = Reader(text), rules_of(headers)

    def digest(part):
        return f"'sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()}'"

    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == digest(found.scripts[1])
    assert rules["style-src"] == digest(found.styles[0])
    assert rules["frame-ancestors"] == "'none'"
    assert rules["connect-src"] == "'self' ws://127.0.0.1:4000 ws://localhost:4000"


def test_nothing_is_loaded(tmp_path):
    text, _ = page(stage(tmp_path), HOSTS)
    addresses = [
        attrs[name] for _, attrs in Reader(text).tags for name in ("src", "href") if name in attrs
    ]
    assert addresses == ["data:,"]
    assert not re.search(r"https?:", text)
    assert not any(name.startswith("on") or name == "style"
                   for _, attrs in Reader(text).tags for name in attrs)  # fmt: skip


def test_script_gets_rates_and_proportions(tmp_path):
    model = json.loads(Reader(page(stage(tmp_path), HOSTS)[0]).scripts[0])
    assert model["side"] == 16
    assert [one["rate"] for one in model["sequences"]] == [25, 10, 25]
    assert [one["proportions"] for one in model["sequences"]] == [1, 2, 2]


def test_model_without_appearance_has_no_controls_of_it(tmp_path):
    assert 'id="share"' in page(stage(tmp_path), HOSTS)[0]
    assert 'id="share"' not in page(stage(tmp_path, content_size=0), HOSTS)[0]
