"""Tokens of customers: issuing and revoking them (protocol.md 5.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction

from chatplatform import clock, ids
from chatplatform.errors import Authorization
from chatplatform.models import Application, Customer, CustomerToken
from chatplatform.services import customer_rows, tokens

MAX_LIFETIME_SECONDS: Final = 30 * 24 * 3_600
"""Longer wishes for a customer's token get this."""
MAX_PER_CUSTOMER: Final = 100
"""A browser with its cookie asks for another token as often as it likes."""


def lock_customer(customer: Customer, application: Application) -> None:
    """Keep a customer, and the client that asks for them, until commit.

    Whoever logs a customer out or erases them locks the same row, so that nothing is given out
    that they would miss. Locks the installation before the customer. Raise :class:`Authorization`
    where the client was removed meanwhile, and :class:`NotFound` where the customer was.
    """
    tokens.lock_installation(application, customer.organization_id)
    customer_rows.locked(customer.pk)


def issue_customer_token(
    customer: Customer, application: Application, expires_in: int = tokens.LIFETIME_SECONDS
) -> tokens.IssuedToken:
    """Issue a Bearer token of ``customer`` to ``application``.

    ``expires_in`` in seconds; more than 30 days become 30 days. The customer's expired tokens are
    forgotten, and of the others the 100 newest live; the oldest are revoked. Raise
    :class:`Authorization` for a client of another organisation, and what :func:`lock_customer`
    raises.
    """
    if customer.organization_id != application.organization_id:
        raise Authorization("the application belongs to another organization")
    expires_in = min(expires_in, MAX_LIFETIME_SECONDS)
    now = clock.now()
    token = ids.secret()
    with transaction.atomic():
        lock_customer(customer, application)
        CustomerToken.objects.filter(customer=customer, expires_at__lte=now).delete()
        CustomerToken.objects.create(
            customer=customer,
            organization_id=customer.organization_id,
            application=application,
            checksum=tokens.checksum(token),
            expires_at=now + timedelta(seconds=expires_in),
        )
        surplus = customer.tokens.order_by("-pk").values_list("pk", flat=True)[MAX_PER_CUSTOMER:]
        if pks := list(surplus):
            for row in customer.tokens.filter(pk__in=pks).order_by("pk").select_for_update():
                row.delete()
                tokens.end_sessions(row.organization_id, row.checksum)
    return tokens.IssuedToken(token, expires_in)


@transaction.atomic
def revoke_customer_token(token: str) -> bool:
    """Revoke a customer's token; return whether there was one."""
    rows = CustomerToken.objects.filter(checksum=tokens.checksum(tokens.without_region(token)))
    row = rows.select_for_update().first()
    if row is None:
        return False
    row.delete()
    tokens.end_sessions(row.organization_id, row.checksum)
    return True
