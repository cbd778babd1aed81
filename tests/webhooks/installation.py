"""A running installation that sends webhooks to receivers of a test's own."""

from __future__ import annotations

import itertools
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import psycopg

from tests.installations import ROOT
from tests.live import LiveServer, live_server
from tests.webhooks.receiver import HOST

STOPS_WITHIN_SECONDS = 10
ALLOWED = {"WEBHOOK_ALLOWED_HOSTS": HOST, "RATE_LIMIT_PER_SECOND": "100000"}

_numbers = itertools.count(1)


@dataclass
class Worker:
    """A worker in a process of its own."""

    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop, as an init system would, and return its exit code."""
        self.process.terminate()
        return self.process.wait(STOPS_WITHIN_SECONDS)


@dataclass
class Installation:
    """A server, and workers beside it."""

    server: LiveServer
    workers: list[Worker] = field(default_factory=list)

    def call(self, method: str, /, **payload: Any) -> Any:
        """Call the Configuration API as the owner of the licence."""
        request = urllib.request.Request(
            f"{self.server.url}/v3.7/configuration/action/{method}",
            orjson.dumps(payload),
            {
                "Authorization": f"Bearer {self.server.demo['agents'][0]['access_token']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return orjson.loads(answer.read())

    def listen(self, url: str, action: str = "tag_created") -> str:
        """Register a webhook and return its id."""
        registered = self.call(
            "register_webhook",
            url=url,
            action=action,
            type="license",
            secret_key="secret",
            owner_client_id=self.server.demo["client_id"],
        )
        found: str = registered["id"]
        return found

    def make_tags(self, count: int) -> list[str]:
        """Make as many changes as tags; return their names, in order."""
        names = [f"tag {next(_numbers)}" for _ in range(count)]
        for name in names:
            self.call("create_tag", name=name, group_ids=[0])
        return names

    def delete_tags(self, names: list[str]) -> None:
        """Make as many changes more."""
        for name in names:
            self.call("delete_tag", name=name)

    def start_worker(self) -> Worker:
        """Start a worker."""
        with self.server.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "worker"],
                cwd=ROOT,
                env=self.server.environment,
                stdout=log,
                stderr=log,
            )
        made = Worker(process)
        self.workers.append(made)
        return made

    # --- PostgreSQL only --------------------------------------------------------------------------

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read the database."""
        url = self.server.environment["DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            return connection.execute(statement, parameters).fetchall()

    def states(self, webhook_id: str) -> dict[str, int]:
        """Return how many of a webhook's deliveries are in which state."""
        return dict(
            self.rows(
                "SELECT state, count(*) FROM chatplatform_webhookdelivery"
                " WHERE webhook_id = %s GROUP BY state",
                webhook_id,
            )
        )

    def end_leases(self) -> None:
        """Let a minute pass for what is claimed, and for endpoints that are left alone."""
        self.rows(
            "UPDATE chatplatform_webhookdelivery SET due_at = now()"
            " WHERE state = 'waiting' AND attempts_count = 0 RETURNING 1"
        )

    def cut_connections(self) -> None:
        """End every connection to the database."""
        self.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def installation(directory: Path, **environment: str) -> Iterator[Installation]:
    """Run a server; ``EMBEDDED_WORKER="0"`` leaves webhooks to workers that a test starts."""
    with live_server(directory, **ALLOWED, **environment) as server:
        made = Installation(server)
        try:
            yield made
        finally:
            for worker in made.workers:
                if worker.process.poll() is None:
                    worker.kill()
