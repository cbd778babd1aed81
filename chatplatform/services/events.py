"""Appending events: the one write every message makes.

:func:`append` is the hot path. On PostgreSQL it is a single statement in autocommit, which locks
the chat's row, proves the thread active and the author in it, numbers the event and stores it; on
SQLite the same rules run in a short immediate transaction. :func:`add` is for services that hold
the chat's lock already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
import psycopg.types.json
from django.db import IntegrityError, connection, transaction

from chatplatform import clock, domain_events, ids
from chatplatform.domain_events import announce, tell
from chatplatform.domain_events.events import EventAppended, EventRepeated
from chatplatform.errors import ChatInactive, NotAllowed, NotFound, ServiceUnavailable
from chatplatform.models import Chat, Event
from chatplatform.properties import DEFAULTS, Definitions
from chatplatform.records import Record, event_properties, event_record
from chatplatform.requester import AgentRequester, Requester
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors.properties import definitions_of
from chatplatform.services import activity, archives, files, flags
from chatplatform.services.changes import bump

SYSTEM_MESSAGE = "system_message"
SYSTEM_EVENT = "system"


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is still to be stored. ``content`` holds the fields its type adds."""

    type: str
    content: Record
    author_id: str = ""
    author_side: str = ""
    """``agent`` or ``customer``; empty when the system speaks."""
    visibility: str = "all"
    custom_id: str = ""
    properties: Record = field(default_factory=dict)
    definitions: Definitions = DEFAULTS
    """What defines those properties: decides who is shown them."""
    file: str = ""
    """Token of the upload the event shows."""

    @property
    def repeat_key(self) -> UUID | None:
        """Digest of author, ``custom_id`` and content; None when a repeat can not be told."""
        if not self.custom_id:
            return None
        said = [self.author_id, self.custom_id, self.type, self.visibility, self.content]
        digest = hashlib.blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=16)
        return UUID(bytes=digest.digest())


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a send: the event's id, and whether it had been stored before."""

    event_id: str
    repeated: bool


def system_message(kind: str, text: str, **text_vars: str) -> Draft:
    """Return a system message; ``%name%`` in ``text`` stands for the variable of that name."""
    for name, value in text_vars.items():
        text = text.replace(f"%{name}%", value)
    content = {"system_message_type": kind, "text": text, "text_vars": text_vars}
    return Draft(type=SYSTEM_MESSAGE, content=content)


def system_event(
    source: str, subtype: str, details: Record, *, version: int = 1, visibility: str = "agents"
) -> Draft:
    """Return an event for programs to read, which only the server makes (protocol.md 2.6).

    ``source`` is ``ai_agents``, ``cdp`` or ``messaging``; ``details`` travels as JSON text in the
    form that ``source``, ``subtype`` and ``version`` together name.
    """
    content = {
        "source": source,
        "subtype": subtype,
        "version": version,
        "details": orjson.dumps(details).decode(),
    }
    return Draft(type=SYSTEM_EVENT, content=content, visibility=visibility)


def append(
    requester: Requester,
    chat_id: str,
    draft: Draft,
    *,
    attach_to_last_thread: bool = False,
    commit_point: Callable[[], None] = lambda: None,
) -> Appended:
    """Store ``draft`` as the newest event of the chat's active thread, and tell of it.

    A repeat (same thread, author, ``custom_id`` and content) stores nothing: its sender alone is
    told again. ``attach_to_last_thread`` lets a customer write to an inactive chat's last thread.
    ``commit_point`` is called right before the change becomes permanent and may raise.

    Raise :class:`NotFound`, :class:`ChatInactive` or :class:`NotAllowed` (the author is not in the
    chat, or whispers only); nothing is stored then.
    """
    commit_point()
    try:
        if connection.vendor == "postgresql" and not draft.file:
            stored = _append_safely(requester.organization_id, chat_id, draft)
            if stored is not None:
                announce(stored[0])
        else:
            stored = _append_in_transaction(requester, chat_id, draft)
    except IntegrityError:
        return _repeat(requester, chat_id, draft)
    if stored is not None:
        appended, ends_waiting = stored
        if ends_waiting:
            transaction.on_commit(lambda: flags.note_speech(chat_id), robust=True)
        return Appended(appended.event["id"], repeated=False)
    if attach_to_last_thread:
        return _append_to_last_thread(requester, chat_id, draft)
    raise _refusal(requester, chat_id, draft)


