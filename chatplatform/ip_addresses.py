"""IP addresses as text, each in one spelling, so that they can be compared."""

from __future__ import annotations

import ipaddress


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
