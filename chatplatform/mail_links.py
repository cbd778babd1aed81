"""Where links in mails may lead: to this server, and to no host that only a request names.

Mails are about people who did not send the request, and whoever did may name any host in it.
Without ``PUBLIC_URL`` a host counts only where it is this machine, or ``ALLOWED_HOSTS`` names it.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from chatplatform.errors import Validation

log = structlog.get_logger(__name__)

_THIS_MACHINE: Final = (".localhost", "127.0.0.1", "[::1]")
"""Names that lead whoever reads them to their own machine, written as in ``ALLOWED_HOSTS``."""


def base_of(base_url: str) -> str:
    """Return scheme and host a link may begin with; empty where there is none to trust.

    ``base_url`` is what the request names.
    """
    if settings.PUBLIC_URL:
        return settings.PUBLIC_URL
    named = [one for one in settings.ALLOWED_HOSTS if one != "*"]
    host, _port = split_domain_port(urlsplit(base_url).netloc)
    return base_url if validate_host(host, [*_THIS_MACHINE, *named]) else ""


def base_or_log(base_url: str) -> str:
    """Return what :func:`base_of` does; where that is nothing, say why in the log."""
    base = base_of(base_url)
    if not base:
        log.warning(
            "no link was sent: PUBLIC_URL is not set, and ALLOWED_HOSTS does not name the host",
            base_url=base_url,
        )
    return base


def required(base_url: str) -> str:
    """Return what :func:`base_or_log` does; where that is nothing, raise :class:`Validation`."""
    if base := base_or_log(base_url):
        return base
    raise Validation(
        "No link can be sent from this address of the site. Open the site at its usual address, or"
        " ask whoever runs it"
    )
