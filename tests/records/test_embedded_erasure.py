"""Where one process serves all, no other can tell its sockets: what a command ends, they miss."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from chatplatform.services.presence import LEASE_SECONDS
from chatplatform.transports import disconnects
from tests import clients
from tests.clients import Refused
from tests.installations import ROOT
from tests.live import live_server

pytestmark = pytest.mark.slow


async def test_an_erased_customers_socket_ends_when_its_lease_is_missed(tmp_path: Path) -> None:
    with live_server(tmp_path, REDIS_URL="") as server:
        demo = server.demo
        token = clients.new_customer(server.url, demo)
        customer = clients.customer(server.url, token["access_token"], demo["organization_id"])
        async with customer as client:
            command = [
                sys.executable,
                "manage.py",
                "erase_customer",
                demo["organization_id"],
                token["entity_id"],
                "--no-input",
            ]
            await asyncio.to_thread(
                subprocess.run,
                command,
                cwd=ROOT,
                env=server.environment,
                check=True,
                capture_output=True,
                timeout=60,
            )
            with pytest.raises(Refused) as refusal:
                await client.call("start_chat")
            await clients.until(lambda: client.closings != [], 2 * LEASE_SECONDS, "the end")
            push = await client.push("customer_disconnected")

        with pytest.raises(Refused) as shut_out:
            await clients.customer(
                server.url, token["access_token"], demo["organization_id"]
            ).enter()

    assert refusal.value.type == "not_found"
    assert push["payload"]["reason"] == disconnects.SERVICE_TEMPORARILY_UNAVAILABLE
    assert shut_out.value.type == "authentication"
