"""Customer Chat API: what a widget needs to know before anyone speaks."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired
from uuid import UUID

from django.conf import settings
from pydantic import Field, model_validator
from typing_extensions import TypedDict

from chatplatform.api.action import Request, action
from chatplatform.api.context import Context, CustomerContext
from chatplatform.api.wire.chats import GroupId
from chatplatform.errors import GroupNotFound, LicenseNotFound, Validation
from chatplatform.models import Agent, Customer, Organization
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.records import agent_record
from chatplatform.selectors import groups, organizations, people
from chatplatform.selectors.domains import is_domain_allowed
from chatplatform.selectors.translations import phrases_in_force
from chatplatform.services import routing
from customers import setup, shapes


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
    shown = shapes.predicted_agent(agent_record(agent), is_bot=agent.kind == Agent.Kind.BOT)
    return {"agent": shown, "queue": queue}


class OfOrganization(Request):
    """What anybody may ask of an organisation, named by either of its ids."""

    organization_id: Annotated[str, Field(max_length=64)] | None = None
    license_id: int | None = None


class GetDynamicConfiguration(OfOrganization):
    """``get_dynamic_configuration``."""

    group_id: GroupId | None = None
    url: Annotated[str, Field(max_length=2048)] | None = None
    channel_type: Annotated[str, Field(max_length=64)] | None = None
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
    organization = organization_of(ctx, request)
    number = GENERAL_GROUP if request.group_id is None else request.group_id
    group = groups.access_group(organization, number)
    statuses = routing.group_statuses(organization)
    config_version, localization_version = setup.versions_of(group)
    return {
        "organization_id": str(organization.id),
        "default_widget": "livechat",
        "livechat_active": True,
        "livechat": {
            "group_id": number,
            "client_limit_exceeded": _is_full(organization),
            "domain_allowed": is_domain_allowed(organization.id, request.url or ""),
            "online_group_ids": [one for one, status in statuses.items() if status != "offline"],
            "config_version": config_version,
            "localization_version": localization_version,
            "language": group.language_code,
        },
    }


def _is_full(organization: Organization) -> bool:
    """Tell whether one more connection of the organisation would be turned away."""
    return people.connections(organization.id) >= settings.RTM_CONNECTIONS_PER_ORGANIZATION


def organization_of(ctx: Context[Any], request: OfOrganization) -> Organization:
    """Return the organisation a request names, or else the requester's own.

    Raise ``LicenseNotFound`` for none, ``Validation`` when nothing says which one.
    """
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


class GetConfiguration(OfOrganization):
    """``get_configuration``; ``version`` as ``get_dynamic_configuration`` answered it."""

    group_id: GroupId
    version: Annotated[str, Field(max_length=64)]


class Configuration(TypedDict):
    """``get_configuration``'s answer."""

    buttons: list[dict[str, Any]]
    prechat_form: NotRequired[dict[str, Any]]
    ticket_form: NotRequired[dict[str, Any]]
    integrations: dict[str, Any]
    properties: dict[str, dict[str, dict[str, Any]]]


@action("customer", rtm=None, public=True, http_method="GET")
def get_configuration(ctx: Context[Any], request: GetConfiguration) -> Configuration:
    """Return how a group's chat is set up; the current version may be kept for good."""
    group = groups.access_group(organization_of(ctx, request), request.group_id)
    configured = setup.configuration(group)
    if request.version == setup.configuration_version(configured):
        ctx.version_of_answer = request.version
    return configured  # type: ignore[return-value]


class GetLocalization(OfOrganization):
    """``get_localization``; ``version`` as ``get_dynamic_configuration`` answered it."""

    group_id: GroupId
    language: Annotated[str, Field(max_length=32)]
    version: Annotated[str, Field(max_length=64)]


@action("customer", rtm=None, public=True, http_method="GET")
def get_localization(ctx: Context[Any], request: GetLocalization) -> dict[str, str]:
    """Return a group's phrases in a language; the current version may be kept for good."""
    group = groups.access_group(organization_of(ctx, request), request.group_id)
    worded = phrases_in_force(group, request.language)
    if request.version == setup.localization_version(request.language, worded):
        ctx.version_of_answer = request.version
    return worded
