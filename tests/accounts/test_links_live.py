"""Links in mails on a server as ``make run`` starts it, with nothing set."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.live import LiveServer, live_server

pytestmark = pytest.mark.slow

WITHIN_SECONDS = 30
WARNED = "no link was sent: PUBLIC_URL is not set"


@pytest.fixture(params=["uvicorn", "daphne"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveServer]:
    """A server with nothing set; mails are written to its output."""
    with live_server(tmp_path, SERVER=request.param, REDIS_URL="") as running:
        yield running


def forgotten(server: LiveServer, host: str) -> httpx.Response:
    """Ask for a new password for an agent of the demo, at a host."""
    with httpx.Client(
        base_url=server.url, headers={"host": host}, timeout=WITHIN_SECONDS
    ) as browser:
        page = browser.get("/account/forgotten/")
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert found is not None
        return browser.post(
            "/account/forgotten/",
            data={"email": server.demo["agents"][0]["id"], "csrfmiddlewaretoken": found[1]},
            headers={"cookie": page.headers["set-cookie"].split(";")[0]},
        )


def test_links_lead_to_this_machine_only_and_requests_are_written_nowhere(
    server: LiveServer,
) -> None:
    here = f"localhost:{server.port}"

    # when somebody opens a link, somebody forges a host, and somebody forgot their password
    opened = httpx.get(
        f"{server.url}/account/password/new/a-secret-of-somebody/", timeout=WITHIN_SECONDS
    )
    forged = forgotten(server, "evil.example")
    asked = forgotten(server, here)

    # then one mail leaves, which leads here
    assert (opened.status_code, forged.status_code, asked.status_code) == (410, 200, 302)
    until = time.monotonic() + WITHIN_SECONDS
    while "/account/password/new/" not in server.log.read_text() and time.monotonic() < until:
        time.sleep(0.1)
    written = server.log.read_text()
    assert re.findall(r"(\S+)/account/password/new/\S", written) == [f"http://{here}"]
    assert written.count(WARNED) == 1
    assert "a-secret-of-somebody" not in written
