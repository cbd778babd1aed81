"""The pair of cookies a browser proves its customer with.

A browser sends a cookie to the path it was set for, and to those below. So that one identity is
reached from the endpoints of both versions, its pair is kept at both of their paths; an identity
for one group has a pair of its own, at the paths of that group.
"""

from collections.abc import Container
from http.cookies import Morsel
from typing import Any, Final, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.http.cookie import parse_cookie

from chatplatform.models import Organization
from chatplatform.services.customer_identities import Cookie

ID_COOKIE: Final = "__lc_cid"
SECRET_COOKIE: Final = "__lc_cst"  # noqa: S105 - a cookie's name
MAX_AGE_SECONDS: Final = 63_072_000
"""Two years, anew on each use."""
MOST: Final = 4
"""How many cookies of one name are looked at: the group's, and the one for all groups."""


class Paths(NamedTuple):
    """Where a pair is kept: for the endpoints of either version."""

    newer: str
    older: str


EVERYWHERE: Final = Paths("/v2/customer", "/customer")


def paths(organization: Organization, group_number: int | None) -> Paths:
    """Return where the pair of an identity is kept that is for one group, or for all."""
    if group_number is None:
        return EVERYWHERE
    return Paths(
        f"{EVERYWHERE.newer}/{organization.pk}/{group_number}",
        f"{EVERYWHERE.older}/{organization.license_id}/{group_number}",
    )


class _PartitionedMorsel(Morsel[str]):
    """A cookie a browser keeps apart for each site our pages are embedded in (CHIPS).

    The standard library learns the attribute in Python 3.14 only.
    """

    def OutputString(self, attrs: Container[str] | None = None) -> str:  # noqa: N802 - the base's name
        return f"{super().OutputString(attrs)}; Partitioned"


def read(request: HttpRequest) -> list[Cookie]:
    """Return the pairs ``request`` may carry, those of the longest path first.

    Browsers send cookies of one name in that order. Which id goes with which secret, the secrets
    know; half a pair is none.
    """
    ids, secrets = [], []
    for part in request.headers.get("Cookie", "").split(";"):
        for name, value in parse_cookie(part).items():
            if name == ID_COOKIE and value:
                ids.append(value)
            elif name == SECRET_COOKIE and value:
                secrets.append(value)
    return [Cookie(id_, secret) for secret in secrets[:MOST] for id_ in ids[:MOST]]


def write(response: HttpResponse, cookie: Cookie, at: Paths) -> None:
    """Have the browser keep the pair for two years from now, on this host, out of scripts' reach.

    ``Secure`` holds in development too: browsers trust ``localhost`` without TLS.
    """
    for name, value in ((ID_COOKIE, cookie.customer_id), (SECRET_COOKIE, cookie.secret)):
        for path in reversed(at):
            _set(response, name, value, path, MAX_AGE_SECONDS)


def forget(response: HttpResponse, at: Paths) -> None:
    """Have the browser drop the pair it keeps there."""
    for name in (ID_COOKIE, SECRET_COOKIE):
        for path in reversed(at):
            _set(response, name, "", path, 0)


def _set(response: HttpResponse, name: str, value: str, path: str, max_age: int) -> None:
    """Add one cookie. Django keeps one of each name, so the older path's gets a key of its own."""
    morsel: Morsel[Any] = _PartitionedMorsel()
    dict.__setitem__(response.cookies, name, morsel)
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path=path,
        secure=True,
        httponly=True,
        samesite="None",
    )
    if path.startswith(EVERYWHERE.older):
        dict.__setitem__(response.cookies, f"{name} {path}", dict.pop(response.cookies, name))
