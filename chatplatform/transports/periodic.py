"""Things a server process does again and again, without a task of their own while they wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Periodic:
    """Calls ``work`` on the loop every ``seconds`` until stopped; an error is logged, no more."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, work: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._work = work
        self._next: asyncio.TimerHandle | None = loop.call_later(seconds, self._run)

    def stop(self) -> None:
        """Call it no more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _run(self) -> None:
        self._next = self._loop.call_later(self._seconds, self._run)
        try:
            self._work()
        except Exception:
            log.exception("periodic work failed", work=getattr(self._work, "__qualname__", ""))
