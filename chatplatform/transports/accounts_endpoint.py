"""What the accounts endpoints of agents and of customers have in common (protocol.md 5.1, 5.4).

Pages of any origin may call them. Refusals are ``{oauth_exception | identity_exception,
exception_description}``, whatever went wrong; no answer is kept by a cache.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from chatplatform import errors
from chatplatform.api import ratelimit
from chatplatform.api.errors import as_protocol_error
from chatplatform.errors import ProtocolError
from chatplatform.oauth_errors import (
    AccessDenied,
    AccountsError,
    BodyTooLarge,
    CustomerBanned,
    InvalidRequest,
    MethodNotAllowed,
    ServerError,
    TemporarilyUnavailable,
    TooManyAttempts,
    Unauthorized,
)

PREFLIGHT_SECONDS: Final = 86_400
"""How long a browser may remember the answer to a preflight request."""
MAX_BODY_BYTES: Final = 64 * 1024


@method_decorator(csrf_exempt, name="dispatch")
class AccountsEndpoint(View):
    """An accounts endpoint: CORS, and every failure in the words its clients know."""

    about: ClassVar[str]
    """What it serves, for the server's log."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve the request; whatever goes wrong becomes a refusal."""
        try:
            response = super().dispatch(request, *args, **kwargs)
        except Exception as error:
            response = _refuse(self.refusal(request, _as_accounts_error(error, self.about)))
        self.open_to(request, response)
        response["Cache-Control"] = "no-store"
        return response

    def refusal(self, request: HttpRequest, error: AccountsError) -> AccountsError:
        """Return what to refuse the request with, where ``error`` stood in its way."""
        return error

    def open_to(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Let the page that asks read the answer; cookies mean nothing here."""
        response["Access-Control-Allow-Origin"] = "*"

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


def body_of(request: HttpRequest) -> bytes:
    """Return the body as it was sent; raise :class:`BodyTooLarge`, and :class:`InvalidRequest`
    where it broke off.
    """
    too_large = BodyTooLarge(f"the body is larger than {MAX_BODY_BYTES} bytes")
    announced = (request.META.get("CONTENT_LENGTH") or "").lstrip("0")
    if len(announced) > len(str(MAX_BODY_BYTES)):
        raise too_large
    if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
        raise too_large
    try:
        raw = request.read(MAX_BODY_BYTES + 1)
    except UnreadablePostError:
        raise InvalidRequest("the body could not be read") from None
    if len(raw) > MAX_BODY_BYTES:
        raise too_large
    return raw


def bearer_of(request: HttpRequest) -> str:
    """Return the token of the Authorization header; empty where there is none."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _refuse(refusal: AccountsError) -> HttpResponse:
    response = JsonResponse(refusal.body(), status=refusal.status)
    if isinstance(refusal, TooManyAttempts):
        response["Retry-After"] = str(ratelimit.retry_after())
    elif isinstance(refusal, Unauthorized):
        response["WWW-Authenticate"] = "Bearer"
    return response


def _as_accounts_error(error: Exception, about: str) -> AccountsError:
    if isinstance(error, AccountsError):
        return error
    if isinstance(error, SuspiciousOperation):
        return InvalidRequest("malformed request")
    known = as_protocol_error(error, about=about)
    for kind, translation in _TRANSLATIONS:
        if isinstance(known, kind):
            return translation(str(known))
    return InvalidRequest(str(known))


_TRANSLATIONS: Final[tuple[tuple[type[ProtocolError], type[AccountsError]], ...]] = (
    (errors.Authentication, Unauthorized),
    (errors.RequesterSuspended, AccessDenied),
    (errors.RequesterAwaitingApproval, AccessDenied),
    (errors.CustomerBanned, CustomerBanned),
    (errors.TooManyRequests, TooManyAttempts),
    (errors.ServiceUnavailable, TemporarilyUnavailable),
    (errors.Internal, ServerError),
)