APPEND_STATEMENT = """
WITH bumped AS (
    UPDATE chatplatform_chat
    SET sequence = sequence + 1,
        next_position = next_position + 1,
        previous_change_at = changed_at,
        changed_at = greatest(%(now)s, changed_at + interval '1 microsecond'),
        participants = CASE
            WHEN %(visibility)s = 'all' OR participants -> %(author)s ->> 'visibility' = 'agents'
            THEN jsonb_set(participants, ARRAY[%(author)s, 'seen'], to_jsonb(to_char(
                greatest(%(now)s, changed_at + interval '1 microsecond') AT TIME ZONE 'UTC',
                'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
            ELSE participants END,
        spoke_at = CASE
            WHEN %(visibility)s = 'all'
            THEN jsonb_set(spoke_at, ARRAY[%(side)s], to_jsonb(to_char(
                greatest(%(now)s, changed_at + interval '1 microsecond') AT TIME ZONE 'UTC',
                'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
            ELSE spoke_at END,
        last_events = jsonb_set(last_events, ARRAY[%(visibility)s, %(type)s],
            to_jsonb(active_thread_id || '_' || next_position))
    WHERE id = %(chat)s
      AND organization_id = %(organization)s
      AND active_thread_id IS NOT NULL
      AND (participants -> %(author)s ->> 'present')::boolean
      AND (%(visibility)s = 'agents' OR participants -> %(author)s ->> 'visibility' = 'all')
    RETURNING id, active_thread_id, next_position - 1 AS position, sequence,
        previous_change_at, changed_at, group_ids, participants, followers, idle, unreplied
), stored AS (
    INSERT INTO chatplatform_event (organization_id, thread_id, position, sequence, type,
        author_id, visibility, custom_id, repeat_key, content, properties, created_at)
    SELECT %(organization)s, active_thread_id, position, sequence, %(type)s,
        %(author)s, %(visibility)s, %(custom_id)s, %(repeat_key)s,
        %(content)s, %(properties)s, changed_at
    FROM bumped
), owed AS (
    INSERT INTO chatplatform_webhookdelivery (organization_id, webhook_id, endpoint_id, action,
        event, cause, occurred_at, due_at, state, attempts_count)
    SELECT %(organization)s, listener.webhook_id, listener.endpoint_id, listener.action,
        jsonb_build_object(
            'is', 'EventAppended',
            'organization_id', %(organization)s::text,
            'chat_id', bumped.id,
            'thread_id', active_thread_id,
            'sequence', sequence,
            'previous_at', to_char(
                previous_change_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'changed_at', to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'group_ids', group_ids,
            'participants', participants,
            'followers', followers,
            'event', %(record)s || jsonb_build_object(
                'id', active_thread_id || '_' || position,
                'created_at', to_char(
                    changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))),
        %(cause)s, changed_at, %(now)s, 'waiting', 0
    FROM bumped
    JOIN chatplatform_webhooklistener AS listener
        ON listener.organization_id = %(organization)s AND listener.action = 'incoming_event'
)
SELECT active_thread_id, position, sequence, previous_change_at, changed_at,
    group_ids, participants, followers, idle, unreplied
FROM bumped
"""

_Stored = tuple[EventAppended, bool]
"""The event, and whether it ended silence or the wait for a first reply."""


def _ends_waiting(draft: Draft, idle: bool, unreplied: bool) -> bool:
    return draft.visibility == "all" and (idle or (unreplied and draft.author_side == "agent"))


