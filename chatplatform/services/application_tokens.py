"""What an application's tokens may, and for how long: all of them at once.

Locks access tokens, refresh tokens and codes, in this order and in that of their keys. Who issues
one for an integration holds its installation (``services/tokens.py``), and so does who ends them
here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from chatplatform import clock, redirect_uris
from chatplatform.domain_events import tell
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.models import (
    AccessToken,
    Account,
    Application,
    BotToken,
    Consent,
    CustomerToken,
    Grant,
    IdentityTransfer,
    Installation,
    RefreshToken,
)
from chatplatform.scopes import cut, expand
from chatplatform.services import audit
from chatplatform.services.tokens import REVOKED

NARROWED: Final = "role_permissions_changed"
"""Tells clients to log in again: their token is good, but for less."""


def revoke_all(organization_id: UUID, application: Application) -> None:
    """Revoke every token the application holds of one organisation's people, customers and bots.

    With refresh tokens, codes on their way, and what people consented to: who wants it back is
    asked anew. The application's installation is locked. Tells ``SessionsEnded``.
    """
    _forget_given(application, Account.objects.filter(organization_id=organization_id))
    IdentityTransfer.objects.filter(
        application=application, customer__organization_id=organization_id
    ).delete()
    _delete(CustomerToken.objects.filter(application=application, organization_id=organization_id))
    _delete(
        BotToken.objects.filter(bot__owner=application, bot__agent__organization_id=organization_id)
    )
    tell(
        SessionsEnded(
            organization_id=str(organization_id), client_id=application.client_id, reason=REVOKED
        )
    )


@transaction.atomic
def revoke_of_people(organization_id: UUID, application: Application) -> int:
    """Revoke what people gave the application, until they are asked anew; return how many access
    tokens there were.

    What it holds of customers and bots stays. Locks the application's installation. Tells
    ``SessionsEnded`` for each.
    """
    rows = Installation.objects.select_for_update(no_key=True)
    rows.filter(application=application, organization_id=organization_id).first()
    count = take_back(application, Account.objects.filter(organization_id=organization_id))
    audit.record(
        organization_id,
        "revoke_tokens",
        "application",
        application.client_id,
        before={"tokens": count},
    )
    return count


def take_back(application: Application, people: QuerySet[Account]) -> int:
    """Revoke what these people gave the application; return how many access tokens there were.

    With refresh tokens, codes on their way, and consents. Call it in a transaction that holds the
    installation, or the account, so that nothing is issued meanwhile. Tells ``SessionsEnded`` for
    each token.
    """
    checksums = _forget_given(application, people)
    for token_checksum in checksums:
        tell(
            SessionsEnded(
                organization_id=str(application.organization_id),
                token_checksum=token_checksum,
                reason=REVOKED,
            )
        )
    return len(checksums)


def _forget_given(application: Application, people: QuerySet[Account]) -> list[str]:
    """Take back what people gave, in the order of locks; return access tokens' checksums."""
    access = AccessToken.objects.filter(application=application, user__in=people)
    locked = access.order_by("pk").select_for_update(of=("self",))
    found = list(locked.values_list("pk", "token_checksum"))
    AccessToken.objects.filter(pk__in=[pk for pk, _ in found]).delete()
    RefreshToken.objects.filter(application=application, user__in=people, revoked=None).update(
        revoked=clock.now(), updated=clock.now()
    )
    _delete(Grant.objects.filter(application=application, user__in=people))
    _delete(Consent.objects.filter(application=application, account__in=people))
    return [checksum for _, checksum in found]


def narrow(application: Application) -> None:
    """Cut everything people gave the application to what it may ask for now.

    Tokens, codes on their way and consents keep what both allow. Live connections of agents have
    to log in again, which tells ``SessionsEnded``. The application is locked.
    """
    changed = _narrow_rows(application, AccessToken.objects.filter(application=application))
    _narrow_rows(application, RefreshToken.objects.filter(application=application, revoked=None))
    _narrow_rows(application, Grant.objects.filter(application=application))
    for consent in Consent.objects.filter(application=application).select_for_update():
        consent.scopes = sorted(cut(consent.scopes, application.scopes))
        consent.save(update_fields=["scopes"])
    for organization_id in sorted(changed):
        tell(
            SessionsEnded(
                organization_id=str(organization_id),
                client_id=application.client_id,
                agents_only=True,
                reason=NARROWED,
            )
        )


def forget_codes_for(application: Application, still_registered: Iterable[str]) -> None:
    """Make codes void that are on their way to an address that is registered no more."""
    registered = list(still_registered)
    for grant in Grant.objects.filter(application=application).order_by("pk"):
        requested = redirect_uris.parse(grant.redirect_uri)
        if not any(redirect_uris.covers(uri, requested) for uri in registered):
            grant.delete()


def _narrow_rows(application: Application, rows: QuerySet[Any]) -> set[UUID]:
    """Cut the scopes of ``rows``; return the organisations of those that lost any."""
    changed: set[UUID] = set()
    locked = rows.order_by("pk").select_for_update(of=("self",)).select_related("user")
    for row in locked:
        before = frozenset(row.scope.split())
        kept = cut(before, application.scopes)
        if expand(kept) != expand(before):
            row.scope = " ".join(sorted(kept))
            row.save(update_fields=["scope", "updated"])
            changed.add(row.user.organization_id)
    return changed


def _delete(rows: QuerySet[Any]) -> None:
    keys = list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    rows.model._default_manager.filter(pk__in=keys).delete()
