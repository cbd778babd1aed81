"""The database cuts its connections, as it does when it restarts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests import clients
from tests.faults.redis_server import RedisServer
from tests.faults.stage import Stage
from tests.installations import ROOT
from tests.live import LiveServer, live_server


@pytest.fixture
def server(tmp_path: Path, redis_server: RedisServer) -> Iterator[LiveServer]:
    """A server process, with its worker in a process of its own."""
    apart = {"REDIS_URL": redis_server.url, "EMBEDDED_WORKER": "0"}
    with live_server(tmp_path, **apart) as running, running.log.open("ab") as log:
        command = [sys.executable, "manage.py", "worker"]
        worker = subprocess.Popen(
            command, cwd=ROOT, env=running.environment, stdout=log, stderr=log
        )
        yield running
        worker.terminate()
        assert worker.wait(30) == 0


def cut_all(url: str) -> None:
    """End every connection to a database but the one this is said on."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            [urlsplit(url).path.strip("/")],
        )


def end_leases(url: str, user_id: str) -> None:
    """Let the leases of a user's connections run out."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "UPDATE chatplatform_connectionlease SET expires_at = now(), process = ''"
            " WHERE user_id = %s",
            [user_id],
        )


def told_gone(reader: clients.RtmClient, agent_id: str) -> bool:
    """Tell whether a client was told that an agent is offline."""
    gone = {"agent_id": agent_id, "status": "offline"}
    return any(push["payload"] == gone for push in reader.pushes)


async def test_a_worker_goes_on_when_its_database_connections_were_cut(server: LiveServer) -> None:
    stage = Stage([server])
    url = server.environment["DATABASE_URL"]
    first, second = (server.demo["agents"][number]["id"] for number in (1, 2))
    async with stage.agent(0) as agent, stage.agent(1), stage.agent(2):
        # Given: a worker at its work
        end_leases(url, first)
        await clients.until(lambda: told_gone(agent, first), 60, "the worker begins")

        # When: all connections to the database are cut
        cut_all(url)

        # Then: it notices all the same who is lost
        end_leases(url, second)
        await clients.until(lambda: told_gone(agent, second), 60, "the worker goes on")
