"""Customer Chat API: the customer's own data and page."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from django.conf import settings
from pydantic import Field, model_validator
from typing_extensions import TypedDict

from chatplatform.api.action import Empty, Request, action
from chatplatform.api.context import CustomerContext
from chatplatform.api.wire import shapes as wire
from chatplatform.api.wire.customers import CustomerData, SessionFields, checked
from chatplatform.models import Organization
from chatplatform.selectors import people
from chatplatform.services import customers as customer_services
from chatplatform.services import email_verification, routing
from customers import shapes


class UpdateCustomer(CustomerData):
    """``update_customer``; at least one field."""

    @model_validator(mode="after")
    def _something_given(self) -> UpdateCustomer:
        if not self.model_fields_set:
            raise ValueError("at least one field is required")
        return self


@action("customer", writes=True)
def update_customer(ctx: CustomerContext, request: UpdateCustomer) -> wire.Nothing:
    """Change the customer's own data."""
    customer_services.update_customer(ctx.requester.customer_id, request.values(), ctx.requester)
    return {}


class SetSessionFields(Request):
    """``set_customer_session_fields``."""

    session_fields: SessionFields


@action("customer", writes=True)
def set_customer_session_fields(ctx: CustomerContext, request: SetSessionFields) -> wire.Nothing:
    """Replace all session fields."""
    values = {"session_fields": checked(request.session_fields)}
    customer_services.update_customer(ctx.requester.customer_id, values, ctx.requester)
    return {}


class CustomerShape(TypedDict):
    """A customer as they see themself."""

    id: str
    type: str
    statistics: dict[str, int]
    session_fields: list[dict[str, str]]
    email_verified: bool
    name: NotRequired[str]
    email: NotRequired[str]
    avatar: NotRequired[str]
    phone_number: NotRequired[str]
    omnichannel: NotRequired[dict[str, Any]]
    address: NotRequired[dict[str, str]]


@action("customer")
def get_customer(ctx: CustomerContext, request: Empty) -> CustomerShape:
    """Return the customer's own data."""
    customer = people.access_customer(ctx.organization_id, ctx.requester.user_id)
    return shapes.customer(people.full_customer(customer))  # type: ignore[return-value]


class Page(Request):
    """A page the customer has open."""

    url: Annotated[str, Field(max_length=8192)]
    title: Annotated[str, Field(max_length=4096)] = ""


class GroupsShape(TypedDict):
    """``update_customer_page``: given when other groups than before see to the page."""

    groups: NotRequired[list[dict[str, Any]]]


@action("customer", web=None, writes=True)
def update_customer_page(ctx: CustomerContext, request: Page) -> GroupsShape:
    """Say which page the customer has open now."""
    moved_to = customer_services.update_customer_page(
        ctx.requester.customer_id,
        {"url": request.url, "title": request.title},
        address=ctx.address,
        user_agent=ctx.user_agent,
    )
    if not moved_to:
        return {}
    statuses = routing.group_statuses(Organization.objects.get(id=ctx.organization_id))
    known = (number for number in moved_to if number in statuses)  # others were deleted just now
    return {"groups": [{"id": number, "status": statuses[number]} for number in known]}


class RequestEmailVerification(Request):
    """``request_email_verification``."""

    callback_uri: Annotated[str, Field(max_length=2048)]


@action("customer", rtm=None, writes=True)
def request_email_verification(
    ctx: CustomerContext, request: RequestEmailVerification
) -> wire.Nothing:
    """Mail the customer a link that verifies their address."""
    email_verification.request_email_verification(
        ctx.requester, request.callback_uri, settings.PUBLIC_URL or ctx.base_url
    )
    return {}
