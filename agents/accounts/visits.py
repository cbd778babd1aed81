"""A look at one request of somebody who signs in, or has: from where, as whom, proved when."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Final, cast

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from chatplatform.api.ratelimit import (
    attempted_password,
    failed_authentication,
    may_authenticate,
)
from chatplatform.domain_events import Cause, caused_by
from chatplatform.errors import TooManyRequests
from chatplatform.models import Account, AuditEntry
from chatplatform.selectors import people
from chatplatform.session_store import stored_key
from chatplatform.transports.addresses import address_of

_PROVED: Final = "proved_at"
"""Where a session keeps when its person last proved who they are."""
_LONGEST_PATH: Final = 16_384
"""Of what a redirect may lead to, in characters."""


def account_of(request: HttpRequest) -> Account:
    """Return the account of whoever is signed in."""
    return cast(Account, request.user)


def acting(request: HttpRequest, account: Account) -> AbstractContextManager[None]:
    """Return a block in which what is told and logged has ``account`` as its cause."""
    seat = people.seat_of(account)
    return caused_by(
        Cause(
            seat.public_id if seat else account.email,
            str(account.pk),
            "",
            AuditEntry.Door.PAGES,
            address_of(request),
            request.headers.get("User-Agent", ""),
        )
    )


def by_nobody(request: HttpRequest) -> AbstractContextManager[None]:
    """Return a block in which what is logged was caused by a stranger, from where they are."""
    agent = request.headers.get("User-Agent", "")
    return caused_by(Cause("", "", "", AuditEntry.Door.PAGES, address_of(request), agent))


def is_tried_too_often(request: HttpRequest, email: str) -> bool:
    """Count an attempt from here at an account; tell whether it is one too many.

    Where too many failed from here it is not even counted, whoever it is about.
    """
    try:
        may_authenticate(address_of(request))
        attempted_password(address_of(request), email)
    except TooManyRequests:
        return True
    return False


def failed_too_often(request: HttpRequest) -> bool:
    """Count a failure from here, whoever it was about; tell whether it is one too many."""
    try:
        failed_authentication(address_of(request))
    except TooManyRequests:
        return True
    return False


def is_on_this_site(request: HttpRequest, url: str) -> bool:
    """Tell whether a page may be led on to: whole addresses only of this host."""
    return _is_own_path(url) or url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


def _is_own_path(url: str) -> bool:
    """Tell whether it is a path of ours, maybe longer than the framework's own check allows: what
    an application asks for is in its query.
    """
    leaves = url.startswith(("//", "/\\"))
    return url.startswith("/") and not leaves and url.isprintable() and len(url) <= _LONGEST_PATH


def wanted(request: HttpRequest) -> str:
    """Return the page that is to follow (``next``), if it is one of this site; else nothing."""
    url = request.POST.get("next", request.GET.get("next", ""))
    return url if url and is_on_this_site(request, url) else ""


def proved(request: HttpRequest) -> None:
    """Note that the person who is signed in proved who they are."""
    request.session[_PROVED] = time.time()


def used(request: HttpRequest, account: Account, factor: Authenticator, **how: bool) -> None:
    """Note in the session which factor the person came with; it may be gone by now.

    ``how``: ``reauthenticated`` or ``passwordless``.
    """
    record_authentication(request, account, "mfa", id=factor.pk, type=factor.type, **how)


def has_proved(request: HttpRequest) -> bool:
    """Tell whether they did so a moment ago, and may change what guards the account."""
    at = request.session.get(_PROVED, 0)
    return 0 <= time.time() - float(at) < settings.REAUTHENTICATION_SECONDS


def session_row(request: HttpRequest) -> str:
    """Return what the session of this request is stored under."""
    return stored_key(request.session.session_key or "")


def keep_signed_in(request: HttpRequest, account: Account) -> None:
    """Let this session outlive the change of its person's password."""
    request.session[HASH_SESSION_KEY] = account.get_session_auth_hash()
