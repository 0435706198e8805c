"""Debian's Chromium without a window, driven by Selenium."""

import os
import shutil
from contextlib import contextmanager

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_chromium = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="no chromium and chromedriver here (Debian: apt-get install chromium chromium-driver)",
)
PATIENCE = 60  # seconds until something counts as missing


@contextmanager
def chromium(**logs):
    """A browser that keeps these logs; ends with the block."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    arguments = ["--headless=new", "--disable-dev-shm-usage", "--disable-background-networking"]
    arguments += ["--no-first-run", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    for argument in arguments:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", logs)
    # With the path of the driver, Selenium looks for none and downloads none.
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def resize(browser, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def wait(browser, script, *arguments):
    """Wait until a script returns something that is true, and return it."""
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, PATIENCE, poll_frequency=0.02).until(
        lambda _: browser.execute_script(script, *arguments), script
    )


def press(browser, *keys):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    ActionChains(browser).send_keys(*(getattr(Keys, key, key) for key in keys)).perform()
