"""``/v2/customer/token`` and ``/v2/customer/info`` over HTTP.

Pages of any origin may call them with cookies, so every answer echoes the caller's Origin; which
pages get a token is the service's decision. Refusals are ``{oauth_exception | identity_exception,
exception_description}``.
"""

from datetime import datetime
from typing import Any, Final

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from chatplatform import clock, errors
from chatplatform.api import ratelimit
from chatplatform.api.errors import as_protocol_error
from chatplatform.errors import (
    Authentication,
    Internal,
    ProtocolError,
    RequesterAwaitingApproval,
    RequesterSuspended,
    ServiceUnavailable,
    TooManyRequests,
)
from chatplatform.oauth_errors import (
    AccessDenied,
    AccountsError,
    CustomerBanned,
    InvalidRequest,
    MethodNotAllowed,
    ServerError,
    TemporarilyUnavailable,
    TooManyAttempts,
    Unauthorized,
)
from chatplatform.requester import AgentRequester, CustomerRequester, customer_rate_key
from chatplatform.services import customer_identities, tokens
from chatplatform.services.customer_identities import Granted
from chatplatform.transports.addresses import client_address
from customers.identity import cookies
from customers.identity.requests import COOKIE, TokenRequest, token_request, uuid_field

PREFLIGHT_SECONDS: Final = 86_400
"""How long a browser may remember the answer to a preflight request."""


@method_decorator(csrf_exempt, name="dispatch")
class AccountsView(View):
    """An accounts endpoint: CORS, and every failure in the words its clients know."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve the request; whatever goes wrong becomes a refusal."""
        try:
            response = super().dispatch(request, *args, **kwargs)
        except Exception as error:
            response = _refuse(error)
        _open_to_origin(request, response)
        response["Cache-Control"] = "no-store"
        return response

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer a preflight request."""
        response = HttpResponse(status=204)
        response["Access-Control-Allow-Methods"] = self._methods()
        response["Access-Control-Allow-Headers"] = "Authorization, Content-Type, X-Region"
        response["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Refuse another method, naming those that are served."""
        methods = self._methods()
        response = _refuse(MethodNotAllowed(f"use one of {methods}"))
        response["Allow"] = methods
        return response

    def _methods(self) -> str:
        return ", ".join(name.upper() for name in self.http_method_names if hasattr(self, name))


class TokenView(AccountsView):
    """``/v2/customer/token``: a customer's token, for a browser's cookies or an agent's token."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Issue a token by the grant the body names."""
        wanted = token_request(request)
        if wanted.grant_type == COOKIE:
            granted = _by_cookie(request, wanted)
        else:
            granted = _by_agent(request, wanted)
        response = JsonResponse(
            {
                "access_token": granted.issued.token,
                "client_id": granted.application.client_id,
                "entity_id": str(granted.customer.pk),
                "expires_in": granted.issued.expires_in,
                "organization_id": str(granted.customer.organization_id),
                "token_type": "Bearer",
            }
        )
        if granted.cookie is not None:
            cookies.write(response, granted.cookie)
        return response

    def delete(self, request: HttpRequest) -> HttpResponse:
        """Revoke the token in the Authorization header; its live connections end."""
        _customer(request, request.headers.get("Authorization", ""))
        tokens.revoke_customer_token(_bearer(request))
        return JsonResponse({})


class InfoView(AccountsView):
    """``/v2/customer/info``: whose token it is, and for how long."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Describe the token in the Authorization header, or in the query as ``code``."""
        token = _bearer(request) or request.GET.get("code", "")
        requester = _customer(request, f"Bearer {token}")
        return JsonResponse(
            {
                "access_token": token,
                "client_id": requester.client_id,
                "entity_id": str(requester.customer_id),
                "expires_in": _seconds_until(requester.expires_at),
                "organization_id": str(requester.organization_id),
                "token_type": "Bearer",
            }
        )


