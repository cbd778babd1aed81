"""Where a client calls from, whether or not proxies stand in between."""

from __future__ import annotations

from django.conf import settings

from chatplatform import ip_addresses


def client_address(peer: str, forwarded_for: str) -> str:
    """Return the client's IP address as text, or ``""`` when nothing valid is known.

    ``peer`` is the socket's other end and ``forwarded_for`` the ``X-Forwarded-For`` header. Of
    that header only what our own proxies appended is believed (``TRUSTED_PROXIES`` entries from
    the right); the rest is the client's own claim.
    """
    if settings.TRUSTED_PROXIES and forwarded_for:
        entries = forwarded_for.split(",")[-settings.TRUSTED_PROXIES :]
        if address := ip_addresses.normal(entries[0]):
            return address
    return ip_addresses.normal(peer)
