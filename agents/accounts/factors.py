"""Second factors of one's own account: set up, removed, and recovery codes.

The same pages serve somebody who is signed in, and somebody on their way in whose organisation
asks for a second factor.
"""

from __future__ import annotations

from typing import Any, cast

from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal import auth as totp
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from agents.accounts import devices, visits
from agents.accounts.forms import CodeForm, NewPasskeyForm, PlainForm
from agents.accounts.pages import ByButton, FormPage, Guarded
from agents.accounts.qr import drawn
from agents.accounts.stages import SetUpStage, under_way
from chatplatform.errors import ProtocolError
from chatplatform.models import Account
from chatplatform.services import second_factors
from chatplatform.transports.addresses import base_url


class SettingUp(Guarded):
    """A page for whoever may add a factor; ``stage`` is there for who is on their way in."""

    stage: SetUpStage | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve who is signed in, and who is held back until they set a factor up."""
        if request.user.is_authenticated:
            return super().dispatch(request, *args, **kwargs)
        self.stage = cast("SetUpStage | None", under_way(request, SetUpStage.key))
        if self.stage is None or not self.stage.may_set_up():
            return redirect("signin")
        return self.serve(request, *args, **kwargs)

    def added(self, codes: list[str]) -> HttpResponse:
        """Show recovery codes that are new; who is on their way in may go on from there."""
        if self.stage is not None:
            self.stage.note_set_up()
        return after_adding(self.request, codes, held_back=self.stage is not None)

    @property
    def has_to_be_first(self) -> bool:
        """Whether nothing but a password speaks for who is here, so far."""
        return self.stage is not None and not self.stage.is_set_up()

    @property
    def account(self) -> Account:
        """Whose factor it will be."""
        if self.stage is not None:
            return cast(Account, self.stage.login.user)
        return visits.account_of(self.request)


@method_decorator(never_cache, name="dispatch")
class SetUpView(TemplateView):
    """Says that the organisation asks for a second factor, and offers the ways.

    Once there is one, ``POST`` goes on with signing in.
    """

    template_name = "accounts/set_up.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve who is held back."""
        stage = under_way(request, SetUpStage.key)
        if request.user.is_authenticated or stage is None:
            return redirect("signin")
        self.stage = cast(SetUpStage, stage)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add which organisation asks."""
        return super().get_context_data(organization=self.stage.login.user.organization, **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Go on, if a factor was set up on this way in."""
        if not self.stage.is_set_up():
            return redirect("account_set_up")
        return cast(HttpResponse, self.stage.exit())


class AppView(SettingUp, FormPage):
    """Shows the seed for an authenticator app, and takes a code that proves the app has it."""

    template_name = "accounts/app.html"
    form_class = CodeForm
    refused_field = "code"

    def done(self, form: PlainForm) -> HttpResponse:
        """Add the app, and show the recovery codes if they are new."""
        with visits.acting(self.request, self.account):
            codes = second_factors.add_app(
                self.account,
                totp.get_totp_secret(),
                form.cleaned_data["code"],
                base_url(self.request),
                as_first=self.has_to_be_first,
            )
        totp.clear_totp_secret(self.request)
        return self.added(codes)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the seed, as text and as a picture for the app's camera."""
        seed = totp.get_totp_secret()
        address = get_adapter().build_totp_url(self.account, seed)
        spaced = " ".join(seed[at : at + 4] for at in range(0, len(seed), 4))
        return super().get_context_data(
            seed=spaced, picture=drawn(address), held_back=self.stage is not None, **kwargs
        )


class NewPasskeyView(SettingUp, FormPage):
    """Has the browser make a passkey, and keeps its public half."""

    template_name = "accounts/passkey.html"
    form_class = NewPasskeyForm

    def get_initial(self) -> dict[str, Any]:
        """Suggest the device's name."""
        return {"name": devices.described(self.request.headers.get("User-Agent", ""))}

    def done(self, form: PlainForm) -> HttpResponse:
        """Add the passkey, and show the recovery codes if they are new."""
        with visits.acting(self.request, self.account):
            codes = second_factors.add_passkey(
                self.account,
                form.cleaned_data["name"],
                form.cleaned_data["credential"],
                base_url(self.request),
                as_first=self.has_to_be_first,
            )
        return self.added(codes)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the browser is to ask."""
        return super().get_context_data(
            options=second_factors.new_passkey(self.account),
            held_back=self.stage is not None,
            **kwargs,
        )


class RemoveFactorView(Guarded, TemplateView):
    """Asks before a factor goes, and takes it away."""

    template_name = "accounts/factor_remove.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add which one it is."""
        rows = second_factors.of_account(self.account)
        row = rows.filter(pk=self.kwargs["factor_id"]).first()
        return super().get_context_data(
            factor=row,
            name=second_factors.label(row) if row else "",
            is_last=rows.count() == 1,
            **kwargs,
        )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask; of a factor that is not there, lead back."""
        if not second_factors.of_account(self.account).filter(pk=kwargs["factor_id"]).exists():
            return redirect("account")
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, factor_id: int) -> HttpResponse:
        """Take it away, or say what keeps it."""
        try:
            with visits.acting(request, self.account):
                second_factors.remove(self.account, factor_id, base_url(request))
        except ProtocolError as refusal:
            messages.error(request, _(str(refusal)))
        else:
            messages.success(request, _("The second factor was removed."))
        return redirect("account")


class NewCodesView(Guarded, ByButton):
    """Makes new recovery codes and shows them, once."""

    after_proof = "account"

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make them; the old ones are good no more."""
        try:
            with visits.acting(request, self.account):
                codes = second_factors.renew_codes(self.account)
        except ProtocolError as refusal:
            messages.error(request, _(str(refusal)))
            return redirect("account")
        return after_adding(request, codes, held_back=False)


def after_adding(request: HttpRequest, codes: list[str], *, held_back: bool) -> HttpResponse:
    """Show recovery codes that are new, this once; without any, lead on."""
    if codes or held_back:
        about = {"codes": [_halved(code) for code in codes], "held_back": held_back}
        return render(request, "accounts/codes.html", about)
    messages.success(request, _("The second factor was added."))
    return redirect("account")


def _halved(code: str) -> str:
    middle = len(code) // 2
    return f"{code[:middle]} {code[middle:]}"
