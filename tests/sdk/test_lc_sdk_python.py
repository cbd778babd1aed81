"""The official Python SDK, unmodified, drives a whole conversation in every version."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import ROOT, LiveServer, live_server
from tests.tls import TlsDoor, tls_door

pytestmark = pytest.mark.sdk

RELEASES = {"3.4": "0.4.1", "3.5": "0.4.2", "3.6": "0.4.2", "3.7": "0.4.2"}
"""Which release speaks which version; their pins differ, so each has its own environment."""

WITHIN_SECONDS = 100


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(tmp_path_factory.mktemp("server"), TRUSTED_PROXIES="0") as running:
        yield running


@pytest.fixture(scope="module")
def door(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsDoor]:
    with tls_door(tmp_path_factory.mktemp("tls"), server.port) as opened:
        yield opened


def new_customer(server: LiveServer) -> dict[str, str]:
    """Return a customer's token, as a backend gets one for a visitor it knows."""
    demo = server.demo
    body = {
        "grant_type": "agent_token",
        "client_id": demo["client_id"],
        "organization_id": demo["organization_id"],
        "response_type": "token",
    }
    request = urllib.request.Request(
        f"{server.url}/v2/customer/token",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {demo['agents'][0]['access_token']}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        token: dict[str, str] = json.load(answer)
    return token


@pytest.mark.parametrize("version", RELEASES)
def test_whole_conversation(
    version: str, server: LiveServer, door: TlsDoor, tmp_path: Path
) -> None:
    # given an environment that holds the SDK alone, and a customer
    python = ROOT / ".venv-sdk" / RELEASES[version] / "bin" / "python"
    assert python.exists(), "run `make sdk` first"
    demo, customer = tmp_path / "demo.json", tmp_path / "customer.json"
    demo.write_text(json.dumps(server.demo))
    customer.write_text(json.dumps(new_customer(server)))

    # when the SDK drives a conversation between them on both transports
    script = ROOT / "tests" / "sdk" / "conversation.py"
    done = subprocess.run(
        [python, script, door.host, version, demo, customer, door.authority],
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
        cwd=tmp_path,
    )

    # then every answer was right, and the customer's transcript holds no whisper
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    assert json.loads(done.stdout.splitlines()[-1]) == [
        "Hello",
        "How can I help?",
        "My parcel is late",
        "I am looking into it",
        "file",
        "file",
        "Olivia Hart added Noah Lind to the chat",
        "Olivia Hart removed Noah Lind from the chat",
        "Olivia Hart archived the chat",
    ]
