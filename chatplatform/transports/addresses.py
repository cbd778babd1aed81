"""Where a client calls from, whether or not proxies stand in between."""

from __future__ import annotations

import ipaddress

from django.conf import settings


def client_address(peer: str, forwarded_for: str) -> str:
    """Return the client's IP address as text, or ``""`` when nothing valid is known.

    ``peer`` is the socket's other end and ``forwarded_for`` the ``X-Forwarded-For`` header. Of
    that header only what our own proxies appended is believed (``TRUSTED_PROXIES`` entries from
    the right); the rest is the client's own claim.
    """
    if settings.TRUSTED_PROXIES and forwarded_for:
        entries = forwarded_for.split(",")[-settings.TRUSTED_PROXIES :]
        if address := _valid(entries[0]):
            return address
    return _valid(peer)


def _valid(text: str) -> str:
    """Return an address as bans and visits know it; an IPv4 one where a socket of both maps it."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)
