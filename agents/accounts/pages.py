"""What the pages around an account have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import FormView, View

from agents.accounts import visits
from agents.accounts.forms import PlainForm
from chatplatform.errors import ProtocolError
from chatplatform.models import Account

if TYPE_CHECKING:
    _FormView = FormView[PlainForm]
else:
    _FormView = FormView


@method_decorator(never_cache, name="dispatch")
class FormPage(_FormView, ABC):
    """A page that is one form. What a service refuses stands in it."""

    refused_field: ClassVar[str | None] = None
    """Which field a refusal is about; ``None``: the whole."""

    def form_valid(self, form: PlainForm) -> HttpResponse:
        """Do what the form is for, or show why not."""
        try:
            return self.done(form)
        except ProtocolError as refusal:
            form.refuse(_(str(refusal)), self.refused_field)
            return self.form_invalid(form)

    @abstractmethod
    def done(self, form: PlainForm) -> HttpResponse:
        """Do it and return what follows; raise :class:`ProtocolError` to refuse it."""

    def too_many(self, form: PlainForm) -> HttpResponse:
        """Show the form with nothing but the wish to wait."""
        return self.anew(form, _("Too many attempts. Wait a minute and try again"), 429)

    def anew(self, form: PlainForm, why: str, status: int) -> HttpResponse:
        """Show the form with nothing but ``why`` it comes again, whatever was typed."""
        # asking for `errors` would check what was typed
        form._errors = ErrorDict()  # type: ignore[attr-defined]
        form.cleaned_data = {}
        form.refuse(why)
        return self.render_to_response(self.get_context_data(form=form), status=status)


class Private(LoginRequiredMixin):
    """What only somebody who is signed in may open; ``account`` is theirs."""

    request: HttpRequest

    def handle_no_permission(self) -> HttpResponseRedirect:
        """Lead to the sign-in, and from there back here; from a button back to the account."""
        here = self.request.get_full_path() if hasattr(self, "get") else reverse("account")
        return redirect_to_login(here)

    @property
    def account(self) -> Account:
        """The account of whoever is signed in."""
        return visits.account_of(self.request)


class Guarded(Private):
    """What changes what guards an account: one has to have proved a moment ago who one is."""

    after_proof: ClassVar[str] = ""
    """Name of the page one comes to after proving it; empty: this one."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask for proof first, where the last one is too old, of what does anything at all."""
        does_something = hasattr(self, str(request.method).lower())
        if does_something and request.user.is_authenticated and not visits.has_proved(request):
            onward = reverse(self.after_proof) if self.after_proof else request.path
            return redirect(f"{reverse('account_prove')}?{urlencode({'next': onward})}")
        return super().dispatch(request, *args, **kwargs)

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve a request that other proof than a session speaks for."""
        return super(LoginRequiredMixin, self).dispatch(request, *args, **kwargs)  # type: ignore[misc,no-any-return]


@method_decorator(never_cache, name="dispatch")
class ByButton(View):
    """Something that is done by a button, and leads back; so does opening its address."""

    http_method_names = ["post"]

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Lead a browser, which people can bring here by its history, to where the buttons are."""
        if request.method in ("GET", "HEAD"):
            return redirect("account")
        return super().http_method_not_allowed(request, *args, **kwargs)
