"""Mails to people who sign in: written down with what they are about, composed when they leave.

Nothing that opens an account lies in the database: a link is made from the account as it is when
its mail leaves. A mail that finds nobody there is tried again a few times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import Final

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from chatplatform import clock, mail_errors
from chatplatform.models import Account, StaffMail
from chatplatform.services import agent_mails

log = structlog.get_logger(__name__)

ATTEMPTS: Final = 5
BATCH: Final = 20
PAUSE: Final = timedelta(minutes=1)
"""How long no second mail of a kind follows to an address that anybody may name."""
MOST_A_DAY: Final = 10
"""How many mails of a kind go to such an address within a day."""
_DAY: Final = timedelta(days=1)
KEPT: Final = timedelta(days=30)
_ATTEMPT: Final = timedelta(minutes=2)

Kind = StaffMail.Kind


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail needs beside its account: who gets it, and what its words tell."""

    to: str
    about: dict[str, object]


Composer = Callable[[StaffMail, Account], Letter | None]
"""Says what a mail tells; ``None``: there is nothing to tell any more."""

_composers: dict[str, Composer] = {}


def composes(kind: str) -> Callable[[Composer], Composer]:
    """Register what composes the mails of a kind; a decorator."""

    def register(composer: Composer) -> Composer:
        _composers[kind] = composer
        return composer

    return register


def queue(
    account: Account | None, kind: str, base_url: str, *, address: str = "", asked_by: str = ""
) -> None:
    """Write a mail down, in the transaction of what it is about; the worker sends it.

    ``base_url`` is scheme and host of the pages its links lead to (``PUBLIC_URL`` goes first).
    ``address`` is given where it goes elsewhere than to the account's own.
    """
    StaffMail.objects.create(
        account=account,
        kind=kind,
        base_url=(settings.PUBLIC_URL or base_url)[:255],
        address=address,
        asked_by=asked_by,
        due_at=clock.now(),
    )


def withdraw(account: Account, kind: str) -> None:
    """Let mails of a kind that wait to leave, or to be tried again, go nowhere."""
    StaffMail.objects.filter(account=account, kind=kind).update(due_at=None)


def asked_enough(account: Account | None, kind: str, address: str) -> bool:
    """Tell whether no more mail of this kind is to be queued for ``address`` now: one was within
    :data:`PAUSE`, or :data:`MOST_A_DAY` within a day. What other accounts ask for does not count.
    """
    asked = StaffMail.objects.filter(
        account=account, kind=kind, address=address, created_at__gt=clock.now() - _DAY
    )
    newest = asked.order_by("-created_at").values_list("created_at", flat=True)[:MOST_A_DAY]
    found = list(newest)
    return len(found) == MOST_A_DAY or (bool(found) and found[0] > clock.now() - PAUSE)


@composes(Kind.PASSWORD_CHANGED)
@composes(Kind.FACTOR_ADDED)
@composes(Kind.FACTOR_REMOVED)
@composes(Kind.ADDRESS_CHANGED)
def _notice(mail: StaffMail, account: Account) -> Letter:
    """Tell somebody what changed about their account."""
    return Letter(mail.address or account.email, {})


# --- the worker's part --------------------------------------------------------------------------


def send_due() -> None:
    """Send what is due, some mails at a time; one that did not leave is tried again."""
    due = StaffMail.objects.filter(due_at__lte=clock.now())
    for mail in due.select_related("account__organization").order_by("due_at")[:BATCH]:
        again = clock.now() + _ATTEMPT * 2**mail.attempts if mail.attempts < ATTEMPTS else None
        claimed = StaffMail.objects.filter(pk=mail.pk, due_at=mail.due_at)
        if claimed.update(due_at=again, attempts=mail.attempts + 1) and again and _send(mail):
            StaffMail.objects.filter(pk=mail.pk, due_at=again).update(due_at=None)


def forget_old(limit: int = 1_000) -> None:
    """Delete up to ``limit`` mails that left or were given up long ago. For the worker's timers."""
    old = StaffMail.objects.filter(due_at=None, created_at__lte=clock.now() - KEPT)
    StaffMail.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()


def _send(mail: StaffMail) -> bool:
    """Send one mail; return whether no more is to be tried."""
    account = mail.account or Account.objects.filter(email=mail.address, is_active=True).first()
    letter = _composers[mail.kind](mail, account) if account is not None else None
    if account is None or letter is None or not _takes_mail(account, letter.to):
        return True
    about = {"account": account, "days": settings.INVITATION_DAYS, **letter.about}
    message = EmailMessage(
        render_to_string(f"mail/staff/{mail.kind}_subject.txt", about).strip(),
        render_to_string(f"mail/staff/{mail.kind}.txt", about),
        settings.DEFAULT_FROM_EMAIL,
        [letter.to],
    )
    try:
        message.send()
    except SMTPRecipientsRefused as error:
        if account.organization_id is not None:
            agent_mails.note_refused(account.organization_id, error)
        log.warning("a mail to somebody who signs in was refused", kind=mail.kind)
        return True
    except OSError as error:  # what the mail server's other refusals are, too
        why = mail_errors.reason(error)
        log.warning("a mail to somebody who signs in was not sent", error=why)
        return False
    return True


def _takes_mail(account: Account, address: str) -> bool:
    if account.organization_id is None:
        return True
    return bool(agent_mails.reachable(account.organization_id, [address]))
