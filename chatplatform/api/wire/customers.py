"""What agents and customers may say of a customer, and how agents are shown one."""

from __future__ import annotations

import re
from typing import Annotated, Any, NotRequired

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from chatplatform.api.action import Request
from chatplatform.errors import LimitReached

MAX_SESSION_FIELDS = 100
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


def _email(text: str) -> str:
    if text:
        try:
            validate_email(text)
        except ValidationError:
            raise ValueError("not an e-mail address") from None
    return text


def _phone_number(text: str) -> str:
    if text and not _E164.fullmatch(text):
        raise ValueError("a phone number is `+`, country code and number, 15 digits at most")
    return text


def _one_pair(field: dict[str, str]) -> dict[str, str]:
    if len(field) != 1:
        raise ValueError("every session field is an object with one key")
    return field


Text = Annotated[str, Field(max_length=4096)]
SessionField = Annotated[dict[Text, Text], AfterValidator(_one_pair)]
SessionFields = Annotated[list[SessionField], Field(max_length=10_000)]
Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]
PhoneNumber = Annotated[str, Field(max_length=16), AfterValidator(_phone_number)]


def checked(session_fields: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the session fields; raise ``LimitReached`` for too many."""
    if len(session_fields) > MAX_SESSION_FIELDS:
        raise LimitReached(f"At most {MAX_SESSION_FIELDS} session fields can be kept")
    return session_fields


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
    phone_number: PhoneNumber | None = None
    session_fields: SessionFields | None = None
    omnichannel: Omnichannel | None = None
    address: Address | None = None

    def values(self) -> dict[str, Any]:
        """Return the given fields as stored; raise ``LimitReached`` for too many session fields."""
        given: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("name", "email", "avatar", "phone_number")
            if getattr(self, name) is not None
        }
        if self.session_fields is not None:
            given["session_fields"] = checked(self.session_fields)
        if self.omnichannel is not None:
            given["omnichannel"] = self.omnichannel.as_stored()
        if self.address is not None:
            given["address"] = self.address.model_dump(exclude_none=True)
        return given


class CustomerShape(TypedDict):
    """A customer in the Agent API."""

    id: str
    type: str
    created_at: str
    statistics: dict[str, int]
    session_fields: list[dict[str, str]]
    email_verified: bool
    chat_ids: NotRequired[list[str]]
    name: NotRequired[str]
    email: NotRequired[str]
    avatar: NotRequired[str]
    phone_number: NotRequired[str]
    visit: NotRequired[dict[str, Any]]
    omnichannel: NotRequired[dict[str, Any]]
    address: NotRequired[dict[str, str]]
    tickets: NotRequired[list[dict[str, str]]]
    carts: NotRequired[list[dict[str, Any]]]
    agent_last_event_created_at: NotRequired[str]
    customer_last_event_created_at: NotRequired[str]


class MonitoredShape(CustomerShape):
    """A customer as those who watch them are shown."""

    online: bool
    state: str
    group_ids: list[int]
    followed: bool
