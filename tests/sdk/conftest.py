"""One server behind TLS for all official clients; each suite has an organisation of its own."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.installations import ROOT
from tests.live import LiveServer, live_server
from tests.tls import TlsDoor, tls_door

LIVECHAT_HOSTS = ("api.livechatinc.com", "accounts.livechatinc.com")
"""The names some clients call, whatever they are told."""

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Company:
    """An organisation of the server. ``demo`` is what ``manage.py demo --json`` printed."""

    server: LiveServer
    demo: Facts

    def new_customer(self) -> Facts:
        """Return a customer's token, as a backend gets one for a visitor it knows."""
        body = {
            "grant_type": "agent_token",
            "client_id": self.demo["client_id"],
            "organization_id": self.demo["organization_id"],
            "response_type": "token",
        }
        request = urllib.request.Request(
            f"{self.server.url}/v2/customer/token",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.demo['agents'][0]['access_token']}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            token: Facts = json.load(answer)
        return token

    def configure(self, action: str, payload: Facts) -> Facts:
        """Call an action of the Configuration API as the owner."""
        request = urllib.request.Request(
            f"{self.server.url}/v3.6/configuration/action/{action}",
            data=json.dumps(payload).encode(),
            headers={
                "Authorization": f"Bearer {self.demo['agents'][0]['access_token']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            answered: Facts = json.load(answer)
        return answered


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Run a server."""
    directory = tmp_path_factory.mktemp("server")
    with live_server(directory, TRUSTED_PROXIES="0", SECURE_COOKIES="1") as running:
        yield running


@pytest.fixture(scope="session")
def door(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsDoor]:
    """Speak TLS for it, under its own name and LiveChat's."""
    with tls_door(tmp_path_factory.mktemp("tls"), server.port, *LIVECHAT_HOSTS) as opened:
        yield opened


@pytest.fixture(scope="session")
def company(server: LiveServer) -> Callable[[str], Company]:
    """Return a function that makes an organisation with people, groups and things to talk about."""

    def make(name: str) -> Company:
        return Company(server, server.backstage.do("tests.sdk.furnish:company", name=name))

    return make


@pytest.fixture
def node(door: TlsDoor, tmp_path: Path) -> Callable[[str, Facts], None]:
    """Return a function that runs a script of ``tests/js`` with what it should know."""
    return lambda script, facts: run_node(script, facts, door, tmp_path)


def run_node(script: str, facts: Facts, door: TlsDoor, directory: Path) -> None:
    """Run a script of ``tests/js`` against the server behind ``door``; it must end well."""
    place = ROOT / "tests" / "js"
    assert (place / "node_modules").is_dir(), "run `make sdk` first"
    told = directory / "facts.json"
    told.write_text(json.dumps({**facts, "host": door.host}))
    environment = {
        "NODE_EXTRA_CA_CERTS": str(door.authority),
        "NODE_OPTIONS": f"--require {place / 'hosts.cjs'}",
        "CHAT_PORT": str(door.port),
    }
    done = subprocess.run(
        ["node", place / script, told],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-6000:]}"
