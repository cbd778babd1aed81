"""Rows into records: plain JSON data in the newest agent-side shape.

Everything that shows chats — answers, pushes, later webhooks — starts from a record. The customer
side derives its own view from it (customers/shapes.py), older versions theirs
(api/versions/). Keys that begin with ``_`` are hints for those derivations and never leave.

Properties are shown as ``properties.shown`` sorts them. Without the ``definitions`` a row needs,
what applications registered is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chatplatform import clock
from chatplatform.models import (
    Agent,
    Bot,
    CannedResponse,
    Chat,
    Customer,
    CustomerBan,
    Event,
    Group,
    Tag,
    Thread,
    Ticket,
    Visit,
)
from chatplatform.properties import DEFAULTS, Definitions, Properties, shown

Record = dict[str, Any]


def event_record(
    event: Event, *, reveal: bool = False, definitions: Definitions = DEFAULTS
) -> Record:
    """Return an event with its type's own fields at the top level.

    Of a deleted one a stub is left, unless ``reveal`` asks for it as it was. Whatever several
    people share, every push among it, holds the stub.
    """
    record: Record = {
        "id": event.public_id,
        "type": event.type,
        "created_at": clock.to_wire(event.created_at),
        "visibility": event.visibility,
    }
    if event.deleted:
        record["deleted"] = True
    if event.author_id:
        record["author_id"] = event.author_id
    if event.custom_id:
        record["custom_id"] = event.custom_id
    if event.deleted and not reveal:
        return record
    record |= event.content
    return record | event_properties(event.properties, definitions)


def event_properties(stored: Properties, definitions: Definitions = DEFAULTS) -> Record:
    """Return the fields by which an event's record shows its properties; none without any."""
    fields = shown(stored, location="event", definitions=definitions)
    if not fields["properties"]:
        del fields["properties"]
    return fields


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
        "id": visit.pk,
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
        "statistics": counts_record(customer),
        "session_fields": customer.session_fields,
        "email_verified": customer.email_verified,
        "_online": customer.online_since is not None,
        "_group": customer.group_number,
    }
    for name in ("name", "email", "avatar", "phone_number", "omnichannel", "address", "carts"):
        if value := getattr(customer, name):
            record[name] = value
    if visit is not None:
        record["visit"] = visit_record(visit)
    for side in ("agent", "customer"):
        if latest := max((times.get(side, "") for times in spoke_at), default=""):
            record[f"{side}_last_event_created_at"] = latest
    return record


def counts_record(customer: Customer) -> Record:
    """Return the counts a customer's record carries."""
    return {
        "chats_count": customer.chats_count,
        "threads_count": customer.threads_count,
        "visits_count": customer.visits_count,
        "page_views_count": customer.page_views_count,
        "greetings_shown_count": customer.greetings_shown_count,
        "greetings_accepted_count": customer.greetings_accepted_count,
        "greetings_converted_count": customer.greetings_converted_count,
        "tickets_count": customer.tickets_count,
    }


def statistics_record(customer: Customer, visit: Visit | None) -> Record:
    """Return every count about a customer. Tickets stay in the inbox: nothing moves them."""
    record = {
        **counts_record(customer),
        "tickets_inbox_count": customer.tickets_count,
        "tickets_archive_count": 0,
        "tickets_spam_count": 0,
        "tickets_trash_count": 0,
        "orders_count": customer.orders_count,
    }
    if visit is not None:
        record["last_visit_started_at"] = clock.to_wire(visit.started_at)
    return record


