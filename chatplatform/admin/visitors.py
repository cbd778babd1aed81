"""Who looks at a page of ours, and whose organisation they see.

Owners, viceowners and administrators see their own organisation. A platform superuser sees all,
and works in the one they chose last.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest

from chatplatform.api import inside
from chatplatform.domain_events import Cause, caused_by
from chatplatform.errors import Authentication
from chatplatform.models import Account, AuditEntry, Organization
from chatplatform.models.people import AgentRole
from chatplatform.requester import AgentRequester, cause_of
from chatplatform.selectors import organizations, people
from chatplatform.transports.addresses import address_of, public_url

CHOSEN: Final = "admin_organization"
"""Where a superuser's session keeps the organisation they work in."""
ZONE_COOKIE: Final = "admin-zone"
"""Where the browser says in which time zone it is (``static/admin_look/scheme.js``)."""
_CACHE: Final = "_admin_visitor"
_KEEPERS: Final = (AgentRole.OWNER, AgentRole.VICEOWNER, AgentRole.ADMINISTRATOR)


def may_enter(request: HttpRequest) -> bool:
    """Tell whether whoever is signed in may use the admin at all."""
    if not request.user.is_authenticated or not request.user.is_active:
        return False
    if account_of(request).is_superuser:
        return True
    found = requester(request)
    return found is not None and found.role in _KEEPERS


def account_of(request: HttpRequest) -> Account:
    """Return the account of whoever is signed in."""
    return cast(Account, request.user)


def name(request: HttpRequest) -> str:
    """Return how whoever is signed in is called; their e-mail address where nobody knows."""
    account = account_of(request)
    found = requester(request) if not account.is_superuser else None
    return (found.name if found else account.name) or account.email


def organization(request: HttpRequest) -> Organization | None:
    """Return the organisation that is looked at; ``None``: a superuser looks at all of them."""
    account = account_of(request)
    if not account.is_superuser:
        return account.organization
    try:
        chosen = UUID(request.session.get(CHOSEN, ""))
    except ValueError:
        return None
    return organizations.by_id(chosen)


def choose(request: HttpRequest, chosen: Organization | None) -> None:
    """Let a superuser work in ``chosen`` from now on; ``None``: look at all."""
    request.session[CHOSEN] = str(chosen.pk) if chosen else ""
    if hasattr(request, _CACHE):
        delattr(request, _CACHE)


def requester(request: HttpRequest, within: Organization | None = None) -> AgentRequester | None:
    """Return who asks; ``None`` for nobody, and for a superuser who looks at all organisations.

    ``within`` names the organisation of the object concerned, for superusers; nobody else gets
    into another than their own by it.
    """
    if within is None:
        if not hasattr(request, _CACHE):
            setattr(request, _CACHE, _requester(request, organization(request)))
        return cast("AgentRequester | None", getattr(request, _CACHE))
    return _requester(request, within)


def _requester(request: HttpRequest, within: Organization | None) -> AgentRequester | None:
    if not request.user.is_authenticated:
        return None
    try:
        return people.requester_of(account_of(request), within)
    except Authentication:
        return None


def has_scope(request: HttpRequest, *any_of: str) -> bool:
    """Tell whether whoever looks may do what one of the scopes allows."""
    if account_of(request).is_superuser:
        return True
    found = requester(request)
    return found is not None and found.has_scope(*any_of)


def cause(request: HttpRequest, who: AgentRequester, door: str = AuditEntry.Door.ADMIN) -> Cause:
    """Return ``who`` as the cause of what this request changes."""
    return cause_of(who, door, address_of(request), request.headers.get("User-Agent", ""))


def zone(request: HttpRequest) -> ZoneInfo:
    """Return the time zone of whoever looks: their browser's, which says so in a cookie; or UTC."""
    name = request.COOKIES.get(ZONE_COOKIE, "")
    return ZoneInfo(name if name in _zones() else "UTC")


@cache
def _zones() -> set[str]:
    return available_timezones()


def platform_cause(request: HttpRequest) -> Cause:
    """Return a superuser as the cause of what concerns the platform, and no organisation yet."""
    account = account_of(request)
    return Cause(
        account.email,
        str(account.pk),
        "",
        AuditEntry.Door.ADMIN,
        address_of(request),
        request.headers.get("User-Agent", ""),
    )


def call(
    request: HttpRequest,
    name: str,
    payload: dict[str, Any] | None = None,
    *,
    within: Organization | None = None,
    api: str = "configuration",
    door: str = AuditEntry.Door.ADMIN,
) -> Any:
    """Run an action of the API as whoever looks; raise the error that refuses it.

    ``within``: the organisation of the object concerned, which matters for superusers only.
    """
    who = asking(request, within)
    return inside.call(
        who,
        cause(request, who, door),
        name,
        payload,
        api=api,
        base_url=public_url(request),
    )


def asking(request: HttpRequest, within: Organization | None = None) -> AgentRequester:
    """Return who asks; raise :class:`Authentication` for nobody, or in no organisation."""
    found = requester(request, within)
    if found is None:
        raise Authentication("choose an organisation first")
    return found


def acting(request: HttpRequest, who: AgentRequester, door: str = AuditEntry.Door.ADMIN) -> Any:
    """Return a block in which services act for ``who``: what is told and logged says so."""
    return caused_by(cause(request, who, door))
