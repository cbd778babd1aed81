"""Reading chats, threads and events. Holding an object from ``access_*`` means being allowed to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from chatplatform import clock, domain_events
from chatplatform.domain_events import ChatEvent
from chatplatform.domain_events.chats import ChatOpened
from chatplatform.domain_events.events import EventAppended
from chatplatform.errors import Authorization, ChatAnonymized, NotFound
from chatplatform.models import Chat, ChatChange, ChatListing, Event, Thread
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.properties import DEFAULTS, Definitions
from chatplatform.records import (
    Record,
    chat_record,
    event_record,
    restricted_thread_record,
    thread_record,
)
from chatplatform.requester import AgentRequester, Requester
from chatplatform.selectors import people, queue
from chatplatform.selectors.groups import group_numbers_of
from chatplatform.selectors.properties import Condition, definitions_of, narrowed_by

COUNT_AT_MOST = 1_000
"""Totals in lists are estimates (protocol.md 4.4): exact up to this number, which is then shown."""

THREADS_AT_ONCE = 200
"""Threads whose events one read names one by one."""

RESTRICTED = "The agent has no access to the thread"
"""What stands in a thread, or in place of an event of one, that its reader may not see."""

Position = tuple[datetime, str]
"""Where a list stands: creation of a chat's last thread, and the chat's id."""


# --- access -----------------------------------------------------------------------------------


def may_see(requester: AgentRequester, chat: Chat, *, write: bool) -> bool:
    """Tell whether an agent may read (or write) ``chat``: scope for all, group, or taking part.

    The ladder of protocol.md 2.5; having taken part counts as access without the group.
    """
    right = "rw" if write else "ro"
    if requester.has_scope(f"chats--all:{right}"):
        return True
    if not requester.has_scope(f"chats--access:{right}"):
        return False
    if requester.public_id in chat.participants or GENERAL_GROUP in chat.group_ids:
        return True
    return not group_numbers_of(requester.agent_id).isdisjoint(chat.group_ids)


def access_chat(
    requester: Requester, chat_id: str, *, write: bool = False, lock: bool = False
) -> Chat:
    """Return a chat the requester may read, or write.

    ``lock`` takes the chat's row until commit. Raise :class:`NotFound` for a chat of nobody or of
    another organisation or customer, :class:`Authorization` for an agent without access,
    :class:`ChatAnonymized` for one that can only be read, by agents.
    """
    chats: QuerySet[Chat] = Chat.objects.filter(
        organization_id=requester.organization_id, id=chat_id
    )
    if lock:
        chats = chats.select_for_update(of=("self",))
    chat = chats.first()
    if chat is None:
        raise NotFound("Chat not found")
    if isinstance(requester, AgentRequester):
        if not may_see(requester, chat, write=write):
            raise Authorization("The agent has no access to the chat")
        if write and chat.anonymized:
            raise ChatAnonymized
    elif chat.anonymized:
        raise ChatAnonymized
    elif requester.user_id not in chat.participants:
        raise NotFound("Chat not found")
    return chat


def access_thread(
    requester: Requester, chat: Chat, thread_id: str | None, *, lock: bool = False
) -> Thread:
    """Return a thread of ``chat``, the newest by default.

    ``lock`` takes the thread's row until commit; the caller holds the chat's. Raise
    :class:`NotFound`, and :class:`Authorization` for an agent who may not read an older thread.
    """
    named = chat.last_thread_id if thread_id is None else thread_id
    threads: QuerySet[Thread] = Thread.objects.filter(chat=chat, id=named)
    if lock:
        threads = threads.select_for_update(of=("self",))
    thread = threads.first()
    if thread is None:
        raise NotFound("Thread not found")
    if thread.id != chat.last_thread_id and _closed_off(requester, [thread]):
        raise Authorization(RESTRICTED)
    return thread


def _closed_off(requester: Requester | None, older: Sequence[Thread]) -> set[str]:
    """Return which ``older`` threads of chats a requester may see are none of their business.

    The newest thread is open to whoever may see its chat. For others an agent without the scope
    for all chats needs a group that may see the thread itself, or has taken part in it: what was
    said elsewhere does not come along when a chat changes groups (protocol.md 2.5). One read.
    """
    if not isinstance(requester, AgentRequester) or requester.has_scope("chats--all:ro"):
        return set()
    numbers = group_numbers_of(requester.agent_id)
    return {
        thread.id
        for thread in older
        if requester.public_id not in thread.user_ids and numbers.isdisjoint(thread.group_ids)
    }


def access_event(requester: Requester, chat: Chat, thread_id: str, event_id: str) -> Event:
    """Return an event of ``chat`` the requester may see and that nobody has deleted.

    Raise :class:`NotFound`, for customers also where an event is for agents only, and what
    :func:`access_thread` raises.
    """
    named_thread, _, position = event_id.rpartition("_")
    event = None
    if named_thread == thread_id and position.isascii() and position.isdigit():
        access_thread(requester, chat, thread_id)
        event = Event.objects.filter(
            thread_id=thread_id, position=min(int(position[:10]), 2**31 - 1)
        ).first()
    hidden = not isinstance(requester, AgentRequester) and event and event.visibility != "all"
    if event is None or event.deleted or hidden:
        raise NotFound("Event not found")
    return event


# --- events and threads -----------------------------------------------------------------------


def events_of(
    threads: Iterable[Thread], *, reader: Requester | None = None, before: int | None = None
) -> dict[str, list[Record]]:
    """Return the event records of each thread in order. One read, and one for definitions.

    Without a ``reader`` they are what can be shared: of deleted events only stubs. ``before`` is
    the chat's change before which they happened.
    """
    reveal = reader is not None and reader.sees_deleted
    threads = list(threads)
    found: dict[str, list[Record]] = {thread.id: [] for thread in threads}
    rows = Event.objects.filter(thread__in=list(found))
    if before is not None:
        rows = rows.filter(sequence__lt=before)
    events = list(rows.order_by("thread_id", "position"))
    definitions = definitions_of(events)
    for event in events:
        record = event_record(event, reveal=reveal, definitions=definitions)
        found[event.thread_id].append(record)
    return found


def _neighbours(chat: Chat, threads: Sequence[Thread]) -> dict[str, tuple[str, str]]:
    wanted = {n for thread in threads for n in (thread.number - 1, thread.number + 1)}
    by_number = {thread.number: thread.id for thread in threads}
    missing = {n for n in wanted - by_number.keys() if 1 <= n <= chat.threads_count}
    if missing:
        more = Thread.objects.filter(chat=chat, number__in=missing)
        by_number.update(more.values_list("number", "id"))
    return {
        thread.id: (by_number.get(thread.number - 1, ""), by_number.get(thread.number + 1, ""))
        for thread in threads
    }


def thread_records(
    chat: Chat, threads: Sequence[Thread], *, reader: Requester | None = None
) -> list[Record]:
    """Return threads with all their events (see :func:`events_of`). A constant number of reads.

    What the ``reader`` may not read of an older thread is left out, and ``restricted_access`` says
    so.
    """
    closed_off = _closed_off(reader, [one for one in threads if one.id != chat.last_thread_id])
    events = events_of([one for one in threads if one.id not in closed_off], reader=reader)
    neighbours = _neighbours(chat, threads)
    waits = any(thread.queued_at for thread in threads)
    per_place = queue.wait_per_place(chat.organization_id) if waits else 0
    definitions = definitions_of(threads)
    return [
        restricted_thread_record(thread, RESTRICTED, neighbours=neighbours[thread.id])
        if thread.id in closed_off
        else thread_record(
            thread,
            events[thread.id],
            neighbours=neighbours[thread.id],
            wait_time=per_place * (thread.queue_position or 1),
            definitions=definitions,
        )
        for thread in threads
    ]


def full_chat(chat: Chat, thread: Thread, *, reader: Requester | None = None) -> Record:
    """Return a chat with one thread; for an agent ``reader`` also whether they follow it."""
    (record,) = thread_records(chat, [thread], reader=reader)
    users = people.users_of([chat])[chat.id]
    followed = None
    if isinstance(reader, AgentRequester):
        followed = is_followed(chat, reader.public_id)
    definitions = definitions_of([chat])
    return chat_record(chat, users, record, followed=followed, definitions=definitions)


def is_followed(chat: Chat, public_id: str) -> bool:
    """Tell whether an agent gets every push of the chat: by taking part or by following."""
    participant = chat.participants.get(public_id)
    return public_id in chat.followers or bool(participant and participant["present"])


def threads_beyond(
    chat: Chat,
    *,
    ascending: bool,
    limit: int,
    number: int | None = None,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
) -> list[Thread]:
    """Return up to ``limit`` threads in that direction, beyond the one with ``number``.

    The bounds on the creation time include both ends.
    """
    rows = _created_between(chat, created_from, created_to)
    rows = rows.order_by("number" if ascending else "-number")
    if number is not None:
        rows = rows.filter(number__gt=number) if ascending else rows.filter(number__lt=number)
    return list(rows[:limit])


def count_threads(
    chat: Chat, created_from: datetime | None = None, created_to: datetime | None = None
) -> int:
    """Return how many threads the chat has, or has between two moments."""
    if created_from is None and created_to is None:
        return chat.threads_count
    return _created_between(chat, created_from, created_to).count()


def _created_between(
    chat: Chat, created_from: datetime | None, created_to: datetime | None
) -> QuerySet[Thread]:
    rows = Thread.objects.filter(chat=chat)
    if created_from is not None:
        rows = rows.filter(created_at__gte=created_from)
    if created_to is not None:
        rows = rows.filter(created_at__lte=created_to)
    return rows


def threads_holding(
    chat: Chat, at_least: int, *, ascending: bool, number: int | None = None
) -> tuple[list[Thread], bool]:
    """Return whole threads in that direction that together hold ``at_least`` events.

    They begin beyond the one with ``number``; the second value says whether there are others
    beyond them. Threads without events count as nothing, so that the list goes on until there
    are enough events or no more threads; reads grow with such threads only.
    """
    chosen: list[Thread] = []
    held = 0
    while True:
        batch = threads_beyond(chat, ascending=ascending, limit=at_least + 1, number=number)
        counts = _event_counts(batch)
        for thread in batch:
            if held >= at_least:
                return chosen, True
            chosen.append(thread)
            held += counts.get(thread.id, 0)
        if len(batch) <= at_least:
            return chosen, False
        number = batch[-1].number


def _event_counts(threads: Sequence[Thread]) -> dict[str, int]:
    events = Event.objects.filter(thread__in=[thread.id for thread in threads])
    return dict(events.values_list("thread_id").annotate(held=Count("id")))


# --- lists ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChatFilter:
    """What a chat list is narrowed to; ``active`` None means both."""

    active: bool | None = None
    group_ids: frozenset[int] = frozenset()
    properties: tuple[Condition, ...] = ()


def readers_of(requester: Requester) -> list[str] | None:
    """Return the listing readers a requester is; None for one who may read every chat."""
    if not isinstance(requester, AgentRequester):
        return [f"c:{requester.user_id}"]
    if requester.has_scope("chats--all:ro"):
        return None
    groups = sorted(group_numbers_of(requester.agent_id))
    return [f"a:{requester.public_id}", *(f"g:{number}" for number in groups)]


def chats_beyond(
    organization_id: UUID,
    readers: list[str] | None,
    chat_filter: ChatFilter,
    *,
    ascending: bool,
    limit: int,
    position: Position | None = None,
) -> list[Chat]:
    """Return up to ``limit`` chats by creation of their last thread, beyond ``position``.

    ``readers`` as :func:`readers_of` returns them. Each reader's slice comes from an index of its
    own, so the cost depends on the page and the number of readers, not on how many chats exist.
    """
    readers = _narrowed(readers, chat_filter.group_ids)
    keys = _merged_keys(organization_id, readers, chat_filter, ascending, position, limit)
    rows = Chat.objects.in_bulk(keys)
    return [rows[key] for key in keys if key in rows]


def count_chats(organization_id: UUID, readers: list[str] | None, chat_filter: ChatFilter) -> int:
    """Return how many chats a list holds, or ``COUNT_AT_MOST`` when it holds more."""
    readers = _narrowed(readers, chat_filter.group_ids)
    if readers is None:
        return _all_chats(organization_id, chat_filter)[:COUNT_AT_MOST].count()
    found: set[str] = set()
    for reader in readers:
        listed = _listed(organization_id, reader, chat_filter)
        if len(readers) == 1:
            return listed[:COUNT_AT_MOST].count()
        found.update(listed.values_list("chat_id", flat=True)[:COUNT_AT_MOST])
        if len(found) >= COUNT_AT_MOST:
            return COUNT_AT_MOST
    return len(found)


def _all_chats(organization_id: UUID, chat_filter: ChatFilter) -> QuerySet[Chat]:
    rows = Chat.objects.filter(organization_id=organization_id, last_thread_id__gt="")
    if chat_filter.active is not None:
        rows = rows.filter(active_thread_id__isnull=not chat_filter.active)
    return rows.filter(narrowed_by(chat_filter.properties))


def _listed(organization_id: UUID, reader: str, chat_filter: ChatFilter) -> QuerySet[ChatListing]:
    rows = ChatListing.objects.filter(organization_id=organization_id, reader=reader)
    if chat_filter.group_ids and not reader.startswith("g:"):
        rows = rows.filter(chat__group_ids__holds_any=sorted(chat_filter.group_ids))
    if chat_filter.active is not None:
        rows = rows.filter(active=chat_filter.active)
    return rows.filter(narrowed_by(chat_filter.properties, prefix="chat__"))


def _narrowed(readers: list[str] | None, group_ids: frozenset[int]) -> list[str] | None:
    if not group_ids:
        return readers
    wanted = [f"g:{number}" for number in sorted(group_ids)]
    if readers is None:
        return wanted
    return [reader for reader in readers if reader in wanted or not reader.startswith("g:")]


def _merged_keys(
    organization_id: UUID,
    readers: list[str] | None,
    chat_filter: ChatFilter,
    rising: bool,
    edge: Position | None,
    limit: int,
) -> list[str]:
    if readers is None:
        rows = _all_chats(organization_id, chat_filter)
        return [key for _, key in _slice(rows, "id", rising, edge, limit)]
    slices: list[tuple[datetime, str]] = []
    for reader in readers:
        listed = _listed(organization_id, reader, chat_filter)
        slices += _slice(listed, "chat_id", rising, edge, limit)
    merged = sorted(set(slices), reverse=not rising)
    return [key for _, key in merged[:limit]]


def _slice(
    rows: QuerySet[Any], key: str, rising: bool, edge: Position | None, limit: int
) -> list[tuple[datetime, str]]:
    direction = "" if rising else "-"
    if edge is not None:
        moment, chat_id = edge
        side = "gt" if rising else "lt"
        rows = rows.filter(
            Q(**{f"last_thread_created_at__{side}": moment})
            | Q(last_thread_created_at=moment, **{f"{key}__{side}": chat_id})
        )
    ordered = rows.order_by(f"{direction}last_thread_created_at", f"{direction}{key}")
    return list(ordered.values_list("last_thread_created_at", key)[:limit])


def chat_infos(chats: Sequence[Chat], reader: Requester) -> list[Record]:
    """Return list entries: the chat, its users and its last thread without events.

    A constant number of reads, however many chats. Those deleted since they were read are left out.
    """
    side = "agent" if isinstance(reader, AgentRequester) else "customer"
    users = people.users_of(chats)
    threads = Thread.objects.in_bulk([chat.last_thread_id for chat in chats])
    chats = [chat for chat in chats if chat.last_thread_id in threads]
    newest = _last_events(chats, reader)
    waits = [thread for thread in threads.values() if thread.queued_at]
    per_place = queue.wait_per_place(chats[0].organization_id) if waits else 0
    definitions = definitions_of([*chats, *threads.values()])
    infos = []
    for chat in chats:
        thread = threads[chat.last_thread_id]
        followed = is_followed(chat, reader.user_id) if side == "agent" else None
        info = chat_record(chat, users[chat.id], None, followed=followed, definitions=definitions)
        wait_time = per_place * (thread.queue_position or 1)
        last = thread_record(thread, None, wait_time=wait_time, definitions=definitions)
        per_type = newest[chat.id]
        last["last_event_per_type"] = {
            kind: {"event": entry["event"]}
            for kind, entry in per_type.items()
            if entry["thread_id"] == thread.id
        }
        info["last_thread_info"] = last
        info["_last_event_per_type"] = per_type
        infos.append(info)
    return infos


def _last_events(chats: Sequence[Chat], reader: Requester) -> dict[str, dict[str, Record]]:
    """Return for each chat, by type, ``{thread_id, thread_created_at, event}`` of the newest.

    ``restricted_access`` stands in place of an event in an older thread that the reader may not
    read.
    """
    visibilities = ("all", "agents") if isinstance(reader, AgentRequester) else ("all",)
    events = _events_named(
        event_id
        for chat in chats
        for visibility in visibilities
        for event_id in chat.last_events.get(visibility, {}).values()
    )
    definitions = definitions_of(list(events.values()))
    last = {chat.last_thread_id for chat in chats}
    threads = {event.thread_id: event.thread for event in events.values()}
    closed_off = _closed_off(reader, [one for one in threads.values() if one.id not in last])

    def shown(event: Event) -> Record:
        if event.thread_id in closed_off:
            return {"restricted_access": RESTRICTED}
        return event_record(event, reveal=reader.sees_deleted, definitions=definitions)

    found: dict[str, dict[str, Record]] = {}
    for chat in chats:
        newest: dict[str, Event] = {}
        for visibility in visibilities:
            for kind, event_id in chat.last_events.get(visibility, {}).items():
                event = events.get(event_id)
                if event is not None and (kind not in newest or _age(newest[kind]) < _age(event)):
                    newest[kind] = event
        found[chat.id] = {
            kind: {
                "thread_id": event.thread_id,
                "thread_created_at": clock.to_wire(event.thread.created_at),
                "event": shown(event),
            }
            for kind, event in newest.items()
        }
    return found


def _age(event: Event) -> tuple[int, int]:
    return event.thread.number, event.position


def _events_named(event_ids: Iterable[str]) -> dict[str, Event]:
    """Return events by their public ids, with their threads; none but these are read.

    One read for every :data:`THREADS_AT_ONCE` threads they are in.
    """
    positions: dict[str, set[int]] = {}
    for event_id in event_ids:
        thread_id, _, position = event_id.rpartition("_")
        positions.setdefault(thread_id, set()).add(int(position))
    found: dict[str, Event] = {}
    places = list(positions.items())
    for begin in range(0, len(places), THREADS_AT_ONCE):
        named = Q()
        for thread_id, several in places[begin : begin + THREADS_AT_ONCE]:
            named |= Q(thread_id=thread_id, position__in=several)
        rows = Event.objects.filter(named).select_related("thread")
        found |= {event.public_id: event for event in rows}
    return found


def has_unread_events(chat: Chat, user_id: str) -> bool:
    """Tell whether someone else spoke after ``user_id`` last looked."""
    other = "agent" if chat.participants[user_id]["type"] == "customer" else "customer"
    return bool(chat.spoke_at.get(other, "") > chat.participants[user_id]["seen"])


# --- what a hub missed ------------------------------------------------------------------------


def missing_changes(chat_id: str, after: int, before: int) -> list[ChatEvent]:
    """Return the changes of a chat numbered between ``after`` and ``before``, both excluded.

    Fewer than expected when one is not there (yet).
    """
    numbers = range(after + 1, before)
    found: dict[int, ChatEvent] = {}
    chat = Chat.objects.filter(id=chat_id).first()
    if chat is None:
        return []
    changes = ChatChange.objects.filter(chat=chat, sequence__gt=after, sequence__lt=before)
    for change in changes:
        restored = domain_events.unpack(change.body)
        assert isinstance(restored, ChatEvent)
        found[change.sequence] = _whole(restored)
    events = Event.objects.filter(
        thread__chat=chat, sequence__gt=after, sequence__lt=before
    ).order_by("thread_id", "position")
    definitions = definitions_of(list(events))
    for event in events:
        if event.sequence not in found:
            found[event.sequence] = appended(chat, event, definitions)
    return [found[number] for number in numbers if number in found]


def _whole(change: ChatEvent) -> ChatEvent:
    """Return a kept change with what was left out of it."""
    if not isinstance(change, ChatOpened):
        return change
    threads = Thread.objects.filter(id=change.thread_id)
    events = events_of(threads, before=change.sequence).get(change.thread_id, [])
    thread = {**change.chat["thread"], "events": events}
    return replace(change, chat={**change.chat, "thread": thread})


def appended(chat: Chat, event: Event, definitions: Definitions = DEFAULTS) -> EventAppended:
    """Return the domain event of ``event``'s arrival, with the chat's present audience.

    ``definitions`` are those its properties need.
    """
    moment = clock.to_wire(event.created_at)
    return EventAppended(
        organization_id=str(chat.organization_id),
        chat_id=chat.id,
        thread_id=event.thread_id,
        sequence=event.sequence,
        previous_at=moment,
        changed_at=moment,
        group_ids=chat.group_ids,
        participants=chat.participants,
        followers=chat.followers,
        event=event_record(event, definitions=definitions),
    )
