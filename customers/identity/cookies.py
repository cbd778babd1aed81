"""The pair of cookies a browser proves its customer with."""

from collections.abc import Container
from http.cookies import Morsel
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from chatplatform.services.customer_identities import Cookie

ID_COOKIE: Final = "__lc_cid"
SECRET_COOKIE: Final = "__lc_cst"  # noqa: S105 - a cookie's name
PATH: Final = "/v2/customer"
MAX_AGE_SECONDS: Final = 63_072_000
"""Two years, anew on each use."""


class _PartitionedMorsel(Morsel[str]):
    """A cookie a browser keeps apart for each site our pages are embedded in (CHIPS).

    The standard library learns the attribute in Python 3.14 only.
    """

    def OutputString(self, attrs: Container[str] | None = None) -> str:  # noqa: N802 - the base's name
        return f"{super().OutputString(attrs)}; Partitioned"


def read(request: HttpRequest) -> Cookie | None:
    """Return the pair ``request`` carries; half a pair is none."""
    customer_id = request.COOKIES.get(ID_COOKIE)
    secret = request.COOKIES.get(SECRET_COOKIE)
    return Cookie(customer_id, secret) if customer_id and secret else None


def write(response: HttpResponse, cookie: Cookie) -> None:
    """Have the browser keep the pair for two years from now, on this host, out of scripts' reach.

    ``Secure`` holds in development too: browsers trust ``localhost`` without TLS.
    """
    for name, value in ((ID_COOKIE, cookie.customer_id), (SECRET_COOKIE, cookie.secret)):
        morsel: Morsel[Any] = _PartitionedMorsel()
        dict.__setitem__(response.cookies, name, morsel)
        response.set_cookie(
            name,
            value,
            max_age=MAX_AGE_SECONDS,
            path=PATH,
            secure=True,
            httponly=True,
            samesite="None",
        )
