"""What happened, as frozen values: services tell, transports publish, surfaces translate.

A service calls :func:`tell` while its transaction is open; the event leaves only after the commit.
Inside :func:`collect` (every dispatched action) events are gathered for the transport, which
publishes them after the response; elsewhere (timers, commands) they are published at once through
the function :func:`publish_with` registered.

Records inside events are plain JSON data in the newest agent-side shape (``records.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
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


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatStarted(ChatEvent):
    """A thread began, in a new chat or an old one; ``chat`` is a chat record with its thread.

    ``requester_key`` names the requester towards customers (see :class:`ChatDeactivated`).
    """

    chat: Record
    requester_id: str
    requester_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatDeactivated(ChatEvent):
    """The active thread closed; ``user_id`` is empty when the system closed it.

    ``user_key`` is the same user towards customers: an agent's customer-facing id, empty for
    whisperers, of whom customers must not know.
    """

    user_id: str
    user_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatTransferred(ChatEvent):
    """The thread went to other hands, or into the queue. ``queue`` is a queue record or empty."""

    requester_id: str
    reason: str
    to_group_ids: list[int]
    to_agent_ids: list[str]
    queue: Record = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class UserAddedToChat(ChatEvent):
    """``user`` (a user record) joined; ``requester_id`` is empty unless an agent caused it.

    ``requester_key`` names the requester towards customers (see :class:`ChatDeactivated`).
    """

    user: Record
    reason: str
    requester_id: str
    requester_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRemovedFromChat(ChatEvent):
    """``user_id`` left; ``requester_id`` is empty unless an agent caused it.

    ``participants`` still shows the user as present, so that they are told too.
    ``requester_key`` names the requester towards customers (see :class:`ChatDeactivated`).
    """

    user_id: str
    reason: str
    requester_id: str
    requester_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class EventAppended(ChatEvent):
    """``event`` (an event record) was added to the active or last thread."""

    event: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class EventUpdated(ChatEvent):
    """The server changed ``event`` (an event record), e.g. by adding thumbnails."""

    event: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class EventsMarkedAsSeen(ChatEvent):
    """``user_id`` has seen everything up to ``seen_up_to`` (RFC 3339)."""

    user_id: str
    seen_up_to: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRepeated(DomainEvent):
    """A send repeated a stored event: the sender alone gets its push again."""

    chat_id: str
    thread_id: str
    user_id: str
    participants: dict[str, Record]
    event: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatOpened(DomainEvent):
    """A running chat came before ``user_id`` in full, by following, joining or assignment.

    ``chat`` is a chat record with its newest thread, ``participants`` the chat's;
    ``transferred_from`` is ``{group_ids, agent_ids}`` or empty. ``requester_key`` names the
    requester towards customers (see :class:`ChatDeactivated`).
    """

    user_id: str
    chat: Record
    participants: dict[str, Record]
    requester_id: str
    requester_key: str = ""
    transferred_from: Record = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatUnfollowed(DomainEvent):
    """``agent_id`` stopped following."""

    agent_id: str
    chat_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatSignal(DomainEvent):
    """Something transient in a chat: told to those who watch, never stored."""

    chat_id: str
    thread_id: str
    author_id: str
    group_ids: list[int]
    participants: dict[str, Record]
    followers: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class SneakPeeked(ChatSignal):
    """What a customer has typed so far; agents only. ``timestamp`` in Unix seconds."""

    text: str
    timestamp: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TypingIndicated(ChatSignal):
    """An agent types, or stopped; customers learn of it when ``visibility`` is ``all``."""

    visibility: str
    is_typing: bool
    timestamp: int


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePositionsUpdated(DomainEvent):
    """Places of threads that wait for agents of ``group_ids`` changed.

    Each entry: ``{chat_id, thread_id, queue: {position, wait_time}}``.
    """

    group_ids: list[int]
    entries: list[Record]


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePositionUpdated(DomainEvent):
    """The place of one waiting customer changed; ``queue`` is ``{position, wait_time}``."""

    chat_id: str
    thread_id: str
    customer_id: str
    queue: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingStatusSet(DomainEvent):
    """An agent's shown status changed."""

    agent_id: str
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupsStatusUpdated(DomainEvent):
    """Groups changed between online and offline, as agents are told: ``{id, status}`` each."""

    groups: list[Record]


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupStatusUpdated(DomainEvent):
    """One group's ``status``, in the customers' words, changed for the customers on its pages.

    Clients take the first group they are told of for their own (protocol.md 9), so customers hear
    of no other.
    """

    group_id: int
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerUpdated(DomainEvent):
    """A customer's data changed. ``customer`` is the customer record; ``changed`` names fields.

    ``group_ids`` are the groups that may see a chat of theirs.
    """

    customer_id: str
    customer: Record
    changed: list[str]
    group_ids: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerPageUpdated(DomainEvent):
    """A customer opened a page; ``page`` is ``{opened_at, url, title}``."""

    customer_id: str
    visit_id: int
    page: Record
    chat_agent_ids: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitoringStarted(DomainEvent):
    """An agent logged in: the customers they watch, for the connection that did."""

    agent_id: str
    level: str
    customers: list[Record]


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionsEnded(DomainEvent):
    """Live connections must end: those of ``user_id``, or those made with ``token_checksum``.

    ``reason`` is the disconnect reason the clients are told (protocol.md 3.5).
    ``except_connection`` names one that may stay.
    """

    reason: str
    user_id: str = ""
    token_checksum: str = ""
    except_connection: str = ""


Sink = Callable[[DomainEvent], None]

_collecting: ContextVar[list[DomainEvent] | None] = ContextVar("collecting", default=None)
_publisher: list[Sink] = []


def publish_with(sink: Sink) -> None:
    """Register what publishes events told outside :func:`collect`; the newest one counts."""
    _publisher[:] = [sink]


def tell(event: DomainEvent) -> None:
    """Let ``event`` be known once the open transaction, if any, has committed."""
    transaction.on_commit(lambda: _deliver(event))


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
