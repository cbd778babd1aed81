"""Signing in through an organisation's own OpenID Connect provider.

The library goes there and back; what it brings is checked here and by
``services/identity_providers.py``.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any, Final, cast

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from agents.accounts import visits
from agents.accounts.adapters import ask_to_connect, remember
from agents.accounts.pages import ByButton, Guarded
from chatplatform.api import ratelimit
from chatplatform.errors import ProtocolError, TooManyRequests
from chatplatform.selectors import identity_providers as providers
from chatplatform.services import identity_providers
from chatplatform.transports.addresses import address_of

_FAILURES: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OAuth2Error,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    jwt.PyJWTError,
)
"""What comes of answers that are not as they should be, or do not come."""
_CLAIMS: Final = ("sub", "email", "email_verified", "name")
_LEEWAY_SECONDS: Final = 30
"""How far a provider's clock and ours may be apart."""
_LONGEST_SUBJECT: Final = 191
_NOTED_SECONDS: Final = 24 * 3_600
"""For how long a token that names itself is known again, at most."""
_KNOWN_SECONDS: Final = 300
"""For how long where a provider answers is not asked anew."""
_FAILED_SECONDS: Final = 10
"""For how long a provider is not asked that did not say so."""


class ProviderClient(OpenIDConnectOAuth2Adapter):
    """Believes an identity only with the provider's signature under it."""

    def get_provider(self) -> Any:
        """Return the provider, which leads people there as this does."""
        provider = super().get_provider()
        provider.oauth2_adapter_class = ProviderClient
        return provider

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return where the provider answers what, as it said some minutes ago at most."""
        url = self.get_provider().server_url
        key = f"openid_config:{hashlib.sha256(url.encode()).hexdigest()}"
        known = cache.get(key)
        if known is None:
            known = self._asked(url)
            cache.set(key, known, _KNOWN_SECONDS if known else _FAILED_SECONDS)
        if not known:
            raise OAuth2Error("the provider does not say where it answers")
        return cast(dict[str, Any], known)

    def _asked(self, url: str) -> dict[str, Any]:
        """Ask the provider; of one that fails nothing is known."""
        try:
            with get_adapter().get_requests_session() as session:
                answer = session.get(url)
                answer.raise_for_status()
                said = answer.json()
        except _FAILURES:
            return {}
        return said if isinstance(said, dict) else {}

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **about: Any
    ) -> Any:
        """Return who it is, from the signed token; what that leaves out, from ``userinfo``."""
        signed = about["response"].get("id_token")
        if not isinstance(signed, str):
            raise OAuth2Error("there is no id_token")
        claims = self._decode_id_token(app, signed)
        if "email" not in claims and "userinfo_endpoint" in self.openid_config:
            told = self._fetch_user_info(token.token)
            if told.get("sub") != claims["sub"]:
                raise OAuth2Error("userinfo is about somebody else")
            claims = {**told, **claims}
        kept = {name: claims[name] for name in _CLAIMS if name in claims}
        if not 0 < len(kept["sub"]) <= _LONGEST_SUBJECT or "\\u0000" in json.dumps(kept):
            raise OAuth2Error("the provider calls somebody what can not be kept")
        return self.get_provider().sociallogin_from_response(request, {"id_token": kept})

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        issuer = self.openid_config["issuer"]
        if issuer.rstrip("/") != app.settings["server_url"]:
            raise OAuth2Error("the provider says that it is another")
        algorithm, key = jwtkit.fetch_key(
            id_token, self.openid_config["jwks_uri"], jwtkit.lookup_kid_jwk
        )
        claims: dict[str, Any] = jwt.decode(
            id_token,
            key,
            algorithms=[algorithm],
            issuer=issuer,
            audience=app.client_id,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["sub", "exp"]},
        )
        jwtkit.verify_jti({**claims, "exp": min(claims["exp"], time.time() + _NOTED_SECONDS)})
        return claims


@method_decorator(never_cache, name="dispatch")
class LeaveView(View):
    """Leads to a provider; who was there comes back to ``callback``.

    Only a button of ours does. A link may be anybody's: from there one would come back as whoever
    the provider says, and no longer be who one was.
    """

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, provider_id: str) -> HttpResponse:
        """Show the button, and as whom somebody is signed in so far."""
        provider = providers.by_slug(provider_id)
        if provider is None:
            return _unknown(request)
        about = {"provider": provider, "next": visits.wanted(request)}
        return render(request, "accounts/provider_leave.html", about)

    def post(self, request: HttpRequest, provider_id: str) -> HttpResponse:
        """Lead there, by a page in between: a redirect would be held to the form's policy."""
        response = _library(OAuth2LoginView, request, provider_id)
        if not isinstance(response, HttpResponseRedirect):
            return response
        provider = providers.by_slug(provider_id)
        about = {"url": response.url, "name": provider.name if provider else ""}
        return render(request, "accounts/onward.html", about)


@never_cache
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take back who comes from a provider."""
    response = _library(OAuth2CallbackView, request, provider_id)
    if request.user.is_authenticated:
        remember(response, provider_id, secure=settings.SESSION_COOKIE_SECURE)
    return response


def _library(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    """Run one of the library's views; whatever a provider answers must not be our failure."""
    provider = providers.by_slug(provider_id)
    if provider is None:
        return _unknown(request)
    try:
        ratelimit.asked_provider(address_of(request))
    except TooManyRequests:
        return render(request, "429.html", status=429)
    try:
        response: HttpResponse = view.adapter_view(ProviderClient(request, provider_id))(request)
    except _FAILURES:
        return render(request, "accounts/provider_failed.html", {"provider": provider}, status=502)
    return response


def _unknown(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/provider_failed.html", status=404)


class ConnectView(Guarded, ByButton):
    """Begins to link one's account with who one is at a provider of one's organisation."""

    after_proof = "account"

    def post(self, request: HttpRequest, provider_id: str) -> HttpResponse:
        """Note the wish, and offer the way to the provider."""
        found = providers.of_account(self.account).filter(slug=provider_id).first()
        if found is None:
            return redirect("account")
        ask_to_connect(request, found)
        return render(request, "accounts/provider_connect.html", {"provider": found})


class DisconnectView(Guarded, ByButton):
    """Takes a link with a provider away."""

    after_proof = "account"

    def post(self, request: HttpRequest, link_id: int) -> HttpResponse:
        """Take it away, or say what keeps it."""
        try:
            with visits.acting(request, self.account):
                identity_providers.disconnect(self.account, link_id)
        except ProtocolError as refusal:
            messages.error(request, _(str(refusal)))
        else:
            messages.success(request, _("The link with the provider was removed."))
        return redirect("account")
