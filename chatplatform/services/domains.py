"""Domains whose pages may show the chat (protocol.md 4.1)."""

from __future__ import annotations

import re
from typing import Final

import idna
from django.db import transaction

from chatplatform.access_conditions import domain_of
from chatplatform.errors import AlreadyExists, LimitReached, NotFound, Validation
from chatplatform.models import AllowedDomain, Organization
from chatplatform.services import audit, routing

MAX_LENGTH: Final = 255
MAX_DOMAINS: Final = 100
_HOST: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")


def allow_domain(organization: Organization, domain: str) -> AllowedDomain:
    """Let the chat be shown on a domain and its subdomains; the first one bars all others.

    It may be written as a page's address; kept is the host as browsers name it. Raise
    :class:`Validation` for what is no domain, :class:`AlreadyExists`, :class:`LimitReached`.
    """
    host = _host(domain)
    with transaction.atomic():
        routing.lock_organization(organization.id)
        known = AllowedDomain.objects.filter(organization=organization)
        if known.filter(domain=host).exists():
            raise AlreadyExists("The domain is allowed already")
        if known.count() >= MAX_DOMAINS:
            raise LimitReached(f"There can be {MAX_DOMAINS} domains")
        audit.record(
            organization.id, "add_allowed_domain", "allowed_domain", host, after={"domain": host}
        )
        return AllowedDomain.objects.create(organization=organization, domain=host)


def disallow_domain(organization: Organization, domain: str) -> None:
    """Take a domain from the list, however it is written; raise :class:`NotFound`.

    :class:`Validation` for what is no domain.
    """
    host = _host(domain)
    with transaction.atomic():
        routing.lock_organization(organization.id)
        found = AllowedDomain.objects.filter(organization=organization, domain=host)
        if not found.delete()[0]:
            raise NotFound("Domain not found")
        gone = {"domain": host}
        audit.record(organization.id, "delete_allowed_domain", "allowed_domain", host, before=gone)


def _host(domain: str) -> str:
    """Return the host a domain is kept as: in lower case, in the letters of host names.

    By the rules browsers follow: by those before them ``ß`` was ``ss``, another domain.
    """
    host = domain_of(domain.strip()).removesuffix(".")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            host = ""
    if len(host) > MAX_LENGTH or not _HOST.fullmatch(host):
        raise Validation(f"a domain is a host name of at most {MAX_LENGTH} characters")
    return host