def ticket_record(ticket: Ticket) -> Record:
    """Return a ticket as its customer's record names it."""
    return {"ticket_id": str(ticket.id), "created_at": clock.to_wire(ticket.created_at)}


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
    definitions: Definitions = DEFAULTS,
) -> Record:
    """Return a thread, with its events unless ``events`` is None.

    ``neighbours`` are the ids of the threads before and after, empty where there is none.
    """
    record: Record = {
        "id": thread.id,
        "created_at": clock.to_wire(thread.created_at),
        "active": thread.active,
        "user_ids": thread.user_ids,
        **shown(thread.properties, location="thread", definitions=definitions),
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
    if thread.summary:
        record["summary"] = thread.summary
    return record


def restricted_thread_record(thread: Thread, reason: str, *, neighbours: tuple[str, str]) -> Record:
    """Return a thread whose reader may know that it is there, and the ``reason`` for no more."""
    record = thread_record(thread, None, neighbours=neighbours)
    for name in ("queue", "queues_duration", "customer_visit", "summary"):
        record.pop(name, None)
    return record | {"properties": {}, "tags": [], "restricted_access": reason}


def chat_record(
    chat: Chat,
    users: list[Record],
    thread: Record | None,
    *,
    followed: bool | None = None,
    definitions: Definitions = DEFAULTS,
) -> Record:
    """Return a chat. ``followed`` adds ``is_followed``, which depends on who reads."""
    record: Record = {
        "id": chat.id,
        "users": users,
        **shown(chat.properties, location="chat", definitions=definitions),
        "access": {"group_ids": chat.group_ids},
    }
    if thread is not None:
        record["thread"] = thread
    if followed is not None:
        record["is_followed"] = followed
    return record


def work_scheduler_record(agent: Agent) -> Record:
    """Return an agent's working hours; without a time zone of their own the agent's holds."""
    scheduler = agent.work_scheduler or {}
    schedule = scheduler.get("schedule", [])
    return {
        "timezone": scheduler.get("timezone") or (agent.timezone if schedule else ""),
        "schedule": schedule,
    }


def agent_configuration(agent: Agent, places: list[Record]) -> Record:
    """Return how an agent is configured; ``places`` are their groups as ``{id, priority}``."""
    return {
        "id": agent.public_id,
        "account_id": str(agent.account_id or ""),
        "name": agent.name,
        "role": agent.role,
        "avatar": agent.avatar,
        "job_title": agent.job_title,
        "mobile": agent.mobile,
        "max_chats_count": agent.max_chats_count,
        "login_status": agent.login_status.replace("_", " "),
        "awaiting_approval": agent.awaiting_approval,
        "suspended": agent.suspended,
        "groups": places,
        "notifications": agent.notifications,
        "email_subscriptions": agent.email_subscriptions,
        "work_scheduler": work_scheduler_record(agent),
    }


def bot_configuration(agent: Agent, bot: Bot, places: list[Record]) -> Record:
    """Return how a bot is configured; ``bot.owner`` is read along."""
    return {
        "id": agent.public_id,
        "name": agent.name,
        "avatar": agent.avatar,
        "type": bot.type,
        "job_title": agent.job_title,
        "max_chats_count": agent.max_chats_count,
        "default_group_priority": bot.default_group_priority,
        "groups": places,
        "owner_client_id": bot.owner.client_id,
        "work_scheduler": work_scheduler_record(agent),
    }


def group_configuration(group: Group, agent_priorities: dict[str, str]) -> Record:
    """Return how a group is configured; priorities by the agents' ids."""
    return {
        "id": group.number,
        "name": group.name,
        "language_code": group.language_code,
        "agent_priorities": agent_priorities,
    }


def ban_record(ban: CustomerBan) -> Record:
    """Return a ban: of an address, of a customer, or of both."""
    record: Record = {
        "agent_id": ban.agent_id,
        "created_at": clock.to_wire(ban.created_at),
        "expires_at": clock.to_wire(ban.expires_at),
    }
    if ban.ip:
        record["ip"] = ban.ip
    if ban.customer_id is not None:
        record["customer_id"] = str(ban.customer_id)
    if ban.thread_id:
        record["thread_id"] = ban.thread_id
    return record


def tag_record(tag: Tag) -> Record:
    """Return a tag."""
    return {
        "name": tag.name,
        "group_ids": tag.group_ids,
        "author_id": tag.author_id,
        "created_at": clock.to_wire(tag.created_at),
    }


def canned_response_record(response: CannedResponse) -> Record:
    """Return a canned response; group and author are read along."""
    return {
        "id": response.pk,
        "created_at": clock.to_wire(response.created_at),
        "updated_at": clock.to_wire(response.updated_at),
        "text": response.text,
        "tags": response.tags,
        "group_id": response.group.number,
        "is_private": response.is_private,
        "author_id": response.author.public_id,
    }
