"""The admin as people use it: a real browser, signed in, that is never complained about.

``Admin`` is somebody in ``/admin/``. :meth:`Admin.grave` asks axe in both colours and at both
widths; :meth:`Admin.faults` is what the browser said, a broken content security policy among it.
Name a directory in ``SHOTS`` to have what a test looked at drawn there.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
)

from tests.e2e.axe import SCHEMES, judged
from tests.installations import ROOT
from tests.live import LiveServer

WAIT: Final = 15_000
"""Milliseconds until something that should appear is missed."""
PHONE: Final = {"width": 390, "height": 844}
DESK: Final = {"width": 1440, "height": 900}
SIZES: Final = (PHONE, DESK)
GRAVE: Final = ("serious", "critical")
SHOTS: Final = "SHOTS"
_superusers = itertools.count(1)


class Admin:
    """Somebody who is signed in and looks at the admin, on a desk in light colours at first."""

    def __init__(
        self, browser: Browser, server: LiveServer, account: dict[str, Any], path: str = ""
    ) -> None:
        self.server = server
        self.context = browser.new_context(
            viewport=DESK, color_scheme="light", reduced_motion="reduce"
        )
        self.context.set_default_timeout(WAIT)
        self.complaints: list[str] = []
        self.page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._watch)
        self._sign_in(account, path)

    def _sign_in(self, account: dict[str, Any], path: str) -> None:
        self.page.goto(f"{self.server.url}/signin?next=/admin/{path}")
        self.page.get_by_label("E-mail address").fill(account["id"])
        self.page.get_by_label("Password", exact=True).fill(account["password"])
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_role("navigation", name="Administration")).to_be_attached()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "favicon" not in message.text:
            self.complaints.append(message.text)

    def _watch(self, request: Request) -> None:
        found = urlsplit(request.url)
        if found.scheme in ("http", "https") and found.netloc != urlsplit(self.server.url).netloc:
            self.complaints.append(f"a foreign host was asked: {request.url}")

    def open(self, path: str = "") -> Page:
        """Open a page below ``/admin/``; it must be there."""
        answer = self.page.goto(f"{self.server.url}/admin/{path}")
        assert answer is not None
        assert answer.status == 200, f"/admin/{path} answered {answer.status}"
        return self.page

    def said(self) -> Locator:
        """The messages above the page: what was done, or why it was not."""
        return self.page.locator("[data-messages]")

    def faults(self) -> list[str]:
        """Return what the browser complained of since the last time, and forget it."""
        found, self.complaints = self.complaints, []
        return found

    def grave(self) -> list[str]:
        """Return what axe finds serious in the open page, in both colours, narrow and wide.

        What does not fit a narrow screen is serious as well.
        """
        found = []
        for size in SIZES:
            for scheme in SCHEMES:
                self.look(size["width"], scheme)
                place = f"{size['width']} {scheme}"
                found += [
                    f"{place}: {one['id']}: {node['html']}"
                    for one in judged(self.page)
                    if one["impact"] in GRAVE
                    for node in one["nodes"]
                ]
                if spare := self._overflow():
                    found.append(f"{place}: the page is {spare} pixels too wide")
        self.look()
        return found

    def _overflow(self) -> int:
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )

    def look(self, width: int = DESK["width"], scheme: str = "light") -> None:
        """Change the screen's width and the colours that are preferred."""
        height = next(size["height"] for size in SIZES if size["width"] == width)
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]

    def draw(self, name: str) -> None:
        """Draw the open page in both colours, narrow and wide, where ``SHOTS`` says so."""
        directory = os.environ.get(SHOTS)
        if not directory:
            return
        Path(directory).mkdir(parents=True, exist_ok=True)
        for size in SIZES:
            for scheme in SCHEMES:
                self.look(size["width"], scheme)
                path = Path(directory) / f"{name}-{size['width']}-{scheme}.png"
                self.page.screenshot(path=path, full_page=True)
        self.look()

    def close(self) -> None:
        """Leave."""
        self.context.close()


def superuser(server: LiveServer) -> dict[str, Any]:
    """Make another platform superuser, as an operator does; return what they sign in with."""
    email, password = f"root{next(_superusers)}@example.com", "keeper-of-the-platform-42"
    subprocess.run(
        [sys.executable, "manage.py", "createsuperuser", "--noinput", "--email", email],
        cwd=ROOT,
        env={**server.environment, "DJANGO_SUPERUSER_PASSWORD": password},
        check=True,
        capture_output=True,
    )
    return {"id": email, "password": password}
