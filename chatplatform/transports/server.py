"""The real-time part of a server process: hub, publisher, threads and timers of one event loop."""

from __future__ import annotations

import asyncio
import itertools
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import FrameType
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from channels.layers import get_channel_layer
from django.conf import settings

from chatplatform import clock, worker
from chatplatform.domain_events.customers import SubscribedCustomersCounted
from chatplatform.process import process_id
from chatplatform.requester import CustomerRequester
from chatplatform.selectors import monitoring, people
from chatplatform.services import api_calls, presence
from chatplatform.transports import disconnects
from chatplatform.transports.calls import Calls
from chatplatform.transports.claims import claims
from chatplatform.transports.connection import Connection
from chatplatform.transports.database_threads import DatabaseThreads
from chatplatform.transports.hub import Hub
from chatplatform.transports.newcomers import Newcomers
from chatplatform.transports.periodic import Periodic
from chatplatform.transports.polling import Session
from chatplatform.transports.publish import Publisher, ways

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 0.25
WATCH_SECONDS = 1.0
WATCH_IDLE_SECONDS = 10.0
IDLE_AT_ONCE = 500
BEAT_SECONDS = 1.0
DROP_SECONDS = 1.0
RENEW_SECONDS = 7.0
COUNT_SECONDS = 10.0
WORK_SECONDS = 1.0
_STOP_SECONDS = 2.0


