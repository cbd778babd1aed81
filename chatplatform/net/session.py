"""The outgoing client in the form a library expects that was written for ``requests``.

Only what such a library uses of a session is here. Every call goes through
:func:`chatplatform.net.client.request`, with its checks and its bounds; what it can not reach is a
``requests.ConnectionError`` without a word of why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import requests
from requests.auth import _basic_auth_str

from chatplatform.net import addresses, client
from chatplatform.net.client import Limits, Unreachable


class Session:
    """Sends requests to addresses that somebody else chose, over TLS.

    ``allowed_hosts`` (``host`` or ``host:port``) are reached wherever they are, and without TLS.
    """

    def __init__(self, limits: Limits, allowed_hosts: Collection[str] = ()) -> None:
        self._limits = limits
        self._allowed_hosts = allowed_hosts

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        """Ask for a page; raise ``requests.RequestException``."""
        return self.request("GET", url, headers=headers)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
    ) -> requests.Response:
        """Send a request; raise ``requests.RequestException``. ``auth`` is of the Basic kind."""
        sent = {"Accept": "application/json", **(headers or {})}
        if auth is not None:
            sent["Authorization"] = _basic_auth_str(auth.username, auth.password)
        body = None
        if data is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(data).encode()
        if params:
            url = f"{url}?{urlencode(params)}"
        try:
            self._check(url)
            answer = client.request(
                method,
                url,
                self._limits,
                headers=sent,
                body=body,
                allowed_hosts=self._allowed_hosts,
            )
        except (Unreachable, ValueError) as error:
            raise requests.ConnectionError from error
        return _as_response(answer)

    def _check(self, url: str) -> None:
        if urlsplit(url).scheme == "https":
            return
        if not addresses.place(url).is_among(self._allowed_hosts):
            raise Unreachable("it is without TLS")


def _as_response(answer: client.Response) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url = answer.status, answer.url
    made.headers.update(answer.headers)
    made._content = answer.body
    made.encoding = "utf-8"
    return made
