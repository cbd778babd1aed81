"""Making the calls: an event loop on a thread of its own, a few calls at a time for each endpoint.

A call that waits costs a socket, so that no slow receiver delays another. Endpoints that answer
slowly or fail have places, and look-ups of names, of their own.
"""

from __future__ import annotations

import asyncio
import errno
import html
import json
import resource
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, quote_plus

import orjson
import structlog
import uvloop
from django.conf import settings

from chatplatform import clock, ids
from chatplatform.net.client import Limits, Response, Unreachable
from chatplatform.net.connections import Connections
from chatplatform.services.deliveries import Claimed, Outcome
from chatplatform.services.delivery_rules import BREAKS_AFTER
from webhooks import signatures

log = structlog.get_logger(__name__)

AT_ONCE: Final = 4
"""Calls of one endpoint under way at a time, in one worker."""
ANSWER: Final = Limits(seconds=10, max_bytes=1024, cut=True)
"""What a call may take, and how much of the answer is kept."""
BEGUN_WITHIN_SECONDS: Final = 30.0
"""After so long, what was claimed and is not begun is given back: its lease might not last."""
STALLED_SECONDS: Final = 1.0
"""Where no call of an endpoint ended for so long, what waits for it makes room for others."""
SWEEP_SECONDS: Final = 0.25
OPEN_FILES: Final = 8_192
"""What the process should be able to have open: each call takes a socket."""
_FULL: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
STRUCK_OUT: Final = "…"
"""What stands for the secret where an answer repeats it."""
USER_AGENT: Final = "ChatPlatform-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Call:
    """A delivery to make: where to, signed with what, and the body without the secret."""

    claimed: Claimed
    url: str
    secret_key: str
    body: dict[str, Any]
    slow: bool = False
    """Whether the endpoint is known to be slow or failing."""
    claimed_at: float = field(default_factory=time.monotonic)

    @property
    def endpoint_id(self) -> int:
        """Whom it is for."""
        return self.claimed.delivery.endpoint_id


@dataclass(slots=True)
class _Line:
    """What is to be called at one endpoint."""

    waiting: deque[Call] = field(default_factory=deque)
    open: int = 0
    failures: int = 0
    """In a row, since anything last waited."""
    moved_at: float = field(default_factory=time.monotonic)
    """When a call last ended, or the first began."""


Done = Callable[[Call, Outcome | None], None]
"""Told what became of each call, on the loop's thread; ``None``: nothing was sent."""


