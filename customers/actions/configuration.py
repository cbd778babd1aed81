"""Customer Chat API: what a widget needs to know before anyone speaks."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, NotRequired
from uuid import UUID

import orjson
from pydantic import Field, model_validator
from typing_extensions import TypedDict

from chatplatform.api.action import Request, action
from chatplatform.api.context import Context, CustomerContext
from chatplatform.api.wire.chats import GroupId
from chatplatform.errors import GroupNotFound, LicenseNotFound, Validation
from chatplatform.models import Agent, Customer, Group, Organization
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.records import agent_record
from chatplatform.selectors import groups, organizations
from chatplatform.services import routing
from customers import shapes


class ListGroupStatuses(Request):
    """``list_group_statuses``; groups that do not exist are left out."""

    all: bool | None = None
    group_ids: Annotated[list[GroupId], Field(max_length=200)] | None = None

    @model_validator(mode="after")
    def _something_asked(self) -> ListGroupStatuses:
        if not self.all and self.group_ids is None:
            raise ValueError("all or group_ids is required")
        return self


class GroupStatuses(TypedDict):
    """Statuses by group id, the id written as text."""

    groups_status: dict[str, str]


@action("customer")
def list_group_statuses(ctx: CustomerContext, request: ListGroupStatuses) -> GroupStatuses:
    """Return whether groups are online."""
    organization = Organization.objects.get(id=ctx.organization_id)
    statuses = routing.group_statuses(organization)
    wanted = statuses.keys() if request.all else set(request.group_ids or ())
    return {
        "groups_status": {
            str(number): status for number, status in statuses.items() if number in wanted
        }
    }


class GetPredictedAgent(Request):
    """``get_predicted_agent``; the customer's own group unless one is named."""

    group_id: GroupId | None = None


class PredictedAgent(TypedDict):
    """``get_predicted_agent``'s answer."""

    agent: dict[str, Any]
    queue: bool


@action("customer", until="3.6")
def get_predicted_agent(ctx: CustomerContext, request: GetPredictedAgent) -> PredictedAgent:
    """Return who would answer a chat started now."""
    number = request.group_id
    if number is None:
        number = Customer.objects.get(id=ctx.requester.customer_id).group_number
    elif not groups.existing_numbers(ctx.organization_id, [number]):
        raise GroupNotFound
    agent, queue = routing.predict_agent(ctx.organization_id, number)
    shown = {**shapes.agent(agent_record(agent)), "is_bot": agent.kind == Agent.Kind.BOT}
    return {"agent": shown, "queue": queue}


class GetDynamicConfiguration(Request):
    """``get_dynamic_configuration``; the organisation by either of its ids."""

    organization_id: str | None = None
    license_id: int | None = None
    group_id: GroupId | None = None
    url: str | None = None
    channel_type: str | None = None
    test: bool | None = None


class LivechatConfiguration(TypedDict):
    """The chat widget's part."""

    group_id: int
    client_limit_exceeded: bool
    domain_allowed: bool
    online_group_ids: list[int]
    config_version: str
    localization_version: str
    language: str


class DynamicConfiguration(TypedDict):
    """``get_dynamic_configuration``'s answer."""

    organization_id: str
    default_widget: str
    livechat_active: bool
    livechat: NotRequired[LivechatConfiguration]


@action("customer", rtm=None, public=True, http_method="GET")
def get_dynamic_configuration(
    ctx: Context[Any],
    request: GetDynamicConfiguration,
) -> DynamicConfiguration:
    """Return what a widget needs to start on a page."""
    organization = _organization(ctx, request)
    number = GENERAL_GROUP if request.group_id is None else request.group_id
    group = Group.objects.filter(organization=organization, number=number).first()
    if group is None:
        raise GroupNotFound
    statuses = routing.group_statuses(organization)
    config_version, localization_version = content_versions(organization, number)
    return {
        "organization_id": str(organization.id),
        "default_widget": "livechat",
        "livechat_active": True,
        "livechat": {
            "group_id": number,
            "client_limit_exceeded": False,
            "domain_allowed": True,
            "online_group_ids": [one for one, status in statuses.items() if status != "offline"],
            "config_version": config_version,
            "localization_version": localization_version,
            "language": group.language_code,
        },
    }


def _organization(ctx: Context[Any], request: GetDynamicConfiguration) -> Organization:
    found = None
    if request.organization_id is not None:
        try:
            found = organizations.by_id(UUID(request.organization_id))
        except ValueError:
            raise Validation("`organization_id` must be a UUID") from None
    elif request.license_id is not None:
        if not 0 <= request.license_id < 2**63:
            raise LicenseNotFound
        found = organizations.by_license(request.license_id)
    elif ctx.requester is not None:
        found = organizations.by_id(ctx.organization_id)
    else:
        raise Validation("`organization_id` or `license_id` is required")
    if found is None:
        raise LicenseNotFound
    return found


def content_versions(organization: Organization, number: int) -> tuple[str, str]:
    """Return digests that change with a group's configuration and with its texts."""
    group = Group.objects.get(organization=organization, number=number)
    configured = orjson.dumps(
        [organization.properties, group.properties], option=orjson.OPT_SORT_KEYS
    )
    worded = orjson.dumps([group.language_code])
    return (
        hashlib.blake2b(configured, digest_size=16).hexdigest(),
        hashlib.blake2b(worded, digest_size=16).hexdigest(),
    )
