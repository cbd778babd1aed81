"""Reading the domains whose pages may show the chat."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from chatplatform.access_conditions import domain_of
from chatplatform.models import AllowedDomain


def allowed_domains(organization_id: UUID) -> list[str]:
    """Return the organisation's domains, in the order they were named. One read."""
    found = AllowedDomain.objects.filter(organization_id=organization_id).order_by("id")
    return list(found.values_list("domain", flat=True))


def is_domain_allowed(organization_id: UUID, url: str) -> bool:
    """Tell whether a page may show the chat: any, until the organisation names domains."""
    domains = allowed_domains(organization_id)
    return not domains or bool(covering(domains, url))


def covering(domains: Iterable[str], url: str) -> list[str]:
    """Return those of ``domains`` that a page belongs to."""
    host = domain_of(url)
    return [domain for domain in domains if host == domain or host.endswith(f".{domain}")]
