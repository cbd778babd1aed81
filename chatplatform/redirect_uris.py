"""Which addresses a client may be answered at (protocol.md 5.1).

Scheme, host and port must be equal, the registered path must be the requested one or a folder above
it (``/app`` covers ``/app/done``, and not ``/application``), and neither has a query, a fragment, a
user or a step upwards.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import idna

MAX_LENGTH: Final = 2048
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_SCRIPTABLE: Final = frozenset({"javascript", "data", "vbscript", "blob", "about"})
"""Schemes a browser runs in, or fills with, the page that opens them."""
_HOST: Final = re.compile(r"[\w.-]+|[0-9a-f:.]+")
"""Names and addresses; nothing that would mean something in a header it is written into."""


class Address(NamedTuple):
    """A redirect URI taken apart; ``port`` is the scheme's default where none was written.

    A host of the web is written in ASCII, as browsers and the DNS do.
    """

    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def origin(self) -> tuple[str, str, int | None]:
        """What a browser calls the origin of a page at this address."""
        return self.scheme, self.host, self.port

    @property
    def web_origin(self) -> str:
        """The origin as browsers write it; empty where the address is none of the web's."""
        if self.scheme not in _DEFAULT_PORTS:
            return ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def source(self) -> str:
        """What a page's policy names it by: the origin, or the scheme of an application's own."""
        return self.web_origin or f"{self.scheme}:"


def parse(uri: str) -> Address:
    """Take ``uri`` apart; raise ``ValueError`` when it can not be a redirect URI."""
    if len(uri) > MAX_LENGTH or not uri.isprintable() or " " in uri or "\\" in uri:
        raise ValueError("a redirect URI has at most 2048 visible characters")
    parts = urlsplit(uri)
    _refuse_extras(uri, parts)
    steps = unquote(parts.path).replace("\\", "/").split("/")
    if any(step.partition(";")[0] == ".." for step in steps):
        raise ValueError("a redirect URI may not step upwards")
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return Address(parts.scheme, _host(parts), port, parts.path.rstrip("/"))


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if parts.scheme not in _DEFAULT_PORTS or host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise ValueError("a redirect URI names a host by its name or address") from None


def _refuse_extras(uri: str, parts: SplitResult) -> None:
    if not parts.scheme or not parts.hostname:
        raise ValueError("a redirect URI needs a scheme and a host")
    if parts.scheme in _SCRIPTABLE:
        raise ValueError(f"a redirect URI can not have the scheme {parts.scheme}")
    if "?" in uri or "#" in uri:
        raise ValueError("a redirect URI has neither query nor fragment")
    if "@" in parts.netloc:
        raise ValueError("a redirect URI names no user")
    if not _HOST.fullmatch(parts.hostname):
        raise ValueError("a redirect URI names a host by its name or address")


def covers(registered: str, requested: Address) -> bool:
    """Tell whether the ``registered`` URI of a client allows the ``requested`` one."""
    own = parse(registered)
    return own.origin == requested.origin and f"{requested.path}/".startswith(f"{own.path}/")
