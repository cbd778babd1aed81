"""One's own account: name, address, password, sessions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents.accounts import devices, visits
from agents.accounts.forms import (
    AddressForm,
    CodeForm,
    NameForm,
    NewPasswordForm,
    PasskeyForm,
    PlainForm,
    ProofForm,
)
from agents.accounts.pages import ByButton, FormPage, Guarded, Private
from chatplatform.errors import NotFound
from chatplatform.models import StaffSession
from chatplatform.selectors import identity_providers, people
from chatplatform.services import (
    consents,
    passwords,
    profiles,
    second_factors,
    sign_in,
    sign_in_addresses,
    staff_sessions,
)
from chatplatform.transports.addresses import base_url


class AccountView(Private, FormPage):
    """Shows an account to its owner, and takes another name."""

    template_name = "accounts/account.html"
    form_class = NameForm
    refused_field = "name"

    def get_initial(self) -> dict[str, Any]:
        """Fill in the name there is."""
        return {"name": self.account.name}

    def done(self, form: PlainForm) -> HttpResponse:
        """Change the name."""
        with visits.acting(self.request, self.account):
            profiles.rename(self.account, form.cleaned_data["name"])
        messages.success(self.request, _("Your name was changed."))
        return redirect("account")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add all there is to see."""
        account = self.account
        factors = list(second_factors.of_account(account))
        return super().get_context_data(
            seat=people.seat_of(account),
            app=next((one for one in factors if one.type == second_factors.Type.TOTP), None),
            passkeys=[
                {"row": one, "name": second_factors.label(one)}
                for one in factors
                if one.type == second_factors.Type.WEBAUTHN
            ],
            codes_left=second_factors.unused_codes(account),
            sessions=[self._shown(row) for row in staff_sessions.living(account)],
            required_provider=identity_providers.required_of(account),
            consents=account.consents.select_related("application").order_by("application__name"),
            **self._providers(),
            **kwargs,
        )

    def _shown(self, row: StaffSession) -> dict[str, Any]:
        return {
            "row": row,
            "device": devices.described(row.user_agent),
            "is_this": row.pk == visits.session_row(self.request),
        }

    def _providers(self) -> dict[str, Any]:
        linked = {link.provider: link for link in identity_providers.links_of(self.account)}
        offered = identity_providers.of_account(self.account)
        return {
            "links": [
                {"provider": one, "link": linked[one.slug]} for one in offered if one.slug in linked
            ],
            "offered": [one for one in offered if one.slug not in linked],
        }


class PasswordView(Guarded, FormPage):
    """Takes another password, or the first one, from who proved just now who they are."""

    template_name = "accounts/password_change.html"
    form_class = NewPasswordForm
    refused_field = "password"

    def done(self, form: PlainForm) -> HttpResponse:
        """Set it; every other session ends."""
        account = self.account
        with visits.acting(self.request, account):
            passwords.change(
                account,
                form.cleaned_data["password"],
                base_url(self.request),
                keep_session=visits.session_row(self.request),
            )
        visits.keep_signed_in(self.request, account)
        messages.success(
            self.request, _("Your password was changed. You were signed out everywhere else.")
        )
        return redirect("account")


class AddressView(Guarded, FormPage):
    """Takes another address, which is proved by a mail before it counts."""

    template_name = "accounts/address_change.html"
    form_class = AddressForm
    refused_field = "email"

    def get_initial(self) -> dict[str, Any]:
        """Fill in the address there is, where it was never proved."""
        return {} if self.account.email_verified_at else {"email": self.account.email}

    def done(self, form: PlainForm) -> HttpResponse:
        """Have the mail sent."""
        email = form.cleaned_data["email"]
        if visits.is_tried_too_often(self.request, f"address {self.account.pk}"):
            return self.too_many(form)
        sign_in_addresses.ask_to_prove(self.account, email, base_url(self.request))
        messages.success(
            self.request,
            _("Open the link in the mail to %(email)s within a day.") % {"email": email},
        )
        return redirect("account")


class ProveView(Private, FormPage):
    """Asks somebody who is signed in who they are, before they change what guards the account."""

    template_name = "accounts/prove.html"

    def get_form_class(self) -> type[PlainForm]:
        """Return the form of what was sent; at first, of what this person has."""
        forms = {"credential": PasskeyForm, "code": CodeForm, "password": ProofForm}
        for name, form in forms.items():
            if name in self.request.POST:
                return form
        return ProofForm if self.account.has_usable_password() else CodeForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check it, unless that was tried too often from here."""
        if visits.is_tried_too_often(request, self.account.email):
            return self.too_many(self.get_form())
        return super().post(request, *args, **kwargs)

    def done(self, form: PlainForm) -> HttpResponse:
        """Note the proof and lead on, or say what is wrong."""
        with visits.acting(self.request, self.account):
            if not self._is_proof(form):
                if visits.failed_too_often(self.request):
                    return self.too_many(form)
                return self._refused(form)
        visits.proved(self.request)
        return redirect(visits.wanted(self.request) or "account")

    def _refused(self, form: PlainForm) -> HttpResponse:
        if isinstance(form, ProofForm):
            form.refuse(_("The password is wrong"), "password")
        else:
            form.refuse(_("The code is wrong, or was used before"), "code")
        return self.form_invalid(form)

    def _is_proof(self, form: PlainForm) -> bool:
        """Tell whether it is theirs; raise ``WrongCode`` for a passkey that is not."""
        account, typed = self.account, form.cleaned_data
        if isinstance(form, ProofForm):
            return sign_in.confirms(account, typed["password"], base_url(self.request))
        if isinstance(form, PasskeyForm):
            factor = second_factors.answered(account, typed["credential"])
        else:
            found = sign_in.by_code(account, typed["code"], base_url(self.request))
            if found is None:
                return False
            factor = found
        visits.used(self.request, account, factor, reauthenticated=True)
        return True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the ways there are."""
        account = self.account
        has_passkey = second_factors.has_passkey(account)
        return super().get_context_data(
            next=visits.wanted(self.request),
            has_password=account.has_usable_password(),
            has_app=second_factors.has_app(account),
            has_passkey=has_passkey,
            options=second_factors.asked(account) if has_passkey else None,
            providers=[
                one
                for one in identity_providers.of_account(account)
                if one.slug in {link.provider for link in identity_providers.links_of(account)}
            ],
            **kwargs,
        )


class EndSessionView(Private, ByButton):
    """Ends one of one's own sessions."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """End it; the one that is looking ends, too, if it is that."""
        try:
            with visits.acting(request, self.account):
                staff_sessions.end_one(self.account, public_id)
        except NotFound:
            messages.error(request, _("That session has ended already."))
        else:
            messages.success(request, _("The session was ended."))
        return redirect("account")


class EndOthersView(Private, ByButton):
    """Ends all of one's sessions but this one."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """End them, and say how many there were."""
        with visits.acting(request, self.account):
            ended = staff_sessions.end_all(self.account, but=visits.session_row(request))
        messages.success(
            request,
            ngettext("%(count)s session was ended.", "%(count)s sessions were ended.", ended)
            % {"count": ended},
        )
        return redirect("account")


class WithdrawView(Private, ByButton):
    """Takes back what one let an application do."""

    def post(self, request: HttpRequest, consent_id: int) -> HttpResponse:
        """Take it back; the application's tokens of oneself go with it."""
        try:
            with visits.acting(request, self.account):
                consents.withdraw(self.account, consent_id)
        except NotFound:
            messages.error(request, _("That application can do nothing for you already."))
        else:
            messages.success(request, _("The application can do nothing for you any more."))
        return redirect("account")
