"""What a person was shown when asked for consent, signed: only that can be agreed to.

A ticket is good for one session, one account, one client and address, and an hour.
"""

from __future__ import annotations

from typing import Any, Final

from django.core import signing
from django.http import HttpRequest

from chatplatform.services.grants import Wanted
from chatplatform.services.tokens import checksum

MAX_AGE_SECONDS: Final = 3_600
_SALT: Final = "agents.accounts.oauth.consent"


def write(request: HttpRequest, want: Wanted, scopes: frozenset[str]) -> str:
    """Return the ticket that goes with the page that shows ``scopes``."""
    return signing.dumps({**_bound(request, want), "scopes": sorted(scopes)}, salt=_SALT)


def read(request: HttpRequest, want: Wanted) -> frozenset[str] | None:
    """Return the scopes the person was shown; ``None`` where the ticket is not for this."""
    try:
        shown = signing.loads(request.POST.get("ticket", ""), salt=_SALT, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return None
    scopes = frozenset(shown.pop("scopes"))
    return scopes if shown == _bound(request, want) else None


def _bound(request: HttpRequest, want: Wanted) -> dict[str, Any]:
    return {
        "session": checksum(request.session.session_key or ""),
        "account": str(request.user.pk),
        "client": want.application.client_id,
        "redirect_uri": want.redirect_uri,
        "response_type": want.response_type,
    }
