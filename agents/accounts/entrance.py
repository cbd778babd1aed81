"""Coming in and going out: password, code, passkey."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.internal.flows.login import perform_login, perform_password_login
from allauth.account.models import Login
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from agents.accounts import visits
from agents.accounts.adapters import remembered
from agents.accounts.forms import CodeForm, PasskeyForm, PlainForm, SignInForm
from agents.accounts.pages import ByButton, FormPage
from agents.accounts.stages import provider_instead, under_way
from chatplatform.models import Account
from chatplatform.selectors import identity_providers
from chatplatform.services import agent_tokens, second_factors, sign_in
from chatplatform.services.second_factors import WrongCode
from chatplatform.transports.addresses import base_url


def come_in(request: HttpRequest, account: Account, redirect_url: str = "") -> HttpResponse:
    """Sign somebody in who proved who they are; their second factor is still asked for."""
    return cast(
        HttpResponse,
        perform_password_login(
            request,
            {"email": account.email},
            Login(user=account, redirect_url=redirect_url or None, email=account.email),
        ),
    )


def go_out(request: HttpRequest) -> None:
    """End the session, if there is one, and revoke the workspace's tokens of it."""
    session_key = request.session.session_key
    account = visits.account_of(request) if request.user.is_authenticated else None
    logout(request)
    if session_key:
        agent_tokens.revoke_workspace_tokens(session_key=session_key)
    if account is not None:
        with visits.acting(request, account):
            sign_in.record_end(account)


class SignInView(FormPage):
    """Asks for e-mail and password and leads on to ``next``, if that is a page of this site.

    Attempts count per account and address, failed ones also against the address alone; past
    either allowance no password is looked at, and the answer is 429. They count against the
    account as well, wherever they come from (``services/sign_in.py``).
    """

    template_name = "accounts/signin.html"
    form_class = SignInForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lead people on who are in already."""
        if request.user.is_authenticated:
            return redirect(visits.wanted(request) or settings.LOGIN_REDIRECT_URL)
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        """Fill in the address a link to here knows."""
        return {"username": self.request.GET.get("email", "")[:254]}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the form, unless this account or any was tried too often from this address."""
        if visits.is_tried_too_often(request, request.POST.get("username", "")):
            return self.too_many(self.get_form())
        return super().post(request, *args, **kwargs)

    def done(self, form: PlainForm) -> HttpResponse:
        """Sign in, or say that something was wrong, and never what."""
        request, typed = self.request, form.cleaned_data
        with visits.by_nobody(request):
            account = sign_in.by_password(typed["username"], typed["password"], base_url(request))
        if account is None:
            if visits.failed_too_often(request):
                return self.too_many(form)
            form.refuse(_("The e-mail address or the password is wrong"))
            return self.form_invalid(form)
        wanted = visits.wanted(request)
        instead = provider_instead(request, account, wanted)
        return instead or come_in(request, account, wanted)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the other ways in."""
        return super().get_context_data(
            next=visits.wanted(self.request), providers=self._providers(), **kwargs
        )

    def _providers(self) -> list[Any]:
        shown = identity_providers.shown_to_strangers()
        known = remembered(self.request)
        if known is not None and known not in shown:
            shown.insert(0, known)
        return shown


class SignOutView(ByButton):
    """Ends the session and with it every token the workspace was given in it."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """End the session, revoke its tokens, and lead back to the sign-in page."""
        go_out(request)
        return redirect("signin")


class CodeView(FormPage):
    """Asks who knows the password for their second factor: a code, or a passkey."""

    template_name = "accounts/code.html"
    form_class = CodeForm
    stage: AuthenticateStage

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve who is on their way in; lead everybody else to the beginning."""
        stage = under_way(request, AuthenticateStage.key)
        if request.user.is_authenticated or stage is None:
            return redirect("signin")
        self.stage = cast(AuthenticateStage, stage)
        return super().dispatch(request, *args, **kwargs)

    @property
    def account(self) -> Account:
        """Whoever is on their way in."""
        return cast(Account, self.stage.login.user)

    def get_form_class(self) -> type[PlainForm]:
        """Return the form of what was sent."""
        return PasskeyForm if "credential" in self.request.POST else CodeForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check it, unless this account was tried too often from here."""
        if visits.is_tried_too_often(request, self.account.email):
            return self.too_many(CodeForm(request.POST))
        return super().post(request, *args, **kwargs)

    def done(self, form: PlainForm) -> HttpResponse:
        """Go on with signing in, or say that the code is wrong."""
        with visits.by_nobody(self.request):
            factor = self._factor(form)
        if factor is None:
            if visits.failed_too_often(self.request):
                return self.too_many(form)
            form.refuse(_("The code is wrong, or was used before"), "code")
            return self.form_invalid(form)
        visits.used(self.request, self.account, factor)
        return cast(HttpResponse, self.stage.exit())

    def form_invalid(self, form: PlainForm) -> HttpResponse:
        """Show the form for codes in any case, with what is wrong."""
        if isinstance(form, PasskeyForm):
            plain = CodeForm()
            plain._errors = form.errors  # type: ignore[attr-defined]
            return self.render_to_response(self.get_context_data(form=plain, passkey_failed=True))
        return super().form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what a passkey is to be asked, for who has one."""
        has_passkey = second_factors.has_passkey(self.account)
        return super().get_context_data(
            has_app=second_factors.has_app(self.account),
            has_passkey=has_passkey,
            options=second_factors.asked(self.account) if has_passkey else None,
            **kwargs,
        )

    def _factor(self, form: PlainForm) -> Any:
        if isinstance(form, PasskeyForm):
            return second_factors.answered(self.account, form.cleaned_data["credential"])
        return sign_in.by_code(self.account, form.cleaned_data["code"], base_url(self.request))


@method_decorator(never_cache, name="dispatch")
class PasskeyView(View):
    """Signs in by a passkey alone.

    ``GET`` answers what the browser is to ask; ``POST`` takes what the passkey answered
    (``credential``), and ``next``.
    """

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the options as JSON, each good for one attempt; asking counts like a failure."""
        if visits.failed_too_often(request):
            return JsonResponse({}, status=429)
        return JsonResponse(second_factors.asked(None))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Sign in, or lead back to the beginning with what is wrong."""
        form = PasskeyForm(request.POST)
        try:
            if not form.is_valid():
                raise WrongCode
            factor = second_factors.answered(None, form.cleaned_data["credential"])
        except WrongCode:
            status = 429 if visits.failed_too_often(request) else 403
            wanted = {"next": visits.wanted(request)}
            return render(request, "accounts/passkey_failed.html", wanted, status=status)
        wanted_page = visits.wanted(request)
        if instead := provider_instead(request, factor.user, wanted_page):
            return instead
        login = Login(user=factor.user, redirect_url=wanted_page or None)
        visits.used(request, factor.user, factor, passwordless=True)
        return cast(HttpResponse, perform_login(request, login))
