"""What axe, an automatic judge of accessibility, finds in what is on the screen.

Name a directory in ``SHOTS`` to have what :func:`faults` looked at drawn there.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, Literal

import axe_playwright_python
from playwright.sync_api import Frame, Page, ViewportSize

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
SCHEMES: Final[tuple[Literal["light"], Literal["dark"]]] = ("light", "dark")
"""The colours a person may prefer; each is judged."""
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
DESK: Final[ViewportSize] = {"width": 1440, "height": 900}
SIZES: Final = (PHONE, DESK)
GRAVE: Final = ("serious", "critical")
SHOTS: Final = "SHOTS"
_DRAWN = """() => {
  for (const one of document.getAnimations()) if (one instanceof CSSTransition) one.finish();
  return new Promise((done) => {
    requestAnimationFrame(() => requestAnimationFrame(done));
    setTimeout(done, 200);
  });
}"""
"""Waits until what was changed is on the screen: colours begin as they were, however short their
transition, unless it is ended. Where nothing is drawn, in a hidden frame, it waits for 200
milliseconds.
"""
_JUDGE = """async (options) => {
  const all = { iframes: false, resultTypes: ["violations"], ...options };
  const report = await axe.run(document, all);
  return { violations: report.violations, passed: report.passes.length };
}"""
_OF_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}


def judged(document: Page | Frame, *, recoloured: bool = False) -> list[dict[str, Any]]:
    """Return what axe finds wrong in one document, frames inside left out.

    Of one that was judged and has since changed nothing but its colours, ``recoloured``, only
    those are judged.
    """
    document.wait_for_load_state()
    document.evaluate(_DRAWN)
    if not document.evaluate("'axe' in window"):
        document.evaluate(AXE.read_text())
    report = document.evaluate(_JUDGE, _OF_COLOURS if recoloured else {})
    assert report["passed"], "axe looked at nothing"
    found: list[dict[str, Any]] = report["violations"]
    return found


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """Return what axe finds on the page and in the frames inside: rules, and elements."""
    return [
        (one["id"], [node["html"] for node in one["nodes"]])
        for frame in page.frames
        for one in judged(frame)
    ]


def grave(document: Page | Frame, *, recoloured: bool = False) -> list[str]:
    """Return what axe finds serious or critical in one document; see :func:`judged`."""
    return [
        f"{one['id']}: {node['html']}"
        for one in judged(document, recoloured=recoloured)
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def faults(
    page: Page,
    name: str,
    inside: Callable[[Page], Page | Frame] = lambda page: page,
    sizes: Iterable[ViewportSize] = SIZES,
) -> list[str]:
    """Return what is serious for anybody's eyes or ears, on screens of these sizes and in both
    colours.

    What does not fit the screen is serious as well. ``inside`` finds the document to judge, the
    page's own unless told. Under ``name`` the page is drawn. It is left as on a desk, in light
    colours.
    """
    found = []
    for size, scheme in itertools.product(sizes, SCHEMES):
        show(page, size, scheme)
        document = inside(page)
        place = f"{name}-{size['width']}-{scheme}"
        wrong = grave(document, recoloured=scheme != SCHEMES[0])
        if spare := document.evaluate(_SPARE):
            wrong.append(f"{spare} pixels too wide")
        found += [f"{place}: {one}" for one in wrong]
        _draw(page, place)
    show(page)
    return found


def show(page: Page, size: ViewportSize = DESK, scheme: Literal["light", "dark"] = "light") -> None:
    """Change the screen and the colours that are preferred."""
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)


_SPARE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def _draw(page: Page, name: str) -> None:
    if directory := os.environ.get(SHOTS):
        Path(directory).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(directory) / f"{name}.png", full_page=True)
