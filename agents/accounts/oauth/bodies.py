"""What ``/v2/token`` is asked: a form or JSON, checked before use."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

from django.http import HttpRequest

from chatplatform.api import payloads
from chatplatform.errors import Validation
from chatplatform.oauth_errors import InvalidRequest
from chatplatform.transports.accounts_endpoint import body_of

_MAX_FIELDS: Final = 50

Fields = dict[str, str]


def fields(request: HttpRequest) -> Fields:
    """Return the body's fields; raise :class:`InvalidRequest` for anything malformed.

    What is sent as JSON, or looks like it, is read as such; everything else as a form.
    """
    raw = body_of(request)
    if "json" in (request.content_type or "") or raw.lstrip()[:1] == b"{":
        return _of_json(raw)
    return _of_form(raw)


def _of_form(raw: bytes) -> Fields:
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"
        )
    except ValueError:
        raise InvalidRequest("the body must be a form or a JSON object") from None
    found: Fields = {}
    for name, value in pairs:
        # Commands broken over several lines leave blanks before the names.
        if name.strip() in found:
            raise InvalidRequest(f"{name.strip()[:64]} is there more than once")
        found[name.strip()] = value
    return found


def _of_json(raw: bytes) -> Fields:
    try:
        body: Any = payloads.parse(raw)
    except Validation as error:
        raise InvalidRequest(str(error)) from None
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a form or a JSON object")
    for name, value in body.items():
        if name in READ and not isinstance(value, str):
            raise InvalidRequest(f"{name} must be a string")
    return {name: value for name, value in body.items() if isinstance(value, str)}


READ: Final = (
    "grant_type",
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "redirect_uri",
    "refresh_token",
)
