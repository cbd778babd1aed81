"""IP addresses as text, each in one spelling, so that they can be compared."""

from __future__ import annotations

import ipaddress

from chatplatform.properties import Properties, license_value


def normal(text: str) -> str:
    """Return an address as bans and visits know it; ``""`` when ``text`` is none.

    An IPv4 address stays one where a socket of both kinds maps it; zones are left out.
    """
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.IPv6Address(int(address)))
    return str(address)


def mask(properties: Properties) -> str:
    """Return what a licence keeps in the place of its visitors' addresses; ``""`` for themselves.

    It need not be an address.
    """
    found: str = license_value(properties, "monitoring", "ip_mask", "")
    return found


def stored(properties: Properties, address: str) -> str | None:
    """Return what a licence keeps of a visitor's address: its mask, if it has one, or itself."""
    return normal(mask(properties) or address) or None
