"""A real server for the tests that need one: its own process, data, secret and port.

It runs what ``make run`` runs (``deploy.serve``), on a database made for it: SQLite in a directory
of its own, or a PostgreSQL database when ``DATABASE_URL`` names a server. Both are copies of an
installation that each test process makes once.
"""

from __future__ import annotations

import atexit
import copy
import itertools
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_SECONDS = 60
STOPPED_WITHIN_SECONDS = 15


@dataclass(slots=True)
class LiveServer:
    """A running server. ``demo`` is what ``manage.py demo --json`` printed."""

    port: int
    environment: dict[str, str]
    log: Path
    demo: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None

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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Installation:
    """What servers begin with: a database with the demo organisation, and its ``VAR_DIR``."""

    directory: Path
    database: str
    """PostgreSQL's name for it; empty for SQLite, where it lies in the directory."""
    demo: dict[str, Any]


_choosing = threading.Lock()
_in_use: set[int] = set()


@cache
def _installation(number: int) -> Installation:
    """Migrate once for many servers of this process, which takes longer than to start them."""
    directory = Path(tempfile.mkdtemp(prefix="installation-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    database = _create_database("") if _on_postgres() else ""
    if database:
        atexit.register(_drop_database, database)
    variables = {**os.environ, **_database_url(database), "VAR_DIR": str(directory)}
    printed = b""
    for command in (["migrate", "--verbosity", "0"], ["demo", "--json"]):
        arguments = [sys.executable, "manage.py", *command]
        ended = subprocess.run(arguments, cwd=ROOT, env=variables, check=True, capture_output=True)
        printed = ended.stdout
    return Installation(directory, database, json.loads(printed))


def _on_postgres() -> bool:
    return os.environ.get("DATABASE_URL", "").startswith("postgres")


def _database_url(name: str) -> dict[str, str]:
    if not name:
        return {}
    parts = urlsplit(os.environ["DATABASE_URL"])
    return {"DATABASE_URL": urlunsplit(parts._replace(path=f"/{name}"))}


def _create_database(template: str) -> str:
    """Make a database beside the one ``DATABASE_URL`` names, as a copy of ``template`` if named."""
    name = f"live_{secrets.token_hex(4)}"
    copied = f' TEMPLATE "{template}"' if template else ""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"{copied}')
    return name


def _drop_database(name: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def _installed(directory: Path) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Put an installation into ``directory``; give the environment it needs and its demo.

    Servers that run at the same time begin with different ones: those of one organisation would
    hear each other through Redis.
    """
    with _choosing:
        number = next(number for number in itertools.count() if number not in _in_use)
        _in_use.add(number)
    database = ""
    try:
        made = _installation(number)
        shutil.copytree(made.directory, directory, dirs_exist_ok=True)
        database = _create_database(made.database) if made.database else ""
        yield _database_url(database), copy.deepcopy(made.demo)
    finally:
        _in_use.discard(number)
        if database:
            _drop_database(database)


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


@contextmanager
def live_server(directory: Path, **environment: str) -> Iterator[LiveServer]:
    """Run a server with the demo organisation; ``directory`` keeps its data and log.

    ``environment`` adds to, or overrides, what the server reads.
    """
    with _installed(directory) as (database, demo):
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
        server = LiveServer(
            port=port, environment=variables, log=directory / "server.log", demo=demo
        )
        server.start()
        try:
            yield server
        finally:
            if server.running:
                try:
                    server.stop()
                except subprocess.TimeoutExpired:
                    server.kill()
