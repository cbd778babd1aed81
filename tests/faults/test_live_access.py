"""Who loses access in one process is off in the others within a second."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest

from tests import clients
from tests.clients import RtmClient
from tests.faults.stage import Stage
from tests.installations import ROOT

WITHIN_SECONDS = 1.0


async def _reason(client: RtmClient) -> str:
    """Return the reason a client's connection ends for, which must come in time."""
    started = time.monotonic()
    async with asyncio.timeout(WITHIN_SECONDS):
        push = await client.push(f"{client.api}_disconnected")
    assert time.monotonic() - started < WITHIN_SECONDS
    reason: str = push["payload"]["reason"]
    return reason


async def test_a_suspension_in_another_server(stage: Stage) -> None:
    here, there = stage.urls
    owner, agent = stage.demo["agents"][0], stage.demo["agents"][1]
    async with clients.agent(here, agent["access_token"]) as client:
        _call(there, owner, "suspend_agent", id=agent["id"])

        assert await _reason(client) == "agent_disconnected_by_server"


async def test_another_role_in_another_server(stage: Stage) -> None:
    here, there = stage.urls
    owner, agent = stage.demo["agents"][0], stage.demo["agents"][1]
    async with clients.agent(here, agent["access_token"]) as client:
        _call(there, owner, "update_agent", id=agent["id"], role="administrator")

        assert await _reason(client) == "role_permissions_changed"


async def test_a_ban_in_another_server(stage: Stage) -> None:
    here, there = stage.urls
    token = clients.new_customer(here, stage.demo)
    customer = clients.customer(here, token["access_token"], stage.demo["organization_id"])
    async with customer as client:
        _call(there, stage.demo["agents"][0], "ban_customer", customer_id=_id(token), seconds=60)

        assert await _reason(client) == "customer_banned"


async def test_a_revoked_access_token_in_another_server(stage: Stage) -> None:
    here, there = stage.urls
    token = stage.demo["agents"][1]["access_token"]
    async with clients.agent(here, token) as client:
        _revoke(f"{there}/v2/token", token)

        assert await _reason(client) == "access_token_revoked"


async def test_a_revoked_customer_token_in_another_server(stage: Stage) -> None:
    here, there = stage.urls
    token = clients.new_customer(here, stage.demo)["access_token"]
    async with clients.customer(here, token, stage.demo["organization_id"]) as client:
        _revoke(f"{there}/v2/customer/token", token)

        assert await _reason(client) == "access_token_revoked"


async def test_a_revoked_personal_access_token_in_another_server(stage: Stage) -> None:
    here, there = stage.urls
    agent = stage.demo["agents"][1]
    login = {"token": clients.basic(agent["account_id"], agent["pat"])}
    async with RtmClient("agent", here, login) as client:
        browser = _Browser(there, agent)
        (path,) = re.findall(r"/console/tokens/\d+/revoke", browser.open("/console/tokens"))
        browser.confirm(path)

        assert await _reason(client) == "access_token_revoked"


@pytest.mark.parametrize("api", ["agent", "customer"])
async def test_a_removed_application_in_another_server(stage: Stage, api: str) -> None:
    here, there = stage.urls
    demo = stage.demo
    client_of = {
        "agent": lambda: clients.agent(here, demo["agents"][1]["access_token"]),
        "customer": lambda: clients.customer(
            here, clients.new_customer(here, demo)["access_token"], demo["organization_id"]
        ),
    }
    async with client_of[api]() as client:
        browser = _Browser(there, demo["agents"][0])
        browser.confirm(f"/console/applications/{demo['client_id']}/remove")

        assert await _reason(client) == "access_token_revoked"


async def test_an_erasure_by_a_command(stage: Stage) -> None:
    here = stage.urls[1]
    token = clients.new_customer(here, stage.demo)
    customer = clients.customer(here, token["access_token"], stage.demo["organization_id"])
    async with customer as client:
        await asyncio.to_thread(_manage, stage, "erase_customer", _id(token), "--no-input")
        async with asyncio.timeout(WITHIN_SECONDS):
            push = await client.push("customer_disconnected")

    assert push["payload"]["reason"] == "logged_out_remotely"


def _id(token: dict[str, Any]) -> str:
    found: str = token["entity_id"]
    return found


def _call(url: str, agent: dict[str, Any], action: str, **payload: Any) -> None:
    path = f"/v3.7/configuration/action/{action}"
    clients.web(url, path, payload, f"Bearer {agent['access_token']}")


def _revoke(url: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, headers=headers, method="DELETE")
    with urllib.request.urlopen(request, timeout=clients.WAIT) as answer:
        assert answer.status == 200


class _Browser:
    """Somebody signed in at one server, who confirms what a page asks."""

    def __init__(self, url: str, agent: dict[str, Any]) -> None:
        self._url = url
        cookies = urllib.request.HTTPCookieProcessor()
        self._opener = urllib.request.build_opener(cookies)
        self.confirm("/signin", username=agent["id"], password=agent["password"])

    def open(self, path: str, form: dict[str, str] | None = None) -> str:
        """Open a page, or send its form; return what is answered in the end."""
        body = urlencode(form).encode() if form else None
        with self._opener.open(self._url + path, body, timeout=clients.WAIT) as answer:
            shown: str = answer.read().decode()
        return shown

    def confirm(self, path: str, **values: str) -> None:
        """Send the form of a page."""
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.open(path))
        assert found is not None
        self.open(path, {"csrfmiddlewaretoken": found[1], **values})


def _manage(stage: Stage, command: str, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", command, stage.demo["organization_id"], *arguments],
        cwd=ROOT,
        env=stage.servers[0].environment,
        check=True,
        capture_output=True,
        timeout=60,
    )
