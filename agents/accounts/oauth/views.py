"""``GET /`` with a ``response_type``: may this application act for whoever is signed in?

An unknown client, or an address that is not its own, is refused on a page of ours before anything
else; then come the other faults of the request, then signing in, then consent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from agents.accounts import visits
from agents.accounts.entrance import go_out
from agents.accounts.oauth import openers, tickets
from agents.accounts.oauth.answers import Way, in_frame, refusal_page
from agents.accounts.oauth.queries import Query, refuse_repeated
from chatplatform import scope_words
from chatplatform.api import ratelimit
from chatplatform.errors import TooManyRequests
from chatplatform.models import Account
from chatplatform.oauth_errors import (
    AccountsError,
    ConsentRefused,
    TooManyRedirects,
    Unauthorized,
)
from chatplatform.services import consents, grants
from chatplatform.services.grants import Wanted

ALLOW: Final = "allow"
CANCEL: Final = "cancel"
SWITCH: Final = "switch"

Page = Callable[..., HttpResponseBase]


def authorize_or(page: Page, *, at_sign_in: bool = False) -> Page:
    """Return a view that authorizes where the query asks for it, and shows ``page`` elsewhere.

    ``at_sign_in``: whoever comes is to see a page in any case (the SDK's manual popup).
    """
    authorize = AuthorizeView.as_view(at_sign_in=at_sign_in)

    def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asks = "response_type" in request.GET and (not at_sign_in or "client_id" in request.GET)
        return authorize(request) if asks else page(request, *args, **kwargs)

    return serve


@method_decorator(never_cache, name="dispatch")
class AuthorizeView(View):
    """Asks a person whether an application may act for them, and answers the application.

    Nothing happens on a ``HEAD``: what looks ahead gets no token.
    """

    http_method_names = ["get", "post"]
    at_sign_in = False

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer at once where the person agreed before; else ask."""
        return self._serve(request, "")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Do what the person decided on the page that asks."""
        return self._serve(request, request.POST.get("decision", ""))

    def _serve(self, request: HttpRequest, decision: str) -> HttpResponse:
        query = Query.read(request.GET)
        try:
            application, page = grants.find_client(query.asked)
        except AccountsError as error:
            return refusal_page(request, error)
        by_message = query.by_message and bool(page.web_origin)
        way = Way(application, query.asked.redirect_uri, page, query.state, by_message)
        try:
            refuse_repeated(request.GET)
            want = grants.wanted(query.asked, application)
            response = self._decide(request, query, want, way, decision)
        except AccountsError as error:
            response = way.refuse(request, error)
            openers.end(response)
        return response

    def _decide(
        self, request: HttpRequest, query: Query, want: Wanted, way: Way, decision: str
    ) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_sign_in(request, query, way)
        if decision == SWITCH:
            go_out(request)
            return _to_sign_in(request, query, way)
        if decision == CANCEL:
            raise ConsentRefused("the person said no")
        account = request.user
        scopes = grants.allowed_to(account, want)
        agreed = tickets.read(request, want) if decision == ALLOW else None
        anew = bool(decision) or query.always_ask or self.at_sign_in
        if agreed is not None or not consents.must_ask(
            account, want.application, scopes, anew=anew
        ):
            return _give(request, want, way, agreed)
        if way.by_message and in_frame(request):
            raise Unauthorized("consent is missing")
        return _ask(request, want, way, scopes)


def _ask(request: HttpRequest, want: Wanted, way: Way, scopes: frozenset[str]) -> HttpResponse:
    context = {
        "account": request.user,
        "application": want.application,
        "host": way.page.web_origin or f"{way.page.scheme}://{way.page.host}",
        "sections": scope_words.sections(scopes),
        "narrowed": not want.scopes <= scopes,
        "ticket": tickets.write(request, want, scopes),
    }
    response = render(request, "accounts/oauth/consent.html", context)
    if not way.by_message:
        # The answer to the form is a redirect, which browsers hold to this directive.
        policy = {"form-action": ["'self'", way.page.source]}
        response._csp_replace = policy  # type: ignore[attr-defined]
    openers.keep(response)
    return response


def _give(
    request: HttpRequest, want: Wanted, way: Way, agreed: frozenset[str] | None
) -> HttpResponse:
    account = cast(Account, request.user)
    try:
        ratelimit.redirected(account.pk, want.application.client_id)
    except TooManyRequests:
        raise TooManyRedirects("sent on to this application too often") from None
    with visits.acting(request, account):
        given = grants.authorize(account, want, agreed=agreed)
    response = way.give(request, given)
    openers.end(response)
    return response


def _to_sign_in(request: HttpRequest, query: Query, way: Way) -> HttpResponse:
    """Lead to the sign-in, and from there back here."""
    if way.by_message and in_frame(request):
        raise Unauthorized("nobody is signed in")
    values = {"next": f"{reverse('front')}?{request.GET.urlencode()}"}
    if query.email:
        values["email"] = query.email
    response = HttpResponseRedirect(f"{reverse('signin')}?{urlencode(values)}")
    openers.begin(response, secure=request.is_secure())
    return response
