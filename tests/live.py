"""A real server for the tests that need one: its own process, data, secret and port.

It runs what ``make run`` runs (``deploy.serve``), on an installation made for it
(``tests.installations``): SQLite in a directory of its own, or a PostgreSQL database when
``DATABASE_URL`` names a server.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import redis

from chatplatform.api.ratelimit import PREFIX
from tests.backstage import Backstage
from tests.installations import ROOT, installed

READY_WITHIN_SECONDS = 60
STOPPED_WITHIN_SECONDS = 60

PORTS = range(10_000, 32_000)
"""Below those that outgoing connections are given: one of these stays free until it is bound."""


@dataclass(slots=True)
class LiveServer:
    """A running server. ``demo`` is what ``manage.py demo --json`` printed."""

    port: int
    environment: dict[str, str]
    log: Path
    demo: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None
    _backstage: Backstage | None = None

    @property
    def backstage(self) -> Backstage:
        """Who does on its database what a test cannot do through its doors."""
        self._backstage = self._backstage or Backstage(self.environment)
        return self._backstage

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://localhost:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Ask the server to stop, as an init system would."""
        if self.running:
            assert self.process
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=STOPPED_WITHIN_SECONDS)

    def kill(self) -> None:
        """End the server as a crash would."""
        assert self.process
        self.process.kill()
        self.process.wait(timeout=STOPPED_WITHIN_SECONDS)

    def start(self) -> None:
        """Start the server (again) and wait until it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.serve"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/health/ready", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"the server did not start:\n{self.log.read_text()[-4000:]}")


def free_port() -> int:
    """Return a port nobody listens on."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("", port))
            return port


def _redis() -> dict[str, str]:
    """Name a Redis database for each of several test processes, whose servers know nothing of each
    other: they count requests from the same addresses.
    """
    given = os.environ.get("REDIS_URL", "")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if not (given and worker):
        return {}
    parts = urlsplit(given)
    base = int(parts.path.strip("/") or 0)
    return {"REDIS_URL": urlunsplit(parts._replace(path=f"/{base + 1 + int(worker)}"))}


def _forget_requests(url: str) -> None:
    """Take what servers before this one counted out of Redis: a bucket may be nearly empty, or cut
    down to the burst of one that allowed less.
    """
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter(match=f"{PREFIX}*", count=1_000):
            client.delete(key)


@contextmanager
def live_server(directory: Path, **environment: str) -> Iterator[LiveServer]:
    """Run a server with the demo organisation; ``directory`` keeps its data and log.

    ``environment`` adds to, or overrides, what the server reads.
    """
    with installed(directory) as (database, demo):
        port = free_port()
        variables = {
            **os.environ,
            **database,
            **_redis(),
            "VAR_DIR": str(directory),
            "PORT": str(port),
            "EMBEDDED_WORKER": "1",
            **environment,
        }
        if url := variables.get("REDIS_URL"):
            _forget_requests(url)
        server = LiveServer(
            port=port, environment=variables, log=directory / "server.log", demo=demo
        )
        try:
            server.start()
            yield server
        finally:
            server.backstage.close()
            if server.running:
                try:
                    server.stop()
                except subprocess.TimeoutExpired:
                    server.kill()
