"""The front page, sign-in and sign-out.

Who signs in gets a session; tokens for the APIs come from elsewhere.
"""

from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from agents.accounts.forms import SignInForm
from chatplatform.api.ratelimit import attempted_password, failed_authentication
from chatplatform.errors import TooManyRequests
from chatplatform.services import tokens
from chatplatform.transports.addresses import client_address


class FrontView(TemplateView):
    """Shows whoever opens the bare address which doors there are."""

    template_name = "front.html"


class SignInView(LoginView):
    """Asks for e-mail and password and leads on to ``next``, if that is a page of this site.

    Attempts count per account and address, failed ones also against the address alone; past
    either allowance the answer is 429 and says nothing about the password.
    """

    template_name = "accounts/signin.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the form, unless this account was tried too often from this address."""
        try:
            attempted_password(_address(request), request.POST.get("username", ""))
        except TooManyRequests:
            return self._refuse(self.get_form())
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in; tokens of a session that this replaces die with it."""
        replaced = self.request.session.session_key
        response = super().form_valid(form)
        if replaced:
            tokens.revoke_workspace_tokens(session_key=replaced)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form with its errors; count a wrong address or password as a failure."""
        if form.non_field_errors():
            try:
                failed_authentication(_address(self.request))
            except TooManyRequests:
                return self._refuse(form)
        return super().form_invalid(form)

    def _refuse(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form with nothing but the wish to wait."""
        # asking for `errors` would try the password
        form._errors = ErrorDict()  # type: ignore[attr-defined]
        form.cleaned_data = {}
        form.add_error(None, _("Too many attempts. Wait a minute and try again"))
        response = self.render_to_response(self.get_context_data(form=form))
        response.status_code = 429
        return response


@method_decorator(never_cache, name="dispatch")
class SignOutView(View):
    """Ends the session and with it every token the workspace was given in it."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """End the session, revoke its tokens, and lead back to the sign-in page."""
        session_key = request.session.session_key
        logout(request)
        if session_key:
            tokens.revoke_workspace_tokens(session_key=session_key)
        return redirect("signin")


def _address(request: HttpRequest) -> str:
    return client_address(
        request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")
    )
