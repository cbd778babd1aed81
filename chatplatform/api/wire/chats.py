"""Chats as clients describe them when starting or resuming one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chatplatform.api.action import Request
from chatplatform.api.wire.events import AnyEvent
from chatplatform.api.wire.properties import PropertiesInput

GroupId = Annotated[int, Field(ge=0, lt=2**31)]
SortOrder = Literal["asc", "desc"]


class AccessInput(Request):
    """Which groups may see the chat."""

    group_ids: Annotated[list[GroupId], Field(min_length=1, max_length=200)]


class ChatUserInput(Request):
    """Someone who is to take part."""

    id: Annotated[str, Field(max_length=254)]
    type: Literal["agent", "customer"]


class ThreadInput(Request):
    """The first thread's content; ``welcome_message_id`` names what a customer answers with it."""

    events: Annotated[list[AnyEvent], Field(max_length=100)] = Field(default_factory=list)
    properties: PropertiesInput = Field(default_factory=dict)
    welcome_message_id: Annotated[str, Field(max_length=64)] = ""


class ChatInput(Request):
    """A chat to start."""

    properties: PropertiesInput = Field(default_factory=dict)
    access: AccessInput | None = None
    users: Annotated[list[ChatUserInput], Field(max_length=20)] = Field(default_factory=list)
    thread: ThreadInput = Field(default_factory=ThreadInput)


class ExistingChatInput(ChatInput):
    """A chat to resume."""

    id: str


class StartChatInput(Request):
    """``start_chat``."""

    chat: ChatInput = Field(default_factory=ChatInput)
    active: bool = True
    continuous: bool = False


class ResumeChatInput(Request):
    """``resume_chat``; ``continuous`` left out keeps the mode."""

    chat: ExistingChatInput
    active: bool = True
    continuous: bool | None = None
