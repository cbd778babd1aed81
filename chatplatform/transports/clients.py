"""What a client's first request says about it: address, browser, and the name it knows us by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from django.conf import settings

from chatplatform.transports.addresses import client_address

_HTTP = {"ws": "http", "wss": "https"}


class Client(NamedTuple):
    """``address`` is an IP address as text, or empty; ``base_url`` has no slash at the end."""

    address: str
    user_agent: str
    base_url: str
    query: dict[str, str]


def client(scope: Mapping[str, Any]) -> Client:
    """Read an ASGI scope."""
    headers = _chosen(scope.get("headers", ()))
    peer = scope.get("client")
    return Client(
        address=client_address(str(peer[0]) if peer else "", headers.get(b"x-forwarded-for", "")),
        user_agent=headers.get(b"user-agent", "")[:1024],
        base_url=settings.PUBLIC_URL or _base_url(scope, headers),
        query=dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"))),
    )


_WANTED = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"user-agent", b"host"})


def _chosen(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name in _WANTED:
            text = value.decode("latin-1")
            found[name] = f"{found[name]},{text}" if name in found else text
    return found


def _base_url(scope: Mapping[str, Any], headers: Mapping[bytes, str]) -> str:
    scheme = str(scope.get("scheme", "ws"))
    if settings.TRUSTED_PROXIES and b"x-forwarded-proto" in headers:
        scheme = headers[b"x-forwarded-proto"].split(",")[0].strip()
    host = headers.get(b"host", "")
    return f"{_HTTP.get(scheme, scheme)}://{host}" if host else ""