class Server:
    """Everything live connections need. Belongs to one event loop; make it there.

    ``layer`` and ``process`` default to the installation's channel layer and this process's id.
    """

    def __init__(self, layer: Any = None, process: str = "") -> None:
        loop = asyncio.get_running_loop()
        self.loop = loop
        self.database = DatabaseThreads(loop, settings.DATABASE_THREADS)
        layer = layer or get_channel_layer()
        process = process or process_id()
        self.publisher = Publisher(layer, loop, process)
        self.hub = Hub(layer, self.publisher, self.database)
        self.newcomers = Newcomers()
        self.calls = Calls(self.hub, self.database, self.newcomers.remove, self._left)
        self.stopping = False
        self.sessions: dict[tuple[str, ...], Session] = {}
        """The SockJS sessions that live on plain requests."""
        self.claims = claims(process)
        self._connections: set[Connection] = set()
        self._gone: list[str] = []
        self._without_lease: set[Connection] = set()
        self._renewing = False
        self._working = False
        self._counting = False
        self._looking = False
        self._writing = False
        self._timers: list[Periodic] = []

    def start(self) -> None:
        """Begin to publish for this process, and start the timers."""
        ways.running = self.publisher
        every = [
            (SWEEP_SECONDS, self.calls.sweep),
            (WATCH_SECONDS, self._watch),
            (WATCH_IDLE_SECONDS, self._watch_idle),
            (BEAT_SECONDS, self.hub.tick),
            (DROP_SECONDS, self._drop),
            (RENEW_SECONDS, self._renew),
            (COUNT_SECONDS, self._count),
            (api_calls.FLUSH_SECONDS, self._write_calls),
        ]
        if settings.EMBEDDED_WORKER:
            every.append((WORK_SECONDS, self._work))
            worker.start()
        self._timers = [Periodic(self.loop, seconds, work) for seconds, work in every]

    def opened(self, connection: Connection) -> None:
        """Begin to watch over a connection: it must log in within the deadline.

        Where too many others have not, the oldest of them go.
        """
        self._connections.add(connection)
        for oldest in self.newcomers.add(connection):
            self._end(oldest, disconnects.TOO_MANY_UNAUTHORIZED_CONNECTIONS)

    def closed(self, connection: Connection) -> None:
        """Forget a connection that is no more."""
        connection.lost()
        self._connections.discard(connection)
        self.newcomers.remove(connection)
        self.hub.unregister(connection)
        if connection.terms is not None:
            self._left(connection)

    def say_goodbye(self) -> None:
        """Tell every client to come again, and close. New connections are turned away."""
        self.stopping = True
        for connection in list(self._connections):
            self._end(connection, disconnects.come_again(connection.api))

    async def finish(self) -> None:
        """Let clients go, calls under way end, and what they told be published."""
        self.say_goodbye()
        for timer in self._timers:
            timer.stop()
        await self.calls.stop()
        if settings.EMBEDDED_WORKER:
            await asyncio.to_thread(worker.stop)
        self._write_calls()
        await self.database.drain(_STOP_SECONDS)
        await self.publisher.stop()

    async def stop(self) -> None:
        """End everything, in order."""
        await self.finish()
        await self.hub.stop()
        for session in self.sessions:
            self.claims.release(session)
        await self.claims.stop()
        if ways.running is self.publisher:
            ways.running = None
        self.database.stop(_STOP_SECONDS)

    # --- timers -------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Close who did not log in within the deadline, and whose token has expired."""
        moment, now = time.monotonic(), clock.now()
        for connection in list(self._connections):
            terms = connection.terms
            if connection.closing:
                continue
            if terms is None:
                if connection.opened_at + settings.RTM_LOGIN_DEADLINE_SECONDS <= moment:
                    self._end(connection, disconnects.CONNECTION_TIMEOUT)
            elif terms.requester.expires_at is not None and terms.requester.expires_at <= now:
                self._end(connection, disconnects.ACCESS_TOKEN_EXPIRED)

    def _watch_idle(self) -> None:
        """End customers' connections without a chat and without another page for long.

        Who is or lately was in a conversation stays; the database knows, a batch at a time.
        """
        if self._looking:
            return
        limit = settings.CUSTOMER_INACTIVITY_SECONDS
        latest = time.monotonic() - limit
        idle = {
            connection: connection.requester.customer_id
            for connection in self._connections
            if connection.active_at <= latest
            and isinstance(connection.requester, CustomerRequester)
            and not connection.closing
        }
        batch = dict(itertools.islice(idle.items(), IDLE_AT_ONCE))
        if not batch:
            return
        self._looking = True
        since = clock.now() - timedelta(seconds=limit)

        def done(talking: set[UUID] | None, error: BaseException | None) -> None:
            self._looking = False
            if error is not None or talking is None:
                log.warning("idle customers not looked at", error=repr(error))
                return
            for connection, customer_id in batch.items():
                if customer_id in talking:
                    connection.active_at = time.monotonic()
                elif connection.active_at <= latest and not connection.closing:
                    self._end(connection, disconnects.INACTIVITY_TIMEOUT)

        self.database.submit(lambda: people.in_conversation(set(batch.values()), since), done)

    def _end(self, connection: Connection, reason: str) -> None:
        self.hub.unregister(connection)
        connection.disconnect(reason)

    def _left(self, connection: Connection) -> None:
        self._gone.append(connection.id)

    def _drop(self) -> None:
        """Let the leases of connections that are no more run out."""
        if not self._gone:
            return
        gone, self._gone = self._gone, []

        def done(result: None, error: BaseException | None) -> None:
            if error is not None:
                log.warning("leases not dropped", error=repr(error))
                self._gone.extend(gone)

        self.database.submit(lambda: presence.drop(gone), done)

    def _renew(self) -> None:
        """Renew the leases of everybody connected here, in one call that never overlaps itself.

        Who has none any more, while the process or the database stood still for long, counts as
        gone for everybody else, and must come again. A lease may also end just before the session
        does, for a reason of its own: only one missed twice in a row is known to be lost. A lease
        whose connection is no more is let run out.
        """
        logged_in = [one for one in self._connections if one.terms is not None and not one.closing]
        if self._renewing or not logged_in:
            return
        self._renewing = True

        def done(held: set[str] | None, error: BaseException | None) -> None:
            self._renewing = False
            if error is not None or held is None:
                log.warning("leases not renewed", error=repr(error))
                return
            missing = {connection for connection in logged_in if connection.id not in held}
            for connection in missing & self._without_lease:
                log.warning("a connection lost its lease", connection=connection.id)
                self._end(connection, disconnects.come_again(connection.api))
            self._without_lease = missing
            self._gone.extend(held - {connection.id for connection in self._connections})

        self.database.submit(presence.renew, done)

    def _count(self) -> None:
        """Tell subscribers how many customers there are where that is more than they asked for."""
        subscribers = self.hub.subscribers()
        if self._counting or not subscribers:
            return
        self._counting = True
        asked = {
            (connection.organization_id, subscription.group_numbers)
            for connection in subscribers
            if connection.terms is not None and connection.organization_id is not None
            for subscription in connection.terms.subscriptions.values()
        }

        def done(
            counts: dict[tuple[UUID, frozenset[int]], int] | None, error: BaseException | None
        ) -> None:
            self._counting = False
            if error is not None or counts is None:
                log.warning("subscribed customers not counted", error=repr(error))
                return
            for connection in subscribers:
                self._tell_totals(connection, counts)

        self.database.submit(lambda: monitoring.counts_online(asked), done)

    def _tell_totals(
        self, connection: Connection, counts: dict[tuple[UUID, frozenset[int]], int]
    ) -> None:
        terms, organization_id = connection.terms, connection.organization_id
        if terms is None or organization_id is None or connection.closing:
            return
        totals = {}
        for key, subscription in terms.subscriptions.items():
            total = counts.get((organization_id, subscription.group_numbers), 0)
            if total > subscription.limit:
                totals[key] = total
        if totals:
            counted = SubscribedCustomersCounted(
                organization_id=str(organization_id),
                agent_id=terms.requester.user_id,
                totals=totals,
            )
            self.hub.tell(connection, counted)

    def _write_calls(self) -> None:
        """Write down which calls were served, never twice at a time."""
        if self._writing or not api_calls.anything_noted():
            return
        self._writing = True

        def done(result: None, error: BaseException | None) -> None:
            self._writing = False
            if error is not None:
                log.warning("calls not written down", error=repr(error))

        self.database.submit(api_calls.flush, done)

    def _work(self) -> None:
        """Let the embedded worker do what is due, never twice at a time."""
        if self._working:
            return
        self._working = True

        def done(result: None, error: BaseException | None) -> None:
            self._working = False
            if error is not None:
                log.warning("the embedded worker failed", error=repr(error))

        self.database.submit(worker.run_once, done)


_servers: WeakKeyDictionary[asyncio.AbstractEventLoop, Server] = WeakKeyDictionary()


def current() -> Server:
    """Return the running loop's server, started on first use."""
    loop = asyncio.get_running_loop()
    server = _servers.get(loop)
    if server is None:
        server = _servers[loop] = Server()
        server.start()
    return server


async def stop() -> None:
    """Stop the running loop's server, if there is one."""
    server = _servers.pop(asyncio.get_running_loop(), None)
    if server is not None:
        await server.stop()


def say_goodbye_on_signals(server: Server) -> None:
    """Tell clients to come again as soon as the process is asked to end.

    A server process closes sockets before it tells the application, so the application listens
    for the signals itself and then lets the former handler do its work.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _then(server, signal.getsignal(number)))


def _then(server: Server, former: Any) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        try:
            server.loop.call_soon_threadsafe(server.say_goodbye)
        except RuntimeError:  # the loop has ended before
            log.debug("no loop to say goodbye on")
        if callable(former):
            former(number, frame)
        elif former == signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    return handle
