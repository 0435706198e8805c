"""Opening the page in the browser of the user."""

import os
import sys
import threading
import webbrowser


def open_page(url: str) -> None:
    """Open a page, without waiting for the browser.

    Without a screen, nothing is opened: a browser in the terminal would take over the terminal.
    """
    if has_screen():
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def has_screen() -> bool:
    """Whether a browser with a window can be opened."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
