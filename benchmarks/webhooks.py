"""Webhooks: how many a worker delivers to receivers that answer at once, and how soon.

The measure of the first is a bare loop of ``requests`` with a kept connection, which sends the
same body to the same receiver and stores nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
import requests

from benchmarks import history
from benchmarks.figures import milliseconds
from benchmarks.history import Past
from benchmarks.installation import Database, Unavailable, free_port, worker
from benchmarks.processes import Generator, generator

CHATS = 50
ENDPOINTS = 10
MESSAGES = 1_000
BARE_SECONDS = 5
RATE = 100
WARM_UP_SECONDS = 3
"""Until the worker, which rested, looks often and knows which endpoints take calls."""
DELAY_SECONDS = 15
DRAIN_SECONDS = 60
_TABLES = ("webhookattempt", "webhookdelivery", "webhooklistener", "webhook", "webhookendpoint")


@dataclass(frozen=True)
class Found:
    """Deliveries a second, and milliseconds from a message's commit to its receivers."""

    bare_per_second: float
    per_second: float
    worker_cpu: float
    """Share of one core that the worker used."""
    delay_p50: float
    delay_p99: float
    lost: int

    @property
    def ratio(self) -> float:
        """Deliveries of the worker, against the bare loop."""
        return self.per_second / self.bare_per_second


def measure(database: Database, past: Past) -> Found:
    """Let customers of ``past`` write, and one worker tell of it."""
    try:
        per_second, cpu, bare, lost = _throughput(database, past)
        delays, late = _delays(database, past)
    finally:
        _clear(database)
    return Found(
        bare_per_second=bare,
        per_second=per_second,
        worker_cpu=cpu,
        delay_p50=milliseconds(delays, 0.5),
        delay_p99=milliseconds(delays, 0.99),
        lost=lost + late,
    )


def _throughput(database: Database, past: Past) -> tuple[float, float, float, int]:
    """Return deliveries a second, the worker's processor time, the bare loop's, and what is lost.

    The loop runs before and after; its mean counts.
    """
    port = free_port()
    urls = [f"http://127.0.0.1:{port}/{number}" for number in range(ENDPOINTS)]
    with generator("receivers", {"port": port}) as receivers:
        with _owing(database, past, urls, count=MESSAGES, rate=0) as owing:
            owing.result()
        body = _body(database)
        before = _bare(urls[0], body)
        with worker(database) as running:
            _until_done(database, ENDPOINTS * MESSAGES)
            cpu = running.cpu_seconds()
        after = _bare(urls[0], body)
        arrived = receivers.result()["arrived"]
        arrived.pop("", None)
    seconds = _seconds(database)
    lost = ENDPOINTS * MESSAGES - sum(len(times) for times in arrived.values())
    return ENDPOINTS * MESSAGES / seconds, cpu / seconds, (before + after) / 2, lost


def _delays(database: Database, past: Past) -> tuple[list[float], int]:
    """Return the seconds from commit to arrival while one of the endpoints is dead."""
    port, dead = free_port(), free_port()
    urls = [f"http://127.0.0.1:{dead}/"]
    urls += [f"http://127.0.0.1:{port}/{number}" for number in range(1, ENDPOINTS)]
    count = RATE * (WARM_UP_SECONDS + DELAY_SECONDS)
    with (
        generator("receivers", {"port": port}) as receivers,
        worker(database),
        _owing(database, past, urls, count=count, rate=RATE) as owing,
    ):
        stored: dict[str, float] = owing.result()
        _until_done(database, (ENDPOINTS - 1) * len(stored))
        arrived: dict[str, list[float]] = receivers.result()["arrived"]
    delays = [[moment - stored[name] for moment in arrived.get(name, [])] for name in stored]
    lost = (ENDPOINTS - 1) * len(stored) - sum(map(len, delays))
    return [delay for found in delays[RATE * WARM_UP_SECONDS :] for delay in found], lost


@contextmanager
def _owing(
    database: Database, past: Past, urls: list[str], *, count: int, rate: float
) -> Iterator[Generator]:
    """Start a process that sends messages of ``past``, with webhooks at ``urls``."""
    _clear(database)
    numbers = past.active_numbers()[:CHATS]
    with database.connect() as connection:
        tokens = history.give_tokens(connection, past, numbers)
    config = {
        "organization_id": past.organization_id,
        "urls": urls,
        "tokens": tokens,
        "chat_ids": [past.chat_id(number) for number in numbers],
        "count": count,
        "rate": rate,
        "name": secrets.token_hex(4),
    }
    with generator("webhooks", config, "benchmarks.owing", database.environment) as running:
        yield running


def _clear(database: Database) -> None:
    """Take away every webhook, and what was owed to it."""
    with database.connect() as connection:
        tables = ", ".join(f"chatplatform_{table}" for table in _TABLES)
        connection.execute(f"TRUNCATE {tables}")


def _body(database: Database) -> bytes:
    """Return a body about as long as those that are sent, of no message."""
    with database.connect() as connection:
        rows = connection.execute("SELECT event FROM chatplatform_webhookdelivery LIMIT 1")
        found = rows.fetchone()
        event: dict[str, Any] = found[0] if found else {}
    event["event"]["custom_id"] = ""
    payload = {"chat_id": event["chat_id"], "thread_id": event["thread_id"]}
    body = {
        "webhook_id": secrets.token_hex(16),
        "secret_key": "secret",
        "action": "incoming_event",
        "organization_id": event["organization_id"],
        "payload": {**payload, "event": event["event"]},
        "additional_data": {},
    }
    return orjson.dumps(body)


def _bare(url: str, body: bytes) -> float:
    """Return how many such calls a second a loop makes that does nothing else."""
    headers = {"Content-Type": "application/json"}
    with requests.Session() as session:
        session.trust_env = False
        count, began = 0, time.monotonic()
        while time.monotonic() - began < BARE_SECONDS:
            session.post(url, data=body, headers=headers, timeout=10).raise_for_status()
            count += 1
        return count / (time.monotonic() - began)


def _until_done(database: Database, count: int) -> None:
    """Wait until so many have been delivered."""
    deadline = time.monotonic() + DRAIN_SECONDS
    with database.connect() as connection:
        while time.monotonic() < deadline:
            if _scalar(connection, "SELECT count(*) {}") >= count:
                return
            time.sleep(0.25)
    raise Unavailable("the worker did not deliver everything in time; see its log")


def _seconds(database: Database) -> float:
    """Return the time from the first attempt's beginning to the last delivery's record."""
    with database.connect() as connection:
        begun = "SELECT min(started_at) FROM chatplatform_webhookattempt"
        return _scalar(
            connection, f"SELECT extract(epoch FROM max(finished_at) - ({begun}))::float8 {{}}"
        )


def _scalar(connection: psycopg.Connection[Any], statement: str) -> float:
    done = "FROM chatplatform_webhookdelivery WHERE state = 'delivered'"
    row = connection.execute(statement.format(done)).fetchone()
    return float(row[0]) if row else 0.0