def _append_safely(organization_id: UUID, chat_id: str, draft: Draft) -> _Stored | None:
    """Append in autocommit; inside a transaction, so that a repeat does not spoil it."""
    if connection.in_atomic_block:
        with transaction.atomic():
            return _append_in_one_statement(organization_id, chat_id, draft)
    return _append_in_one_statement(organization_id, chat_id, draft)


def _append_in_one_statement(organization_id: UUID, chat_id: str, draft: Draft) -> _Stored | None:
    connection.ensure_connection()
    record = _record(draft)
    cause = domain_events.cause()
    parameters = {
        "now": clock.now(),
        "author": draft.author_id,
        "side": draft.author_side,
        "visibility": draft.visibility,
        "type": draft.type,
        "chat": chat_id,
        "organization": organization_id,
        "custom_id": draft.custom_id,
        "repeat_key": draft.repeat_key,
        "content": psycopg.types.json.Jsonb(draft.content, dumps=orjson.dumps),
        "properties": psycopg.types.json.Jsonb(draft.properties, dumps=orjson.dumps),
        "record": psycopg.types.json.Jsonb(record, dumps=orjson.dumps),
        "cause": psycopg.types.json.Jsonb(cause.record() if cause else {}, dumps=orjson.dumps),
    }
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        row = cursor.execute(APPEND_STATEMENT, parameters, prepare=True).fetchone()
    if row is None:
        return None
    thread_id, position, sequence, previous_at, changed_at, *audience, idle, unreplied = row
    groups, participants, followers = map(_json, audience)
    appended = EventAppended(
        organization_id=str(organization_id),
        chat_id=chat_id,
        thread_id=thread_id,
        sequence=sequence,
        previous_at=clock.to_wire(previous_at),
        changed_at=clock.to_wire(changed_at),
        group_ids=groups,
        participants=participants,
        followers=followers,
        event={
            **record,
            "id": ids.event_id(thread_id, position),
            "created_at": clock.to_wire(changed_at),
        },
    )
    return appended, _ends_waiting(draft, idle, unreplied)


def _json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def _record(draft: Draft) -> Record:
    """Return the draft's event record, but for its id and time."""
    record: Record = {"type": draft.type, "visibility": draft.visibility, **draft.content}
    if draft.author_id:
        record["author_id"] = draft.author_id
    if draft.custom_id:
        record["custom_id"] = draft.custom_id
    return record | event_properties(draft.properties, draft.definitions)


def _append_in_transaction(requester: Requester, chat_id: str, draft: Draft) -> _Stored | None:
    with transaction.atomic():
        chat = _locked(requester, chat_id)
        if chat is None or chat.active_thread_id is None or not _may_author(chat, draft):
            return None
        stored = add(chat, draft)
        chat.save()
        tell(stored)
    return stored, _ends_waiting(draft, chat.idle, chat.unreplied)


def _locked(requester: Requester, chat_id: str) -> Chat | None:
    return (
        Chat.objects.select_for_update(of=("self",))
        .filter(organization_id=requester.organization_id, id=chat_id)
        .first()
    )


def _may_author(chat: Chat, draft: Draft) -> bool:
    participant = chat.participants.get(draft.author_id)
    if participant is None or not participant["present"]:
        return False
    return draft.visibility == "agents" or participant["visibility"] == "all"


def _append_to_last_thread(requester: Requester, chat_id: str, draft: Draft) -> Appended:
    with transaction.atomic():
        chat = _locked(requester, chat_id)
        if chat is None or not _may_author(chat, draft):
            raise _refusal(requester, chat_id, draft)
        try:
            with transaction.atomic():
                stored = add(chat, draft)
        except IntegrityError:
            return _repeat(requester, chat_id, draft)
        chat.save()
        tell(stored)
        activity.note_after_commit(chat)
    return Appended(stored.event["id"], repeated=False)


