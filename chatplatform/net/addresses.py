"""Where the outgoing clients may go: what a web address is, and which of them are inside."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from requests.utils import requote_uri
from requests_hardened.ip_filter import EXTRA_BLOCKED_NET_RANGES
from yarl import URL

MAX_REGISTERED_URL = 500
_PORTS = {"http": 80, "https": 443}
_INSIDE = (
    *EXTRA_BLOCKED_NET_RANGES,
    ipaddress.ip_network("168.63.129.16/32"),  # Azure's, to its machines only; a public address
)


class Inside(OSError):
    """A name leads inside, where nobody outside may look through us."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads: whom to connect to, and what to ask for there.

    ``host`` is as the resolver takes it, ``authority`` as the ``Host`` header does.
    """

    scheme: str
    host: str
    port: int
    authority: str
    target: str

    @property
    def url(self) -> str:
        """The URL in which no client finds another place: in ASCII, without its fragment."""
        return f"{self.scheme}://{self.authority}{self.target}"

    def is_among(self, hosts: Collection[str]) -> bool:
        """Tell whether the host is named there, as ``name`` or ``name:port``, in any case."""
        return any(one.lower() in (self.host, f"{self.host}:{self.port}") for one in hosts)


def acceptable(url: str) -> bool:
    """Tell whether ``url`` has the shape of an address that can be registered to be called.

    http or https, with a host and without credentials, of 500 characters at most. Whether its host
    is there, and outside, is another question.
    """
    try:
        place(url)
    except ValueError:
        return False
    return len(url) <= MAX_REGISTERED_URL and url.isprintable() and not {" ", "\\"} & set(url)


@lru_cache(maxsize=4_096)
def place(url: str) -> Place:
    """Read ``url``; raise ``ValueError`` where it is no place to go."""
    parts = urlsplit(url)
    scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    if scheme not in _PORTS or not host or parts.username is not None or port == 0:
        raise ValueError("not an address to go to")
    if not host.isascii():
        host = URL.build(scheme=scheme, host=host).raw_host or ""
    authority = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[scheme]:
        authority = f"{authority}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    target = requote_uri(f"{parts.path or '/'}{query}")
    if not (target.startswith("/") and _is_plain(target) and _is_plain(authority)):
        raise ValueError("not an address to go to")
    return Place(scheme, host, port or _PORTS[scheme], authority, target)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def resolve(host: str, port: int, *, may_be_inside: bool = False) -> list[str]:
    """Return the addresses of ``host`` in the order to try them; blocks while it looks them up.

    Raise :class:`Inside` if any of them is, unless it may be; ``OSError`` where there is none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"no such name: {error}") from error
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    for address in addresses:
        if not may_be_inside and not is_outside(address):
            raise Inside(f"{host} leads inside, to {address}")
    return addresses


def is_outside(address: str) -> bool:
    """Tell whether an IP address belongs to the public internet, whatever notation hides it."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if not parsed.is_global or parsed.is_multicast or parsed.is_reserved:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and (parsed.is_site_local or parsed.scope_id):
        return False
    return not any(parsed in network for network in _INSIDE)
