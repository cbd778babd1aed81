"""The hub: brings what happened to the local sockets that may see it.

One per server process. It holds one layer subscription per organisation with local sockets,
translates each domain event once, finds the audience among its own sockets, encodes once per
version and puts the frames into the sockets' queues. It notices when it may have missed something
and then makes the sockets concerned start over, for clients re-read state when they log in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import structlog

from chatplatform import domain_events
from chatplatform.api import pushes
from chatplatform.api.context import SessionTerms
from chatplatform.api.pushes import Push, PushType, Reach
from chatplatform.domain_events import ChatEvent, DomainEvent, Record
from chatplatform.domain_events.groups import GroupDeleted
from chatplatform.domain_events.sessions import SessionsEnded, SessionsRegrouped
from chatplatform.errors import ServiceUnavailable
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.requester import AgentRequester, CustomerRequester, Requester
from chatplatform.selectors import chats
from chatplatform.transports import disconnects, envelopes, frames
from chatplatform.transports.audience import Sockets, audience, client_of, reaches
from chatplatform.transports.connection import MAX_HELD_EVENTS, Connection
from chatplatform.transports.database_threads import DatabaseThreads
from chatplatform.transports.envelopes import Envelope, Origin
from chatplatform.transports.ordering import ChatOrder, Filled
from chatplatform.transports.publish import Publisher
from chatplatform.transports.subscription import Subscription
from chatplatform.transports.wishes import wishes

log = structlog.get_logger(__name__)

MISSED_BEATS = 3
"""So many own beats in a row that did not come back mean that the subscription is lost."""
LINGER_SECONDS = 30
"""How long an organisation stays subscribed after its last socket left."""
SILENT_SECONDS = 600
"""A peer process not heard for so long is forgotten."""
REJOIN_SECONDS = 3600
"""The in-process layer forgets members after a day; they join anew well before."""
REVOKED_SECONDS = 60
"""Longer than any call takes: so long a revoked token is remembered."""
_PROBE_SECONDS = 0.1
_JOIN_SECONDS = 5.0


class Revoked(NamedTuple):
    """Why and when (on the monotonic clock) the sessions of a token were ended."""

    reason: str
    at: float


class _Organization:
    """What the hub knows of one organisation.

    ``connections`` are all registered ones, logged in or not; ``logging_in`` those of them whose
    login is under way; ``by_api`` the logged-in ones. ``live`` is whether the subscription has
    proved to work: our own envelope ``proof``, or one after it, came back. ``revoked`` are the
    tokens that lately ended sessions, by checksum or all of a client: no connection may take one
    up any more.
    """

    def __init__(self, organization_id: str, order: ChatOrder) -> None:
        self.id = organization_id
        self.order = order
        self.connections: set[Connection] = set()
        self.logging_in: set[Connection] = set()
        self.by_api: dict[str, Sockets] = {}
        self.heard: dict[str, tuple[int, float]] = {}
        self.live = asyncio.Event()
        self.proof = 0
        self.prover: asyncio.Task[None] | None = None
        self.missed = 0
        self.empty_since = time.monotonic()
        self.joined_at = 0.0
        self.revoked: dict[str, Revoked] = {}

    def why_revoked(self, requester: Requester, *, again: bool) -> Revoked | None:
        """Return what ended the token a connection takes up; ``again``: in place of another.

        A login is told by itself that all tokens of its client ended: the event is held for it.
        """
        found = self.revoked.get(requester.token_checksum)
        if found is None and again:
            return self.revoked.get(_of_client(requester.client_id))
        return found

    def forget_revoked(self, now: float) -> None:
        """Forget tokens that were revoked so long ago that no call can still be using them."""
        old = [key for key, one in self.revoked.items() if now - one.at > REVOKED_SECONDS]
        for key in old:
            del self.revoked[key]


class Hub:
    """Serves the sockets of one event loop; every method belongs to it."""

    def __init__(self, layer: Any, publisher: Publisher, database: DatabaseThreads) -> None:
        self._publisher = publisher
        self._database = database
        self._process = publisher.process
        self._organizations: dict[str, _Organization] = {}
        self._subscription = Subscription(layer, self._on_message, self._on_loss)
        self._leaving: set[asyncio.Task[None]] = set()
        publisher.on_failure = self.lost

    # --- connections --------------------------------------------------------------------------

    async def register(self, connection: Connection, organization_id: UUID) -> None:
        """Begin a login: from now on everything that happens is held for ``connection``.

        Returns once the organisation's subscription works. Raises ``ServiceUnavailable`` when it
        does not within five seconds. End with :meth:`admit` or :meth:`unregister`.
        """
        organization = self._organization(str(organization_id))
        if not organization.connections:
            organization.order.clear()  # what happened while nobody was here was not followed
        connection.organization_id = organization_id
        connection.held = []
        organization.connections.add(connection)
        organization.logging_in.add(connection)
        if organization.live.is_set():
            return
        if organization.prover is None:
            prove = self._prove(organization)
            organization.prover = asyncio.get_running_loop().create_task(prove)
        try:
            async with asyncio.timeout(_JOIN_SECONDS):
                await organization.live.wait()
        except TimeoutError as error:
            raise ServiceUnavailable from error

    def admit(self, connection: Connection, terms: SessionTerms) -> None:
        """End a login: index the connection by ``terms`` and release what was held for it.

        On a connection that is logged in already, ``terms`` replace the former ones; but groups
        stay as they are, for only what happens to groups changes those.
        """
        if connection.organization_id is None or connection.closing:
            return
        organization = self._organizations[str(connection.organization_id)]
        again = connection.terms is not None
        if connection.terms is not None:
            terms = replace(
                terms,
                group_numbers=connection.terms.group_numbers,
                groups_revision=connection.terms.groups_revision,
            )
        self._agree(organization, connection, terms)
        organization.logging_in.discard(connection)
        if revoked := organization.why_revoked(terms.requester, again=again):
            self._end(connection, revoked.reason)
            return
        held, connection.held = connection.held, None
        for event, origin in held or ():
            self._release(organization, connection, event, origin, watched_only=again)

    def hold(self, connection: Connection) -> None:
        """Hold what happens for a connection that is about to watch more, as for a login.

        :meth:`admit` gives it the pushes for watchers, which may come twice then; the others have
        reached it meanwhile. End with that or with :meth:`let_go`.
        """
        organization = self._organizations.get(str(connection.organization_id))
        if organization is not None and connection in organization.connections:
            connection.held = []
            organization.logging_in.add(connection)

    def let_go(self, connection: Connection) -> None:
        """Forget what was held for a connection whose terms stay as they are."""
        organization = self._organizations.get(str(connection.organization_id))
        if organization is not None and connection.terms is not None:
            organization.logging_in.discard(connection)
            connection.held = None

    def subscribers(self) -> list[Connection]:
        """Return the connections with subscriptions to customers."""
        return [
            connection
            for organization in self._organizations.values()
            if (sockets := organization.by_api.get("agent")) is not None
            for connection in sockets.everyone
            if connection.terms is not None and connection.terms.subscriptions
        ]

    def tell(self, connection: Connection, event: DomainEvent) -> None:
        """Deliver an event to one connection here, as its own."""
        self._deliver(event, Origin(connection.id))

    def _agree(
        self, organization: _Organization, connection: Connection, terms: SessionTerms
    ) -> None:
        """Index a connection by other terms than before."""
        sockets = organization.by_api.setdefault(connection.api, Sockets())
        sockets.remove(connection)
        connection.terms = terms
        connection.wishes = wishes(terms.pushes)
        sockets.add(connection)

    def evict(self, newest: Connection, user_id: str, limit: int) -> None:
        """End the oldest connections of a user beyond ``limit``, never ``newest``."""
        organization = self._organizations.get(str(newest.organization_id))
        sockets = organization.by_api.get(newest.api) if organization is not None else None
        if sockets is None:
            return
        own = sorted(sockets.of_user(user_id), key=lambda connection: connection.opened_at)
        own = [connection for connection in own if connection is not newest]
        for connection in own[: max(0, len(own) + 1 - limit)]:
            self._end(connection, disconnects.CONNECTION_EVICTED)

    def unregister(self, connection: Connection) -> None:
        """Forget a connection, whatever state it is in."""
        if connection.organization_id is None:
            return
        organization = self._organizations.get(str(connection.organization_id))
        connection.held = None
        if organization is None or connection not in organization.connections:
            return
        organization.connections.discard(connection)
        organization.logging_in.discard(connection)
        sockets = organization.by_api.get(connection.api)
        if sockets is not None:
            sockets.remove(connection)
            if not sockets.everyone:
                del organization.by_api[connection.api]
        if not organization.connections:
            organization.empty_since = time.monotonic()

    def counts(self, connection: Connection, user_id: str) -> tuple[int, int]:
        """Return how many connections the organisation, and one user on this API, have here."""
        organization = self._organizations.get(str(connection.organization_id))
        if organization is None:
            return 0, 0
        sockets = organization.by_api.get(connection.api)
        own = len(list(sockets.of_user(user_id))) if sockets else 0
        return len(organization.connections), own

    # --- subscriptions ------------------------------------------------------------------------

    def tick(self) -> None:
        """Beat, notice missing beats, and leave organisations nobody is connected to.

        Called once a second.
        """
        now = time.monotonic()
        for organization in list(self._organizations.values()):
            if not organization.connections and now - organization.empty_since > LINGER_SECONDS:
                self._leave(organization)
                continue
            if organization.live.is_set():
                organization.missed += 1
                if organization.missed > MISSED_BEATS:
                    self.lost(organization.id)
                if now - organization.joined_at > REJOIN_SECONDS:
                    self._rejoin(organization, now)
            self._forget_silent(organization, now)
            organization.forget_revoked(now)
        self._publisher.keep_beating(self._organizations)

    def lost(self, organization_id: str) -> None:
        """Something may have been missed: make every socket of the organisation start over."""
        organization = self._organizations.get(organization_id)
        if organization is None or not organization.live.is_set():
            return  # nobody is logged in there: logins wait until the subscription works
        log.warning(
            "subscription lost",
            organization_id=organization_id,
            connections=len(organization.connections),
        )
        organization.live.clear()
        organization.heard.clear()
        organization.order.clear()
        organization.missed = 0
        for connection in list(organization.connections):
            self._end(connection, disconnects.come_again(connection.api))

    async def stop(self) -> None:
        """Stop listening. Connections are the caller's to end first."""
        provers = [known.prover for known in self._organizations.values() if known.prover]
        for prover in provers:
            prover.cancel()
        await asyncio.gather(*provers, *self._leaving, return_exceptions=True)
        for organization in self._organizations.values():
            organization.order.clear()
            await self._subscription.leave(organization.id)
        self._organizations.clear()
        await self._subscription.stop()

    def connections(self) -> list[Connection]:
        """Return every registered connection."""
        return [
            connection
            for organization in self._organizations.values()
            for connection in organization.connections
        ]

    def _organization(self, organization_id: str) -> _Organization:
        organization = self._organizations.get(organization_id)
        if organization is None:
            order = ChatOrder(self._deliver, self._fetch, self._lost_in_chat, self._tell_late)
            organization = _Organization(organization_id, order)
            self._organizations[organization_id] = organization
        return organization

    async def _prove(self, organization: _Organization) -> None:
        """Join, and beat until a beat comes back: only then is nothing missed any more."""
        organization.proof = 0
        failed = False
        try:
            while organization.connections and not organization.live.is_set():
                try:
                    await self._subscription.join(organization.id)
                except Exception as error:
                    if not failed:
                        log.warning("joining failed", error=repr(error))
                    failed = True
                else:
                    organization.joined_at = time.monotonic()
                    number = self._publisher.beat(organization.id)
                    organization.proof = organization.proof or number
                try:
                    async with asyncio.timeout(_PROBE_SECONDS):
                        await organization.live.wait()
                except TimeoutError:
                    continue
        finally:
            organization.prover = None

    def _rejoin(self, organization: _Organization, now: float) -> None:
        organization.joined_at = now
        self._in_background(self._subscription.join(organization.id))

    def _leave(self, organization: _Organization) -> None:
        organization.order.clear()
        del self._organizations[organization.id]
        self._in_background(self._subscription.leave(organization.id))

    def _in_background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _on_loss(self) -> None:
        for organization_id in list(self._organizations):
            self.lost(organization_id)

    def _forget_silent(self, organization: _Organization, now: float) -> None:
        silent = [
            process
            for process, (_, heard_at) in organization.heard.items()
            if now - heard_at > SILENT_SECONDS
        ]
        for process in silent:
            del organization.heard[process]

    # --- what happened ------------------------------------------------------------------------

    def _on_message(self, organization_id: str, body: bytes) -> None:
        organization = self._organizations.get(organization_id)
        if organization is None:
            return
        now = time.monotonic()
        for envelope in envelopes.opened(body):
            if not self._count(organization, envelope, now):
                continue
            for record in envelope.events:
                event = _unpacked(record)
                if event is not None and organization.connections:
                    self._happened(organization, event, envelope.origin)

    def _count(self, organization: _Organization, envelope: Envelope, now: float) -> bool:
        """Note an envelope's number; return whether it is a new one."""
        if envelope.process == self._process:
            organization.missed = 0
            if not organization.live.is_set() and 0 < organization.proof <= envelope.number:
                organization.live.set()
        known, _ = organization.heard.get(envelope.process, (envelope.number - 1, now))
        if envelope.number <= known:
            return False
        if envelope.number > known + 1:
            self.lost(organization.id)
        organization.heard[envelope.process] = (envelope.number, now)
        return True

    def _happened(
        self, organization: _Organization, event: DomainEvent, origin: Origin | None
    ) -> None:
        if isinstance(event, ChatEvent):
            organization.order.receive(event, origin)
        elif isinstance(event, SessionsEnded):
            self._end_sessions(organization, event)
            _hold(organization, event, origin)
        elif isinstance(event, SessionsRegrouped):
            self._regroup(organization, event)
            _hold(organization, event, origin)
        elif isinstance(event, GroupDeleted):
            self._leave_group(organization, event.group_id)
            self._deliver(event, origin)
        else:
            self._deliver(event, origin)

    def _deliver(self, event: DomainEvent, origin: Origin | None) -> None:
        organization = self._organizations.get(event.organization_id)
        if organization is None:
            return
        for push_type in pushes.translators(event):
            sockets = organization.by_api.get(push_type.api)
            if sockets is None:
                continue
            push = _translated(push_type, event)
            if push is None:
                continue
            found = audience(sockets, push, origin)
            if found:
                _push(found, push_type, push, origin)
        if organization.logging_in:
            _hold(organization, event, origin)

    def _regroup(self, organization: _Organization, event: SessionsRegrouped) -> None:
        """Let a user's sockets see what their groups see now."""
        for sockets in list(organization.by_api.values()):
            for connection in list(sockets.of_user(event.user_id)):
                self._regroup_one(organization, connection, event)

    def _regroup_one(
        self, organization: _Organization, connection: Connection, event: SessionsRegrouped
    ) -> None:
        terms = connection.terms
        if terms is None or 0 < event.revision <= terms.groups_revision:
            return
        revision = event.revision or terms.groups_revision
        numbers = frozenset(event.group_numbers)
        changed = replace(terms, group_numbers=numbers, groups_revision=revision)
        self._agree(organization, connection, changed)

    def _leave_group(self, organization: _Organization, number: int) -> None:
        """Let customers on a deleted group's pages belong to General; agents are told apart."""
        sockets = organization.by_api.get("customer")
        for connection in list(sockets.of_group(number)) if sockets else ():
            assert connection.terms is not None
            general = replace(connection.terms, group_numbers=frozenset({GENERAL_GROUP}))
            self._agree(organization, connection, general)

    def _end_sessions(self, organization: _Organization, event: SessionsEnded) -> None:
        ended = [
            connection
            for sockets in organization.by_api.values()
            for connection in (
                sockets.of_user(event.user_id) if event.user_id else sockets.everyone
            )
            if _is_ended(connection, event)
        ]
        if event.token_checksum:
            organization.revoked[event.token_checksum] = Revoked(event.reason, time.monotonic())
        elif event.client_id and not event.agents_only:
            key = _of_client(event.client_id)
            organization.revoked[key] = Revoked(event.reason, time.monotonic())
        for connection in ended:
            self._end(connection, event.reason)

    def _end(self, connection: Connection, reason: str) -> None:
        self.unregister(connection)
        connection.disconnect(reason)

    def _release(
        self,
        organization: _Organization,
        connection: Connection,
        event: DomainEvent,
        origin: Origin | None,
        *,
        watched_only: bool,
    ) -> None:
        """Let a connection that just logged in have what happened meanwhile.

        ``watched_only``: it was logged in before, and only watches more now.
        """
        if watched_only and isinstance(event, SessionsEnded | SessionsRegrouped):
            return
        if isinstance(event, SessionsEnded):
            if _is_ended(connection, event):
                self._end(connection, event.reason)
            return
        if isinstance(event, SessionsRegrouped):
            if connection.requester is not None and connection.requester.user_id == event.user_id:
                self._regroup_one(organization, connection, event)
            return
        if isinstance(event, GroupDeleted):
            self._leave_group(organization, event.group_id)
        for push_type in pushes.translators(event):
            if push_type.api == connection.api:
                _release_push(connection, push_type, event, origin, watched_only=watched_only)

    # --- gaps ---------------------------------------------------------------------------------

    def _fetch(self, chat_id: str, after: int, before: int, filled: Filled) -> None:
        def done(found: Sequence[ChatEvent], error: BaseException | None) -> None:
            if error is not None:
                log.warning("a gap can not be read", chat_id=chat_id, error=repr(error))
            filled(None if error is not None else found)

        self._database.submit(partial(chats.missing_changes, chat_id, after, before), done)

    def _tell_late(self, event: ChatEvent, origin: Origin) -> None:
        """Give who caused a change its push once more, with the request's id they wait for."""
        organization = self._organizations.get(event.organization_id)
        for connection in list(organization.connections) if organization is not None else ():
            if connection.id != origin.connection_id or connection.terms is None:
                continue
            for push_type in pushes.translators(event):
                if push_type.api == connection.api:
                    _release_push(connection, push_type, event, origin, watched_only=False)

    def _lost_in_chat(self, event: ChatEvent) -> None:
        """Make every socket that may see the chat start over."""
        organization = self._organizations.get(event.organization_id)
        if organization is None:
            return
        log.warning("changes of a chat lost", chat_id=event.chat_id, sequence=event.sequence)
        watchers = Push(
            payload=None,
            reach=Reach.ACCESS,
            user_ids=frozenset(event.participants) | frozenset(event.followers),
            group_ids=frozenset(event.group_ids),
        )
        concerned = [
            connection
            for sockets in organization.by_api.values()
            for connection in sockets.reached(watchers)
        ]
        for connection in (*concerned, *organization.logging_in):
            self._end(connection, disconnects.come_again(connection.api))


