"""The admin as people use it: a real browser, signed in, that is never complained about.

``Admin`` is somebody in ``/admin/``. :meth:`Admin.grave` asks axe in both colours and at both
widths; :meth:`Admin.faults` is what the browser said, a broken content security policy among it.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    ViewportSize,
    expect,
)

from tests.e2e.axe import DESK, faults, show
from tests.installations import ROOT
from tests.live import LiveServer

WAIT: Final = 15_000
"""Milliseconds until something that should appear is missed."""
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

    def grave(self, name: str) -> list[str]:
        """Return what is serious in the page ``name``, in both colours, narrow and wide."""
        return faults(self.page, name)

    def look(self, size: ViewportSize = DESK, scheme: Literal["light", "dark"] = "light") -> None:
        """Change the screen and the colours that are preferred."""
        show(self.page, size, scheme)

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
