"""Configuration API: groups."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.api.wire.chats import GroupId
from chatplatform.errors import Authorization, Validation
from chatplatform.models import Group, Organization
from chatplatform.models.groups import GroupPriority
from chatplatform.selectors import groups as group_selectors
from chatplatform.services import groups, routing
from chatplatform.services.organizations import NAME_LENGTH
from configuration.organization import organization_of
from configuration.wire.groups import MAX_AGENTS

READ_ALL = "groups--all:ro"
"""The scope to look at groups one is not in."""
_NORMAL_NEEDED_UNTIL = "3.5"

Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
LanguageCode = Annotated[str, Field(min_length=1, max_length=groups.LANGUAGE_LENGTH)]
Priority = Literal["first", "normal", "last", "supervisor"]
AgentPriorities = Annotated[
    dict[Annotated[str, Field(max_length=254)], Priority], Field(max_length=MAX_AGENTS)
]
Fields = Annotated[list[Literal["agent_priorities", "routing_status"]], Field(max_length=10)]


class GroupShape(TypedDict):
    """A group; priorities by agents' ids, and whether it is online, where they are asked for."""

    id: int
    name: str
    language_code: str
    agent_priorities: NotRequired[dict[str, str]]
    routing_status: NotRequired[str]


class CreatedShape(TypedDict):
    """``create_group``'s answer."""

    id: int


class CreateGroup(Request):
    """``create_group``."""

    name: Name
    language_code: LanguageCode = "en"
    agent_priorities: AgentPriorities


@action("configuration", scopes=("groups--all:rw",), rtm=None, writes=True)
def create_group(ctx: AgentContext, request: CreateGroup) -> CreatedShape:
    """Make a group of agents."""
    priorities = request.agent_priorities
    if ctx.version <= _NORMAL_NEEDED_UNTIL and GroupPriority.NORMAL not in priorities.values():
        raise Validation("at least one agent must have the priority `normal`")
    organization = organization_of(ctx)
    made = groups.create_group(organization, request.name, request.language_code, priorities)
    return {"id": made.number}


class UpdateGroup(Request):
    """``update_group``; what is not given stays."""

    id: GroupId
    name: Name | None = None
    language_code: LanguageCode | None = None
    agent_priorities: AgentPriorities | None = None

    def values(self) -> groups.GroupValues:
        """Return what is to change."""
        given: groups.GroupValues = self.model_dump(exclude={"id"}, exclude_none=True)  # type: ignore[assignment]
        return given


@action("configuration", scopes=("groups--my:rw", "groups--all:rw"), rtm=None, writes=True)
def update_group(ctx: AgentContext, request: UpdateGroup) -> shapes.Nothing:
    """Change a group."""
    groups.update_group(ctx.organization_id, request.id, request.values(), by=ctx.requester)
    return {}


class DeleteGroup(Request):
    """``delete_group``."""

    id: GroupId


@action("configuration", scopes=("groups--my:rw", "groups--all:rw"), rtm=None, writes=True)
def delete_group(ctx: AgentContext, request: DeleteGroup) -> shapes.Nothing:
    """Delete a group."""
    groups.delete_group(ctx.organization_id, request.id, by=ctx.requester)
    return {}


class ListGroups(Request):
    """``list_groups``."""

    fields: Fields = Field(default_factory=list)


@action("configuration", scopes=(READ_ALL,), rtm=None)
def list_groups(ctx: AgentContext, request: ListGroups) -> list[GroupShape]:
    """List the groups."""
    found = group_selectors.groups_of(ctx.organization_id)
    return _shapes(organization_of(ctx), found, request.fields)


class GetGroup(Request):
    """``get_group``."""

    id: GroupId
    fields: Fields = Field(default_factory=list)


@action("configuration", scopes=("groups--my:ro", READ_ALL), rtm=None)
def get_group(ctx: AgentContext, request: GetGroup) -> GroupShape:
    """Return a group."""
    organization = organization_of(ctx)
    found = group_selectors.access_group(organization, request.id)
    if not ctx.requester.has_scope(READ_ALL):
        own = group_selectors.group_numbers_of(ctx.requester.agent_id)
        if request.id not in own:
            raise Authorization("the agent is not in the group")
    (shape,) = _shapes(organization, [found], request.fields)
    return shape


def _shapes(
    organization: Organization, found: list[Group], fields: Collection[str]
) -> list[GroupShape]:
    """Return groups of an organisation with the ``fields`` that were asked for besides."""
    made: list[GroupShape] = [
        {"id": group.number, "name": group.name, "language_code": group.language_code}
        for group in found
    ]
    if "agent_priorities" in fields:
        priorities = group_selectors.priorities_by_group(found)
        for shape in made:
            shape["agent_priorities"] = priorities[shape["id"]]
    if "routing_status" in fields:
        statuses = routing.group_statuses(organization)
        for shape in made:
            status = statuses.get(shape["id"], "offline")  # a group may be gone meanwhile
            shape["routing_status"] = routing.in_agents_words(status)
    return made
