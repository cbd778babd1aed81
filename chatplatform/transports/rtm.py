"""The RTM door: `/v<version>/{agent,customer}/rtm/ws` (protocol.md 3).

A plain ASGI application: the task the server process gives each socket reads it, and there is no
other task per socket while nothing is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError

from chatplatform.api import versions
from chatplatform.selectors import organizations
from chatplatform.transports import disconnects, server
from chatplatform.transports.clients import client
from chatplatform.transports.connection import Connection, Send
from chatplatform.transports.server import Server

log = structlog.get_logger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Take = Callable[[Connection, str | None], None]
"""Takes a text frame; ``None`` stands for a binary one."""


async def rtm(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one socket; ``version`` and ``api`` are the route's keyword arguments."""
    opened = connection_of(scope, send)
    del scope
    await serve(opened, receive, send, server.current().calls.receive)


def connection_of(scope: Scope, send: Send) -> Connection:
    """Return what stands for the client of an ASGI scope, writing through ``send``."""
    route = scope["url_route"]["kwargs"]
    about = client(scope)
    return Connection(
        send,
        api=route["api"],
        version=route["version"],
        address=about.address,
        user_agent=about.user_agent,
        base_url=about.base_url,
        query=about.query,
    )


async def serve(connection: Connection, receive: Receive, send: Send, take: Take) -> None:
    """Accept a socket and hand what it says to ``take``, until it ends."""
    await receive()
    home = server.current()
    connection.reader = asyncio.current_task()
    await _accept(send, connection.version)
    try:
        home.opened(connection)
        await welcome(home, connection)
        await _read(connection, receive, take)
    except asyncio.CancelledError:
        if not connection.gone:
            raise
    finally:
        home.closed(connection)
        connection.reader = None


async def no_such_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse the handshake of a path nobody serves."""
    await receive()
    await send({"type": "websocket.close", "code": 1000})


async def _accept(send: Send, version: str) -> None:
    headers = versions.lifecycle_headers(version) if version in versions.VERSIONS else {}
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "websocket.accept", "headers": lines})


async def welcome(home: Server, connection: Connection) -> None:
    """Check what can be checked before login; tell the client and close where it fails."""
    if connection.version not in versions.VERSIONS:
        connection.disconnect(disconnects.UNSUPPORTED_VERSION)
    elif home.stopping:
        connection.disconnect(disconnects.come_again(connection.api))
    elif connection.api == "customer":
        await _expect_organization(home, connection)


async def _expect_organization(home: Server, connection: Connection) -> None:
    try:
        organization_id = UUID(connection.query.get("organization_id", ""))
    except ValueError:
        connection.disconnect(disconnects.LICENSE_NOT_FOUND)
        return
    try:
        found = await home.database.run(lambda: organizations.by_id(organization_id))
    except DatabaseError as error:
        log.warning("an organization can not be read", error=repr(error))
        connection.disconnect(disconnects.come_again(connection.api))
        return
    if found is None:
        connection.disconnect(disconnects.LICENSE_NOT_FOUND)


async def _read(connection: Connection, receive: Receive, take: Take) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        take(connection, message.get("text"))
