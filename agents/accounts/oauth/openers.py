"""Pages of the sign-in that an application opened in a window of its own.

Ours are cut off from whoever opened them (``Cross-Origin-Opener-Policy``), and a window once cut
off stays so. While somebody signs in for an application in such a window, its pages are not: the
answer has to reach the page that waits. A short-lived cookie tells; the pages people work on stay
cut off whatever it says.
"""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

COOKIE: Final = "opened_by_application"
MAX_AGE_SECONDS: Final = 900
_HEADER: Final = "Cross-Origin-Opener-Policy"
_WORK: Final = ("/admin/", "/console/", "/workspace/")


class OpenerMiddleware(MiddlewareMixin):
    """Keeps the tie to the opener on the pages between an authorization and its answer."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Keep it where the cookie tells so."""
        if request.COOKIES.get(COOKIE) and not request.path.startswith(_WORK):
            response.setdefault(_HEADER, "unsafe-none")
        return response


def keep(response: HttpResponse) -> None:
    """Keep the tie on this page."""
    response[_HEADER] = "unsafe-none"


def begin(response: HttpResponse, *, secure: bool) -> None:
    """Keep the tie on this page and on those that follow it, for a quarter of an hour."""
    keep(response)
    response.set_cookie(
        COOKIE, "1", max_age=MAX_AGE_SECONDS, secure=secure, httponly=True, samesite="Lax"
    )


def end(response: HttpResponse) -> None:
    """Keep the tie on this page, the last one."""
    keep(response)
    response.delete_cookie(COOKIE, samesite="Lax")
