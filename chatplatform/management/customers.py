"""What commands about one customer share: who it is, and who acts."""

from __future__ import annotations

from argparse import ArgumentParser
from uuid import UUID

from django.core.management.base import CommandError

from chatplatform.domain_events import Cause
from chatplatform.models import AuditEntry, Customer, Organization
from chatplatform.selectors import customer_data, organizations

COMMAND = Cause("", "", "", door=AuditEntry.Door.COMMAND)
"""Whoever runs the server: the audit log knows no more of them."""


def add_arguments(parser: ArgumentParser) -> None:
    """Define whom a command is about."""
    parser.add_argument("organization", help="the organisation's id, or its licence's number")
    parser.add_argument(
        "customer", help="the customer's id, e-mail address, or the id the organisation knows"
    )


def organization_named(text: str) -> Organization:
    """Return the organisation of an id or a licence's number; raise ``CommandError``."""
    try:
        found = (
            organizations.by_license(int(text))
            if text.isdigit()
            else organizations.by_id(UUID(text))
        )
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"there is no organisation {text}")
    return found


def customer_named(organization: Organization, text: str) -> Customer:
    """Return the one customer ``text`` names; raise ``CommandError`` for none, or for several."""
    found = list(customer_data.matching(organization.pk, text)[:2])
    if not found:
        raise CommandError(f"the organisation has no customer {text}")
    if len(found) > 1:
        raise CommandError(f"several customers are {text}: name one by their id")
    return found[0]
