"""Requests of RTM connections: one after another, in order, each with its time limit.

A connection's frames are handled in the order they came. Ten may wait for their answers at once.
A request that is not done after fifteen seconds is answered ``request_timeout`` and changes
nothing; ``ping`` is answered at any time.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.conf import settings

from chatplatform.api import dispatch, ratelimit
from chatplatform.api.call import RTM, Call, Deadline, Outcome
from chatplatform.api.errors import as_protocol_error
from chatplatform.errors import (
    TURNED_AWAY,
    Authentication,
    PendingRequestsLimitReached,
    ProtocolError,
    RequestTimeout,
    Validation,
)
from chatplatform.requester import AgentRequester, CustomerRequester, Requester
from chatplatform.transports import disconnects, frames
from chatplatform.transports.connection import Connection
from chatplatform.transports.database_threads import DatabaseThreads
from chatplatform.transports.envelopes import Origin
from chatplatform.transports.frames import Refusal, Request
from chatplatform.transports.hub import Hub
from chatplatform.transports.publish import publish

WATCHING = frozenset({"subscribe_customers"})
"""Actions after which a connection hears of more: like a login they register, then read state."""


class Calls:
    """Serves the requests of every connection of one event loop.

    ``arrived`` hears of connections that logged in, ``left`` of those whose login succeeded when
    they were gone already, or there was no room left for them.
    """

    def __init__(
        self,
        hub: Hub,
        database: DatabaseThreads,
        arrived: Callable[[Connection], None],
        left: Callable[[Connection], None],
    ) -> None:
        self._arrived = arrived
        self._left = left
        self._hub = hub
        self._database = database
        self._busy: set[Connection] = set()
        self._logins: set[asyncio.Task[None]] = set()

    def receive(self, connection: Connection, text: str | None) -> None:
        """Take a text frame; ``None`` stands for a binary one, which no client should send."""
        if connection.closing:
            return
        try:
            if text is None:
                raise Refusal(Validation("frames must be text"))
            request = frames.read(text, connection.version)
            if request.action == "ping":
                connection.send(frames.answer("ping", request.request_id, {}))
                return
            connection.active_at = time.monotonic()
            self._queue(connection, request)
        except Refusal as refusal:
            connection.send(frames.refusal(refusal.action, refusal.request_id, refusal.error))

    def sweep(self) -> None:
        """Give up requests whose time has run out. Called a few times a second."""
        now = time.monotonic()
        for connection in list(self._busy):
            running, waiting = connection.running, connection.waiting
            if running is not None:
                _give_up(connection, running, now)
            while waiting and _give_up(connection, waiting[0], now):
                waiting.popleft()

    async def stop(self) -> None:
        """End logins under way."""
        for login in self._logins:
            login.cancel()
        await asyncio.gather(*self._logins, return_exceptions=True)

    def _queue(self, connection: Connection, request: Request) -> None:
        if connection.unanswered >= settings.RTM_PENDING_REQUESTS:
            raise Refusal(PendingRequestsLimitReached(), request.action, request.request_id)
        request.call = _call(connection, request)
        if connection.running is None:
            self._begin(connection, request)
            return
        if connection.waiting is None:
            connection.waiting = deque()
        connection.waiting.append(request)

    def _begin(self, connection: Connection, request: Request) -> None:
        connection.running = request
        self._busy.add(connection)
        call = request.call
        assert call is not None
        if request.action == "login":
            login = asyncio.get_running_loop().create_task(self._login(connection, request, call))
            self._logins.add(login)
            login.add_done_callback(self._logins.discard)
            return
        if connection.terms is None:
            self._done(connection, request, Outcome(error=Authentication("log in first")))
            return
        call.requester, call.terms = connection.terms.requester, connection.terms
        if request.action in WATCHING:
            self._hub.hold(connection)
        self._database.submit(
            partial(dispatch.dispatch, call), partial(self._returned, connection, request)
        )

    def _returned(
        self,
        connection: Connection,
        request: Request,
        outcome: Outcome | None,
        error: BaseException | None,
    ) -> None:
        self._done(connection, request, outcome or _failed(error))

    def _done(self, connection: Connection, request: Request, outcome: Outcome) -> None:
        """Answer, then tell what the call caused, then begin the next."""
        _answer(connection, request, outcome)
        if outcome.session is not None and request.action != "login":
            self._hub.admit(connection, outcome.session)
        elif request.action in WATCHING:
            self._hub.let_go(connection)
        if outcome.events:
            publish(outcome.events, Origin(connection.id, request.request_id))
        if outcome.ends_session and not outcome.error:
            self._hub.unregister(connection)
            connection.close()
        self._next(connection)

    def _next(self, connection: Connection) -> None:
        connection.running = None
        if connection.waiting and not connection.closing:
            self._begin(connection, connection.waiting.popleft())
        else:
            connection.waiting = None
            self._busy.discard(connection)

    # --- login --------------------------------------------------------------------------------

    async def _login(self, connection: Connection, request: Request, call: Call) -> None:
        """Register with the hub first, then read state, answer, and release what arrived."""
        try:
            outcome = await self._log_in(connection, call)
        except Exception as error:
            outcome = _failed(error)
        if outcome.session is None or connection.closing or request.answered:
            self._login_failed(connection, outcome)
        elif self._no_room(connection, outcome.session.requester):
            self._left(connection)
            self._turn_away(connection)  # others logged in meanwhile
        else:
            _answer(connection, request, outcome)
            self._hub.admit(connection, outcome.session)
            self._arrived(connection)
            self._make_room(connection)
        self._done(connection, request, outcome)

    def _login_failed(self, connection: Connection, outcome: Outcome) -> None:
        if connection.terms is not None:
            return  # a second login on a connection that keeps its first
        self._hub.unregister(connection)
        if outcome.session is not None:
            self._left(connection)

    async def _log_in(self, connection: Connection, call: Call) -> Outcome:
        if connection.terms is not None:
            raise Validation("this connection is logged in already")
        call.credentials = _token(call.payload)
        requester = await self._database.run(partial(_authenticated, call))
        self._check(connection, requester)
        await self._hub.register(connection, requester.organization_id)
        if self._no_room(connection, requester):
            self._turn_away(connection)
            return Outcome()
        # The pipeline asks again who it is: until the hub listened, a revocation could be missed.
        outcome = await self._database.run(partial(dispatch.dispatch, call))
        if outcome.error is None and outcome.session is None:
            raise Validation("this API has no login")
        return outcome

    def _check(self, connection: Connection, requester: Requester) -> None:
        """Hold the organisation in the URL, where there is one, against the token's."""
        named = connection.query.get("organization_id")
        if named is not None and _uuid(named) != requester.organization_id:
            raise Authentication("the token belongs to another organisation")

    def _no_room(self, connection: Connection, requester: Requester) -> bool:
        """Tell whether there are too many connections for another (protocol.md 3.5).

        An agent's oldest makes room for the newest. A customer's would come again at once and
        displace the next in turn, so that the newest is turned away instead.
        """
        everyone, own = self._hub.counts(connection, requester.user_id)
        if everyone > settings.RTM_CONNECTIONS_PER_ORGANIZATION:
            return True
        if isinstance(requester, CustomerRequester):
            return own >= settings.RTM_CONNECTIONS_PER_CUSTOMER
        return False

    def _turn_away(self, connection: Connection) -> None:
        self._hub.unregister(connection)
        connection.disconnect(disconnects.TOO_MANY_CONNECTIONS)

    def _make_room(self, connection: Connection) -> None:
        """Let an agent's oldest connections go where a newer one exceeds the limit."""
        requester = connection.requester
        if isinstance(requester, AgentRequester):
            self._hub.evict(connection, requester.user_id, settings.RTM_CONNECTIONS_PER_AGENT)


