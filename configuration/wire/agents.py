"""Agents on the wire.

An agent's picture is ``avatar`` everywhere and ``avatar_path`` in the documented lists of all
versions, where the subscriptions are ``summaries``: ours have both names there (protocol.md 6.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, NotRequired

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from chatplatform.api.action import Request
from chatplatform.api.wire.chats import GroupId
from chatplatform.records import Record
from chatplatform.services.agents import (
    EMAIL_LENGTH,
    MAX_CHATS,
    MAX_CHATS_BEFORE_3_5,
    EmailSubscription,
    Notification,
)
from chatplatform.services.organizations import NAME_LENGTH
from configuration.wire.schedules import SchedulerShape, WorkScheduler

AgentId = Annotated[str, Field(min_length=1, max_length=EMAIL_LENGTH)]
AgentField = Literal[
    "work_scheduler",
    "groups",
    "email_subscriptions",
    "notifications",
    "job_title",
    "mobile",
    "max_chats_count",
    "suspended",
    "awaiting_approval",
    "last_logout",
]
Fields = Annotated[list[AgentField], Field(max_length=20)]
"""What can be asked for besides what is always shown."""

Priority = Literal["first", "normal", "last", "supervisor"]

_BASE: Final = ("id", "account_id", "name", "role", "avatar", "login_status")


class PlaceInput(Request):
    """An agent's place in a group."""

    id: GroupId
    priority: Priority


def _without(*names: str) -> Any:
    """Return what keeps fields out of the schema that only older versions have."""

    def change(schema: Record) -> None:
        for name in names:
            del schema["properties"][name]

    return change


class AgentInput(Request):
    """What can be chosen for an agent; ``groups`` replace all there were.

    ``avatar`` is looked at up to 3.5 only, and so not described for newer versions.
    """

    avatar: Annotated[str, Field(max_length=500)] = ""
    role: Literal["viceowner", "administrator", "normal"] = "normal"
    login_status: Literal["accepting chats", "not accepting chats"] = "not accepting chats"
    job_title: Annotated[str, Field(max_length=180)] = ""
    mobile: Annotated[str, Field(max_length=64)] = ""
    max_chats_count: Annotated[
        int,
        Field(ge=1, le=MAX_CHATS_BEFORE_3_5, json_schema_extra={"maximum": MAX_CHATS}),
    ] = 6
    groups: Annotated[list[PlaceInput], Field(max_length=1_000)] = []
    notifications: Annotated[list[Notification], Field(max_length=50)] = []
    email_subscriptions: Annotated[list[EmailSubscription], Field(max_length=10)] = []
    work_scheduler: WorkScheduler | None = None

    def values(self) -> dict[str, Any]:
        """Return what was chosen, as the service takes it."""
        chosen = self.model_dump(
            exclude_unset=True, exclude_none=True, exclude={"id", "awaiting_approval"}
        )
        if "login_status" in chosen:
            chosen["login_status"] = chosen["login_status"].replace(" ", "_")
        return chosen


class CreateAgent(AgentInput):
    """``create_agent``."""

    model_config = ConfigDict(json_schema_extra=_without("avatar"))

    id: AgentId
    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
    awaiting_approval: bool | None = None


class UpdateAgent(AgentInput):
    """``update_agent``; what is not given stays. ``name`` is looked at up to 3.5 only."""

    model_config = ConfigDict(json_schema_extra=_without("avatar", "name"))

    id: AgentId
    name: Annotated[str, Field(max_length=NAME_LENGTH)] = ""


class CreatedShape(TypedDict):
    """``create_agent``'s answer."""

    id: str


class PlaceShape(TypedDict):
    """An agent's place in a group."""

    id: int
    priority: str


class AgentShape(TypedDict):
    """An agent, with the fields that were asked for; ``last_logout`` only if there was one."""

    id: str
    account_id: str
    name: str
    role: str
    avatar: str
    login_status: str
    work_scheduler: NotRequired[SchedulerShape]
    groups: NotRequired[list[PlaceShape]]
    email_subscriptions: NotRequired[list[str]]
    notifications: NotRequired[list[str]]
    job_title: NotRequired[str]
    mobile: NotRequired[str]
    max_chats_count: NotRequired[int]
    suspended: NotRequired[bool]
    awaiting_approval: NotRequired[bool]
    last_logout: NotRequired[str]


class ListedAgentShape(AgentShape):
    """An agent in a list."""

    avatar_path: str
    summaries: NotRequired[list[str]]


def shown(agent: Record, fields: Iterable[str]) -> Any:
    """Return what an answer shows of an agent's configuration."""
    return {name: agent[name] for name in (*_BASE, *dict.fromkeys(fields)) if name in agent}


def listed(agent: Record, fields: Iterable[str]) -> Any:
    """Return what a list shows of an agent's configuration."""
    entry = {**shown(agent, fields), "avatar_path": agent["avatar"]}
    if "email_subscriptions" in entry:
        entry["summaries"] = entry["email_subscriptions"]
    return entry
