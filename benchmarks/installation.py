"""An installation of the benchmarks' own: databases kept between runs, and server processes.

``DATABASE_URL`` and ``REDIS_URL`` say where PostgreSQL and Redis are; by default both are on this
machine. Next to the named database two others are made, for a short and for a long history.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
import redis

from benchmarks.history import ACTIVE_CHATS, Past

ROOT = Path(__file__).resolve().parent.parent
VAR_DIR = ROOT / "var" / "benchmarks"
DATABASE_URL = os.environ.get("DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
READY_SECONDS = 60
STOP_SECONDS = 20

_UNLIMITED = {"RATE_LIMIT_PER_SECOND": "100000", "RTM_CONNECTIONS_PER_AGENT": "10000"}
"""Limits are not what is measured; the burst stays, so that tokens are leased as often as ever."""


class Unavailable(Exception):
    """Something the benchmarks need is not there; the message says what to do."""


def check() -> None:
    """Raise :class:`Unavailable` unless PostgreSQL and Redis answer."""
    try:
        psycopg.connect(DATABASE_URL, connect_timeout=5).close()
    except psycopg.Error as error:
        raise Unavailable(
            f"PostgreSQL does not answer: {error}\n"
            "Set DATABASE_URL to a PostgreSQL database whose user may create others."
        ) from error
    try:
        redis.Redis.from_url(REDIS_URL, socket_connect_timeout=5).ping()
    except redis.RedisError as error:
        raise Unavailable(f"Redis does not answer: {error}\nSet REDIS_URL.") from error


@dataclass(frozen=True)
class Database:
    """A database of the benchmarks' own, with a demo organisation per purpose."""

    name: str

    @property
    def url(self) -> str:
        """Where it is."""
        return urlunsplit(urlsplit(DATABASE_URL)._replace(path=f"/{self.name}"))

    @property
    def environment(self) -> dict[str, str]:
        """What processes that use it read."""
        return {
            **os.environ,
            **_UNLIMITED,
            "DATABASE_URL": self.url,
            "REDIS_URL": REDIS_URL,
            "VAR_DIR": str(VAR_DIR),
            "SECRET_KEY": "the data is kept between runs, and credentials follow from this key",
            "EMBEDDED_WORKER": "0",
            "LOG_LEVEL": "WARNING",
        }

    def prepare(self) -> None:
        """Make it, or make it anew when the schema has changed since."""
        known = self._schema()
        with psycopg.connect(DATABASE_URL, autocommit=True) as connection:
            row = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
                [self.name],
            ).fetchone()
            if row == (known,):
                return
            connection.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{self.name}"')
        self.manage("migrate", "--verbosity", "0")
        with self.connect() as connection:
            connection.execute(f"COMMENT ON DATABASE \"{self.name}\" IS '{known}'")

    def demo(self, organization: str) -> dict[str, Any]:
        """Return an organisation's credentials, as ``manage.py demo --json`` prints them."""
        printed = self.manage("demo", "--json", "--organization", organization)
        found: dict[str, Any] = json.loads(printed)
        return found

    def manage(self, *arguments: str) -> str:
        """Run a management command and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout

    def connect(self) -> psycopg.Connection[Any]:
        """Return a connection in autocommit that writes times as UTC."""
        return psycopg.connect(self.url, autocommit=True, options="-c timezone=UTC")

    @staticmethod
    def _schema() -> str:
        """Return a digest of what the kept data depends on."""
        sources = [
            *sorted(ROOT.glob("chatplatform/migrations/*.py")),
            Path(__file__).with_name("history.py"),
        ]
        return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


@dataclass
class Process:
    """A running server process and the port it answers on."""

    port: int
    log: Path
    popen: subprocess.Popen[bytes] = field(repr=False)

    def stop(self) -> None:
        """Ask it to stop, and make sure."""
        self.popen.terminate()
        try:
            self.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()

    def resident_bytes(self) -> int:
        """Return the memory it holds."""
        return int(psutil.Process(self.popen.pid).memory_info().rss)

    def cpu_seconds(self) -> float:
        """Return the processor time it has used."""
        times = psutil.Process(self.popen.pid).cpu_times()
        return float(times.user + times.system)


@contextmanager
def socket_server(database: Database, **environment: str) -> Iterator[Process]:
    """Run one socket process, as ``make run`` and ``deploy/`` do."""
    port = free_port()
    command = [sys.executable, "-m", "deploy.serve"]
    with _running("socket", command, port, {**database.environment, **environment}) as process:
        yield process


@contextmanager
def web_server(database: Database, workers: int) -> Iterator[Process]:
    """Run WSGI workers, as ``deploy/systemd/chatplatform-web.service`` does."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "chatplatform.wsgi"]
    command += ["--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--log-level", "warning"]
    with _running("web", command, port, database.environment) as process:
        yield process


@contextmanager
def worker(database: Database) -> Iterator[Process]:
    """Run a worker, as ``deploy/systemd/chatplatform-worker.service`` does.

    It may send webhooks to this machine.
    """
    environment = {**database.environment, "WEBHOOK_ALLOWED_HOSTS": "127.0.0.1"}
    log = VAR_DIR / "worker.log"
    with log.open("wb") as output:
        popen = subprocess.Popen(
            [sys.executable, "manage.py", "worker"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    process = Process(0, log, popen)
    try:
        yield process
    finally:
        process.stop()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(
    name: str, command: list[str], port: int, environment: dict[str, str]
) -> Iterator[Process]:
    log = VAR_DIR / f"{name}.log"
    with log.open("wb") as output:
        popen = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment, "PORT": str(port)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    process = Process(port, log, popen)
    try:
        _wait_until_ready(process)
        yield process
    finally:
        process.stop()


def _wait_until_ready(process: Process) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.popen.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/health/ready", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise Unavailable(f"a server process did not start:\n{process.log.read_text()[-4000:]}")


def past_of(demo: dict[str, Any], chats: int, mark: str, active: int = ACTIVE_CHATS) -> Past:
    """Return a past shared by the owner and the first normal agent of a demo organisation."""
    return Past(
        organization_id=demo["organization_id"],
        agent_ids=(demo["agents"][0]["id"], demo["agents"][1]["id"]),
        chats=chats,
        mark=mark,
        active=active,
    )
