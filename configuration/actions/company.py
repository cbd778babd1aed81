"""Configuration API: what is known of the organisation and its licence."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, cast
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from chatplatform import clock
from chatplatform.api.action import Empty, Request, action
from chatplatform.api.context import AgentContext, Context
from chatplatform.api.wire.shapes import Nothing
from chatplatform.errors import NotFound, Validation
from chatplatform.models import Organization
from chatplatform.plans import Plan
from chatplatform.selectors import organizations, plans
from chatplatform.selectors.plans import Excess
from chatplatform.services import agent_mails, company

OF_THE_SUBSCRIPTION = ("subscription.lc:rw",)
OF_THE_ORGANIZATION = ("organization--my:rw",)

DETAIL_LENGTH = 255


# --- its two ids ------------------------------------------------------------------------------


class GetLicenseId(Request):
    """``get_license_id``."""

    organization_id: Annotated[str, Field(max_length=64)]


class LicenseId(TypedDict):
    """``get_license_id``'s answer."""

    license_id: int


@action("configuration", rtm=None, until="3.4", public=True, http_method="GET")
def get_license_id(ctx: Context[Any], request: GetLicenseId) -> LicenseId:
    """Return the number of an organisation's licence."""
    try:
        found = organizations.by_id(UUID(request.organization_id))
    except ValueError:
        raise Validation("`organization_id` must be a UUID") from None
    return {"license_id": _there(found).license_id}


class GetOrganizationId(Request):
    """``get_organization_id``."""

    license_id: Annotated[int, Field(ge=0, lt=2**63)]


class OrganizationId(TypedDict):
    """``get_organization_id``'s answer."""

    organization_id: str


@action("configuration", rtm=None, until="3.4", public=True, http_method="GET")
def get_organization_id(ctx: Context[Any], request: GetOrganizationId) -> OrganizationId:
    """Return the id of the organisation that has a licence."""
    return {"organization_id": str(_there(organizations.by_license(request.license_id)).id)}


def _there(found: Organization | None) -> Organization:
    if found is None:
        raise NotFound("Organization not found")
    return found


# --- its licence ------------------------------------------------------------------------------


class ChannelShape(TypedDict):
    """A channel that has been used; ``channel_subtype`` is an integration's client id."""

    channel_type: str
    channel_subtype: str
    first_activity_timestamp: str


@action("configuration", web="3.5", rtm=None)
def list_channels(ctx: AgentContext, request: Empty) -> list[ChannelShape]:
    """Return the channels customers have used, the oldest first."""
    return [
        {
            "channel_type": channel.type,
            "channel_subtype": channel.subtype,
            "first_activity_timestamp": clock.to_wire(channel.first_activity_at),
        }
        for channel in organizations.channels(ctx.organization_id)
    ]


class CheckProductLimitsForPlan(Request):
    """``check_product_limits_for_plan``."""

    plan: Plan


class ExcessShape(TypedDict):
    """By how many a plan's limit is exceeded; ``id`` is an agent's or a group's."""

    resource: str
    limit_balance: int
    id: NotRequired[str]


@action("configuration", scopes=OF_THE_SUBSCRIPTION, web="3.5", rtm=None)
def check_product_limits_for_plan(
    ctx: AgentContext, request: CheckProductLimitsForPlan
) -> list[ExcessShape]:
    """Return what the licence has more of than a plan allows."""
    return [_excess(one) for one in plans.exceeded(ctx.organization_id, request.plan)]


def _excess(found: Excess) -> ExcessShape:
    shape: ExcessShape = {"resource": found.resource, "limit_balance": found.by}
    if found.id:
        shape["id"] = found.id
    return shape


class ProductSource(TypedDict):
    """What made the licence."""

    source_id: str
    source_type: str
    source_url: str


@action("configuration", web="3.5", rtm=None)
def get_product_source(ctx: AgentContext, request: Empty) -> ProductSource:
    """Return what made the licence."""
    source = _there(organizations.by_id(ctx.organization_id)).source
    return {
        "source_id": source.get("id", ""),
        "source_type": source.get("type", ""),
        "source_url": source.get("url", ""),
    }


# --- its people and itself --------------------------------------------------------------------


class ReactivateEmail(Request):
    """``reactivate_email``."""

    agent_id: Annotated[str, Field(min_length=1, max_length=254)]


@action("configuration", scopes=("agents--all:rw",), web="3.6", rtm=None, writes=True)
def reactivate_email(ctx: AgentContext, request: ReactivateEmail) -> Nothing:
    """Let mail go to an agent again whose address was refused."""
    agent_mails.reactivate(ctx.requester, request.agent_id)
    return {}


Detail = Annotated[str, Field(max_length=DETAIL_LENGTH)]


class CompanyDetails(Request):
    """What a company says of itself; ``nip`` is the number it is taxed under."""

    audience: Detail | None = None
    chat_purpose: Detail | None = None
    city: Detail | None = None
    company: Detail | None = None
    company_size: Detail | None = None
    country: Detail | None = None
    invoice_email: Detail | None = None
    invoice_name: Detail | None = None
    nip: Detail | None = None
    postal_code: Detail | None = None
    state: Detail | None = None
    street: Detail | None = None
    phone: Detail | None = None
    province: Detail | None = None
    url: Annotated[str, Field(max_length=2048)] | None = None


class UpdateCompanyDetails(CompanyDetails):
    """``update_company_details``; ``enrich`` finds nothing here (protocol.md 6.8)."""

    enrich: bool | None = None


@action("configuration", scopes=OF_THE_ORGANIZATION, web="3.6", rtm=None, writes=True)
def update_company_details(ctx: AgentContext, request: UpdateCompanyDetails) -> Nothing:
    """Store the given ones of the company's details."""
    company.update_details(ctx.requester, request.model_dump(exclude={"enrich"}, exclude_none=True))
    return {}


class CompanyDetailsShape(TypedDict, total=False):
    """What is known of the company."""

    audience: str
    chat_purpose: str
    city: str
    company: str
    company_size: str
    country: str
    invoice_email: str
    invoice_name: str
    nip: str
    postal_code: str
    state: str
    street: str
    phone: str
    province: str
    url: str


@action("configuration", scopes=OF_THE_ORGANIZATION, web="3.6", rtm=None)
def get_company_details(ctx: AgentContext, request: Empty) -> CompanyDetailsShape:
    """Return the company's details that were stored."""
    organization = _there(organizations.by_id(ctx.organization_id))
    return cast(CompanyDetailsShape, organization.company_details)
