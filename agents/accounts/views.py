"""The front page, sign-in and sign-out.

Who signs in gets a session; tokens for the APIs come from elsewhere.
"""

from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from agents.accounts.forms import SignInForm
from chatplatform.api.ratelimit import failed_authentication
from chatplatform.errors import TooManyRequests
from chatplatform.services import tokens
from chatplatform.transports.addresses import client_address


class FrontView(TemplateView):
    """Shows whoever opens the bare address which doors there are."""

    template_name = "front.html"


class SignInView(LoginView):
    """Asks for e-mail and password and leads on to ``next``, if that is a page of this site.

    Failed attempts count against the address they came from; past its allowance they are answered
    with 429 and say nothing about the password.
    """

    template_name = "accounts/signin.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in; tokens of a session that this replaces die with it."""
        replaced = self.request.session.session_key
        response = super().form_valid(form)
        if replaced:
            tokens.revoke_workspace_tokens(session_key=replaced)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form with its errors; count a wrong address or password as a failure."""
        status = 200
        if form.non_field_errors():
            try:
                failed_authentication(_address(self.request))
            except TooManyRequests:
                form.errors.clear()
                form.add_error(None, _("Too many attempts. Wait a minute and try again"))
                status = 429
        response = super().form_invalid(form)
        response.status_code = status
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
