"""Proving who one is: passwords and codes, counted for each account wherever they come from.

Too many wrong ones in a row lock the account for a while, for every process alike: after passwords
no password is looked at, after codes no code. They are counted apart: anybody can try passwords,
codes only who knew the password or opened a mail, and strangers must not keep those out. A mail
tells the owner, and a new password set through it ends both locks. Passkeys and providers can not
be guessed, and stay open.

Whoever is refused learns nothing: neither whether there is such an account nor whether it is
locked. A password is hashed in every case, so the answer takes as long, but for the one row that
a wrong one of an account writes; limits for each address slow down whoever would measure that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from chatplatform import clock, mail_links
from chatplatform.errors import Authorization
from chatplatform.models import Account, Agent, StaffMail
from chatplatform.selectors import people
from chatplatform.services import audit, second_factors, staff_mails

PASSWORD: Final = "password"  # noqa: S105 - no secret
"""How most people sign in, as the audit log keeps it."""
LONGEST_LOCK: Final = timedelta(days=1)
_DOUBLINGS: Final = 10


@dataclass(frozen=True, slots=True)
class _Guesses:
    """Where an account keeps what was guessed wrong: how often in a row, and its lock."""

    count: str
    until: str


_PASSWORDS: Final = _Guesses("failed_sign_ins", "locked_until")
_CODES: Final = _Guesses("failed_codes", "codes_locked_until")


class TurnedAway(Authorization):
    """Somebody who proved who they are may not come in now; ``standing`` says why."""

    def __init__(self, standing: str) -> None:
        super().__init__("You can not come in now")
        self.standing = standing


def by_password(email: str, password: str, base_url: str) -> Account | None:
    """Return the account these belong to; ``None`` for wrong ones, and while it is locked.

    Counts a wrong password against the account. Accounts that are switched off are returned, too:
    only who knows the password is told so.
    """
    account = Account.objects.filter(email=email.strip().lower()).first()
    if account is None or _is_locked(account, _PASSWORDS):
        make_password(password)  # takes as long as looking would
        return None
    right = account.check_password(password)
    return account if _counted(account, _PASSWORDS, right, base_url) else None


def confirms(account: Account, password: str, base_url: str) -> bool:
    """Tell whether ``password`` is the account's, for somebody who is signed in; counts it."""
    found = by_password(account.email, password, base_url)
    return found is not None and found.pk == account.pk


def by_code(account: Account, code: str, base_url: str) -> Authenticator | None:
    """Return the second factor a code is of; ``None`` for a wrong one, and while codes are locked.

    Counts a wrong code against the account; a right one ends the row.
    """
    fresh = Account.objects.get(pk=account.pk)
    if _is_locked(fresh, _CODES):
        return None
    found = second_factors.holding(fresh, code)
    if not _counted(fresh, _CODES, found is not None, base_url):
        return None
    Account.objects.filter(pk=account.pk).update(failed_codes=0, codes_locked_until=None)
    return found


@transaction.atomic
def record(account: Account, how: str, **more: str) -> None:
    """Write down that somebody signed in; ``how``: password, passkey or provider.

    Only who got all the way in with a password ends the row of wrong ones.
    """
    if how == PASSWORD:
        Account.objects.filter(pk=account.pk).update(failed_sign_ins=0, locked_until=None)
    audit.record(
        account.organization_id, "sign_in", "account", account.email, after={"how": how, **more}
    )


def record_end(account: Account) -> None:
    """Write down that somebody signed out."""
    audit.record(account.organization_id, "sign_out", "account", account.email)


def standing(account: Account) -> str:
    """Say whether somebody may come in: ``"ok"``, ``"off"``, ``"suspended"`` or ``"waiting"``."""
    seat = people.seat_of(account)
    if not account.is_active:
        return "off"
    if seat is not None and seat.suspended:
        return "suspended"
    return "waiting" if seat is not None and seat.awaiting_approval else "ok"


@contextmanager
def letting_in(account: Account) -> Iterator[None]:
    """Return a block in which a session may begin; raise :class:`TurnedAway` where none may.

    It is a transaction that holds the seat: whoever suspends or deletes somebody waits, and ends
    this session with the others.
    """
    with transaction.atomic():
        Agent.objects.select_for_update(of=("self",)).filter(account=account).first()
        now = Account.objects.filter(pk=account.pk).first()
        known = standing(now) if now is not None else "off"
        if known != "ok":
            raise TurnedAway(known)
        yield


def _is_locked(account: Account, guesses: _Guesses) -> bool:
    until = getattr(account, guesses.until)
    return until is not None and until > clock.now()


@transaction.atomic
def _counted(account: Account, guesses: _Guesses, right: bool, base_url: str) -> bool:
    """Count an attempt, and return whether it is good: others may have locked the account since."""
    row = Account.objects.select_for_update(of=("self",)).filter(pk=account.pk).first()
    if row is None or _is_locked(row, guesses):
        return False
    if right:
        return True
    count = min(getattr(row, guesses.count) + 1, _most_counted())
    setattr(row, guesses.count, count)
    if count >= settings.SIGN_IN_FAILURES:
        _lock(row, guesses, base_url)
    row.save(update_fields=[guesses.count, guesses.until])
    return False


def _most_counted() -> int:
    return int(settings.SIGN_IN_FAILURES) + _DOUBLINGS


def _lock(account: Account, guesses: _Guesses, base_url: str) -> None:
    beyond = getattr(account, guesses.count) - settings.SIGN_IN_FAILURES
    seconds = timedelta(seconds=settings.SIGN_IN_LOCK_SECONDS) * 2**beyond
    until = clock.now() + min(seconds, LONGEST_LOCK)
    setattr(account, guesses.until, until)
    audit.record(
        account.organization_id,
        "lock_account",
        "account",
        account.email,
        after={guesses.until: clock.to_wire(until)},
    )
    if beyond == 0:
        staff_mails.queue(account, StaffMail.Kind.LOCKED, mail_links.base_of(base_url))
