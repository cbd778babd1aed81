"""Answers' shapes in the newest version: what OpenAPI publishes and tests compare with."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict


class Nothing(TypedDict):
    """An empty object."""


class EventShape(TypedDict):
    """An event; its type adds further fields."""

    id: str
    type: str
    created_at: str
    author_id: NotRequired[str]
    custom_id: NotRequired[str]
    visibility: NotRequired[str]
    recipients: NotRequired[str]
    properties: NotRequired[dict[str, dict[str, Any]]]


class AccessShape(TypedDict):
    """The groups that may see a chat."""

    group_ids: list[int]


class QueueShape(TypedDict):
    """A place in the queue; ``wait_time`` in seconds."""

    position: int
    wait_time: int
    queued_at: NotRequired[str]


class UserShape(TypedDict):
    """An agent or customer of a chat; kinds and APIs add further fields."""

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


class ThreadShape(TypedDict):
    """A thread with its events."""

    id: str
    created_at: str
    active: bool
    user_ids: list[str]
    properties: dict[str, dict[str, Any]]
    access: AccessShape
    events: NotRequired[list[EventShape]]
    tags: NotRequired[list[str]]
    queue: NotRequired[QueueShape]
    queues_duration: NotRequired[int]
    summary: NotRequired[SummaryShape]
    previous_thread_id: NotRequired[str]
    next_thread_id: NotRequired[str]


class ChatShape(TypedDict):
    """A chat with one thread."""

    id: str
    users: list[UserShape]
    properties: dict[str, dict[str, Any]]
    access: AccessShape
    thread: ThreadShape
    is_followed: NotRequired[bool]


class LastEvent(TypedDict):
    """The newest event of a type."""

    event: EventShape


class LastThreadShape(TypedDict):
    """A chat's newest thread in lists."""

    id: str
    created_at: str
    user_ids: NotRequired[list[str]]
    properties: NotRequired[dict[str, dict[str, Any]]]
    active: NotRequired[bool]
    access: NotRequired[AccessShape]
    queue: NotRequired[QueueShape]
    last_event_per_type: dict[str, LastEvent]


class ChatInfoShape(TypedDict):
    """A chat in lists."""

    id: str
    users: list[UserShape]
    last_thread_info: LastThreadShape
    properties: dict[str, dict[str, Any]]
    access: AccessShape
    is_followed: NotRequired[bool]
    active: NotRequired[bool]


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
