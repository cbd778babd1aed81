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
_PREVIEW_FIELDS = ("created_at", "type", "text", "custom_id")
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


def user_ids(agent_side_ids: Iterable[str], participants: Participants) -> list[str]:
    """Return the ids under which customers know users, without those they do not know of."""
    return [user_id(one, participants) for one in agent_side_ids if not hidden(one, participants)]


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
    if "elements" in shape:
        shape["elements"] = [_element(element, participants) for element in shape["elements"]]
    if "author_id" in record:
        shape["author_id"] = user_id(record["author_id"], participants)
    fields = properties.for_customers(record, location="event")
    if not fields["properties"]:
        del fields["properties"]
    return shape | fields


def _element(record: Record, participants: Participants) -> Record:
    """Return a rich message's element; who pressed its buttons goes by customer-facing ids."""
    if "buttons" not in record:
        return record
    buttons = []
    for button in record["buttons"]:
        pressed = [
            user_id(one, participants)
            for one in button["user_ids"]
            if not hidden(one, participants)
        ]
        buttons.append({**button, "user_ids": pressed})
    return {**record, "buttons": buttons}


def preview(record: Record, participants: Participants) -> Record:
    """Return a message that is still to come."""
    shape = {name: record[name] for name in _PREVIEW_FIELDS if name in record}
    shape["author_id"] = user_id(record["author_id"], participants)
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
    shape["user_ids"] = user_ids(record["user_ids"], participants)
    shape |= properties.for_customers(record, location="thread")
    if "events" in record:
        shape["events"] = events(record["events"], participants)
    return shape


def chat(record: Record, participants: Participants) -> Record:
    """Return a chat with its thread, if the record has one."""
    shape = {
        "id": record["id"],
        "users": users(record["users"]),
        "access": record["access"],
        **properties.for_customers(record, location="chat"),
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


_GREETING_FIELDS = ("id", "unique_id", "displayed_first_time", "addon", "subtype", "is_exit_intent")


def greeting(record: Record) -> Record:
    """Return a greeting as the customer it is shown to sees it; ``accepted`` if it is known."""
    speaker = record["agent"]
    shape = {name: record[name] for name in _GREETING_FIELDS if name in record}
    shape["event"] = event({**record["event"], "author_id": speaker["_key"]}, {})
    shape["agent"] = {**agent(speaker), "is_bot": speaker["is_bot"]}
    if "accepted" in record:
        shape["accepted"] = record["accepted"]
    return shape


def predicted_agent(record: Record, *, is_bot: bool, bot_type: str = "") -> Record:
    """Return an agent who would answer; ``bot_type`` says what kind of bot."""
    shape = {**agent(record), "is_bot": is_bot}
    if bot_type:
        shape["bot_type"] = bot_type
    return shape