def _refusal(requester: Requester, chat_id: str, draft: Draft) -> Exception:
    """Say why the event could not be stored. Raises what ``access_chat`` raises."""
    chat = chat_selectors.access_chat(requester, chat_id, write=True)
    participant = chat.participants.get(draft.author_id)
    if chat.active_thread_id is None:
        return ChatInactive()
    if participant is None or not participant["present"]:
        return NotAllowed("The requester is not a user of the chat")
    return NotAllowed("A user who whispers can not send events visible to all")


def _repeat(requester: Requester, chat_id: str, draft: Draft) -> Appended:
    chat = Chat.objects.filter(organization_id=requester.organization_id, id=chat_id).first()
    if chat is None:
        raise NotFound("Chat not found")
    event = None
    if draft.repeat_key is not None:
        stored = Event.objects.filter(thread__chat=chat, repeat_key=draft.repeat_key)
        event = stored.order_by("-thread__number").first()
    if event is None:
        raise ServiceUnavailable("The chat changed meanwhile, try again")
    announce(
        EventRepeated(
            organization_id=str(requester.organization_id),
            chat_id=chat.id,
            thread_id=event.thread_id,
            user_id=requester.user_id,
            participants=chat.participants,
            event=event_record(event, definitions=definitions_of([event])),
        )
    )
    return Appended(event.public_id, repeated=True)


def add(chat: Chat, draft: Draft, *, with_thread_start: bool = False) -> EventAppended:
    """Store ``draft`` in the newest thread of a locked ``chat``; the caller saves and tells.

    ``with_thread_start``: the event is part of a thread's start, which is one change, so no
    number is taken. Raise :class:`IntegrityError` for a repeat, :class:`Validation` when the file
    the event shows has expired meanwhile.
    """
    if with_thread_start:
        moment = chat.changed_at = chat.changed_at + timedelta(microseconds=1)
    else:
        moment = bump(chat)
    content = draft.content
    if draft.file:
        content = content | files.thumbnail_urls(draft.file)
    event = Event(
        organization_id=chat.organization_id,
        thread_id=chat.active_thread_id or chat.last_thread_id,
        position=chat.next_position,
        sequence=chat.sequence,
        type=draft.type,
        author_id=draft.author_id,
        visibility=draft.visibility,
        custom_id=draft.custom_id,
        repeat_key=draft.repeat_key,
        content=content,
        properties=draft.properties,
        created_at=moment,
    )
    event.save(force_insert=True)
    if draft.file:
        files.use(draft.file, event)
    if chat.active_thread_id is None and not with_thread_start:
        archives.index_again(event.thread_id)
    chat.next_position += 1
    chat.last_events.setdefault(draft.visibility, {})[draft.type] = event.public_id
    if draft.author_side:
        _note_author(chat, draft, clock.to_wire(moment))
    return replace(
        chat_selectors.appended(chat, event, draft.definitions),
        previous_at=clock.to_wire(chat.previous_change_at),
        participants={key: dict(value) for key, value in chat.participants.items()},
        followers=list(chat.followers),
        group_ids=list(chat.group_ids),
    )


def _note_author(chat: Chat, draft: Draft, moment: str) -> None:
    """Note when a side last spoke and that the author has seen everything so far.

    Customers see both, so a whisper moves neither: they could tell from it that there was one.
    Only of those who whisper themselves they see nothing. The one statement above does the same.
    """
    author = chat.participants.get(draft.author_id)
    if draft.visibility == "all":
        chat.spoke_at[draft.author_side] = moment
    if author is not None and (draft.visibility == "all" or author["visibility"] == "agents"):
        author["seen"] = moment


def draft_by(requester: Requester, draft: Draft) -> Draft:
    """Return ``draft`` with the requester as author and the client's mark on it."""
    side = "agent" if isinstance(requester, AgentRequester) else "customer"
    properties = dict(draft.properties)
    if requester.client_id:
        properties["source"] = {"client_id": requester.client_id}
    return replace(draft, author_id=requester.user_id, author_side=side, properties=properties)
