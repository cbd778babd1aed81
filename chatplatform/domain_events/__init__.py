"""What happened, as frozen values: services tell, transports publish, surfaces translate.

A service calls :func:`tell` while its transaction is open: what is owed to webhooks is written
there and then (``services/outbox.py``), the event itself leaves only after the commit. Inside
:func:`collect` (every dispatched action) events are gathered for the transport, which publishes
them after the response; elsewhere (timers, commands) they are published at once through the
function :func:`publish_with` registered.

Records inside events are plain JSON data in the newest agent-side shape (``records.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from django.db import transaction

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class DomainEvent:
    """Anything other parts may want to know. ``organization_id`` is a UUID's text."""

    types: ClassVar[dict[str, type[DomainEvent]]] = {}

    organization_id: str

    def __init_subclass__(cls) -> None:
        DomainEvent.types[cls.__name__] = cls


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatEvent(DomainEvent):
    """A change of one chat.

    ``sequence`` is the chat's number of this change: every reader sees them in this order.
    ``previous_at`` and ``changed_at`` (RFC 3339) are the moments of the change before and of this
    one. ``group_ids``, ``participants`` and ``followers`` are the chat's as of this change (see
    ``models.Chat``); they decide who is told.
    """

    chat_id: str
    thread_id: str
    sequence: int
    previous_at: str
    changed_at: str
    group_ids: list[int]
    participants: dict[str, Record]
    followers: list[str]

    def kept(self) -> ChatEvent:
        """Return what is kept of it for hubs that missed it: all that can not be read elsewhere."""
        return self


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatSignal(DomainEvent):
    """Something transient in a chat: told to those who watch, never stored."""

    chat_id: str
    thread_id: str
    author_id: str
    group_ids: list[int]
    participants: dict[str, Record]
    followers: list[str]


@dataclass(frozen=True, slots=True)
class Cause:
    """Who caused what is told: the user of a call, their account, and the client they used.

    Ids as text, empty where there is none. For the audit log alone: ``door`` is the way in
    (``models.AuditEntry.Door``), ``address`` and ``user_agent`` are the client's.
    """

    user_id: str
    account_id: str
    client_id: str
    door: str = ""
    address: str = ""
    user_agent: str = ""

    def record(self) -> Record:
        """Return as plain data what webhooks are told."""
        return {
            "user_id": self.user_id,
            "account_id": self.account_id,
            "client_id": self.client_id,
        }


Sink = Callable[[DomainEvent], None]

_collecting: ContextVar[list[DomainEvent] | None] = ContextVar("collecting", default=None)
_cause: ContextVar[Cause | None] = ContextVar("cause", default=None)
_publisher: list[Sink] = []
_keeper: list[Sink] = []


def publish_with(sink: Sink) -> None:
    """Register what publishes events told outside :func:`collect`; the newest one counts."""
    _publisher[:] = [sink]


def keep_with(sink: Sink) -> None:
    """Register what writes down, in the open transaction, what is owed because of an event."""
    _keeper[:] = [sink]


def tell(event: DomainEvent) -> None:
    """Write down what is owed because of ``event`` and let it be known after the commit."""
    for keep in _keeper:
        keep(event)
    announce(event)


def announce(event: DomainEvent) -> None:
    """Let ``event`` be known once the open transaction, if any, has committed.

    For what is written down already, or concerns nobody outside.
    """
    transaction.on_commit(lambda: _deliver(event))


@contextmanager
def caused_by(cause: Cause | None) -> Iterator[None]:
    """Let whatever is told inside the block have this cause; ``None``: the system itself."""
    token = _cause.set(cause)
    try:
        yield
    finally:
        _cause.reset(token)


def cause() -> Cause | None:
    """Return who caused what is being told, or ``None`` for the system."""
    return _cause.get()


def _deliver(event: DomainEvent) -> None:
    gathered = _collecting.get()
    if gathered is not None:
        gathered.append(event)
    elif _publisher:
        _publisher[0](event)


@contextmanager
def collect() -> Iterator[list[DomainEvent]]:
    """Gather what is told (and committed) inside the block, in order."""
    gathered: list[DomainEvent] = []
    token = _collecting.set(gathered)
    try:
        yield gathered
    finally:
        _collecting.reset(token)


def pack(event: DomainEvent) -> Record:
    """Return ``event`` as plain data; :func:`unpack` reads it."""
    return {"is": type(event).__name__, **{name: getattr(event, name) for name in _fields(event)}}


def unpack(packed: Record) -> DomainEvent:
    """Return the event :func:`pack` wrote; raise ``KeyError`` for an unknown kind."""
    values = dict(packed)
    return DomainEvent.types[values.pop("is")](**values)


_names: dict[type[DomainEvent], tuple[str, ...]] = {}


def _fields(event: DomainEvent) -> tuple[str, ...]:
    names = _names.get(type(event))
    if names is None:
        names = _names[type(event)] = tuple(field.name for field in fields(event))
    return names
