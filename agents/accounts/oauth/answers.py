"""How an authorization is answered: by a redirect, or by a message to the page that waits.

A message goes to the origin of the redirect URI and to no other. Refusals go by message, too; in
the redirect flow they are shown on a page of ours, because an application that is sent back
without a token would send the person here again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.encoding import iri_to_uri

from agents.accounts.oauth.words import explained
from chatplatform.models import Application
from chatplatform.oauth_errors import AccessDenied, AccountsError, ForeignApplication
from chatplatform.redirect_uris import Address
from chatplatform.services.grants import TOKEN, Given

_FRAMES: Final = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})


def in_frame(request: HttpRequest) -> bool:
    """Tell whether the browser asks for a frame on somebody's page."""
    return request.headers.get("Sec-Fetch-Dest", "") in _FRAMES


@dataclass(frozen=True, slots=True)
class Way:
    """The way back to a client whose address was checked."""

    application: Application
    redirect_uri: str
    page: Address
    state: str
    by_message: bool

    def give(self, request: HttpRequest, given: Given) -> HttpResponse:
        """Hand over what was given."""
        values = self._values(given)
        if self.by_message:
            if "scope" in values:
                values["scopes"] = values.pop("scope")
            return self._message(request, {"data": values})
        mark = "#" if given.response_type == TOKEN else "?"
        return self._onward(request, self._address() + mark + urlencode(values, quote_via=quote))

    def refuse(self, request: HttpRequest, error: AccountsError) -> HttpResponse:
        """Say what is wrong."""
        if not self.by_message:
            return refusal_page(request, error, self.application)
        return self._message(request, {"error": error.body()}, error)

    def _address(self) -> str:
        """Return the redirect URI in the characters addresses are made of."""
        if not self.page.web_origin:
            return iri_to_uri(self.redirect_uri)
        return self.page.web_origin + iri_to_uri(urlsplit(self.redirect_uri).path)

    def _values(self, given: Given) -> dict[str, Any]:
        values: dict[str, Any] = {"state": self.state} if self.state else {}
        if given.response_type != TOKEN:
            return {"code": given.secret, **values}
        return {
            "access_token": given.secret,
            "token_type": "Bearer",
            "expires_in": given.expires_in,
            "scope": ",".join(sorted(given.scopes)),
            **values,
        }

    def _onward(self, request: HttpRequest, url: str) -> HttpResponse:
        """Send the browser on.

        Where it comes from a form of ours, a redirect would be held to that page's ``form-action``:
        the sign-in page's names nobody else, so a page in between moves on by itself.
        """
        if request.method == "GET" and _from_own_page(request):
            context = {"url": url, "name": self.application.name}
            return render(request, "accounts/onward.html", context)
        response = HttpResponse(status=302 if request.method == "GET" else 303)
        response["Location"] = url
        return response

    def _message(
        self, request: HttpRequest, message: dict[str, Any], error: AccountsError | None = None
    ) -> HttpResponse:
        context = {
            "application": self.application,
            "envelope": {"origin": self.page.web_origin, "message": message},
            "error": error,
        }
        response = render(request, "accounts/oauth/message.html", context)
        if in_frame(request):
            _let_frame(response, self.page.web_origin)
        return response


def refusal_page(
    request: HttpRequest, error: AccountsError, application: Application | None = None
) -> HttpResponse:
    """Show what is wrong on a page of ours; nobody is sent anywhere.

    ``application`` is who asks, where that is known for sure.
    """
    context = {
        "application": application,
        "error": error,
        "explained": explained(error),
        "may_switch": isinstance(error, AccessDenied | ForeignApplication)
        and application is not None,
    }
    status = 400 if application is None else error.status
    return render(request, "accounts/oauth/error.html", context, status=status)


def _from_own_page(request: HttpRequest) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("Referer", "").startswith(request.build_absolute_uri("/"))


def _let_frame(response: HttpResponse, origin: str) -> None:
    """Let the client's page, and no other, hold this answer in a frame."""
    response.xframe_options_exempt = True
    response._csp_replace = {"frame-ancestors": [origin]}  # type: ignore[attr-defined]
