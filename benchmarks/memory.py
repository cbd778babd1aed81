"""What an idle, logged-in RTM connection costs a socket process."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Sequence

from benchmarks import history, sockets
from benchmarks.history import Past
from benchmarks.installation import Database, Process, socket_server
from benchmarks.sockets import Socket

CONNECTIONS = 1_000
WARM_UP_CONNECTIONS = 100
"""These come first, so that threads, pools and caches are not counted."""
LOGINS_AT_ONCE = 10
SETTLE_SECONDS = 2


def measure(database: Database, past: Past) -> float:
    """Return the resident bytes each of ``CONNECTIONS`` customers of ``past`` added."""
    numbers = list(range(1, WARM_UP_CONNECTIONS + CONNECTIONS + 1))
    with database.connect() as connection:
        tokens = history.give_tokens(connection, past, numbers)
    _allow_files(2 * len(numbers))
    with socket_server(database) as server:
        return asyncio.run(_grown(server, past.organization_id, tokens)) / CONNECTIONS


async def _grown(server: Process, organization_id: str, tokens: Sequence[str]) -> int:
    warm = await _log_in(server.port, organization_id, tokens[:WARM_UP_CONNECTIONS])
    await asyncio.sleep(SETTLE_SECONDS)
    before = server.resident_bytes()
    idle = await _log_in(server.port, organization_id, tokens[WARM_UP_CONNECTIONS:])
    await asyncio.sleep(SETTLE_SECONDS)
    grown = server.resident_bytes() - before
    lost = sum(socket.closed.is_set() for socket in (*warm, *idle))
    if lost:
        raise ConnectionError(f"{lost} idle sockets were closed")
    for socket in (*warm, *idle):
        socket.close()
    return grown


async def _log_in(port: int, organization_id: str, tokens: Sequence[str]) -> list[Socket]:
    places = asyncio.Semaphore(LOGINS_AT_ONCE)

    async def one(token: str) -> Socket:
        async with places:
            return await sockets.customer(port, token, organization_id)

    return list(await asyncio.gather(*(one(token) for token in tokens)))


def _allow_files(count: int) -> None:
    """Let this process, and the server it starts, have so many sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, count + 256)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
