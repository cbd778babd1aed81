"""What the sign-in library asks of us: where things are kept, and who may do what."""

from __future__ import annotations

import time
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.contrib import messages
from django.core.validators import slug_re
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from agents.accounts import visits
from agents.accounts.stages import turned_away
from chatplatform import encryption
from chatplatform.errors import ProtocolError
from chatplatform.models import Account, IdentityProvider
from chatplatform.net.client import Limits
from chatplatform.net.session import Session
from chatplatform.selectors import identity_providers as providers
from chatplatform.services import agent_tokens, identity_providers, sign_in, staff_sessions
from chatplatform.services.identity_providers import Identity
from chatplatform.transports.addresses import address_of

_CONNECTING: Final = "connecting"
"""Where a session keeps which provider its person asked to be linked with, and when."""
_CONNECTING_SECONDS: Final = 600
"""How long the way to a provider and back may take whoever asked for that."""
REMEMBERED: Final = "provider"
"""The cookie that keeps which provider a browser signed in with last."""
_REMEMBERED_SECONDS: Final = 365 * 24 * 3_600
_LIMITS: Final = Limits(seconds=8, max_bytes=256 * 1024, redirects=2)


class AccountAdapter(DefaultAccountAdapter):
    """People are invited; nobody signs up. Whoever comes in leaves a line in the audit log."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def get_login_stages(self) -> list[str]:
        """Return what stands between proving who one is and being in, in order."""
        return [
            "agents.accounts.stages.StandingStage",
            "allauth.mfa.stages.AuthenticateStage",
            "agents.accounts.stages.SetUpStage",
        ]

    def pre_login(self, request: HttpRequest, user: Account, **about: Any) -> None:
        """Leave it to the stages."""

    def login(self, request: HttpRequest, user: Account) -> None:
        """Begin the session; tokens of one that this replaces die with it."""
        how, more = _how(request, user)
        replaced = request.session.session_key
        try:
            with sign_in.letting_in(user):
                self._begin(request, user)
        except sign_in.TurnedAway as refusal:
            page = turned_away(request, user, refusal.standing)
            raise ImmediateHttpResponse(page) from None
        if replaced:
            agent_tokens.revoke_workspace_tokens(session_key=replaced)
        with visits.acting(request, user):
            sign_in.record(user, how, **more)

    def _begin(self, request: HttpRequest, user: Account) -> None:
        super().login(request, user)
        visits.proved(request)
        request.session.save()
        agent = request.headers.get("User-Agent", "")
        staff_sessions.opened(visits.session_row(request), address_of(request), agent)

    def logout(self, request: HttpRequest) -> None:
        """End the session and its tokens: somebody comes in anew."""
        ended = request.session.session_key
        super().logout(request)
        if ended:
            agent_tokens.revoke_workspace_tokens(session_key=ended)

    def post_login(
        self, request: HttpRequest, user: Account, *, redirect_url: str | None, **about: Any
    ) -> HttpResponse:
        """Lead on to the page that was wanted, or to the workspace."""
        if redirect_url and visits.is_on_this_site(request, redirect_url):
            return HttpResponseRedirect(redirect_url)
        return redirect(settings.LOGIN_REDIRECT_URL)

    def is_safe_url(self, url: str) -> bool:
        """Tell whether a page may be led on to."""
        return visits.is_on_this_site(self.request, url)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return where a request comes from."""
        return address_of(request)

    def add_message(self, *args: Any, **more: Any) -> None:
        """Say nothing: our pages say what happened."""

    def send_notification_mail(self, *args: Any, **more: Any) -> None:
        """Send nothing: our services write the mails."""


