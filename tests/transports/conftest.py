"""The transports on a fake service, over every channel layer this run has."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from channels.layers import InMemoryChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings as django_settings
from django.db import transaction

from chatplatform.api import dispatch, pushes, registry
from chatplatform.asgi import application
from chatplatform.selectors import chats, organizations
from chatplatform.services import presence
from chatplatform.transports import claims
from chatplatform.transports import server as servers
from chatplatform.transports.server import Server
from tests.rtm import Client
from tests.transports import fakes
from tests.transports.fakes import Service

MAX_FRAME_BYTES = 64 * 1024
"""The largest frame the server of ``address`` takes."""
LAYERS = ["memory", "redis"] if django_settings.REDIS_URL else ["memory"]

Enter = Callable[..., Awaitable[Client]]


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Service:
    """Put the fake service behind the pipeline, with registries of its own, without a database."""
    settings.EMBEDDED_WORKER = False
    made = Service()
    monkeypatch.setattr(registry, "_actions", {})
    monkeypatch.setattr(pushes._registry, "by_event", {})
    monkeypatch.setattr(dispatch, "authenticate", made.authenticate)
    monkeypatch.setattr(transaction, "on_commit", lambda told: told())
    monkeypatch.setattr(chats, "missing_changes", made.missing_changes)
    monkeypatch.setattr(presence, "renew", made.renew)
    monkeypatch.setattr(presence, "drop", made.dropped.extend)
    known = {fakes.ORGANIZATION: object()}
    monkeypatch.setattr(organizations, "by_id", known.get)
    monkeypatch.setattr(claims, "_PREFIX", f"{secrets.token_hex(4)}:")
    made.define()
    return made


_on_commit = transaction.on_commit


@pytest.fixture
def committing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell what happened after real commits only; the test needs the database."""
    monkeypatch.setattr(transaction, "on_commit", _on_commit)


@pytest_asyncio.fixture(params=LAYERS)
async def layer(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """Give each kind of channel layer the run has."""
    if request.param == "memory":
        yield InMemoryChannelLayer(capacity=1_000_000)
        return
    made = RedisPubSubChannelLayer(hosts=[django_settings.REDIS_URL])
    yield made
    await made.flush()


@pytest_asyncio.fixture
async def server(layer: Any) -> AsyncIterator[Server]:
    """Run the real-time server the ASGI application will find."""
    made = Server(layer)
    servers._servers[asyncio.get_running_loop()] = made
    made.start()
    yield made
    await servers.stop()


@pytest_asyncio.fixture
async def address(server: Server) -> AsyncIterator[str]:
    """Serve on a free port of this machine."""
    bound = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=MAX_FRAME_BYTES,
        lifespan="off",
        log_config=None,
    )
    serving = uvicorn.Server(config)
    task = asyncio.create_task(serving._serve([bound]))
    yield f"ws://127.0.0.1:{bound.getsockname()[1]}"
    serving.should_exit = True
    await task


@pytest_asyncio.fixture
async def enter(server: Server) -> AsyncIterator[Enter]:
    """Return ``enter(api, name, version, **login)``: a socket that has logged in."""
    clients: list[Client] = []

    async def enter(
        name: str = "ann", api: str = "agent", version: str = "3.6", **login: Any
    ) -> Client:
        query = f"organization_id={fakes.ORGANIZATION}" if api == "customer" else ""
        client = await Client(api, version, query).open()
        clients.append(client)
        answer = await client.call("login", {"token": name, **login})
        assert answer["success"], answer
        return client

    yield enter
    for client in clients:
        client.drop()
