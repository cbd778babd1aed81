"""Chats as the Customer API's answers show them: what OpenAPI publishes of ``customers.shapes``."""

from __future__ import annotations

from typing import Any, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from chatplatform.api.wire.shapes import AccessShape, QueueShape

Properties = dict[str, dict[str, Any]]


@with_config(ConfigDict(extra="allow"))
class EventShape(TypedDict):
    """An event; its type adds further fields."""

    id: str
    type: str
    created_at: str
    recipients: str
    author_id: NotRequired[str]
    custom_id: NotRequired[str]
    properties: NotRequired[Properties]


@with_config(ConfigDict(extra="allow"))
class UserShape(TypedDict):
    """An agent or customer of a chat; the kind adds further fields."""

    id: str
    type: str
    name: NotRequired[str]
    present: NotRequired[bool]
    events_seen_up_to: NotRequired[str]


class ThreadShape(TypedDict):
    """A thread with its events."""

    id: str
    created_at: str
    active: bool
    user_ids: list[str]
    properties: Properties
    access: AccessShape
    events: list[EventShape]
    queue: NotRequired[QueueShape]
    previous_thread_id: NotRequired[str]
    next_thread_id: NotRequired[str]


class ThreadList(TypedDict):
    """``list_threads``."""

    threads: list[ThreadShape]
    found_threads: int
    next_page_id: NotRequired[str]
    previous_page_id: NotRequired[str]


class ChatShape(TypedDict):
    """A chat with one thread."""

    id: str
    users: list[UserShape]
    properties: Properties
    access: AccessShape
    thread: ThreadShape


class LastEventShape(TypedDict):
    """The newest event of a type."""

    event: EventShape


class LastThreadShape(TypedDict):
    """A chat's newest thread in lists."""

    id: str
    created_at: str
    last_event_per_type: dict[str, LastEventShape]


class ChatInfoShape(TypedDict):
    """A chat in lists."""

    id: str
    users: list[UserShape]
    properties: Properties
    access: AccessShape
    active: bool
    last_thread_info: LastThreadShape
