"""Rows into records: plain JSON data in the newest agent-side shape.

Everything that shows chats — answers, pushes, later webhooks — starts from a record. The customer
side derives its own view from it (customers/shapes.py), older versions theirs
(api/versions/). Keys that begin with ``_`` are hints for those derivations and never leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chatplatform import clock
from chatplatform.models import Agent, Chat, Customer, Event, Thread, Visit

Record = dict[str, Any]


def event_record(event: Event) -> Record:
    """Return an event with its type's own fields at the top level."""
    record: Record = {
        "id": event.public_id,
        "type": event.type,
        "created_at": clock.to_wire(event.created_at),
        "visibility": event.visibility,
        **event.content,
    }
    if event.author_id:
        record["author_id"] = event.author_id
    if event.custom_id:
        record["custom_id"] = event.custom_id
    if event.properties:
        record["properties"] = event.properties
    return record


def agent_record(agent: Agent) -> Record:
    """Return an agent or bot as others see it."""
    record: Record = {
        "id": agent.public_id,
        "type": "agent",
        "name": agent.name,
        "avatar": agent.avatar,
        "_key": agent.customer_facing_id,
        "_job_title": agent.job_title,
    }
    if agent.kind == Agent.Kind.HUMAN:
        record["email"] = agent.public_id
    return record


def visit_record(visit: Visit) -> Record:
    """Return a stay on the organisation's pages."""
    record: Record = {
        "started_at": clock.to_wire(visit.started_at),
        "referrer": visit.referrer,
        "user_agent": visit.user_agent,
        "geolocation": visit.geolocation,
        "last_pages": visit.last_pages,
    }
    if visit.ip:
        record["ip"] = visit.ip
    if visit.ended_at:
        record["ended_at"] = clock.to_wire(visit.ended_at)
    return record


def customer_record(
    customer: Customer, visit: Visit | None, spoke_at: Iterable[Mapping[str, str]] = ()
) -> Record:
    """Return a customer; ``spoke_at`` are the ``Chat.spoke_at`` values of their chats."""
    record: Record = {
        "id": str(customer.id),
        "type": "customer",
        "created_at": clock.to_wire(customer.created_at),
        "statistics": {
            "chats_count": customer.chats_count,
            "threads_count": customer.threads_count,
            "visits_count": customer.visits_count,
            "page_views_count": customer.page_views_count,
            "greetings_shown_count": 0,
            "greetings_accepted_count": 0,
            "greetings_converted_count": 0,
            "tickets_count": 0,
        },
        "session_fields": customer.session_fields,
        "email_verified": customer.email_verified,
    }
    for name in ("name", "email", "avatar", "phone_number", "omnichannel", "address"):
        if value := getattr(customer, name):
            record[name] = value
    if visit is not None:
        record["visit"] = visit_record(visit)
    for side in ("agent", "customer"):
        if latest := max((times.get(side, "") for times in spoke_at), default=""):
            record[f"{side}_last_event_created_at"] = latest
    return record


def chat_user_record(user: Record, participant: Record) -> Record:
    """Return a user record as one of a chat's users."""
    record = {**user, "present": participant["present"]}
    if participant["seen"]:
        record["events_seen_up_to"] = participant["seen"]
    if participant["type"] == "agent":
        record["visibility"] = participant["visibility"]
    return record


def queue_record(thread: Thread, wait_time: int) -> Record:
    """Return a waiting thread's place; ``wait_time`` is the estimate in seconds."""
    assert thread.queued_at is not None
    return {
        "position": thread.queue_position or 1,
        "wait_time": wait_time,
        "queued_at": clock.to_wire(thread.queued_at),
    }


def thread_record(
    thread: Thread,
    events: Iterable[Record] | None,
    *,
    neighbours: tuple[str, str] = ("", ""),
    wait_time: int = 0,
) -> Record:
    """Return a thread, with its events unless ``events`` is None.

    ``neighbours`` are the ids of the threads before and after, empty where there is none.
    """
    record: Record = {
        "id": thread.id,
        "created_at": clock.to_wire(thread.created_at),
        "active": thread.active,
        "user_ids": thread.user_ids,
        "properties": thread.properties,
        "access": {"group_ids": thread.group_ids},
        "tags": thread.tags,
    }
    if events is not None:
        record["events"] = list(events)
    previous, following = neighbours
    if previous:
        record["previous_thread_id"] = previous
    if following:
        record["next_thread_id"] = following
    if thread.queued_at is not None:
        record["queue"] = queue_record(thread, wait_time)
    if thread.queued_seconds:
        record["queues_duration"] = thread.queued_seconds
    if thread.customer_visit:
        record["customer_visit"] = thread.customer_visit
    return record


def chat_record(
    chat: Chat, users: list[Record], thread: Record | None, *, followed: bool | None = None
) -> Record:
    """Return a chat. ``followed`` adds ``is_followed``, which depends on who reads."""
    record: Record = {
        "id": chat.id,
        "users": users,
        "properties": chat.properties,
        "access": {"group_ids": chat.group_ids},
    }
    if thread is not None:
        record["thread"] = thread
    if followed is not None:
        record["is_followed"] = followed
    return record
