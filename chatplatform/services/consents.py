"""What people let applications do for them: asked once, remembered until taken back."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from chatplatform import clock
from chatplatform.errors import NotFound
from chatplatform.models import Account, Application, Consent
from chatplatform.scopes import cut, expand
from chatplatform.services import application_tokens, audit


def must_ask(
    account: Account, application: Application, scopes: Iterable[str], *, anew: bool = False
) -> bool:
    """Tell whether ``account`` has to be asked before ``application`` may do this.

    Not where the client is ours, nor where all of it was allowed before, unless it is to be asked
    ``anew``.
    """
    if application.skip_authorization:
        return False
    if anew:
        return True
    given = Consent.objects.filter(account=account, application=application).first()
    return given is None or not expand(scopes) <= expand(given.scopes)


def give(account: Account, application: Application, scopes: Iterable[str]) -> None:
    """Remember that ``account`` lets ``application`` do this, beside what it was let before.

    Call it in a transaction that holds the account.
    """
    consent, made = Consent.objects.get_or_create(
        account=account,
        application=application,
        defaults={"scopes": sorted(scopes), "given_at": clock.now()},
    )
    if not made:
        consent.scopes = sorted(cut({*consent.scopes, *scopes}))
        consent.given_at = clock.now()
        consent.save(update_fields=["scopes", "given_at"])


@transaction.atomic
def withdraw(account: Account, consent_id: int) -> None:
    """Take a consent back: the application has to ask anew, and what it held of the person ends.

    Locks the account, as whoever issues a token does. Raise :class:`NotFound` for a consent that is
    not there, or not theirs. Writes to the audit log; tells ``SessionsEnded`` for each token.
    """
    own = Account.objects.filter(pk=account.pk)
    own.select_for_update(no_key=True).first()
    rows = Consent.objects.select_related("application")
    consent = rows.filter(account=account, pk=consent_id).first()
    if consent is None:
        raise NotFound("Consent not found")
    count = application_tokens.take_back(consent.application, own)
    audit.record(
        consent.application.organization_id,
        "withdraw_consent",
        "application",
        consent.application.client_id,
        before={"scopes": consent.scopes, "tokens": count},
    )
