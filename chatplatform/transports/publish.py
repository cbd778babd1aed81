"""Telling every server process what happened: one helper for all callers.

:func:`publish` may be called from anywhere. On the event loop of a server process it publishes at
once; from another thread of such a process it hands over to the loop; in a process without a loop
(WSGI worker, ``manage.py worker``, any command) it sends with a plain synchronous Redis client in
the channel layer's own format. Without Redis and without a loop nobody can be listening.

Nothing here raises when Redis is away: what was told is committed already. The numbers of the
envelopes that did not get through leave a hole, which every hub takes for a lost subscription. What
comes after a hole is led by a beat from before it, so that hubs see it that heard nothing of this
process yet, or not for long.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import redis
import structlog
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer
from channels_redis.utils import _consistent_hash

from chatplatform.domain_events import DomainEvent
from chatplatform.process import process_id
from chatplatform.transports import envelopes
from chatplatform.transports.envelopes import Origin

log = structlog.get_logger(__name__)

SEND_TIMEOUT_SECONDS = 2.0
"""A send that takes longer counts as failed."""
MAX_MESSAGE_BYTES = 1024 * 1024
"""A layer message takes no further envelope once it is this large."""
_BEATS_AFTER_FAILURE_SECONDS = 60


class _Line:
    """One organisation's way out of this process: envelopes by number, and the last ``sent``."""

    __slots__ = ("failed", "number", "sender", "sent", "waiting")

    def __init__(self) -> None:
        self.number = 0
        self.sent = 0
        self.waiting: list[tuple[int, bytes]] = []
        self.sender: asyncio.Task[None] | None = None
        self.failed = False

    def take(self) -> list[tuple[int, bytes]]:
        """Return what fits into the next message, in order."""
        size = 0
        for count, (_, sealed) in enumerate(self.waiting, 1):
            size += len(sealed)
            if size >= MAX_MESSAGE_BYTES:
                batch, self.waiting = self.waiting[:count], self.waiting[count:]
                return batch
        batch, self.waiting = self.waiting, []
        return batch


class Publisher:
    """Publishes for one event loop. Every method is for that loop only.

    ``on_failure`` hears the organisation of each message that did not get through.
    """

    def __init__(self, layer: Any, loop: asyncio.AbstractEventLoop, process: str) -> None:
        self._layer = layer
        self.loop = loop
        self.process = process
        self.thread = threading.get_ident()
        self.on_failure: Callable[[str], None] = lambda organization_id: None
        self._lines: dict[str, _Line] = {}

    def publish(self, events: Sequence[DomainEvent], origin: Origin | None = None) -> None:
        """Queue ``events``, in order, for every process that serves their organisations."""
        for organization_id, own in by_organization(events):
            self._enqueue(organization_id, own, origin)

    def beat(self, organization_id: str) -> int:
        """Send an empty envelope and return its number."""
        return self._enqueue(organization_id, (), None)

    def keep_beating(self, organization_ids: Iterable[str]) -> None:
        """Beat for ``organization_ids`` and, until one gets through, where a message failed.

        Where a send is under way there is no need to.
        """
        failed = [name for name, line in self._lines.items() if line.failed]
        for organization_id in {*organization_ids, *failed}:
            if self._line(organization_id).sender is None:
                self.beat(organization_id)

    async def stop(self) -> None:
        """Wait until everything queued has been sent, or has failed."""
        senders = [line.sender for line in self._lines.values() if line.sender is not None]
        await asyncio.gather(*senders, return_exceptions=True)

    def _line(self, organization_id: str) -> _Line:
        line = self._lines.get(organization_id)
        if line is None:
            line = self._lines[organization_id] = _Line()
        return line

    def _enqueue(
        self, organization_id: str, events: Sequence[DomainEvent], origin: Origin | None
    ) -> int:
        line = self._line(organization_id)
        line.number += 1
        try:
            sealed = envelopes.seal(self.process, line.number, events, origin)
            line.waiting.append((line.number, sealed))
        except TypeError as error:  # something in an event is not JSON; the hole will be noticed
            self._failed(organization_id, line, error)
        if line.sender is None:
            line.sender = self.loop.create_task(self._send(organization_id, line))
        return line.number

    async def _send(self, organization_id: str, line: _Line) -> None:
        group = envelopes.group_name(organization_id)
        try:
            while line.waiting:
                batch = line.take()
                message = envelopes.following(organization_id, self.process, line.sent, batch)
                try:
                    async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                        await self._layer.group_send(group, message)
                    line.failed = False
                    line.sent = batch[-1][0]
                except Exception as error:
                    self._failed(organization_id, line, error)
        finally:
            line.sender = None

    def _failed(self, organization_id: str, line: _Line, error: Exception) -> None:
        if not line.failed:
            log.warning("publishing failed", organization_id=organization_id, error=repr(error))
        line.failed = True
        self.on_failure(organization_id)


