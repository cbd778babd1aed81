"""When a server process begins and ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from chatplatform.transports import server

Message = dict[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]


async def lifespan(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Start the real-time server with the process and stop it with it."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            server.say_goodbye_on_signals(server.current())
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await server.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


def with_server(application: Application) -> Application:
    """Let ``application`` find the real-time server running.

    Not every server process speaks lifespan; there the first request or socket starts it.
    """

    async def served(scope: Any, receive: Any, send: Any) -> None:
        server.current()
        await application(scope, receive, send)

    return served
