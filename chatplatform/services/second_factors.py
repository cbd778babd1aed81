"""Second factors: codes of an authenticator app, passkeys, and recovery codes.

The library keeps them (``allauth.mfa``): seeds encrypted, of passkeys the public half only. What
decides about them is here. The library keeps what a passkey is asked for in the session of the
request at hand, so functions about passkeys work within a request only.

Recovery codes come with the first factor and are shown once. Who has no other factor left has none
of them either.
"""

from __future__ import annotations

import struct
from typing import Any, Final
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare

from chatplatform import clock, encryption
from chatplatform.errors import NotFound, Validation
from chatplatform.models import Account, Organization, StaffMail
from chatplatform.services import audit, staff_mails
from chatplatform.texts import is_line

Type = Authenticator.Type
NAME_LENGTH: Final = 60
MAX_PASSKEYS: Final = 20
STEP_SECONDS: Final = 30
_LAST_STEP: Final = "last_step"
_FACTORS: Final = (Type.TOTP, Type.WEBAUTHN)
_NO_ANSWER: Final = (
    ValidationError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    RuntimeError,
    struct.error,
)
"""What the library's parsers raise about something that no passkey answers."""


class WrongCode(Validation):
    """A code, or what a passkey answered, is not right."""

    message = "The code is not right"


# --- which there are ----------------------------------------------------------------------------


def of_account(account: Account) -> QuerySet[Authenticator]:
    """Return somebody's factors, without recovery codes, the oldest first."""
    rows: QuerySet[Authenticator] = Authenticator.objects.filter(user=account, type__in=_FACTORS)
    return rows.order_by("pk")


def has_app(account: Account) -> bool:
    """Tell whether somebody uses an authenticator app."""
    return of_account(account).filter(type=Type.TOTP).exists()


def has_passkey(account: Account) -> bool:
    """Tell whether somebody has a passkey."""
    return of_account(account).filter(type=Type.WEBAUTHN).exists()


def unused_codes(account: Account) -> int:
    """Return how many recovery codes somebody has left; those nobody can read count for none."""
    row = Authenticator.objects.filter(user=account, type=Type.RECOVERY_CODES).first()
    try:
        return len(row.wrap().get_unused_codes()) if row is not None else 0
    except encryption.Unreadable:
        return 0


def must_set_up(account: Account) -> bool:
    """Tell whether somebody's organisation asks for a second factor, and they have none."""
    organization = account.organization
    if organization is None or not organization.second_factor_required:
        return False
    return not of_account(account).exists()


# --- proving --------------------------------------------------------------------------------------


@transaction.atomic
def holding(account: Account, code: str) -> Authenticator | None:
    """Return whose code this is: the app's or a recovery code, each good once; else ``None``.

    No code is that of a factor whose key the settings no longer name.
    """
    typed = code.replace(" ", "").replace("-", "")
    rows = Authenticator.objects.select_for_update().filter(user=account)
    app = rows.filter(type=Type.TOTP).first()
    if app is not None and _takes(app, typed):
        return _used(app)
    codes: Authenticator | None = rows.filter(type=Type.RECOVERY_CODES).first()
    return _used(codes) if codes is not None and _holds(codes, typed) else None


def _used(factor: Authenticator) -> Authenticator:
    """Note when a factor was used last, if it is still there."""
    Authenticator.objects.filter(pk=factor.pk).update(last_used_at=clock.now())
    return factor


def _takes(app: Authenticator, code: str) -> bool:
    """Tell whether ``code`` is the app's of about now, and newer than the one taken last.

    The newest is kept with the app, so that none is good twice in whichever process.
    """
    try:
        step = _step_of(encryption.decrypt(app.data["secret"]), code)
    except encryption.Unreadable:
        return False
    if step is None or step <= app.data.get(_LAST_STEP, 0):
        return False
    app.data[_LAST_STEP] = step
    app.save(update_fields=["data"])
    return True


def _holds(codes: Authenticator, code: str) -> bool:
    try:
        return bool(codes.wrap().validate_code(code))
    except encryption.Unreadable:
        return False


def _step_of(seed: str, code: str) -> int | None:
    """Return which half minute a code is of: this one, the last, or the next; else ``None``."""
    now = int(clock.now().timestamp()) // STEP_SECONDS
    for step in (now, now - 1, now + 1):
        if constant_time_compare(totp.format_hotp_value(totp.hotp_value(seed, step)), code):
            return step
    return None


def asked(account: Account | None) -> dict[str, Any]:
    """Return what a browser is to ask a passkey; ``None``: whichever passkey of this site."""
    options: dict[str, Any] = webauthn.begin_authentication(account)
    return options


def answered(account: Account | None, credential: dict[str, Any]) -> Authenticator:
    """Return the passkey that answered what was asked; raise :class:`WrongCode`.

    Without ``account`` the answer itself says whose it is.
    """
    try:
        webauthn.parse_authentication_response(credential)
        whose = account or webauthn.extract_user_from_response(credential)
        found: Authenticator = webauthn.complete_authentication(whose, credential)
    except _NO_ANSWER:
        raise WrongCode from None
    return _used(found)


