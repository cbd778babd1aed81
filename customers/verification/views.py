"""The page on which a customer confirms that an e-mail address is theirs.

Opening the link changes nothing, for mail servers open links, too; the button does.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from chatplatform.errors import NotFound
from chatplatform.services import email_verification


@method_decorator(csrf_exempt, name="dispatch")  # the link itself is the proof
class VerifyEmailView(View):
    """``/customer/verify_email/<token>``."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Ask for confirmation."""
        try:
            _, email = email_verification.opened(token)
        except NotFound:
            return _page(request, {"gone": True}, 404)
        return _page(request, {"email": email})

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Confirm."""
        try:
            email = email_verification.confirm(token)
        except NotFound:
            return _page(request, {"gone": True}, 404)
        return _page(request, {"email": email, "confirmed": True})


def _page(request: HttpRequest, about: dict[str, object], status: int = 200) -> HttpResponse:
    response = render(request, "customers/verify_email.html", about, status=status)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
