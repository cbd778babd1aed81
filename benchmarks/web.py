"""``send_event`` over HTTP, from two WSGI workers."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from benchmarks import history
from benchmarks.history import Past
from benchmarks.installation import Database, web_server
from benchmarks.processes import generator

WORKERS = 2
CLIENTS = 8
CUSTOMERS = 50
WARM_UP_SECONDS = 2
SECONDS = 10


@dataclass(frozen=True)
class Found:
    """Requests answered a second, and times in milliseconds."""

    per_second: float
    response_p50: float
    response_p99: float
    refused: int


def measure(database: Database, past: Past) -> Found:
    """Let customers of ``past`` post to their chats, ``CLIENTS`` at a time."""
    numbers = past.active_numbers()[:CUSTOMERS]
    with database.connect() as connection:
        tokens = history.give_tokens(connection, past, numbers)
    with web_server(database, WORKERS) as server:
        config = {
            "port": server.port,
            "organization_id": past.organization_id,
            "tokens": tokens,
            "chat_ids": [past.chat_id(number) for number in numbers],
            "clients": CLIENTS,
            "name": secrets.token_hex(4),
            "warm_up": WARM_UP_SECONDS,
            "seconds": SECONDS,
        }
        with generator("posters", config) as posters:
            found = posters.result()
    if found["refusals"]:
        print(f"refused: {found['refusals'][:3]}")
    return Found(
        per_second=found["per_second"],
        response_p50=found["response_p50"],
        response_p99=found["response_p99"],
        refused=len(found["refusals"]),
    )
