"""Configuration API: access rules, the protocol's auto access."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from chatplatform.access_conditions import Conditions
from chatplatform.api.action import Empty, Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.api.wire.chats import GroupId
from chatplatform.selectors import access_rules as selectors
from chatplatform.services import access_rules
from configuration.organization import organization_of

READ = ("access_rules:ro",)
WRITE = ("access_rules:rw",)

RuleId = Annotated[str, Field(max_length=64)]
Description = Annotated[str, Field(max_length=access_rules.MAX_DESCRIPTION)]


class AccessInput(Request):
    """The groups that get the customers; the first is their own."""

    groups: Annotated[list[GroupId], Field(min_length=1, max_length=access_rules.MAX_GROUPS)]


class AccessShape(TypedDict):
    """The same, as it is answered."""

    groups: list[int]


class RuleShape(TypedDict):
    """A rule; ``next_id`` is empty for the last one."""

    id: str
    description: str
    access: AccessShape
    conditions: dict[str, Any]
    next_id: str


class CreatedShape(TypedDict):
    """``add_auto_access``'s answer."""

    id: str


class AddAutoAccess(Request):
    """``add_auto_access``; without ``next_id`` the rule becomes the last one."""

    access: AccessInput
    conditions: Conditions
    description: Description = ""
    next_id: RuleId = ""


@action("configuration", scopes=WRITE, rtm=None, writes=True)
def add_auto_access(ctx: AgentContext, request: AddAutoAccess) -> CreatedShape:
    """Make a rule."""
    made = access_rules.add_access_rule(
        organization_of(ctx),
        group_ids=request.access.groups,
        conditions=request.conditions.model_dump(exclude_none=True),
        description=request.description,
        next_id=request.next_id,
    )
    return {"id": made.public_id}


class UpdateAutoAccess(Request):
    """``update_auto_access``; what is not given stays, an empty ``next_id`` moves to the end."""

    id: RuleId
    access: AccessInput | None = None
    conditions: Conditions | None = None
    description: Description | None = None
    next_id: RuleId | None = None


@action("configuration", scopes=WRITE, rtm=None, writes=True)
def update_auto_access(ctx: AgentContext, request: UpdateAutoAccess) -> shapes.Nothing:
    """Change a rule, or its place in the list."""
    conditions = request.conditions
    access_rules.update_access_rule(
        organization_of(ctx),
        request.id,
        group_ids=request.access.groups if request.access else None,
        conditions=conditions.model_dump(exclude_none=True) if conditions else None,
        description=request.description,
        next_id=request.next_id,
    )
    return {}


class DeleteAutoAccess(Request):
    """``delete_auto_access``."""

    id: RuleId


@action("configuration", scopes=WRITE, rtm=None, writes=True)
def delete_auto_access(ctx: AgentContext, request: DeleteAutoAccess) -> shapes.Nothing:
    """Delete a rule."""
    access_rules.delete_access_rule(organization_of(ctx), request.id)
    return {}


@action("configuration", scopes=READ, rtm=None)
def list_auto_accesses(ctx: AgentContext, request: Empty) -> list[RuleShape]:
    """List the rules in the order they are tried."""
    return selectors.rule_records(selectors.access_rules(ctx.organization_id))  # type: ignore[return-value]
