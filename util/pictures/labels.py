"""Labels: short black texts in Pillow's built-in font, for the white margins of sheets."""

import functools
import math
import re
import unicodedata

from PIL import Image, ImageDraw, ImageFont

ELLIPSIS = "…"
_NO_CHARACTER = "\uffff"  # every font draws it as it draws a character that it lacks


def draw_label(canvas: Image.Image, text: str, left: int, top: int, width: int, size: int) -> None:
    """Draw a text of one line, shortened to `width` pixels; `line_height` pixels are enough."""
    drawn = shortened(text, width, size)
    overhang = min(0, _font(size).getbbox(drawn)[0])  # a j reaches to the left of its place
    ImageDraw.Draw(canvas).text((left - overhang, top), drawn, "black", _font(size))


def line_height(size: int) -> int:
    """The height of a line in pixels. It is even."""
    bottom = _font(size).getbbox("ÅÇgjy|")[3]
    return 2 * (int(bottom) // 2 + 1)


def text_width(text: str, size: int) -> int:
    """The width in pixels of a text of one line."""
    left, _, right, _ = _font(size).getbbox(drawable(text))
    return math.ceil(right - min(0, left))


def shortened(text: str, width: int, size: int) -> str:
    """As much of a text as can be drawn in `width` pixels. A short last word stays if it can."""
    text = drawable(text)
    if text_width(text, size) <= width:
        return text
    body, last_word = re.findall(r"^(.*?)(,? \S{1,5})?$", text)[0]
    shorter = [body[:count].rstrip() + drawable(ELLIPSIS) for count in range(len(body) - 1, 0, -1)]
    candidates = [*(start + last_word for start in shorter), *shorter]
    return next((found for found in candidates if text_width(found, size) <= width), "")


def drawable(text: str) -> str:
    """The text in characters that the font has: ü becomes u, and 火 becomes ?."""
    return "".join(map(_drawable, unicodedata.normalize("NFC", text)))


@functools.cache
def _drawable(letter: str) -> str:
    if _has(letter):
        return letter
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(part if _has(part) else "?" for part in parts if not unicodedata.combining(part))


def _has(letter: str) -> bool:
    font = _font(20)
    try:
        return bytes(font.getmask(letter)) != bytes(font.getmask(_NO_CHARACTER))
    except UnicodeEncodeError:  # the font without FreeType has only Latin-1
        return letter.isprintable() and letter <= "\xff"


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The built-in font of about this size; without FreeType it has always the same size."""
    try:
        return ImageFont.load_default(size)
    except ImportError:
        return ImageFont.load_default()
