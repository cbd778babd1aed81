"""Pages that links in mails lead to: an invitation, a new password, an address.

A link's token is taken into the session at once and the page opened at an address without it, so
that neither a browser's history nor another site learns it. Nor do our logs: no server of ours
writes down requests, and what Django writes about one that fails names the page without the token.
A proxy in front sees the first request (``deploy/README.md``).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from agents.accounts import visits
from agents.accounts.adapters import AccountAdapter
from agents.accounts.entrance import come_in
from agents.accounts.forms import ForgottenForm, NewPasswordForm, PlainForm
from agents.accounts.pages import FormPage
from agents.accounts.stages import provider_instead
from chatplatform.errors import ProtocolError
from chatplatform.models import Account
from chatplatform.selectors import identity_providers
from chatplatform.services import invitations, passwords, sign_in_addresses, tokens
from chatplatform.services.account_links import LinkGone
from chatplatform.transports.addresses import base_url


class Linked(FormPage):
    """A page that a link leads to; without a good one it says so, with status 410."""

    kind: ClassVar[str]
    """Names the token in the session."""
    address: ClassVar[str]
    """The name of the page's address, without the token."""
    gone_template = "accounts/link_gone.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Take the token into the session first, and serve the page then."""
        try:
            if token := kwargs.pop("token", ""):
                request.path = request.path_info = reverse(self.address)  # what logs tell
                self.check(token)
                request.session[self._key] = token
                return redirect(self.address)
            return super().dispatch(request, *args, **kwargs)
        except LinkGone:
            request.session.pop(self._key, None)
            return render(request, self.gone_template, {"kind": self.kind}, status=410)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Do it for the link the form was shown for: another may have been opened meanwhile."""
        if request.POST.get("link") != tokens.checksum(self.token):
            why = _("You opened another link meanwhile. This page is about that one now")
            return self.anew(self.get_form(), why, 409)
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what tells the form's link from others."""
        return super().get_context_data(link=tokens.checksum(self.token), **kwargs)

    @abstractmethod
    def check(self, token: str) -> None:
        """Raise ``LinkGone`` for a token that is not good: a session keeps no other."""

    def form_valid(self, form: PlainForm) -> HttpResponse:
        """Let a link that is gone be told as such, and not in the form."""
        try:
            return self.done(form)
        except LinkGone:
            raise
        except ProtocolError as refusal:
            form.refuse(_(str(refusal)), self.refused_field)
            return self.form_invalid(form)

    @property
    def token(self) -> str:
        """The link's token."""
        return str(self.request.session.get(self._key, ""))

    def used(self) -> None:
        """Forget the token: it was used."""
        self.request.session.pop(self._key, None)

    @property
    def _key(self) -> str:
        return f"link_{self.kind}"


class InvitationView(Linked):
    """Greets who was invited, and takes the password they want."""

    kind = "invitation"
    address = "account_invitation"
    template_name = "accounts/invitation.html"
    form_class = NewPasswordForm
    refused_field = "password"

    def check(self, token: str) -> None:
        """Raise ``LinkGone`` for one that is not good."""
        invitations.invited(token)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add who is invited to what."""
        account = invitations.invited(self.token)
        return super().get_context_data(
            invited=account,
            providers=identity_providers.of_account(account),
            required=identity_providers.required_of(account),
            **kwargs,
        )

    def done(self, form: PlainForm) -> HttpResponse:
        """Accept, and come in."""
        invited = invitations.invited(self.token)
        with visits.acting(self.request, invited):
            account = invitations.accept(self.token, form.cleaned_data["password"])
        self.used()
        return _come_in(self.request, account)


class ForgottenView(FormPage):
    """Takes the address of somebody who forgot the password, and says the same whoever it is."""

    template_name = "accounts/forgotten.html"
    form_class = ForgottenForm

    def get_initial(self) -> dict[str, Any]:
        """Fill in the address the sign-in page knows."""
        return {"email": self.request.GET.get("email", "")[:254]}

    def done(self, form: PlainForm) -> HttpResponse:
        """Have the mail sent, if there is such an account."""
        email = form.cleaned_data["email"]
        if visits.is_tried_too_often(self.request, "forgotten"):
            return self.too_many(form)
        passwords.ask_for_reset(email, base_url(self.request))
        return redirect("account_forgotten_sent")


class SentView(TemplateView):
    """Says that a mail is on its way, if there is an account."""

    template_name = "accounts/forgotten_sent.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add how long the link is good."""
        return super().get_context_data(hours=settings.PASSWORD_RESET_HOURS, **kwargs)


class NewPasswordView(Linked):
    """Takes a new password from who opened the mail."""

    kind = "reset"
    address = "account_password_new"
    template_name = "accounts/password_new.html"
    form_class = NewPasswordForm
    refused_field = "password"

    def check(self, token: str) -> None:
        """Raise ``LinkGone`` for one that is not good."""
        passwords.resetting(token)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whose password it is."""
        return super().get_context_data(whose=passwords.resetting(self.token), **kwargs)

    def done(self, form: PlainForm) -> HttpResponse:
        """Set it, end everything else, and come in."""
        with visits.acting(self.request, passwords.resetting(self.token)):
            account = passwords.reset(self.token, form.cleaned_data["password"])
        self.used()
        return _come_in(self.request, account)


@method_decorator(never_cache, name="dispatch")
class ProveAddressView(Linked):
    """Asks once more before an address becomes the account's: mail programs open links, too."""

    kind = "verification"
    address = "account_address_prove"
    template_name = "accounts/address_prove.html"
    form_class = PlainForm

    def check(self, token: str) -> None:
        """Raise ``LinkGone`` for one that is not good."""
        sign_in_addresses.proving(token)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add which address it is."""
        account, address = sign_in_addresses.proving(self.token)
        return super().get_context_data(whose=account, address=address, **kwargs)

    def done(self, form: PlainForm) -> HttpResponse:
        """Let the account have the address."""
        account, _address = sign_in_addresses.proving(self.token)
        with visits.acting(self.request, account):
            proved = sign_in_addresses.prove(self.token, base_url(self.request))
        self.used()
        return render(self.request, "accounts/address_proved.html", {"whose": proved})


def _come_in(request: HttpRequest, account: Account) -> HttpResponse:
    """Sign somebody in whom a mail proved, unless only a provider may let them in."""
    if request.user.is_authenticated:
        AccountAdapter(request).logout(request)
    return provider_instead(request, account, "") or come_in(request, account)