class Calling:
    """Makes calls until stopped, and tells ``done`` of each; start and stop it from one thread."""

    def __init__(self, done: Done) -> None:
        self._done = done
        self._loop = uvloop.new_event_loop()
        self._lines: dict[int, _Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._fast = Connections(ANSWER, settings.WEBHOOK_ALLOWED_HOSTS)
        self._slow = Connections(ANSWER, settings.WEBHOOK_ALLOWED_HOSTS)
        self._thread = threading.Thread(target=self._run, name="webhook-calls", daemon=True)

    def start(self) -> None:
        """Begin."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        self._thread.start()

    def make(self, calls: Iterable[Call]) -> None:
        """Make ``calls``, those of one endpoint in their order. From any thread."""
        self._loop.call_soon_threadsafe(self._add, list(calls))

    def stop(self, seconds: float) -> None:
        """Begin nothing more, and wait so long for what is under way; the rest is broken off."""
        self._loop.call_soon_threadsafe(self._stop, seconds)
        self._thread.join(seconds + 2)

    # --- on the loop --------------------------------------------------------------------------

    def _run(self) -> None:
        self._sweep()
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def _sweep(self) -> None:
        latest = time.monotonic() - STALLED_SECONDS
        for line in self._lines.values():
            if line.moved_at <= latest:
                self._give_back(line)
        self._loop.call_later(SWEEP_SECONDS, self._sweep)

    def _stop(self, seconds: float) -> None:
        self._stopping = True
        for line in self._lines.values():
            self._give_back(line)
        self._loop.create_task(self._finish(seconds))

    async def _finish(self, seconds: float) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)
        for connections in (self._fast, self._slow):
            await connections.close()
        self._loop.call_later(0.05, self._loop.stop)

    def _add(self, calls: list[Call]) -> None:
        if self._stopping:
            for call in calls:
                self._done(call, None)
            return
        for call in calls:
            line = self._lines.setdefault(call.endpoint_id, _Line())
            line.waiting.append(call)
        for endpoint_id in {call.endpoint_id for call in calls}:
            self._begin(endpoint_id, self._lines[endpoint_id])

    def _begin(self, endpoint_id: int, line: _Line) -> None:
        """Begin as many calls of an endpoint as may be under way; forget it when there are none."""
        if line.failures >= BREAKS_AFTER:
            self._give_back(line)
        while line.waiting and line.open < AT_ONCE:
            call = line.waiting.popleft()
            if time.monotonic() - call.claimed_at > BEGUN_WITHIN_SECONDS:
                self._done(call, None)
                continue
            line.open += 1
            task = self._loop.create_task(self._make(call, line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if not line.open:
            self._lines.pop(endpoint_id, None)

    def _give_back(self, line: _Line) -> None:
        while line.waiting:
            self._done(line.waiting.popleft(), None)

    async def _make(self, call: Call, line: _Line) -> None:
        outcome = None
        try:
            outcome = await self._sent(call)
        except Exception as error:
            log.exception("webhook not sent", delivery=call.claimed.delivery.id)
            outcome = _broken(call, error)
        finally:
            line.open -= 1
            line.moved_at = time.monotonic()
            succeeded = outcome is not None and 200 <= (outcome.status or 0) < 300
            line.failures = 0 if succeeded else line.failures + 1
            self._done(call, outcome)
            self._begin(call.endpoint_id, line)

    async def _sent(self, call: Call) -> Outcome:
        delivery = call.claimed.delivery
        now = clock.now()
        body = orjson.dumps(call.body | {"secret_key": call.secret_key})
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            **signatures.headers(ids.delivery_id(delivery.id), now, body, call.secret_key),
        }
        connections = self._slow if call.slow else self._fast
        began = time.monotonic()
        try:
            answer = await connections.request("POST", call.url, headers=headers, body=body)
        except Unreachable as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL:
                raise
            return _unanswered(call, now, time.monotonic() - began, error)
        return _answered(call, now, time.monotonic() - began, answer)


def _answered(call: Call, now: datetime, seconds: float, answer: Response) -> Outcome:
    return replace(
        _attempt(call, now, seconds),
        status=answer.status,
        answer=printable(answer.body, call.secret_key),
        retry_after=answer.headers.get("retry-after", ""),
    )


def _unanswered(call: Call, now: datetime, seconds: float, error: Unreachable) -> Outcome:
    log.info("webhook not answered", delivery=call.claimed.delivery.id, reason=str(error)[:200])
    return replace(_attempt(call, now, seconds), error=_described(error.__cause__))


def _described(cause: BaseException | None) -> str:
    """Say why no answer came, to whoever chose the address: not whether there is one inside."""
    match cause:
        case None | TimeoutError():
            return "no answer in time"
        case ssl.SSLError():
            return "no secure connection: is the certificate good?"
        case ConnectionError():
            return "it refused the connection or hung up"
        case OSError():
            return "the address leads nowhere"
        case _:
            return "it does not speak HTTP"


def _broken(call: Call, error: Exception) -> Outcome:
    """Return that a call could not be made for a reason of our own."""
    text = f"it could not be sent: {type(error).__name__}"
    return replace(_attempt(call, clock.now(), 0.0), error=text, ours=True)


def _attempt(call: Call, now: datetime, seconds: float) -> Outcome:
    return Outcome(
        delivery_id=call.claimed.delivery.id,
        endpoint_id=call.endpoint_id,
        attempts=call.claimed.delivery.attempts_count + 1,
        started_at=now,
        seconds=seconds,
        body=call.body,
    )


def printable(answer: bytes, secret_key: str) -> str:
    """Return what people may read of an answer: text, in which the secret is not repeated."""
    text = _readable(answer.decode(errors="replace"))
    for written in _spellings(secret_key):
        text = text.replace(written, STRUCK_OUT)
    if len(answer) < ANSWER.max_bytes:
        return text
    text = text.rstrip("\N{REPLACEMENT CHARACTER}")
    kept = min((_without_beginning(text, one) for one in _spellings(secret_key)), key=len)
    return text if kept == text else kept + STRUCK_OUT


def _readable(text: str) -> str:
    return "".join(one for one in text if one.isprintable() or one in "\n\t")


def _spellings(secret_key: str) -> list[str]:
    """Return how programs that repeat a body write the secret, the longest first."""
    in_json = json.dumps(secret_key)[1:-1]
    found = {
        secret_key,
        in_json,
        in_json.replace("/", "\\/"),
        json.dumps(secret_key, ensure_ascii=False)[1:-1],
        html.escape(secret_key),
        quote(secret_key, safe=""),
        quote_plus(secret_key),
    }
    return sorted({_readable(one) for one in found} - {""}, key=len, reverse=True)


def _without_beginning(text: str, secret: str) -> str:
    """Return ``text``, which was cut, without the beginning of ``secret`` at its end."""
    for length in range(min(len(secret) - 1, len(text)), 0, -1):
        if text.endswith(secret[:length]):
            return text[:-length]
    return text
