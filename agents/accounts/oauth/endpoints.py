"""``/v2/token`` and ``/v2/info``: codes and refresh tokens for tokens, revoking, and whose one is.

Pages of any origin may call them; cookies mean nothing here. Refusals are ``{oauth_exception |
identity_exception, exception_description}``. Failed attempts count against the address.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse, JsonResponse

from agents.accounts.oauth.bodies import Fields, fields
from chatplatform import clock
from chatplatform.api import ratelimit
from chatplatform.errors import TooManyRequests
from chatplatform.oauth_errors import (
    AccountsError,
    InvalidRequest,
    TooManyAttempts,
    Unauthorized,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from chatplatform.services import agent_tokens, authentication, grants
from chatplatform.services.grants import Pair
from chatplatform.transports.accounts_endpoint import AccountsEndpoint, bearer_of
from chatplatform.transports.addresses import address_of

CODE_GRANTS: Final = ("authorization_code", "code")
REFRESH: Final = "refresh_token"
_FAILURES: Final = (400, 401, 403)


class Endpoint(AccountsEndpoint):
    """An endpoint whose failures count against the address."""

    about = "agents' tokens"

    def refusal(self, request: HttpRequest, error: AccountsError) -> AccountsError:
        """Count a failure; too many of them are told as just that."""
        if isinstance(error, InvalidRequest) or error.status not in _FAILURES:
            return error
        try:
            ratelimit.failed_authentication(address_of(request))
        except TooManyRequests as limit:
            return TooManyAttempts(str(limit))
        return error


class TokenView(Endpoint):
    """``/v2/token``."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Issue tokens for a code or a refresh token.

        Whoever failed too often waits before any secret is looked at: that costs as much as a
        password.
        """
        ratelimit.may_authenticate(address_of(request))
        asked = fields(request)
        grant_type = _field(asked, "grant_type")
        if grant_type in CODE_GRANTS:
            code, redirect_uri = _field(asked, "code"), _field(asked, "redirect_uri")
            application = grants.authenticate_client(*_client(request, asked))
            verifier = asked.get("code_verifier", "")
            pair = grants.redeem(application, code, redirect_uri, verifier)
        elif grant_type == REFRESH:
            token = _field(asked, "refresh_token")
            application = grants.authenticate_client(*_client(request, asked))
            pair = grants.refresh(application, token)
        else:
            known = ", ".join((*CODE_GRANTS, REFRESH))
            raise UnsupportedGrantType(f"grant_type must be one of {known}")
        return JsonResponse(_body(pair, application.client_id))

    def delete(self, request: HttpRequest) -> HttpResponse:
        """Revoke an access or a refresh token, with the rest of its authorization."""
        token = _token(request)
        if not (
            agent_tokens.revoke_access_token(token) or agent_tokens.revoke_refresh_token(token)
        ):
            raise Unauthorized("the token is not valid")
        return JsonResponse({})


class InfoView(Endpoint):
    """``/v2/info``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Say whose access token it is, for what, and for how long."""
        token = _token(request)
        requester, scopes = authentication.describe_access_token(token)
        ratelimit.count(requester.rate_key)
        return JsonResponse(
            {
                "access_token": token,
                "account_id": str(requester.account_id),
                "client_id": requester.client_id,
                "expires_in": _seconds_until(requester.expires_at),
                "organization_id": str(requester.organization_id),
                "scope": ",".join(sorted(scopes)),
                "token_type": "Bearer",
            }
        )


def _seconds_until(moment: datetime | None) -> int:
    return 0 if moment is None else max(0, int((moment - clock.now()).total_seconds()))


def _body(pair: Pair, client_id: str) -> dict[str, Any]:
    return {
        "access_token": pair.access_token,
        "account_id": str(pair.account_id),
        "client_id": client_id,
        "expires_in": pair.expires_in,
        "organization_id": str(pair.organization_id),
        "refresh_token": pair.refresh_token,
        "scope": ",".join(sorted(pair.scopes)),
        "token_type": "Bearer",
    }


def _field(asked: Fields, name: str) -> str:
    value = asked.get(name, "")
    if not value:
        raise InvalidRequest(f"{name} is required")
    return value


def _client(request: HttpRequest, asked: Fields) -> tuple[str, str]:
    """Return the client's id and secret: from the body, or from HTTP Basic authentication."""
    scheme, _, value = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "basic":
        return asked.get("client_id", ""), asked.get("client_secret", "")
    try:
        client_id, _, secret = (
            base64.b64decode(value.strip(), validate=True).decode().partition(":")
        )
    except (binascii.Error, ValueError):
        raise UnauthorizedClient("Basic is base64 of client_id:client_secret") from None
    return unquote(client_id), unquote(secret)


def _token(request: HttpRequest) -> str:
    """Return the token of the Authorization header, or of the query as ``code``."""
    found = bearer_of(request) or request.GET.get("code", "")
    if not found:
        raise Unauthorized("a token is needed: Authorization: Bearer, or ?code=")
    return found
