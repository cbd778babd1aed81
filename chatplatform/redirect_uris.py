"""Which addresses a client may be answered at (protocol.md 5.1).

Scheme, host and port must be equal, the registered path must begin the requested one, and neither
has a query, a fragment, a user or a step upwards.
"""

from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

MAX_LENGTH: Final = 2048
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_SCRIPTABLE: Final = frozenset({"javascript", "data", "vbscript", "blob", "about"})
"""Schemes a browser runs in, or fills with, the page that opens them."""


class Address(NamedTuple):
    """A redirect URI taken apart; ``port`` is the scheme's default where none was written."""

    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def origin(self) -> tuple[str, str, int | None]:
        """What a browser calls the origin of a page at this address."""
        return self.scheme, self.host, self.port


def parse(uri: str) -> Address:
    """Take ``uri`` apart; raise ``ValueError`` when it can not be a redirect URI."""
    if len(uri) > MAX_LENGTH or not uri.isprintable() or " " in uri or "\\" in uri:
        raise ValueError("a redirect URI has at most 2048 visible characters")
    parts = urlsplit(uri)
    _refuse_extras(uri, parts)
    if ".." in unquote(parts.path).replace("\\", "/").split("/"):
        raise ValueError("a redirect URI may not step upwards")
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return Address(parts.scheme, parts.hostname or "", port, parts.path.rstrip("/"))


def _refuse_extras(uri: str, parts: SplitResult) -> None:
    if not parts.scheme or not parts.hostname:
        raise ValueError("a redirect URI needs a scheme and a host")
    if parts.scheme in _SCRIPTABLE:
        raise ValueError(f"a redirect URI can not have the scheme {parts.scheme}")
    if "?" in uri or "#" in uri:
        raise ValueError("a redirect URI has neither query nor fragment")
    if "@" in parts.netloc:
        raise ValueError("a redirect URI names no user")


def covers(registered: str, requested: Address) -> bool:
    """Tell whether the ``registered`` URI of a client allows the ``requested`` one."""
    own = parse(registered)
    return own.origin == requested.origin and requested.path.startswith(own.path)
