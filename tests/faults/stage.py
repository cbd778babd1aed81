"""An installation under load: who plays, what they say, and whether it is what was stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from subprocess import Popen
from typing import Any

import psycopg

from tests import clients
from tests.clients import RtmClient
from tests.live import LiveServer, free_port, live_server

CUSTOMERS = 12


@dataclass(frozen=True)
class Stage:
    """Server processes that share a database and a Redis."""

    servers: list[LiveServer]

    @property
    def urls(self) -> list[str]:
        """Where they answer."""
        return [server.url for server in self.servers]

    @property
    def demo(self) -> dict[str, Any]:
        """The organisation's credentials."""
        return self.servers[0].demo

    def agent(self, number: int, urls: Sequence[str] | None = None) -> RtmClient:
        """Return a client for one of the demo's agents that comes back when cut off."""
        token = self.demo["agents"][number]["access_token"]
        return clients.agent(urls or self.urls, token, stay=True)

    def customer(self, urls: Sequence[str] | None = None, token: str = "") -> RtmClient:
        """Return a client for a customer, a new one unless ``token`` names one."""
        token = token or clients.new_customer(self.servers[-1].url, self.demo)["access_token"]
        return clients.customer(urls or self.urls, token, self.demo["organization_id"], stay=True)

    def stored(self, chat_id: str) -> list[tuple[str, str]]:
        """Return ids and texts of a chat's events in their order, as the database has them."""
        url = self.servers[0].environment["DATABASE_URL"]
        with psycopg.connect(url) as connection:
            rows = connection.execute(
                "SELECT event.thread_id || '_' || event.position, event.content ->> 'text'"
                " FROM chatplatform_event event"
                " JOIN chatplatform_thread thread ON thread.id = event.thread_id"
                " WHERE thread.chat_id = %s ORDER BY thread.number, event.position",
                [chat_id],
            ).fetchall()
        return [(str(event_id), str(text)) for event_id, text in rows]


@contextmanager
def servers(directory: Path, redis_url: str, *, count: int) -> Iterator[Stage]:
    """Run ``count`` server processes with a demo organisation between them."""
    environment = {
        "REDIS_URL": redis_url,
        "SERVER_PROCESSES": str(count),
        "RATE_LIMIT_PER_SECOND": "100000",
        "LOG_LEVEL": "WARNING",
    }
    with ExitStack() as running:
        first = running.enter_context(live_server(directory, **environment))
        others = [_another(first, number) for number in range(2, count + 1)]
        for other in others:
            running.callback(_end, other)
            other.start()
        yield Stage([first, *others])


def _another(first: LiveServer, number: int) -> LiveServer:
    port = free_port()
    nobody = Popen(["true"])
    nobody.wait()
    return replace(
        first,
        port=port,
        environment={**first.environment, "PORT": str(port), "EMBEDDED_WORKER": "0"},
        log=first.log.with_name(f"server-{number}.log"),
        process=nobody,
    )


def _end(server: LiveServer) -> None:
    if server.process.poll() is None:
        server.kill()


@dataclass
class Play:
    """Customers who write into their chats without pause, and agents who follow all of them."""

    stage: Stage
    customers: dict[str, RtmClient] = field(default_factory=dict)
    """By chat id."""
    agents: list[RtmClient] = field(default_factory=list)
    acknowledged: dict[str, dict[str, str]] = field(default_factory=dict)
    """By chat id: the event id of every text whose storing was confirmed."""
    words: str = ""
    """What every message says after its number."""
    _writing: list[asyncio.Task[None]] = field(default_factory=list)
    _stop: bool = False

    @property
    def said(self) -> int:
        """How many messages have been acknowledged."""
        return sum(len(texts) for texts in self.acknowledged.values())

    @property
    def everybody(self) -> list[RtmClient]:
        """Every client."""
        return [*self.customers.values(), *self.agents]

    def begin(self) -> None:
        """Let every customer write; the next message follows the answer to the one before."""
        self._writing = [
            asyncio.create_task(self._write(chat_id, client))
            for chat_id, client in self.customers.items()
        ]

    def hush(self) -> None:
        """Let nobody begin another message."""
        self._stop = True

    async def end(self) -> None:
        """Let everybody finish what they are saying, and no more."""
        self.hush()
        await asyncio.gather(*self._writing)

    async def more(self, messages: int, within: float = 90) -> None:
        """Wait until so many more messages have been acknowledged."""
        goal = self.said + messages
        await clients.until(lambda: self.said >= goal, within, f"{messages} more messages")

    async def agree(self, within: float) -> float:
        """Wait until all transcripts equal the database, and return the seconds it took."""
        stored = {chat_id: self.stage.stored(chat_id) for chat_id in self.customers}

        def equal() -> bool:
            return all(
                _shown(reader, chat_id) == stored[chat_id]
                for chat_id, customer in self.customers.items()
                for reader in (customer, *self.agents)
            )

        return await clients.until(equal, within, "transcripts equal the database")

    def stored_once(self) -> bool:
        """Tell whether the database has every acknowledged message under its id, and just once."""
        for chat_id, texts in self.acknowledged.items():
            stored = self.stage.stored(chat_id)
            by_text: dict[str, list[str]] = {}
            for event_id, text in stored:
                by_text.setdefault(text, []).append(event_id)
            if any(by_text.get(text) != [event_id] for text, event_id in texts.items()):
                return False
        return True

    async def _write(self, chat_id: str, client: RtmClient) -> None:
        number = 0
        while not self._stop:
            number += 1
            text = f"{number} {self.words}"
            self.acknowledged[chat_id][text] = await client.say(chat_id, text)


def _shown(reader: RtmClient, chat_id: str) -> list[tuple[str, str]]:
    return [(event["id"], event["text"]) for event in reader.transcript(chat_id)]


@asynccontextmanager
async def play(stage: Stage, *, spread: bool, words: str = "and so on") -> AsyncIterator[Play]:
    """Bring everybody on stage, each chat started and followed by both agents.

    ``spread`` divides the clients among the server processes; otherwise all begin at the first
    and know of the others.
    """

    def urls(number: int) -> list[str]:
        turn = number % len(stage.urls) if spread else 0
        return [*stage.urls[turn:], *stage.urls[:turn]]

    async with AsyncExitStack() as everybody:
        acting = Play(stage, words=words)
        for number in (1, 2):
            agent = stage.agent(number, urls(number))
            acting.agents.append(await everybody.enter_async_context(agent))
        for number in range(CUSTOMERS):
            customer = stage.customer(urls(number))
            await everybody.enter_async_context(customer)
            chat_id = (await customer.call("start_chat"))["chat_id"]
            await customer.watch(chat_id)
            acting.customers[chat_id] = customer
            acting.acknowledged[chat_id] = {}
            for agent in acting.agents:
                await agent.call("follow_chat", {"id": chat_id})
                await agent.watch(chat_id)
        yield acting