def _by_cookie(request: HttpRequest, wanted: TokenRequest) -> Granted:
    organization_id = uuid_field("organization_id", wanted.organization_id)
    if organization_id is None:
        raise InvalidRequest("organization_id is required")
    origin = request.headers.get("Origin", "")
    redirect_uri = wanted.redirect_uri or origin
    if not redirect_uri:
        raise InvalidRequest("redirect_uri is required where there is no Origin header")
    return customer_identities.grant_by_cookie(
        client_id=wanted.client_id,
        organization_id=organization_id,
        redirect_uri=redirect_uri,
        origin=origin,
        own_page=request.get_host(),
        cookie=cookies.read(request),
        expires_in=wanted.expires_in,
        address=_address(request),
        before_minting=lambda: ratelimit.minted_identity(_address(request)),
        before_renewing=lambda customer_id: ratelimit.count(customer_rate_key(customer_id)),
    )


def _by_agent(request: HttpRequest, wanted: TokenRequest) -> Granted:
    requester = _agent(request)
    organization_id = uuid_field("organization_id", wanted.organization_id)
    if organization_id not in (None, requester.organization_id):
        raise AccessDenied("the token belongs to another organization")
    return customer_identities.grant_by_agent(
        requester,
        client_id=wanted.client_id,
        customer_id=uuid_field("entity_id", wanted.entity_id),
        expires_in=wanted.expires_in,
        before_minting=lambda: ratelimit.minted_identity(_address(request)),
    )


def _agent(request: HttpRequest) -> AgentRequester:
    """Return the agent whose OAuth token the request carries; personal tokens do not serve."""
    credentials = request.headers.get("Authorization", "")
    if not _bearer(request):
        raise Unauthorized("the agent_token grant needs an agent's Bearer token")
    try:
        requester = tokens.authenticate_agent(credentials)
    except Authentication as error:
        ratelimit.failed_authentication(_address(request))
        raise Unauthorized(str(error)) from None
    except (RequesterSuspended, RequesterAwaitingApproval) as error:
        raise AccessDenied(str(error)) from None
    ratelimit.count(requester.rate_key)
    return requester


def _customer(request: HttpRequest, credentials: str) -> CustomerRequester:
    try:
        requester = tokens.identify_customer(credentials, _address(request))
    except Authentication as error:
        ratelimit.failed_authentication(_address(request))
        raise Unauthorized(str(error)) from None
    ratelimit.count(requester.rate_key)
    return requester


def _bearer(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _address(request: HttpRequest) -> str:
    meta = request.META
    return client_address(meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""))


def _seconds_until(moment: datetime | None) -> int:
    return 0 if moment is None else max(0, int((moment - clock.now()).total_seconds()))


def _open_to_origin(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the page that asks read the answer, and send cookies with its request."""
    patch_vary_headers(response, ["Origin"])
    origin = request.headers.get("Origin", "")
    if origin and origin.isprintable():
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Credentials"] = "true"


def _refuse(error: Exception) -> HttpResponse:
    refusal = _as_accounts_error(error)
    response = JsonResponse(refusal.body(), status=refusal.status)
    if isinstance(refusal, TooManyAttempts):
        response["Retry-After"] = str(ratelimit.retry_after())
    elif isinstance(refusal, Unauthorized):
        response["WWW-Authenticate"] = "Bearer"
    return response


def _as_accounts_error(error: Exception) -> AccountsError:
    if isinstance(error, AccountsError):
        return error
    if isinstance(error, SuspiciousOperation):
        return InvalidRequest("malformed request")
    known = as_protocol_error(error, about="customer identity")
    for kind, translation in _TRANSLATIONS:
        if isinstance(known, kind):
            return translation(str(known))
    return InvalidRequest(str(known))


_TRANSLATIONS: Final[tuple[tuple[type[ProtocolError], type[AccountsError]], ...]] = (
    (errors.CustomerBanned, CustomerBanned),
    (TooManyRequests, TooManyAttempts),
    (ServiceUnavailable, TemporarilyUnavailable),
    (Internal, ServerError),
)
