"""What axe, an automatic judge of accessibility, finds in what is on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Frame, Page

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
SCHEMES = ("light", "dark")
"""The colours a person may prefer; each is judged."""
DRAWN = """new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(done));
  setTimeout(done, 200);
})"""
"""Waits until what was changed is on the screen: colours begin as they were, however short their
transition. Where nothing is drawn, in a hidden frame, it waits for 200 milliseconds.
"""


def judged(document: Page | Frame) -> list[dict[str, Any]]:
    """Return what axe finds wrong in one document, frames inside left out."""
    document.evaluate(DRAWN)
    document.evaluate(AXE.read_text())
    report = document.evaluate("axe.run(document, { iframes: false })")
    assert report["passes"], "axe looked at nothing"
    found: list[dict[str, Any]] = report["violations"]
    return found


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """Return what axe finds on the page and in the frames inside: rules, and elements."""
    return [
        (one["id"], [node["html"] for node in one["nodes"]])
        for frame in page.frames
        for one in judged(frame)
    ]
