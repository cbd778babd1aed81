"""Records as customers may see them.

Every function here builds its answer from a list of allowed fields, so that nothing reaches a
customer by being forgotten: events and users with visibility ``agents`` are left out, agents
appear under their customer-facing id without e-mail, ``visibility`` becomes ``recipients``
(protocol.md 1.2, 2.1, 2.6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chatplatform import properties

Record = dict[str, Any]
Participants = Mapping[str, Record]

_EVENT_FIELDS = (
    "id",
    "custom_id",
    "type",
    "created_at",
    "text",
    "postback",
    "template_id",
    "elements",
    "name",
    "url",
    "thumbnail_url",
    "thumbnail2x_url",
    "content_type",
    "size",
    "width",
    "height",
    "alternative_text",
    "content",
    "system_message_type",
    "text_vars",
    "form_id",
    "form_type",
    "fields",
    "source",
    "subtype",
    "version",
    "details",
)
_CUSTOMER_FIELDS = (
    "id",
    "type",
    "name",
    "email",
    "email_verified",
    "avatar",
    "phone_number",
    "session_fields",
    "statistics",
    "omnichannel",
    "address",
    "present",
    "events_seen_up_to",
)
_THREAD_FIELDS = (
    "id",
    "created_at",
    "active",
    "access",
    "previous_thread_id",
    "next_thread_id",
    "queue",
)


def user_id(agent_side_id: str, participants: Participants) -> str:
    """Return the id under which customers know a user."""
    participant = participants.get(agent_side_id)
    return str(participant["key"]) if participant and "key" in participant else agent_side_id


def hidden(agent_side_id: str, participants: Participants) -> bool:
    """Tell whether a user only whispers in the chat, so that customers do not know of them."""
    participant = participants.get(agent_side_id)
    return bool(participant and participant["visibility"] == "agents")


def event(record: Record, participants: Participants) -> Record | None:
    """Return an event, or None when customers must not see it."""
    if record.get("visibility") != "all" or record.get("deleted"):
        return None
    shape = {name: record[name] for name in _EVENT_FIELDS if name in record}
    shape["recipients"] = "all"
    if "author_id" in record:
        shape["author_id"] = user_id(record["author_id"], participants)
    readable = properties.readable(record.get("properties", {}), location="event", kind="customer")
    if readable:
        shape["properties"] = readable
    return shape


def events(records: Iterable[Record], participants: Participants) -> list[Record]:
    """Return the events customers may see."""
    shapes = (event(record, participants) for record in records)
    return [shape for shape in shapes if shape is not None]


def customer(record: Record) -> Record:
    """Return a customer as they see themself."""
    return {name: record[name] for name in _CUSTOMER_FIELDS if name in record}


def agent(record: Record) -> Record:
    """Return an agent as customers see them."""
    shape = {
        "id": record["_key"],
        "type": "agent",
        "name": record["name"],
        "avatar": record["avatar"],
        "job_title": record["_job_title"],
    }
    for name in ("present", "events_seen_up_to"):
        if name in record:
            shape[name] = record[name]
    return shape


def users(records: Iterable[Record]) -> list[Record]:
    """Return a chat's users without those who only whisper."""
    return [
        agent(record) if record["type"] == "agent" else customer(record)
        for record in records
        if record.get("visibility", "all") == "all"
    ]


def thread(record: Record, participants: Participants) -> Record:
    """Return a thread with the events customers may see."""
    shape = {name: record[name] for name in _THREAD_FIELDS if name in record}
    shape["user_ids"] = [
        user_id(one, participants) for one in record["user_ids"] if not hidden(one, participants)
    ]
    shape["properties"] = properties.readable(
        record["properties"], location="thread", kind="customer"
    )
    if "events" in record:
        shape["events"] = events(record["events"], participants)
    return shape


def chat(record: Record, participants: Participants) -> Record:
    """Return a chat with its thread, if the record has one."""
    shape = {
        "id": record["id"],
        "users": users(record["users"]),
        "access": record["access"],
        "properties": properties.readable(record["properties"], location="chat", kind="customer"),
    }
    if "thread" in record:
        shape["thread"] = thread(record["thread"], participants)
    return shape


def chat_info(record: Record, participants: Participants) -> Record:
    """Return a chat as lists show it."""
    last = record["last_thread_info"]
    shape = chat(record, participants)
    shape["active"] = last["active"]
    shape["last_thread_info"] = {
        "id": last["id"],
        "created_at": last["created_at"],
        "last_event_per_type": _per_type(last["last_event_per_type"], participants),
    }
    shape["_last_event_per_type"] = _per_type(record["_last_event_per_type"], participants)
    return shape


def _per_type(entries: Record, participants: Participants) -> Record:
    shapes = {}
    for kind, entry in entries.items():
        shown = event(entry["event"], participants)
        if shown is not None:
            shapes[kind] = {**entry, "event": shown}
    return shapes
