"""Which process a SockJS session lives in, where several share an installation.

A session on plain requests lives in the process that began it; proxies route by its name. A request
that reaches another process all the same must not begin a second session of that name, so that each
is noted in Redis. With one process there is nothing to note.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

import redis.asyncio
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

KEPT_SECONDS = 24 * 3600
"""How long a note outlives a process that could not take it back; names are used once."""
_ANSWERED_WITHIN_SECONDS = 1.0
_PREFIX = "chatplatform:session:"


class Notes(Protocol):
    """What a Redis client does for us."""

    def set(self, name: str, value: str, *, nx: bool, ex: int) -> Awaitable[Any]:
        """Store a value unless there is one."""

    def get(self, name: str) -> Awaitable[Any]:
        """Return the value."""

    def delete(self, name: str) -> Awaitable[Any]:
        """Take the value away."""

    def aclose(self) -> Awaitable[None]:
        """Close the connections."""


class Claims:
    """The sessions ``process`` may serve. Belongs to one event loop."""

    def __init__(self, process: str, notes: Notes | None) -> None:
        self._process = process
        self._notes = notes
        self._releasing: set[asyncio.Task[None]] = set()

    async def take(self, session: tuple[str, ...]) -> bool:
        """Note that a session lives here; false when it lives in another process.

        While Redis does not answer, every process takes what comes.
        """
        if self._notes is None:
            return True
        name = _name(session)
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN_SECONDS):
                if await self._notes.set(name, self._process, nx=True, ex=KEPT_SECONDS):
                    return True
                owner = await self._notes.get(name)
        except (redis.RedisError, OSError, TimeoutError) as error:
            log.warning("a session can not be noted", error=repr(error))
            return True
        return owner in (None, self._process, self._process.encode())

    def release(self, session: tuple[str, ...]) -> None:
        """Forget a session that ended here."""
        if self._notes is not None:
            task = asyncio.get_running_loop().create_task(self._release(self._notes, session))
            self._releasing.add(task)
            task.add_done_callback(self._releasing.discard)

    async def stop(self) -> None:
        """Finish what is under way; sessions that are still noted expire by themselves."""
        if self._notes is not None:
            await asyncio.gather(*self._releasing)
            await self._notes.aclose()

    async def _release(self, notes: Notes, session: tuple[str, ...]) -> None:
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN_SECONDS):
                await notes.delete(_name(session))
        except (redis.RedisError, OSError, TimeoutError) as error:
            log.info("a session's note is left to expire", error=repr(error))


def claims(process: str) -> Claims:
    """Return the claims of this installation's ``process``."""
    url = settings.REDIS_URL
    return Claims(process, redis.asyncio.Redis.from_url(url) if url else None)


def _name(session: tuple[str, ...]) -> str:
    return _PREFIX + ":".join(session)