def _unpacked(record: Record) -> DomainEvent | None:
    try:
        return domain_events.unpack(record)
    except (KeyError, TypeError):  # another release of the server, during an upgrade
        log.warning("unknown domain event", kind=record.get("is"))
        return None


def _translated(push_type: PushType, event: DomainEvent) -> Push | None:
    try:
        return push_type.translate(event)
    except Exception:
        log.exception("a push could not be made", push=push_type.action)
        return None


def _push(found: Any, push_type: PushType, push: Push, origin: Origin | None) -> None:
    """Queue ``push`` for the connections in ``found``, encoded once per version.

    Where it holds what only clients of one application are shown, theirs is encoded by itself.
    """
    bodies: dict[tuple[str, str], bytes | None] = {}
    shared: dict[tuple[str, str], str] = {}
    owners = push_type.owners(push.payload)
    caused_by = origin.connection_id if origin is not None else ""
    for connection in list(found):
        if connection.wishes is None:
            continue
        client_id = client_of(connection) if owners else ""
        owner = client_id if client_id in owners else ""
        for version in connection.wishes.versions(push_type):
            shape = (version, owner)
            if shape not in bodies:
                payload = push_type.payload(push.payload, version, owner)
                bodies[shape] = None if payload is None else frames.encoded(payload)
            body = bodies[shape]
            if body is None:
                continue
            if connection.id == caused_by:
                request_id = origin.request_id if origin is not None else None
                connection.send(frames.push(version, push_type.action, body, request_id))
                continue
            frame = shared.get(shape)
            if frame is None:
                frame = shared[shape] = frames.push(version, push_type.action, body)
            connection.send(frame)