class SyncPublisher:
    """Publishes from a process without an event loop, from any of its threads.

    ``process`` must be no loop's: its envelopes have numbers of their own.
    """

    def __init__(self, layer: RedisPubSubChannelLayer, process: str) -> None:
        self._layer = layer
        self.process = process
        # Made outside any loop and never connected: it knows prefix, hosts and shards.
        self._names = RedisPubSubLoopLayer(*layer._args, **layer._kwargs, channel_layer=layer)
        self._clients = [_client(shard.host) for shard in self._names._shards]
        self._numbers: dict[str, int] = {}
        self._sent: dict[str, int] = {}
        self._lock = threading.Lock()
        self._failed: set[str] = set()

    def publish(self, events: Sequence[DomainEvent], origin: Origin | None = None) -> None:
        """Send ``events``, in order, to every process that serves their organisations."""
        for organization_id, own in by_organization(events):
            if organization_id in self._failed:
                self._skip(organization_id)  # nobody waits for Redis while a thread tries it
            else:
                self._send(organization_id, own, origin)

    def _skip(self, organization_id: str) -> None:
        with self._lock:
            self._numbers[organization_id] = self._numbers.get(organization_id, 0) + 1

    def _send(
        self, organization_id: str, events: Sequence[DomainEvent], origin: Origin | None
    ) -> bool:
        channel = self._names._get_group_channel_name(envelopes.group_name(organization_id))
        client = self._clients[_consistent_hash(channel, len(self._clients))]
        with self._lock:
            number = self._numbers[organization_id] = self._numbers.get(organization_id, 0) + 1
            batch = [(number, envelopes.seal(self.process, number, events, origin))]
            sent = self._sent.get(organization_id, 0)
            message = envelopes.following(organization_id, self.process, sent, batch)
            try:
                client.publish(channel, self._layer.serialize(message))
            except (redis.RedisError, OSError) as error:
                self._report(organization_id, error)
                return False
            self._sent[organization_id] = number
        return True

    def _report(self, organization_id: str, error: Exception) -> None:
        """Make sure the hole is seen soon: beat until one gets through."""
        if organization_id in self._failed:
            return
        self._failed.add(organization_id)
        log.warning("publishing failed", organization_id=organization_id, error=repr(error))
        threading.Thread(target=self._beat_again, args=(organization_id,), daemon=True).start()

    def _beat_again(self, organization_id: str) -> None:
        for _ in range(_BEATS_AFTER_FAILURE_SECONDS):
            time.sleep(1)
            if self._send(organization_id, (), None):
                break
        self._failed.discard(organization_id)


def _client(host: dict[str, Any]) -> redis.Redis:
    options = dict(host)
    options.setdefault("socket_timeout", SEND_TIMEOUT_SECONDS)
    options.setdefault("socket_connect_timeout", SEND_TIMEOUT_SECONDS)
    if address := options.pop("address", None):
        return redis.Redis.from_url(address, **options)
    return redis.Redis(**options)


def by_organization(
    events: Sequence[DomainEvent],
) -> Iterable[tuple[str, Sequence[DomainEvent]]]:
    """Split ``events`` by organisation, keeping their order; most calls concern one only."""
    if not events:
        return ()
    first = events[0].organization_id
    if all(event.organization_id == first for event in events):
        return ((first, events),)
    split: dict[str, list[DomainEvent]] = {}
    for event in events:
        split.setdefault(event.organization_id, []).append(event)
    return split.items()


class _Ways:
    """The ways out of this process: a loop's publisher while one runs, a synchronous one else."""

    def __init__(self) -> None:
        self.running: Publisher | None = None
        self._synchronous: SyncPublisher | None = None
        self._made_in = 0
        self._lock = threading.Lock()

    def synchronous(self) -> SyncPublisher | None:
        """Return this process's synchronous publisher; a forked child makes its own."""
        with self._lock:
            if self._made_in != os.getpid():
                layer = get_channel_layer()
                shared = isinstance(layer, RedisPubSubChannelLayer)
                self._synchronous = SyncPublisher(layer, f"{process_id()}-sync") if shared else None
                self._made_in = os.getpid()
            return self._synchronous

    def forget(self) -> None:
        """Make the synchronous publisher anew on next use."""
        self._made_in = 0


ways = _Ways()


def publish(events: Sequence[DomainEvent], origin: Origin | None = None) -> None:
    """Tell every server process what happened. Call it after the commit, from anywhere.

    ``origin`` names the connection whose request caused the events: it alone gets the pushes
    with its ``request_id``.
    """
    if not events:
        return
    running = ways.running
    if running is not None and _hand_over(running, events, origin):
        return
    synchronous = ways.synchronous()
    if synchronous is not None:
        synchronous.publish(events, origin)


def _hand_over(running: Publisher, events: Sequence[DomainEvent], origin: Origin | None) -> bool:
    if running.thread == threading.get_ident():
        running.publish(events, origin)
        return True
    try:
        running.loop.call_soon_threadsafe(running.publish, list(events), origin)
    except RuntimeError:  # that loop has been closed
        return False
    return True
