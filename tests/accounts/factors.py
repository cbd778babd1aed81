"""An authenticator app in the hands of its owner."""

from __future__ import annotations

import re
from typing import Any

from tests.accounts.conftest import Browser, code_of

CODES = re.compile(r"<code>(\d{4} \d{4})</code>")


def seed_on(page: Any) -> str:
    """Return the seed that a page shows."""
    found = re.search(r'<code class="seed">([A-Z2-7 ]+)</code>', page.content.decode())
    assert found is not None
    return found[1]


def set_up(browser: Browser) -> tuple[str, list[str]]:
    """Add an authenticator app as its owner does; return its seed and the recovery codes."""
    seed = seed_on(browser.get("/account/app/"))
    shown = browser.post("/account/app/", {"code": code_of(seed)})
    return seed, CODES.findall(shown.content.decode())
