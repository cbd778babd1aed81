"""Customer Chat API: the customer's own data and page."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, Field, model_validator
from typing_extensions import TypedDict

from chatplatform.api.action import Empty, Request, action
from chatplatform.api.context import CustomerContext
from chatplatform.api.wire import shapes as wire
from chatplatform.errors import LimitReached
from chatplatform.selectors import people
from chatplatform.services import customers as customer_services
from customers import shapes

MAX_SESSION_FIELDS = 100


def _email(text: str) -> str:
    if text:
        try:
            validate_email(text)
        except ValidationError:
            raise ValueError("not an e-mail address") from None
    return text


def _one_pair(field: dict[str, str]) -> dict[str, str]:
    if len(field) != 1:
        raise ValueError("every session field is an object with one key")
    return field


Text = Annotated[str, Field(max_length=4096)]
SessionField = Annotated[dict[Text, Text], AfterValidator(_one_pair)]
Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]


class Address(Request):
    """A postal address."""

    address: Annotated[str, Field(max_length=255)] | None = None
    city: Annotated[str, Field(max_length=255)] | None = None
    country: Annotated[str, Field(max_length=255)] | None = None
    state: Annotated[str, Field(max_length=255)] | None = None
    postal_code: Annotated[str, Field(max_length=255)] | None = None


class Messenger(Request):
    """A customer's profile at a social messenger."""

    id: Text
    name: Text | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    profile_pic: Text | None = None
    gender: Text | None = None
    locale: Text | None = None
    is_verified_user: bool | None = None


class Twilio(Request):
    """A customer's telephone at a text-message gateway."""

    phone_number: Text


class Omnichannel(Request):
    """The customer's identities on other channels."""

    fbmessenger: Messenger | None = None
    twilio: Twilio | None = None

    def as_stored(self) -> dict[str, Any]:
        """Return the identities in the shape answers have."""
        stored: dict[str, Any] = {}
        if self.fbmessenger is not None:
            stored["fb_messenger"] = [self.fbmessenger.model_dump(exclude_none=True)]
        if self.twilio is not None:
            stored["twilio"] = [self.twilio.model_dump()]
        return stored


class CustomerData(Request):
    """What customers may say of themselves."""

    name: Annotated[str, Field(max_length=255)] | None = None
    email: Email | None = None
    avatar: Annotated[str, Field(max_length=500)] | None = None
    session_fields: list[SessionField] | None = None
    omnichannel: Omnichannel | None = None
    address: Address | None = None

    def values(self) -> dict[str, Any]:
        """Return the given fields as stored; raise ``LimitReached`` for too many session fields."""
        given: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("name", "email", "avatar", "session_fields")
            if getattr(self, name) is not None
        }
        if len(given.get("session_fields", [])) > MAX_SESSION_FIELDS:
            raise LimitReached(f"At most {MAX_SESSION_FIELDS} session fields can be kept")
        if self.omnichannel is not None:
            given["omnichannel"] = self.omnichannel.as_stored()
        if self.address is not None:
            given["address"] = self.address.model_dump(exclude_none=True)
        return given


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
    customer_services.update_customer(ctx.requester.customer_id, request.values())
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
    """``update_customer_page``: given when the customer's group changed."""

    groups: NotRequired[list[dict[str, Any]]]


@action("customer", web=None, writes=True)
def update_customer_page(ctx: CustomerContext, request: Page) -> GroupsShape:
    """Say which page the customer has open now."""
    customer_services.update_customer_page(
        ctx.requester.customer_id,
        {"url": request.url, "title": request.title},
        address=ctx.address,
        user_agent=ctx.user_agent,
    )
    return {}
