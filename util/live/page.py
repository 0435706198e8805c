"""The page of the running model, from page.html, page.css and page.js. It loads no other file."""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

from markupsafe import Markup

from util.live.player import LONGEST_RECORDING
from util.live.protocol import MOST_NOISE
from util.live.stage import Stage
from util.pictures.showing import shown_size
from util.system.templates import environment, rendered

HERE = Path(__file__).parent


def page(stage: Stage, hosts: Iterable[str]) -> tuple[str, dict[str, str]]:
    """The page as HTML, and its headers, which allow its own script and no other.

    Args:
        hosts: the names of the server, to which the page may connect.
    """
    style, script = (
        f"\n{(HERE / name).read_text(encoding='utf-8')}" for name in ("page.css", "page.js")
    )
    text = rendered(
        environment(HERE),
        "page.html",
        title=stage.title,
        style=Markup(style),
        script=Markup(script),
        names=stage.names,
        mixes=stage.latents.appearance.shape[1] > 0 and len(stage.names) > 1,
        longest=LONGEST_RECORDING,
        most_noise=MOST_NOISE,
        model={"side": stage.side, "sequences": _for_script(stage)},
    )
    rules = {
        "default-src": "'none'",
        "script-src": _digest(script),
        "style-src": _digest(style),
        "img-src": "data:",
        "connect-src": " ".join(["'self'", *(f"ws://{host}" for host in sorted(hosts))]),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in rules.items()),
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return text, headers


def _for_script(stage: Stage) -> list[dict[str, float]]:
    """How each sequence is shown."""
    sizes = [shown_size(stage.side, showing.proportions) for showing in stage.showings]
    return [
        {"rate": showing.rate, "proportions": width / height}
        for showing, (height, width) in zip(stage.showings, sizes, strict=True)
    ]


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
