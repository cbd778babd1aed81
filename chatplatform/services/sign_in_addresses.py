"""The address somebody signs in with: proved by opening a mail, changed by its owner.

The address is where mails go and what one signs in with. An agent's id in the APIs was made from
the first address and stays: chats, tags and webhooks know it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse

from chatplatform import clock, mail_links
from chatplatform.errors import AlreadyExists, Validation
from chatplatform.models import Account, Agent, StaffMail
from chatplatform.services import account_links, audit, staff_mails
from chatplatform.services.account_links import LinkGone
from chatplatform.services.staff_mails import Letter

LIFETIME: Final = timedelta(days=1)
ADDRESS_LENGTH: Final = 254
_PURPOSE: Final = "verification"


def checked(email: str) -> str:
    """Return an address in lower case; raise :class:`Validation` for what is none."""
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Validation("Enter an e-mail address in the format name@example.com") from None
    if len(email) > ADDRESS_LENGTH or not email.isascii():
        raise Validation("Enter an e-mail address in the format name@example.com")
    return email


@transaction.atomic
def ask_to_prove(account: Account, email: str, base_url: str) -> None:
    """Have a link sent to an address, which becomes the account's when it is opened.

    It may be the one the account has. Whether somebody else has it is not told. Raise
    :class:`Validation` for what is no address, and where links may not lead to ``base_url``. Ask
    for proof of who it is before.
    """
    address = checked(email)
    base_url = mail_links.required(base_url)
    if not staff_mails.asked_enough(account, StaffMail.Kind.VERIFICATION, address):
        staff_mails.queue(account, StaffMail.Kind.VERIFICATION, base_url, address=address)


def proving(token: str) -> tuple[Account, str]:
    """Return whose link it is and the address it proves; raise ``LinkGone``."""
    account, values = account_links.open_token(token, _PURPOSE, LIFETIME)
    return account, values["e"]


@transaction.atomic
def prove(token: str, base_url: str) -> Account:
    """Let the account have the address its link was sent to; the former one is told.

    Raise ``LinkGone``, and :class:`AlreadyExists` where somebody has the address.
    """
    account, values = account_links.open_token(token, _PURPOSE, LIFETIME, lock=True)
    former, address = account.email, values["e"]
    if account.email_verified_at is not None and former == address:
        raise LinkGone
    _check_free(account, address)
    account.email, account.email_verified_at = address, clock.now()
    try:
        with transaction.atomic():
            account.save(update_fields=["email", "email_verified_at"])
    except IntegrityError:
        raise AlreadyExists("This address can not be used") from None
    if former == address:
        audit.record(account.organization_id, "verify_email", "account", address)
        return account
    audit.record(
        account.organization_id,
        "change_email",
        "account",
        address,
        before={"email": former},
        after={"email": address},
    )
    staff_mails.queue(account, StaffMail.Kind.ADDRESS_CHANGED, base_url, address=former)
    return account


def _check_free(account: Account, address: str) -> None:
    """Refuse an address that is somebody else's id: two people would be hard to tell apart."""
    others = Agent.objects.filter(organization=account.organization, public_id=address)
    if others.exclude(account=account).exists():
        raise AlreadyExists("This address can not be used")


@staff_mails.composes(StaffMail.Kind.VERIFICATION)
def _letter(mail: StaffMail, account: Account) -> Letter | None:
    """Send the link, unless somebody has the address."""
    if Account.objects.filter(email=mail.address).exclude(pk=account.pk).exists():
        return None
    token = account_links.token(account, _PURPOSE, e=mail.address)
    link = mail.base_url + reverse("account_address_prove", args=[token])
    return Letter(mail.address, {"link": link, "address": mail.address})
