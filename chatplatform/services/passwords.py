"""Passwords: set by who knows the old one, or by who can open a mail to the account's address."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from chatplatform import clock, mail_links
from chatplatform.errors import Validation
from chatplatform.models import Account, StaffMail
from chatplatform.selectors import identity_providers
from chatplatform.services import (
    account_links,
    agent_tokens,
    audit,
    staff_mails,
    staff_sessions,
)
from chatplatform.services.sign_in_addresses import ADDRESS_LENGTH
from chatplatform.services.staff_mails import Letter

_PURPOSE: Final = "reset"


def check(password: str, account: Account | None = None) -> None:
    """Raise :class:`Validation` when a password is too weak, or too like who it is for."""
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise Validation(" ".join(error.messages)) from None


@transaction.atomic
def change(account: Account, password: str, base_url: str, *, keep_session: str) -> None:
    """Set another password, for somebody who proved just now who they are.

    Every other session of the account ends; ``keep_session`` is the one stored so. A mail tells
    its owner. Raise :class:`Validation` for a weak password.
    """
    check(password, account)
    locked = _locked(account)
    _set(locked, password)
    account.password = locked.password
    staff_sessions.end_all(account, but=keep_session)
    audit.record(account.organization_id, "change_password", "account", account.email)
    staff_mails.queue(account, StaffMail.Kind.PASSWORD_CHANGED, base_url)


def ask_for_reset(email: str, base_url: str) -> None:
    """Have a link to set a new password sent to an address, if it is an account's.

    Whether it is, is found out only when the mail leaves: nothing here tells. Raise
    :class:`Validation` where links may not lead to ``base_url``.
    """
    base_url = mail_links.required(base_url)
    address = email.strip().lower()
    if len(address) > ADDRESS_LENGTH:
        return  # nobody's: no account has one so long
    with transaction.atomic():
        if not staff_mails.asked_enough(None, StaffMail.Kind.RESET, address):
            staff_mails.queue(None, StaffMail.Kind.RESET, base_url, address=address)


def resetting(token: str) -> Account:
    """Return whose password a link sets; raise ``LinkGone``."""
    return account_links.open_token(token, _PURPOSE, _lifetime())[0]


@transaction.atomic
def reset(token: str, password: str) -> Account:
    """Set the password a link was sent for, and return the account.

    The locks of the account end. So does everything that somebody else may hold: all sessions, and
    every token of the account but personal access tokens. Opening the mail proved the address.
    Raise ``LinkGone``, and :class:`Validation` for a weak password.
    """
    account, _ = account_links.open_token(token, _PURPOSE, _lifetime(), lock=True)
    check(password, account)
    account.email_verified_at = clock.now()
    _set(account, password)
    staff_sessions.end_all(account)
    agent_tokens.revoke_tokens_of_account(account)
    audit.record(account.organization_id, "reset_password", "account", account.email)
    return account


def _locked(account: Account) -> Account:
    return Account.objects.select_for_update().get(pk=account.pk)


def _set(account: Account, password: str) -> None:
    account.set_password(password)
    account.failed_sign_ins, account.locked_until = 0, None
    # What wrong codes were counted stays: codes guard against who can open a mail, too.
    account.codes_locked_until = None
    account.save(
        update_fields=[
            "password",
            "failed_sign_ins",
            "locked_until",
            "codes_locked_until",
            "email_verified_at",
        ]
    )
    # A link is made when its mail leaves: one asked for before must not be good afterwards.
    staff_mails.withdraw(account, StaffMail.Kind.VERIFICATION)


def _lifetime() -> timedelta:
    return timedelta(hours=settings.PASSWORD_RESET_HOURS)


@staff_mails.composes(StaffMail.Kind.RESET)
@staff_mails.composes(StaffMail.Kind.LOCKED)
def _letter(mail: StaffMail, account: Account) -> Letter:
    """Send the link, if there is where to; who may sign in with a provider only is told so."""
    path = reverse("account_password_new", args=[account_links.token(account, _PURPOSE)])
    return Letter(
        account.email,
        {
            "link": mail.base_url and mail.base_url + path,
            "hours": settings.PASSWORD_RESET_HOURS,
            "provider": identity_providers.required_of(account),
        },
    )