# --- adding and removing --------------------------------------------------------------------------


@transaction.atomic
def add_app(
    account: Account, seed: str, code: str, base_url: str, *, as_first: bool = False
) -> list[str]:
    """Let an authenticator app with this seed be a factor; ``code`` proves that it has it.

    Return the recovery codes, if these are new. Raise :class:`WrongCode`, and :class:`Validation`
    for a second app, and ``as_first`` where there is any factor. Ask for proof of who it is before.
    """
    _lock(account, as_first)
    if has_app(account):
        raise Validation("There is an authenticator app already")
    step = _step_of(seed, code.replace(" ", ""))
    if step is None:
        raise WrongCode
    app = totp.TOTP.activate(account, seed).instance
    app.data[_LAST_STEP] = step
    app.save(update_fields=["data"])
    return _added(account, "app", base_url)


def new_passkey(account: Account) -> dict[str, Any]:
    """Return what a browser is to ask an authenticator that makes a passkey."""
    options: dict[str, Any] = webauthn.begin_registration(account, True)
    return options


@transaction.atomic
def add_passkey(
    account: Account,
    name: str,
    credential: dict[str, Any],
    base_url: str,
    *,
    as_first: bool = False,
) -> list[str]:
    """Let a passkey that was made just now be a factor, and a way to sign in.

    Return the recovery codes, if these are new. Raise :class:`WrongCode` for an answer to something
    else, and :class:`Validation` for a name that is none, too many passkeys, and ``as_first`` where
    there is any factor. Ask for proof of who it is before.
    """
    _lock(account, as_first)
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or not is_line(name):
        raise Validation(f"A name has 1 to {NAME_LENGTH} characters")
    if of_account(account).filter(type=Type.WEBAUTHN).count() >= MAX_PASSKEYS:
        raise Validation(f"There are at most {MAX_PASSKEYS} passkeys")
    try:
        webauthn.parse_registration_response(credential)
        made = webauthn.complete_registration(credential)
    except _NO_ANSWER:
        raise WrongCode from None
    if not made.is_user_verified():
        raise WrongCode
    webauthn.WebAuthn.add(account, name, credential)
    return _added(account, name, base_url)


@transaction.atomic
def remove(account: Account, factor_id: int, base_url: str) -> None:
    """Take a factor away; with the last one, the recovery codes go.

    Raise :class:`NotFound`, and :class:`Validation` for the last one where the organisation asks
    for one. Ask for proof of who it is before.
    """
    _lock(account)
    row = of_account(account).filter(pk=factor_id).first()
    if row is None:
        raise NotFound("Factor not found")
    last = of_account(account).count() == 1
    organization = account.organization
    if last and organization is not None and organization.second_factor_required:
        raise Validation("Your organisation asks for a second factor. Add another one first")
    row.delete()
    if last:
        Authenticator.objects.filter(user=account).delete()
    _log(account, "remove_second_factor", before={"factor": label(row)})
    staff_mails.queue(account, StaffMail.Kind.FACTOR_REMOVED, base_url)


@transaction.atomic
def renew_codes(account: Account) -> list[str]:
    """Return new recovery codes; the old ones are good no more.

    Raise :class:`Validation` for who has no factor. Ask for proof of who it is before.
    """
    _lock(account)
    if not of_account(account).exists():
        raise Validation("Recovery codes come with a second factor")
    Authenticator.objects.filter(user=account, type=Type.RECOVERY_CODES).delete()
    _log(account, "renew_recovery_codes")
    codes: list[str] = RecoveryCodes.activate(account).generate_codes()
    return codes


def label(factor: Authenticator) -> str:
    """Return what its owner calls a passkey; ``app`` for an authenticator app."""
    return str(factor.wrap().name) if factor.type == Type.WEBAUTHN else "app"


def _added(account: Account, what: str, base_url: str) -> list[str]:
    _log(account, "add_second_factor", after={"factor": what})
    staff_mails.queue(account, StaffMail.Kind.FACTOR_ADDED, base_url)
    if Authenticator.objects.filter(user=account, type=Type.RECOVERY_CODES).exists():
        return []
    codes: list[str] = RecoveryCodes.activate(account).generate_codes()
    return codes


def _lock(account: Account, as_first: bool = False) -> None:
    Account.objects.select_for_update().get(pk=account.pk)
    if as_first and of_account(account).exists():
        raise Validation("A second factor was added elsewhere meanwhile. Sign in again")


def _log(account: Account, action: str, **change: Any) -> None:
    audit.record(account.organization_id, action, "account", account.email, **change)


# --- what an organisation asks for ----------------------------------------------------------------


@transaction.atomic
def require(organization_id: UUID, required: bool) -> None:
    """Say whether people of an organisation need a second factor to sign in with a password.

    Who has none is led through setting one up at the next sign-in.
    """
    row = Organization.objects.select_for_update().get(pk=organization_id)
    if row.second_factor_required == required:
        return
    Organization.objects.filter(pk=organization_id).update(second_factor_required=required)
    audit.record(
        organization_id,
        "update_sign_in_rules",
        "organization",
        organization_id,
        before={"second_factor_required": not required},
        after={"second_factor_required": required},
    )
