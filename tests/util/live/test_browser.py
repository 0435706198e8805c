"""The running page in a browser: Debian's Chromium without a window, driven by Selenium."""

import asyncio
import threading

import pytest
from support.browser import PATIENCE, chromium, needs_chromium, press, resize, wait
from support.live_stage import NAMES, stage

pytest.importorskip("aiohttp", reason="pip install -r requirements-live.txt")

from util.live.server import Server, listen  # noqa: E402

pytestmark = needs_chromium
COLOUR = "return [...picture.getImageData(8, 8, 1, 1).data]"


class Running:
    """A server in a thread, until `end` is called."""

    def __init__(self, folder):
        self.stage = stage(folder)
        self.over = 0
        self._listening = listen(0)
        self.server = Server(self.stage, self._listening.getsockname()[1])
        begun = threading.Event()
        serving = self.server.serve(self._listening, lambda _: begun.set(), lambda: self.over)
        self._thread = threading.Thread(target=asyncio.run, args=(serving,), daemon=True)
        self._thread.start()
        assert begun.wait(PATIENCE)

    def end(self):
        self.over = 1
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        self.stage.close()
        self._listening.close()


@pytest.fixture(scope="module")
def browser():
    with chromium(browser="ALL") as driver:
        yield driver


@pytest.fixture
def running(tmp_path):
    one = Running(tmp_path / "live")
    yield one
    if not one.over:
        one.end()


@pytest.fixture
def page(browser, running):
    """The page, opened anew. After the test, nothing may have failed."""
    resize(browser, 1000)
    browser.get(running.server.url)
    wait(browser, "return live.frame > 2")
    yield browser
    # That the test reads the pixels so often is slow, says Chromium.
    errors = [entry for entry in browser.get_log("browser") if entry["source"] != "rendering"]
    assert errors == []
    browser.get("about:blank")


def choose(browser, name, value, event="change"):
    browser.execute_script(
        "at(arguments[0]).value = arguments[1];"
        "at(arguments[0]).dispatchEvent(new Event(arguments[2], { bubbles: true }))",
        name,
        value,
        event,
    )


def pause(browser):
    press(browser, " ")
    wait(browser, "return !live.playing && !live.drawing && live.waiting.length === AHEAD")


def number(browser):
    """The number of the frame that is shown, modulo 32, from its colour."""
    return round(browser.execute_script(COLOUR)[0] / 8)


def test_every_frame_is_shown_in_its_order(page):
    pause(page)
    for _ in range(3):
        frame = page.execute_script("return live.frame")
        assert number(page) == frame % 32
        press(page, ".")
        wait(page, "return live.frame === arguments[0] && !live.drawing", frame + 1)
    wait(page, "return at('pace').textContent === 'paused'")
    frame = page.execute_script("return live.frame")
    assert page.execute_script("return at('play').textContent") == "Play"
    press(page, " ")
    wait(page, "return live.frame > arguments[0] + 5", frame)
    wait(page, "return at('pace').textContent.endsWith(' frames a second')")


def test_paused_page_asks_for_nothing(page):
    pause(page)
    assert page.execute_script("return live.asked + live.waiting.length === AHEAD")


def test_speed_is_that_of_the_clock(page):
    """The clip has 25 frames a second."""
    intervals = []
    for speed in ("0.25", "1", "2", "0"):
        choose(page, "speed", speed)
        intervals.append(page.execute_script("return interval()"))
    assert intervals == [160, 40, 20, 0]


def test_controls_reach_the_model(page):
    choose(page, "second", "2")
    choose(page, "share", "1", "input")
    wait(page, "return Math.round(picture.getImageData(8, 8, 1, 1).data[1] / 100) === 2")
    assert page.execute_script("return at('share-value').textContent") == "1.00"
    choose(page, "noise", "0", "input")
    assert page.execute_script("return at('noise-value').textContent") == "0.00"
    frame = page.execute_script("return live.frame")
    wait(page, "return live.frame > arguments[0] + 8 && !live.ended", frame)


def test_another_start_shows_its_first_frame_even_while_paused(page):
    wait(page, "return live.frame > 8")
    pause(page)
    choose(page, "sequence", "1")
    wait(page, "return live.frame === 1 && !live.drawing")
    assert number(page) == 1
    assert page.execute_script("return getComputedStyle(canvas).aspectRatio") == "2 / 1"
    # The square picture is stretched over the whole of the box.
    assert page.execute_script("return getComputedStyle(canvas).objectFit") == "fill"
    width, height = page.execute_script(
        "const box = canvas.getBoundingClientRect(); return [box.width, box.height]"
    )
    assert width == pytest.approx(2 * height, rel=0.01) and width > 100
    page.find_element("id", "reseed").click()
    wait(page, "return at('seed').value !== '0' && live.frame === 1 && !live.drawing")


@pytest.mark.parametrize("typed", ["", "-1", "4294967296", "1e99"])
def test_seed_that_is_none_becomes_0(page, typed):
    choose(page, "seed", typed)
    assert page.execute_script("return at('seed').value") == "0"
    wait(page, "return live.frame > 2 && !live.ended")


def test_recording_says_where_it_is(page, running):
    wait(page, "return live.frame > 8")
    choose(page, "seconds", "1")
    page.find_element("id", "record").click()
    wait(page, "return !at('record').disabled")
    text = page.execute_script("return at('recorded').textContent")
    path = running.stage.recordings.folder / "recording_1.mp4"
    assert text.endswith(f" frames in {path}") and path.is_file()


def test_names_are_text(page):
    names = "return [...at('sequence').options].map(one => one.text)"
    labels = [f"{number} · {name}" for number, name in enumerate(NAMES)]
    assert page.execute_script(names) == labels
    assert page.title == "Live run <i>one</i>"


def test_end_of_the_program_is_told(page, running):
    running.end()
    wait(page, "return live.ended")
    assert "has ended" in page.execute_script("return at('ended').textContent")
    assert page.execute_script("return at('play').disabled")
    frame = page.execute_script("return live.frame")
    assert frame > 0


@pytest.mark.parametrize("width", [400, 900, 1600])
def test_page_is_as_narrow_as_a_phone(page, width):
    resize(page, width)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width


def test_theme_follows_the_system(page):
    colours = []
    for theme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": theme}]
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        colours.append(
            page.execute_script("return getComputedStyle(document.body).backgroundColor")
        )
    assert colours[0] != colours[1]
