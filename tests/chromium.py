"""Headless Chromium as Debian ships it, for every test that opens a page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Playwright

SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


@contextmanager
def chromium(playwright: Playwright, *switches: str) -> Iterator[Browser]:
    """Run Chromium with further switches; where it is missing, that is a failure, not a skip."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    assert executable, "Chromium is not installed"
    browser = playwright.chromium.launch(executable_path=executable, args=[*SWITCHES, *switches])
    try:
        yield browser
    finally:
        browser.close()
