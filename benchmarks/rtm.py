"""Messages through one socket process: 50 customers write, 2 agents follow all of it."""

from __future__ import annotations

import asyncio
import secrets
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks import pgbench, sockets
from benchmarks.history import Past
from benchmarks.installation import Database, Process, socket_server
from benchmarks.processes import generator
from benchmarks.sockets import Socket

CUSTOMERS = 50
WARM_UP_SECONDS = 3
SECONDS = 15
PGBENCH_SECONDS = 6


@dataclass(frozen=True)
class Load:
    """What one run of the load came to; times in milliseconds."""

    per_second: float
    response_p50: float
    response_p99: float
    delivery_p50: float
    delivery_p99: float
    lost: int
    disordered: int
    server_cpu: float
    """Share of one core that the server process used."""


@dataclass(frozen=True)
class Found:
    """The load at full rate and at half of it, and pgbench beside it (statements a second)."""

    full: Load
    half: Load
    pgbench_1: float
    pgbench_8: float

    @property
    def ratio(self) -> float:
        """Messages per second at full load, against pgbench with one client."""
        return self.full.per_second / self.pgbench_1


@dataclass(frozen=True)
class Stage:
    """A running server with everybody's chats started and followed."""

    server: Process
    organization_id: str
    customer_tokens: list[str]
    agent_tokens: list[str]
    chat_ids: list[str]


def measure(database: Database, demo: dict[str, Any], past: Past, statement: str) -> Found:
    """Measure on the chats of ``demo``'s organisation; pgbench writes to those of ``past``."""
    script = Path(database.environment["VAR_DIR"]) / "append.sql"

    def limit(clients: int) -> float:
        return pgbench.append_per_second(
            database, past, statement, clients=clients, seconds=PGBENCH_SECONDS, script=script
        )

    with stage(database, demo) as ready:
        before = limit(1)
        full = run(ready, None)
        after = limit(1)
        half = run(ready, full.per_second / 2)
        together = limit(8)
    return Found(full=full, half=half, pgbench_1=(before + after) / 2, pgbench_8=together)


@contextmanager
def stage(database: Database, demo: dict[str, Any]) -> Iterator[Stage]:
    """Start a server, a chat of each customer, and let both agents follow them all."""
    with socket_server(database) as server:
        yield asyncio.run(_prepared(server, demo))


async def _prepared(server: Process, demo: dict[str, Any]) -> Stage:
    agent_tokens = [agent["access_token"] for agent in demo["agents"][1:]]
    customer_tokens = [_mint(server.port, demo) for _ in range(CUSTOMERS)]
    agents = [await sockets.agent(server.port, token) for token in agent_tokens]
    chat_ids = [await _start_chat(server.port, token, demo) for token in customer_tokens]
    for agent in agents:
        for chat_id in chat_ids:
            await agent.ask("follow_chat", {"id": chat_id})
        agent.close()
    return Stage(server, demo["organization_id"], customer_tokens, agent_tokens, chat_ids)


async def _start_chat(port: int, token: str, demo: dict[str, Any]) -> str:
    customer: Socket = await sockets.customer(port, token, demo["organization_id"])
    started = await customer.ask("start_chat")
    customer.close()
    return str(started["chat_id"])


def _mint(port: int, demo: dict[str, Any]) -> str:
    body = {
        "grant_type": "agent_token",
        "client_id": demo["client_id"],
        "response_type": "token",
        "organization_id": demo["organization_id"],
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v2/customer/token",
        orjson.dumps(body),
        {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {demo['agents'][0]['access_token']}",
        },
    )
    with urllib.request.urlopen(request) as response:
        return str(orjson.loads(response.read())["access_token"])


def run(ready: Stage, rate: float | None, *, seconds: int = SECONDS) -> Load:
    """Let everybody write: one request outstanding each, or ``rate`` messages a second in all."""
    watchers_config = {"port": ready.server.port, "tokens": ready.agent_tokens}
    senders_config = {
        "port": ready.server.port,
        "organization_id": ready.organization_id,
        "tokens": ready.customer_tokens,
        "chat_ids": ready.chat_ids,
        "name": secrets.token_hex(4),
        "rate": rate,
        "warm_up": WARM_UP_SECONDS,
        "seconds": seconds,
    }
    with (
        generator("watchers", watchers_config) as watchers,
        generator("senders", senders_config) as senders,
    ):
        cpu = ready.server.cpu_seconds()
        sent = senders.result()
        cpu = ready.server.cpu_seconds() - cpu
        seen = watchers.result({"acknowledged": sent["acknowledged"], "window": sent["window"]})
    if sent["refusals"] or sent["disconnected"] or seen["disconnected"]:
        print(f"refused: {sent['refusals'][:3]}; sockets lost: {sent['disconnected']} customers,")
        print(f"{seen['disconnected']} agents")
    return Load(
        per_second=sent["per_second"],
        response_p50=sent["response_p50"],
        response_p99=sent["response_p99"],
        delivery_p50=seen["delivery_p50"],
        delivery_p99=seen["delivery_p99"],
        lost=sent["missing"] + seen["missing"] + sent["unanswered"] + len(sent["refusals"]),
        disordered=sent["disordered"] + seen["disordered"],
        server_cpu=cpu / (WARM_UP_SECONDS + seconds),
    )
