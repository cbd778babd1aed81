"""When a server process begins and ends."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from chatplatform.transports import server

_GOODBYE_SECONDS = 0.1
"""How long daphne waits for the last frames to leave."""

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
            _settle_memory()
            server.say_goodbye_on_signals(server.current())
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await server.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _settle_memory() -> None:
    """Let the garbage collector leave alone what is loaded by now, which stays to the end.

    Its full collections stop every thread: 90 ms with everything Django brings, 10 ms without.
    """
    gc.collect()
    gc.freeze()


def with_server(application: Application) -> Application:
    """Let ``application`` find the real-time server running.

    Not every server process speaks lifespan; there the first request or socket starts it.
    """

    async def served(scope: Any, receive: Any, send: Any) -> None:
        server.current()
        await application(scope, receive, send)

    return served


def follow_reactor() -> None:
    """Start and stop with daphne, which speaks no lifespan; elsewhere do nothing.

    Called while the application is made: daphne has chosen its reactor by then, and runs it later.
    """
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    if reactor is None or reactor.running:
        return
    from twisted.internet.defer import Deferred

    async def finish() -> None:
        await server.current().finish()
        await asyncio.sleep(_GOODBYE_SECONDS)

    def goodbye() -> Any:
        return Deferred.fromFuture(asyncio.ensure_future(finish()))

    def started() -> None:
        server.current()
        reactor.addSystemEventTrigger("before", "shutdown", goodbye)

    reactor.callLater(0, started)
