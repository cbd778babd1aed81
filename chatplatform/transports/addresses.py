"""Where a client calls from, whether or not proxies stand in between, and where it finds us."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from chatplatform import ip_addresses


def address_of(request: HttpRequest) -> str:
    """Return the IP address a request comes from; see :func:`client_address`."""
    return client_address(
        request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")
    )


def base_url(request: HttpRequest) -> str:
    """Return scheme and host by which the request names us. Mails do not believe it at once."""
    return f"{request.scheme}://{request.get_host()}"


def public_url(request: HttpRequest) -> str:
    """Return where the outside world reaches us: ``PUBLIC_URL``, else :func:`base_url`."""
    return settings.PUBLIC_URL or base_url(request)


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
