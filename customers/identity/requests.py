"""What the accounts endpoints are asked: JSON whatever the content type, checked before use."""

from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, UnreadablePostError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chatplatform.api import payloads
from chatplatform.errors import Validation
from chatplatform.oauth_errors import BodyTooLarge, InvalidRequest, UnsupportedGrantType
from chatplatform.services.tokens import LIFETIME_SECONDS

MAX_BODY_BYTES: Final = 64 * 1024


class TokenRequest(BaseModel):
    """The body of ``POST /v2/customer/token``; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    grant_type: str
    client_id: str = Field(min_length=1, max_length=100)
    response_type: str
    organization_id: str | None = None
    redirect_uri: str | None = None
    entity_id: str | None = None
    expires_in: int = Field(default=LIFETIME_SECONDS, ge=1)


def token_request(request: HttpRequest) -> TokenRequest:
    """Read the body of ``request``; raise :class:`InvalidRequest` for anything malformed.

    ``grant_type`` is looked at first, so that a grant we do not serve is named as such.
    """
    body = _json(request)
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    grant_type = body.get("grant_type")
    if isinstance(grant_type, str) and grant_type not in GRANT_TYPES:
        raise UnsupportedGrantType(f"grant_type must be one of {', '.join(GRANT_TYPES)}")
    try:
        wanted = TokenRequest.model_validate(body)
    except ValidationError as error:
        raise InvalidRequest(_sentence(error)) from None
    if wanted.response_type != "token":
        raise InvalidRequest("response_type must be token")
    return wanted


COOKIE: Final = "cookie"
AGENT_TOKEN: Final = "agent_token"  # noqa: S105 - a grant's name
GRANT_TYPES: Final = (COOKIE, AGENT_TOKEN)


def uuid_field(name: str, text: str | None) -> UUID | None:
    """Return the UUID a field holds, if any; raise :class:`InvalidRequest` when it is none."""
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidRequest(f"{name} must be a UUID") from None


def _json(request: HttpRequest) -> Any:
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"the body is larger than {MAX_BODY_BYTES} bytes")
    try:
        raw = request.read(MAX_BODY_BYTES + 1)
    except UnreadablePostError:
        raise InvalidRequest("the body could not be read") from None
    if len(raw) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"the body is larger than {MAX_BODY_BYTES} bytes")
    try:
        return payloads.parse(raw)
    except Validation as error:
        raise InvalidRequest(str(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}"
