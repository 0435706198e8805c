"""The page in a browser: Debian's Chromium without a window, driven by Selenium."""

import json
import os
import shutil

import pytest
from support.browser import chromium, needs_chromium, press, resize, wait
from support.command_line import flags
from support.made_runs import BEGAN, EVALUATION, RECOVERY, make_run

from util.experiments.registry import EXPERIMENTS
from util.gallery.page import write_gallery

pytestmark = needs_chromium
EVIL = "<script>alert(1)<|script>"
LONG = "a_name_without_any_space_" * 8
# By how much videos may differ while they play, in seconds: less than three frames.
IN_STEP, CORRECTED = 0.12, 0.3  # seconds


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Runs of all kinds. The clips have 25 frames in a second; the syntheses are twice as long."""
    folder = tmp_path_factory.mktemp("runs")
    clip = {"observed": 25, "reconstructed": 25, "synthesized_1": 50}
    words = flags(category=EVIL, num_frames=25, seed=3)
    first = make_run(folder / "first", *words, videos=clip, began=BEGAN + 900, errors=[0.5, 0.2])
    words = flags(category="other", num_frames=25, seed=4, lr_gen=0.01)
    better = EVALUATION.replace("0.25", "0.01")
    make_run(folder / "second", *words, began=BEGAN + 800, errors=[0.5, 0.1],
             table=("evaluation.csv", better))  # fmt: skip
    shutil.copytree(first / "final_result" / "ripples", folder / "second/final_result/ripples")
    (folder / "second/final_result/ripples/reconstructed.mp4").write_bytes(b"not a video")
    words = flags(experiment="recovery", category="pool", num_frames=25, data_path=LONG)
    make_run(folder / LONG, *words, began=BEGAN + 700, errors=[0.5, 0.3], versions={LONG: LONG},
             table=("recovery_error.csv", RECOVERY))  # fmt: skip
    for number in range(6):
        old = make_run(folder / f"old{number}", *flags(category="old"), errors=[], table=None)
        os.utime(old / "options.json", (BEGAN, BEGAN))
    last = make_run(folder / "oldest", *flags(category="old"), errors=[], table=None)
    os.utime(last / "options.json", (1, 1))
    shutil.copytree(first / "final_result" / "ripples", last / "final_result" / "swell")
    shutil.copytree(first / "final_result" / "ripples", last / "final_result" / "waves")
    (folder / "damaged").mkdir()
    shutil.copy(first / ".run", folder / "damaged" / ".run")
    os.utime(folder / "damaged" / ".run", (BEGAN, BEGAN))
    write_gallery(folder, EXPERIMENTS)
    return folder


@pytest.fixture(scope="module")
def browser():
    with chromium(browser="ALL", performance="ALL") as driver:
        yield driver


@pytest.fixture
def page(browser, place):
    """The page, opened anew. After the test, nothing may have failed or left the machine."""
    resize(browser, 1200)
    browser.get((place / "index.html").as_uri())
    yield browser
    # Of the video that is none, the page itself tells the reader.
    errors = [
        entry for entry in browser.get_log("browser") if "reconstructed.mp4" not in str(entry)
    ]
    assert errors == []
    messages = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    asked = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def player(browser, place="first"):
    """Make `player` the player of a run, and wait until its videos can be played."""
    browser.execute_script(
        "window.player = document.querySelectorAll('.run')[RUNS.findIndex("
        "run => run.place === arguments[0])] && [...document.querySelectorAll('.run')].find("
        "card => RUNS[card.dataset.run].place === arguments[0]).querySelector('.player').player;"
        "player.root.scrollIntoView()",
        place,
    )
    wait(browser, "return player.ready")


def state(browser):
    """Of the player: frame, time of the clock, and of each video its time and its length."""
    return browser.execute_script(
        "return [player.frame, player.time, player.videos.map("
        "video => [video.currentTime, video.duration])]"
    )


def shown(browser):
    """The places of the runs that are shown, in their order."""
    return browser.execute_script(
        "return [...document.querySelectorAll('.run')].filter(card => !card.hidden)"
        ".map(card => RUNS[card.dataset.run].place)"
    )


def choose(browser, name, value):
    browser.execute_script(
        "const choice = document.getElementById(arguments[0]); choice.value = arguments[1];"
        "choice.dispatchEvent(new Event('change'))",
        name,
        value,
    )


def apart(time, other, length):
    """How far two times are apart in a video that repeats."""
    difference = abs(time - other) % length
    return min(difference, length - difference)


def test_videos_play_in_step_and_the_shorter_ones_repeat(page):
    player(page)
    press(page, "SPACE")
    wait(page, "return player.playing && player.frame > 30")  # beyond the end of the clip

    def in_step(most=IN_STEP):
        _, time, videos = state(page)
        assert [round(length, 2) for _, length in videos] == [1, 1, 2]
        return all(apart(time, own, length) < most for own, length in videos)

    def stay_in_step():  # the page corrects larger distances at once, and smaller ones slowly
        assert any(in_step() for _ in range(200))
        assert sum(in_step(CORRECTED) for _ in range(40)) > 20

    stay_in_step()
    page.execute_script("player.videos[1].currentTime = (player.videos[1].currentTime + 0.5) % 1")
    stay_in_step()
    press(page, "SPACE")
    wait(page, "return !player.playing")
    frame, _, videos = state(page)
    for own, length in videos:
        own_frame = frame % round(25 * length)
        assert own == pytest.approx((own_frame + 0.5) / 25, abs=1e-3)
    assert page.execute_script("return player.videos.every(video => video.paused)")


def test_one_frame_on_and_back_also_over_the_ends(page):
    player(page)
    steps = [(["ARROW_RIGHT"], 1), (["."] * 25, 26), ([","] * 2, 24), (["ARROW_LEFT"] * 25, 49)]
    for keys, frame in steps:
        press(page, *keys)
        assert state(page)[0] == frame
        times = [own for own, _ in state(page)[2]]
        expected = [(frame % count + 0.5) / 25 for count in (25, 25, 50)]
        assert times == pytest.approx(expected, abs=1e-3)
    text = page.execute_script("return player.root.querySelector('.at').textContent")
    assert text == "frame 49 of 50"


def test_speed_is_that_of_the_clock(page):
    player(page)
    press(page, "[", "[")
    assert page.execute_script("return player.speedChoice.value") == "0.25×"
    press(page, "SPACE")
    wait(page, "return player.frame > 2")
    paces = page.execute_script("return player.videos.map(video => video.playbackRate)")
    assert all(0.25 * 0.8 <= pace <= 0.25 * 1.2 for pace in paces)


def test_only_one_run_plays_and_only_what_is_in_sight_is_loaded(page):
    player(page, "second")
    press(page, "SPACE")
    player(page)
    page.execute_script("player.root.querySelector('.play').click()")
    wait(page, "return player.playing")
    assert page.execute_script("return [...players].filter(one => one.playing).length") == 1
    far = "return document.querySelectorAll('.run')[RUNS.length - 1].querySelector('video').src"
    assert page.execute_script(far) == ""
    player(page, "oldest")
    assert page.execute_script(far).startswith("file:")
    wait(page, "return [...players].every(one => one === player || !one.loaded)")


def test_video_that_is_none_is_said_and_the_others_play(page):
    player(page, "second")
    wait(page, "return player.videos.length === 2")
    failed = "return player.root.querySelector('.failed').textContent"
    assert page.execute_script(failed) == "cannot be played"


def test_another_sequence_can_be_chosen(page):
    player(page, "oldest")
    names = "return [...player.root.querySelectorAll('.sequence option')].map(one => one.text)"
    assert page.execute_script(names) == ["swell", "waves"]
    page.execute_script(
        "const choice = player.root.querySelector('.sequence'); choice.selectedIndex = 1;"
        "choice.dispatchEvent(new Event('change'))"
    )
    wait(page, "return player.ready && player.videos.every(one => one.src.includes('/waves/'))")


def test_filter_by_text_and_experiment(page):
    everything = shown(page)
    assert len(everything) == 11
    assert page.execute_script("return document.getElementById('count').textContent") == "11 runs"
    press(page, "/", "LR_GEN", " ", "0.01")
    assert shown(page) == ["second"]
    press(page, *["BACKSPACE"] * 11)
    assert shown(page) == everything
    choose(page, "experiment", "recovery")
    assert shown(page) == [LONG]
    press(page, "nothing")
    assert shown(page) == []
    page.find_element("id", "reset").click()
    assert shown(page) == everything


def test_sorting_puts_runs_without_the_value_last(page):
    assert shown(page)[:3] == ["first", "second", LONG]
    choose(page, "sort", "error")
    assert shown(page)[:3] == ["second", "first", LONG]
    choose(page, "sort", "patches")
    assert shown(page)[:3] == ["second", "first", LONG]
    choose(page, "sort", "psnr")
    assert shown(page)[0] == LONG
    choose(page, "sort", "name")
    assert shown(page)[0] == "first"  # < comes before letters
    choose(page, "sort", "date")
    assert (shown(page)[0], shown(page)[-1]) == ("first", "oldest")


def test_comparison_marks_differing_options_with_the_keyboard_alone(page):
    """From the top of the page, by Tab, Space, Enter and Escape."""
    for place in ("first", "second"):
        for _ in range(200):
            press(page, "TAB")
            here = page.execute_script(
                "const box = document.activeElement; return box.type === 'checkbox'"
                " && RUNS[box.closest('.run').dataset.run].place"
            )
            if here == place:
                break
        press(page, "SPACE")
    while page.execute_script("return document.activeElement.id") != "compare":
        press(page, "TAB")
    press(page, "ENTER")
    rows = page.execute_script(
        "return [...document.querySelectorAll('#compared-options .differs')]"
        ".map(row => [...row.children].map(cell => cell.textContent))"
    )
    assert rows == [
        ["category", EVIL, "other"], ["seed", "3", "4"], ["lr_gen", "0.002", "0.01"],
    ]  # fmt: skip
    scores = page.execute_script(
        "return [...document.querySelectorAll('#compared-scores .differs th')]"
        ".map(cell => cell.textContent)"
    )
    assert scores == ["error", "patch distance"]
    page.execute_script("window.player = document.querySelector('#comparison .player').player")
    wait(page, "return player.ready && player.videos.length === 5")
    press(page, "SPACE")
    wait(page, "return player.frame > 5")
    press(page, "ESCAPE")
    assert page.execute_script("return document.getElementById('comparison').hidden")
    assert page.execute_script("return !player.playing && !players.has(player)")
    assert len(shown(page)) == 11


def test_play_button_is_reached_by_tab(page):
    player(page)
    for _ in range(50):
        press(page, "TAB")
        if page.execute_script("return document.activeElement.className") == "play":
            break
    press(page, "SPACE")
    wait(page, "return player.playing && player.frame > 1")
    press(page, "ENTER")
    assert not page.execute_script("return player.playing")


def test_category_that_is_a_script_is_text(page):
    heads = page.execute_script(
        "return [...document.querySelectorAll('h2')].map(head => head.textContent)"
    )
    assert heads[0] == EVIL
    assert page.execute_script("return document.querySelectorAll('script').length") == 2


@pytest.mark.parametrize("width", [400, 900])
def test_page_is_as_narrow_as_a_phone(page, width):
    resize(page, width)
    wide = "return document.documentElement.scrollWidth"
    page.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.execute_script(wide) <= width
    for number in (0, 2):
        page.execute_script(
            "document.querySelectorAll('.choose input')[arguments[0]].click()", number
        )
    assert page.execute_script(wide) <= width
    page.find_element("id", "compare").click()
    page.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.execute_script(wide) <= width


def test_theme_follows_the_system_or_the_switch(page):
    shown = "getComputedStyle(document.body).backgroundColor"

    def background():
        return page.execute_script(f"return {shown}")

    colours = {}
    for theme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": theme}]
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        colours[theme] = background()
    assert colours["light"] != colours["dark"]
    choose(page, "theme", "light")
    assert background() == colours["light"]
    page.refresh()  # on a busy machine, it returns before the script of the page has run
    wait(page, f"return {shown} === arguments[0]", colours["light"])
    choose(page, "theme", "")
    assert background() == colours["dark"]


def test_command_line_is_selected_where_there_is_no_clipboard(page):
    page.execute_script(
        "document.querySelector('details').open = true; document.querySelector('.copy').click()"
    )
    wait(page, "return document.querySelector('.copy').textContent === 'Selected'")
    wanted = page.execute_script("return document.querySelector('.command pre').textContent")
    assert wanted.startswith("python main_dyn_G.py ")
    assert page.execute_script("return getSelection().toString()").strip() == wanted.strip()
