"""Bots and their templates on the wire.

A bot's picture is ``avatar`` in requests and now ``avatar``, now ``avatar_path`` in the documented
answers of the versions: ours have both, in all of them (protocol.md 6.4).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BeforeValidator, Field
from typing_extensions import TypedDict

from chatplatform.api.action import Request
from chatplatform.api.versions.schedules import from_days
from chatplatform.api.wire.chats import GroupId
from chatplatform.models.bots import MAX_BOT_TYPE
from chatplatform.records import Record
from chatplatform.services.agents import MAX_INTERVALS
from chatplatform.services.bots import MAX_CHATS
from chatplatform.services.organizations import NAME_LENGTH
from configuration.wire.schedules import Interval, SchedulerShape

Priority = Literal["first", "normal", "last", "supervisor"]
Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
BotId = Annotated[str, Field(min_length=1, max_length=64)]
ClientId = Annotated[str, Field(min_length=1, max_length=100)]
_Places = Annotated[list["PlaceInput"], Field(max_length=1_000)]
BotField = Literal["groups", "work_scheduler", "job_title", "max_chats_count", "timezone"]
BotFields = Annotated[list[BotField], Field(max_length=20)]
"""What can be asked for besides what is always shown."""


class PlaceInput(Request):
    """A bot's place in a group; without ``priority`` its default holds there."""

    id: GroupId
    priority: Priority | None = None


class SchedulerInput(Request):
    """A bot's working hours; ``schedule`` left out stays as it is."""

    timezone: Annotated[str, Field(max_length=64)]
    schedule: Annotated[list[Interval], Field(max_length=MAX_INTERVALS)] | None = None


WorkScheduler = Annotated[SchedulerInput, BeforeValidator(from_days)]
"""Days by name are taken in every version, as of agents."""


class TemplateInput(Request):
    """What can be chosen for a bot and for a template alike, beside the name."""

    avatar: Annotated[str, Field(max_length=500)] | None = None
    max_chats_count: Annotated[int, Field(ge=1, le=MAX_CHATS)] | None = None
    default_group_priority: Priority | None = None
    job_title: Annotated[str, Field(max_length=180)] | None = None

    def values(self) -> dict[str, Any]:
        """Return what was chosen, as services take it."""
        known = {"id", "owner_client_id", "affect_existing_installations"}
        return self.model_dump(exclude_none=True, exclude=known)


class BotInput(TemplateInput):
    """What can be chosen for a bot, beside the name; ``groups`` replace all there were."""

    groups: _Places | None = None
    type: Annotated[str, Field(min_length=1, max_length=MAX_BOT_TYPE)] | None = None
    work_scheduler: WorkScheduler | None = None


class PlaceShape(TypedDict):
    """A bot's place in a group."""

    id: int
    priority: str


class BotShape(TypedDict):
    """A bot in a list, with the fields that were asked for."""

    id: str
    name: str
    avatar: str
    avatar_path: str
    groups: NotRequired[list[PlaceShape]]
    work_scheduler: NotRequired[SchedulerShape]
    job_title: NotRequired[str]
    max_chats_count: NotRequired[int]
    timezone: NotRequired[str]


class WholeBotShape(TypedDict):
    """One bot, with the fields that were asked for."""

    id: str
    name: str
    avatar: str
    avatar_path: str
    type: str
    default_group_priority: str
    owner_client_id: str
    max_chats_count: int
    groups: list[PlaceShape]
    work_scheduler: NotRequired[SchedulerShape]
    job_title: NotRequired[str]
    timezone: NotRequired[str]


class TemplateShape(TypedDict):
    """A template in a list."""

    id: str
    name: str
    avatar: str
    avatar_path: str


class NewBotShape(TypedDict):
    """A new bot or template: the only answer that has its secret."""

    id: str
    secret: str


class SecretShape(TypedDict):
    """A new secret."""

    secret: str


class TokenShape(TypedDict):
    """A bot's token."""

    token: str


ALWAYS = ("type", "default_group_priority", "owner_client_id", "max_chats_count", "groups")
"""What ``get_bot`` shows whether or not it was asked for."""


def shown(record: Record, fields: Iterable[str]) -> Any:
    """Return a bot's record with what every answer has, and ``fields``."""
    shape = {name: record[name] for name in ("id", "name", "avatar")}
    shape["avatar_path"] = record["avatar"]
    known = {**record, "timezone": record["work_scheduler"]["timezone"]}
    return shape | {field: known[field] for field in fields}