def _call(connection: Connection, request: Request) -> Call:
    request_id = request.request_id
    return Call(
        api=connection.api,
        action=request.action,
        version=request.version,
        transport=RTM,
        payload=request.payload,
        request_id=str(request_id) if request_id is not None else None,
        connection_id=connection.id,
        address=connection.address,
        user_agent=connection.user_agent,
        base_url=connection.base_url,
        query=connection.query,
        deadline=Deadline(settings.REQUEST_TIMEOUT_SECONDS),
        author_id=request.author_id,
    )


def _token(payload: object) -> str:
    token = payload.get("token") if isinstance(payload, dict) else None
    if not isinstance(token, str) or not token:
        raise Validation("`token` must be a string")
    return token


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _authenticated(call: Call) -> Requester:
    """Return who the token belongs to; failures count against the client's address."""
    try:
        return dispatch.authenticate(call)
    except TURNED_AWAY:
        ratelimit.failed_authentication(call.address)
        raise


def _answer(connection: Connection, request: Request, outcome: Outcome) -> None:
    if request.answered:
        return
    request.answered = True
    connection.send(_response(request, outcome))


def _response(request: Request, outcome: Outcome) -> str:
    action, request_id = request.action, request.request_id
    if outcome.error is not None:
        return frames.refusal(action, request_id, outcome.error)
    try:
        return frames.answer(action, request_id, outcome.payload)
    except TypeError as error:  # a handler's mistake: its answer is no JSON
        return frames.refusal(action, request_id, as_protocol_error(error, action=action))


def _give_up(connection: Connection, request: Request, now: float) -> bool:
    """Answer ``request_timeout`` if the time is up and nothing was committed."""
    deadline = request.call.deadline if request.call is not None else None
    if request.answered or deadline is None or deadline.ends_at > now or not deadline.expire():
        return False
    _answer(connection, request, Outcome(error=RequestTimeout()))
    return True


def _failed(error: BaseException | None) -> Outcome:
    if isinstance(error, ProtocolError):
        return Outcome(error=error)
    reason = error if isinstance(error, Exception) else RuntimeError(repr(error))
    return Outcome(error=as_protocol_error(reason))
