"""What calls cost with a short and with a long history behind them.

Two socket processes serve the two databases side by side, and each call is made to both in turn,
so that whatever else the machine does falls on both alike.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks import history, sockets
from benchmarks.figures import milliseconds
from benchmarks.history import Past
from benchmarks.installation import Database, Process, socket_server
from benchmarks.sockets import Payload, Socket

CALLS = 300
WARM_UP_CALLS = 40
CUSTOMERS = 20
SEED = 20

Ask = Callable[[], tuple[Socket, str, Payload]]


@dataclass(frozen=True)
class Cost:
    """One action for one kind of reader: p95 in milliseconds with either history."""

    action: str
    reader: str
    short: float
    long: float

    @property
    def factor(self) -> float:
        """How much longer it takes with the long history."""
        return self.long / self.short


@dataclass(frozen=True)
class Side:
    """One database with its history, and the tokens of those who read."""

    database: Database
    past: Past
    agent_tokens: dict[str, str]
    """By agent id; the owner's opens all chats, the other agent's only their groups'."""
    customers: tuple[int, ...]
    customer_tokens: tuple[str, ...]


def side(database: Database, demo: Payload, past: Past) -> Side:
    """Prepare a side for measuring."""
    customers = tuple(past.active_numbers()[:CUSTOMERS])
    with database.connect() as connection:
        tokens = history.give_tokens(connection, past, list(customers))
    agents = {agent["id"]: agent["access_token"] for agent in demo["agents"]}
    return Side(database, past, agents, customers, tuple(tokens))


def measure(short: Side, long: Side) -> list[Cost]:
    """Measure every action for every kind of reader."""
    with _server(short) as on_short, _server(long) as on_long:
        return asyncio.run(_all((on_short, short), (on_long, long)))


@contextmanager
def _server(one: Side) -> Iterator[Process]:
    with socket_server(one.database) as server:
        yield server
    with one.database.connect() as connection:
        history.rewind(connection, one.past)


async def _all(*served: tuple[Process, Side]) -> list[Cost]:
    readers = [await _readers(server, one) for server, one in served]
    costs = []
    for reader, action in itertools.product(readers[0], ("list_chats", "get_chat", "send_event")):
        asks = [known[reader][action] for known in readers]
        times = await _in_turn(asks)
        short, long = (milliseconds(found, 0.95) for found in times)
        costs.append(Cost(action, reader, short, long))
    return costs


async def _in_turn(asks: Sequence[Ask]) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in asks]
    for count in range(WARM_UP_CALLS + CALLS):
        for ask, found in zip(asks, times, strict=True):
            socket, action, payload = ask()
            began = time.perf_counter()
            await socket.ask(action, payload)
            if count >= WARM_UP_CALLS:
                found.append(time.perf_counter() - began)
    return times


async def _readers(server: Process, one: Side) -> dict[str, dict[str, Ask]]:
    """Log everybody in; return how each kind of reader makes each call."""
    owner, normal = one.past.agent_ids
    customers = [
        await sockets.customer(server.port, token, one.past.organization_id)
        for token in one.customer_tokens
    ]
    return {
        "agent, all chats": await _agent(server, one, owner),
        "agent, own groups": await _agent(server, one, normal),
        "customer": _customer(one, customers),
    }


async def _agent(server: Process, one: Side, agent_id: str) -> dict[str, Ask]:
    socket = await sockets.agent(server.port, one.agent_tokens[agent_id])
    chance = random.Random(SEED)
    count = len(one.past.agent_ids)
    place = one.past.agent_ids.index(agent_id)
    active = one.past.active_numbers(agent_id)

    def own() -> str:
        """Return any of the agent's chats, however old."""
        return one.past.chat_id(chance.randrange(count + place, one.past.chats, count))

    return {
        "list_chats": lambda: (socket, "list_chats", {}),
        "get_chat": lambda: (socket, "get_chat", {"chat_id": own()}),
        "send_event": lambda: (
            socket,
            "send_event",
            _message(one.past.chat_id(chance.choice(active))),
        ),
    }


def _customer(one: Side, opened: Sequence[Socket]) -> dict[str, Ask]:
    turns = {
        action: itertools.cycle(list(zip(opened, one.customers, strict=True)))
        for action in ("list_chats", "get_chat", "send_event")
    }

    def asks(action: str, payload: Callable[[str], Payload]) -> Ask:
        def ask() -> tuple[Socket, str, Payload]:
            socket, number = next(turns[action])
            return socket, action, payload(one.past.chat_id(number))

        return ask

    return {
        "list_chats": asks("list_chats", lambda chat_id: {}),
        "get_chat": asks("get_chat", lambda chat_id: {"chat_id": chat_id}),
        "send_event": asks("send_event", _message),
    }


_numbers = itertools.count(1)


def _message(chat_id: str) -> dict[str, Any]:
    number = next(_numbers)
    event = {"type": "message", "text": "What became of it?", "custom_id": f"cost-{number}"}
    return {"chat_id": chat_id, "event": event}
