"""Answers' shapes in the newest version: what OpenAPI publishes and tests compare with.

What is about chats is here as agents are shown it; ``customers/wire.py`` has it for customers.
"""

from __future__ import annotations

from typing import Any, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict


class Nothing(TypedDict):
    """An empty object."""


@with_config(ConfigDict(extra="allow"))
class EventShape(TypedDict):
    """An event; its type adds further fields."""

    id: str
    type: str
    created_at: str
    author_id: NotRequired[str]
    custom_id: NotRequired[str]
    visibility: str
    properties: NotRequired[dict[str, dict[str, Any]]]


class AccessShape(TypedDict):
    """The groups that may see a chat."""

    group_ids: list[int]


class QueueShape(TypedDict):
    """A place in the queue; ``wait_time`` in seconds."""

    position: int
    wait_time: int
    queued_at: NotRequired[str]


@with_config(ConfigDict(extra="allow"))
class UserShape(TypedDict):
    """An agent or customer of a chat; the kind adds further fields."""

    id: str
    type: str
    name: NotRequired[str]
    present: NotRequired[bool]
    events_seen_up_to: NotRequired[str]


class SummaryShape(TypedDict):
    """What a thread came to; ``status`` is ``ok`` or ``error``."""

    status: str
    text: str
    updated_at: str


class CustomerVisitShape(TypedDict):
    """Where a thread's customer was when it began, as far as it is known."""

    ip: NotRequired[str]
    user_agent: NotRequired[str]
    geolocation: NotRequired[dict[str, Any]]


class BareThreadShape(TypedDict):
    """A thread without its events."""

    id: str
    created_at: str
    active: bool
    user_ids: list[str]
    properties: dict[str, dict[str, Any]]
    access: AccessShape
    tags: list[str]
    queue: NotRequired[QueueShape]
    queues_duration: NotRequired[int]
    customer_visit: NotRequired[CustomerVisitShape]
    summary: NotRequired[SummaryShape]


class ThreadShape(BareThreadShape):
    """A thread with its events."""

    events: NotRequired[list[EventShape]]
    restricted_access: NotRequired[str]
    previous_thread_id: NotRequired[str]
    next_thread_id: NotRequired[str]


class ChatShape(TypedDict):
    """A chat with one thread."""

    id: str
    users: list[UserShape]
    properties: dict[str, dict[str, Any]]
    access: AccessShape
    thread: ThreadShape
    is_followed: bool


class LastEvent(TypedDict):
    """The newest event of a type."""

    event: EventShape


class LastThreadShape(BareThreadShape):
    """A chat's newest thread in lists."""

    last_event_per_type: dict[str, LastEvent]


class ChatInfoShape(TypedDict):
    """A chat in lists."""

    id: str
    users: list[UserShape]
    last_thread_info: LastThreadShape
    properties: dict[str, dict[str, Any]]
    access: AccessShape
    is_followed: bool


class ThreadList(TypedDict):
    """``list_threads``."""

    threads: list[ThreadShape]
    found_threads: int
    next_page_id: NotRequired[str]
    previous_page_id: NotRequired[str]


class StartedShape(TypedDict):
    """``start_chat``."""

    chat_id: str
    thread_id: str
    event_ids: NotRequired[list[str]]


class ResumedShape(TypedDict):
    """``resume_chat``."""

    thread_id: str
    event_ids: NotRequired[list[str]]


class EventIdShape(TypedDict):
    """``send_event``."""

    event_id: str


class UrlShape(TypedDict):
    """``upload_file``."""

    url: str
