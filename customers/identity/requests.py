"""What the accounts endpoints are asked: JSON whatever the content type, checked before use."""

from collections.abc import Collection
from typing import Any, Final, TypeVar
from uuid import UUID

from django.http import HttpRequest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chatplatform.api import payloads
from chatplatform.errors import Validation
from chatplatform.oauth_errors import InvalidRequest, UnsupportedGrantType
from chatplatform.services.tokens import LIFETIME_SECONDS
from chatplatform.transports.accounts_endpoint import body_of

COOKIE: Final = "cookie"
AGENT_TOKEN: Final = "agent_token"  # noqa: S105 - a grant's name
IDENTITY_TOKEN: Final = "identity_token"  # noqa: S105 - a grant's name
IDENTITY_TRANSFER: Final = "identity_transfer"
"""What the documentation calls the same grant once."""
IDENTITY_PROOF: Final = "identity_proof"
"""Our own: a proof that the organisation's server signed."""
GROUP_GRANTS: Final = (COOKIE, AGENT_TOKEN, IDENTITY_TOKEN, IDENTITY_TRANSFER)
"""Whom a proof is about is the same customer in every group."""
GRANTS: Final = (*GROUP_GRANTS, IDENTITY_PROOF)


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class TokenRequest(_Body):
    """The body of ``POST …/token``; unknown fields are ignored."""

    grant_type: str
    client_id: str = Field(min_length=1, max_length=100)
    response_type: str | None = None
    organization_id: str | None = None
    license_id: int | None = None
    redirect_uri: str | None = None
    entity_id: str | None = None
    code: str | None = Field(default=None, min_length=1, max_length=255)
    code_verifier: str | None = Field(default=None, max_length=255)
    proof: str | None = Field(default=None, min_length=1)
    expires_in: int = Field(default=LIFETIME_SECONDS, ge=1)


class TransferRequest(_Body):
    """The body of ``POST …/identity_transfer``; unknown fields are ignored."""

    bearer_type: str
    client_id: str = Field(min_length=1, max_length=100)
    customer_id: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None


def token_request(request: HttpRequest, grants: Collection[str]) -> TokenRequest:
    """Read the body of ``request``; raise :class:`InvalidRequest` for anything malformed.

    ``grant_type`` is looked at first, so that one that is none of ``grants`` is named as such.
    """
    body = _object(request)
    grant_type = body.get("grant_type")
    if isinstance(grant_type, str) and grant_type not in grants:
        raise UnsupportedGrantType(f"grant_type must be one of {', '.join(grants)}")
    wanted = _checked(TokenRequest, body)
    # the documentation asks for it where there is more than one kind of answer in OAuth
    required = wanted.grant_type in (COOKIE, AGENT_TOKEN)
    if wanted.response_type != "token" and (required or wanted.response_type is not None):
        raise InvalidRequest("response_type must be token")
    return wanted


def transfer_request(request: HttpRequest) -> TransferRequest:
    """Read the body of ``request``; raise :class:`InvalidRequest` for anything malformed."""
    wanted = _checked(TransferRequest, _object(request))
    if wanted.bearer_type not in ("agent", "customer"):
        raise InvalidRequest("bearer_type must be agent or customer")
    return wanted


def required(name: str, text: str | None) -> str:
    """Return what a field holds; raise :class:`InvalidRequest` where it is not there."""
    if text is None:
        raise InvalidRequest(f"{name} is required")
    return text


def uuid_field(name: str, text: str | None) -> UUID | None:
    """Return the UUID a field holds, if any; raise :class:`InvalidRequest` when it is none."""
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidRequest(f"{name} must be a UUID") from None


_B = TypeVar("_B", bound=_Body)


def _checked(kind: type[_B], body: dict[str, Any]) -> _B:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise InvalidRequest(_sentence(error)) from None


def _object(request: HttpRequest) -> dict[str, Any]:
    body = _json(request)
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    return body


def _json(request: HttpRequest) -> Any:
    try:
        return payloads.parse(body_of(request))
    except Validation as error:
        raise InvalidRequest(str(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}"