class ProviderAdapter(DefaultSocialAccountAdapter):
    """A provider says who somebody is; it makes nobody an agent.

    Its place is our own table, one row for each provider of an organisation.
    """

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return the provider of this name; without a name, none."""
        found = providers.by_slug(provider) if provider else None
        return [_app(found)] if found is not None else []

    def get_requests_session(self) -> Session:
        """Return the only way out of the house."""
        return Session(_LIMITS, settings.IDENTITY_PROVIDER_ALLOWED_HOSTS)

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find out whose identity this is; who is nobody here is led back, and told so."""
        provider = providers.by_slug(sociallogin.account.provider)
        if provider is None:
            raise ImmediateHttpResponse(redirect("signin"))
        identity = _identity(sociallogin)
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            raise ImmediateHttpResponse(_connected(request, provider, identity))
        try:
            with visits.by_nobody(request):
                account, link = identity_providers.account_of(provider, identity)
        except ProtocolError:
            refused = render(request, "accounts/unknown.html", {"provider": provider}, status=403)
            raise ImmediateHttpResponse(refused) from None
        sociallogin.user, sociallogin.account = account, link

    def on_authentication_error(self, request: HttpRequest, provider: Any, **about: Any) -> None:
        """Say that it did not work, and how to go on."""
        page = "accounts/provider_failed.html"
        raise ImmediateHttpResponse(render(request, page, {"provider": provider}, status=401))

    def send_notification_mail(self, *args: Any, **more: Any) -> None:
        """Send nothing: our services write the mails."""


class SecondFactorAdapter(DefaultMFAAdapter):
    """Seeds and recovery codes are kept encrypted."""

    def encrypt(self, text: str) -> str:
        """Return ``text`` as it may lie in the database."""
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return what :meth:`encrypt` was given."""
        return encryption.decrypt(encrypted_text)

    def get_public_key_credential_user_entity(self, user: Account) -> dict[str, Any]:
        """Return what an authenticator shows of an account."""
        return {
            "id": user.pk.hex.encode(),
            "name": user.email,
            "display_name": user.name or user.email,
        }


def remember(response: HttpResponse, provider: str, *, secure: bool) -> None:
    """Let the browser offer this provider the next time."""
    response.set_cookie(
        REMEMBERED,
        provider,
        max_age=_REMEMBERED_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=secure,
    )


def remembered(request: HttpRequest) -> IdentityProvider | None:
    """Return the provider that this browser signed in with last, if it is one still."""
    slug = request.COOKIES.get(REMEMBERED, "")
    return providers.by_slug(slug) if slug_re.match(slug) else None


def _app(provider: IdentityProvider) -> SocialApp:
    """Return a provider as the library knows them; it is never stored so."""
    return SocialApp(
        provider="openid_connect",
        provider_id=provider.slug,
        name=provider.name[:40],
        client_id=provider.client_id,
        secret=provider.client_secret or "",
        settings={"server_url": provider.issuer, "oauth_pkce_enabled": True},
    )


def _identity(sociallogin: SocialLogin) -> Identity:
    verified = [one.email for one in sociallogin.email_addresses if one.verified is True]
    return Identity(sociallogin.account.uid, verified[0] if verified else "")


def ask_to_connect(request: HttpRequest, provider: IdentityProvider) -> None:
    """Note that whoever is signed in wants to be linked with who they are at a provider."""
    request.session[_CONNECTING] = [provider.slug, time.time()]


def _is_asked_for(request: HttpRequest, provider: IdentityProvider) -> bool:
    """Take the note; tell whether it was about this provider, and a moment ago."""
    slug, at = request.session.pop(_CONNECTING, ["", 0])
    return bool(slug == provider.slug and 0 <= time.time() - at < _CONNECTING_SECONDS)


def _connected(
    request: HttpRequest, provider: IdentityProvider, identity: Identity
) -> HttpResponse:
    """Link whoever is signed in and asked for it on our page."""
    asked = _is_asked_for(request, provider)
    if not request.user.is_authenticated or not asked:
        return redirect("signin")
    account = visits.account_of(request)
    try:
        with visits.acting(request, account):
            identity_providers.connect(account, provider, identity)
    except ProtocolError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("You can sign in with %(name)s now.") % {"name": provider.name})
    return redirect("account")


def _how(request: HttpRequest, account: Account) -> tuple[str, dict[str, str]]:
    """Say how somebody proved who they are, as the audit log keeps it."""
    records = get_authentication_records(request, account)
    methods = {record["method"]: record for record in records}
    how = sign_in.PASSWORD
    more: dict[str, str] = {}
    if "socialaccount" in methods:
        how, more = "provider", {"provider": str(methods["socialaccount"]["provider"])}
    elif methods.get("mfa", {}).get("passwordless"):
        return "passkey", more
    if "mfa" in methods:
        more["second_factor"] = str(methods["mfa"]["type"])
    return how, more
