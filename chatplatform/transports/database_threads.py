"""The threads of a server process that may use the database.

Actions run here, whole, so that the event loop never waits. Each thread keeps its database
connection for as long as it lives: opening one per call costs more than most calls.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

import structlog
from django.db import connections

log = structlog.get_logger(__name__)

T = TypeVar("T")
Work = Callable[[], Any]
Done = Callable[[Any, BaseException | None], None]


class DatabaseThreads:
    """A fixed number of threads serving one event loop.

    Results come back to the loop in batches: one wake-up for all that finished since the last.
    A thread starts with the first job that finds none idle.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, size: int) -> None:
        self._loop = loop
        self._size = size
        self._jobs: SimpleQueue[tuple[Work, Done] | None] = SimpleQueue()
        self._finished: deque[tuple[Done, Any, BaseException | None]] = deque()
        self._waking = False
        self._open = 0
        self._threads: list[threading.Thread] = []
        self._drained: asyncio.Future[None] | None = None

    def submit(self, work: Work, done: Done) -> None:
        """Run ``work`` on a thread, then ``done(result, error)`` on the loop. Loop only."""
        self._open += 1
        if self._open > len(self._threads) < self._size:
            self._add_thread()
        self._jobs.put((work, done))

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` on a thread and return what it returns, or raise what it raises."""
        answer: asyncio.Future[T] = self._loop.create_future()

        def done(result: T, error: BaseException | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(result)

        self.submit(work, done)
        return await answer

    async def drain(self, seconds: float) -> None:
        """Wait until all work is done and its results are delivered, or for so many seconds."""
        if not self._open:
            return
        self._drained = self._loop.create_future()
        await asyncio.wait([self._drained], timeout=seconds)

    def stop(self, timeout: float) -> None:
        """Let the threads finish what they have, close their connections and end.

        Waits at most ``timeout`` seconds; blocks, so it is the last thing a loop does.
        """
        for _ in self._threads:
            self._jobs.put(None)
        share = timeout / max(1, len(self._threads))
        for thread in self._threads:
            thread.join(share)

    def _add_thread(self) -> None:
        name = f"database-{len(self._threads) + 1}"
        thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done = job
            result, error = None, None
            try:
                result = work()
            except BaseException as failure:
                error = failure
            mend_connections()
            self._hand_back(done, result, error)
            del job, work, done, result, error
        connections.close_all()

    def _hand_back(self, done: Done, result: Any, error: BaseException | None) -> None:
        self._finished.append((done, result, error))
        if self._waking:
            return
        self._waking = True
        try:
            self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:  # the loop is closed; nobody waits any more
            self._finished.clear()

    def _deliver(self) -> None:
        self._waking = False
        while self._finished:
            done, result, error = self._finished.popleft()
            self._open -= 1
            try:
                done(result, error)
            except Exception:
                log.exception("a finished call could not be delivered")
        if not self._open and self._drained is not None and not self._drained.done():
            self._drained.set_result(None)


def mend_connections() -> None:
    """Drop this thread's connections that an error made useless: the next call gets fresh ones."""
    for connection in connections.all(initialized_only=True):
        if not connection.errors_occurred or connection.in_atomic_block:
            continue
        if connection.is_usable():
            connection.errors_occurred = False
        else:
            connection.close()
