"""Labels: as much of a text as has room, in characters that the font has."""

import numpy as np
import pytest
from PIL import Image, ImageFont
from PIL._util import DeferredError

from util.pictures import labels
from util.pictures.labels import draw_label, drawable, line_height, shortened, text_width


@pytest.fixture
def without_freetype(monkeypatch):
    """Pillow as it is where it was built without FreeType."""
    monkeypatch.setattr(ImageFont, "core", DeferredError(ImportError("no FreeType")))
    labels._font.cache_clear()
    labels._drawable.cache_clear()
    yield
    labels._font.cache_clear()
    labels._drawable.cache_clear()


def drawn(text, width, size=12, margin=20):
    """Where ink is, bool [height, width + 2 · margin], of a label `margin` pixels from the left."""
    canvas = Image.new("RGB", (width + 2 * margin, line_height(size) + 20), "white")
    draw_label(canvas, text, margin, 10, width, size)
    return np.array(canvas).min(axis=-1) < 255


@pytest.mark.parametrize(
    "name, shown",
    [
        ("observed, again", "observed, again"),
        ("synthesized 12", "synthesized 12"),
        ("züge", "zuge"),
        ("zu\N{COMBINING DIAERESIS}ge", "zuge"),
        ("火 and water", "? and water"),
        ("ξ_t", "?_t"),
        ("a\nb", "a?b"),
        ("", ""),
    ],
)
def test_what_the_font_lacks_is_replaced(name, shown):
    assert drawable(name) == shown


def test_name_in_any_script_is_drawn_without_freetype_too(without_freetype):
    for name in ("züge", "火", "ξ…", "plain"):
        assert drawn(name, 60).any()
    assert shortened("synthesized 12", 60, 12).endswith("... 12")


def test_short_enough_text_is_whole():
    width = text_width("observed", 12)
    assert shortened("observed", width, 12) == "observed"
    assert shortened("observed", width - 1, 12) == "observ…"


@pytest.mark.parametrize("text, end", [("synthesized 2", "… 2"), ("observed, again", "…, again")])
def test_short_last_word_stays(text, end):
    short = shortened(text, 70, 12)
    assert short.endswith(end)
    assert text.startswith(short.removesuffix(end))
    assert text_width(short, 12) <= 70


def test_where_the_last_word_has_no_room_the_first_letters_stay():
    assert shortened("observed, again", 44, 12).startswith("o")


def test_no_room_no_text():
    assert shortened("observed", 3, 12) == ""


@pytest.mark.parametrize("size", [12, 16, 20])
@pytest.mark.parametrize("width", [9, 30, 64, 200])
@pytest.mark.parametrize("text", ["ÅÇgjpqy|Qf" * 5, "12", "jWV"])
def test_label_keeps_to_its_place(text, width, size):
    ink = drawn(text, width, size)
    assert not ink[:, :20].any() and not ink[:, 20 + width :].any()
    assert not ink[:10].any() and not ink[10 + line_height(size) :].any()


def test_lines_are_even_and_letters_are_large_enough():
    assert all(line_height(size) % 2 == 0 for size in range(10, 30))
    rows = np.flatnonzero(drawn("d", 60).any(axis=1))
    assert rows[-1] - rows[0] >= 8
