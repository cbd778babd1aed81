"""Where the widget has been seen: whether it is installed, and on which pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from chatplatform import clock
from chatplatform.models import Channel, Customer, Organization
from chatplatform.selectors import domains

LOOKED_AT: Final = 200
"""Newest customers whose last visit is looked at: cost does not grow with history."""


@dataclass(frozen=True, slots=True)
class Site:
    """A host with the widget: its last page that was opened, and whether the chat opens there."""

    host: str
    page: str
    opened_at: datetime
    allowed: bool


def sites(organization: Organization) -> list[Site]:
    """Return the hosts that the newest customers' last visits led to, the newest first."""
    customers = Customer.objects.filter(organization=organization, last_visit__isnull=False)
    visits = customers.order_by("-created_at", "-id").values_list("last_visit__last_pages")
    allowed = domains.allowed_domains(organization.id)
    found: dict[str, Site] = {}
    for (pages,) in visits[:LOOKED_AT]:
        for page in pages:
            host = _host(page["url"])
            opened_at = clock.from_wire(page["opened_at"])
            if host and (host not in found or found[host].opened_at < opened_at):
                covered = not allowed or bool(domains.covering(allowed, page["url"]))
                found[host] = Site(host, page["url"], opened_at, covered)
    return sorted(found.values(), key=lambda site: site.opened_at, reverse=True)


def first_seen(organization: Organization) -> datetime | None:
    """Return when the widget was first used on a page; None if it never was."""
    return (
        Channel.objects.filter(organization=organization, type=Channel.Type.CODE)
        .values_list("first_activity_at", flat=True)
        .first()
    )


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.netloc if parts.scheme in ("http", "https") else ""