def _hold(organization: _Organization, event: DomainEvent, origin: Origin | None) -> None:
    for connection in list(organization.logging_in):
        held = connection.held
        if held is None:
            continue
        held.append((event, origin))
        if len(held) > MAX_HELD_EVENTS:
            connection.cut_off()


def _of_client(client_id: str) -> str:
    """Return what all tokens of a client are remembered by; no checksum looks like it."""
    return f"client {client_id}"


def _is_ended(connection: Connection, event: SessionsEnded) -> bool:
    requester = connection.requester
    if requester is None or connection.id == event.except_connection:
        return False
    if event.user_id:
        return requester.user_id == event.user_id
    if event.client_id:
        concerned = isinstance(requester, AgentRequester) or not event.agents_only
        return concerned and requester.client_id == event.client_id
    if event.address:
        return isinstance(requester, CustomerRequester) and connection.address == event.address
    return bool(event.token_checksum) and requester.token_checksum == event.token_checksum


def _release_push(
    connection: Connection,
    push_type: PushType,
    event: DomainEvent,
    origin: Origin | None,
    *,
    watched_only: bool,
) -> None:
    push = _translated(push_type, event)
    if push is None or (watched_only and not push.watchers):
        return
    if reaches(connection, push, origin):
        _push((connection,), push_type, push, origin)
