"""Links that open an account: signed, good for a while, and once.

No link is kept. What it opens is named in it together with a fingerprint of the account, which is
another as soon as the link was used, or the account changed under it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from chatplatform.errors import NotFound
from chatplatform.models import Account

_SALT: Final = "staff account link"
_OUTLIVE_SIGN_IN: Final = frozenset({"verification"})


class LinkGone(NotFound):
    """A link is malformed, too old, used, or of an account that changed meanwhile."""

    message = "The link is not good any more"


def token(account: Account, purpose: str, **more: str) -> str:
    """Return what a link for ``purpose`` carries; ``more`` is readable by whoever has it."""
    values = {"a": account.pk.hex, "p": purpose, "f": _fingerprint(account, purpose), **more}
    return signing.dumps(values, salt=_SALT, compress=True)


def open_token(
    text: str, purpose: str, good_for: timedelta, *, lock: bool = False
) -> tuple[Account, dict[str, Any]]:
    """Return whose link it is, and what it carries beside; raise :class:`LinkGone`.

    ``lock`` takes the account until commit: whoever uses the link does so alone.
    """
    try:
        values = signing.loads(text, salt=_SALT, max_age=good_for)
    except signing.BadSignature:
        raise LinkGone from None
    rows = Account.objects.select_for_update(of=("self",)) if lock else Account.objects.all()
    account = rows.select_related("organization").filter(pk=UUID(values["a"])).first()
    if account is None or values["p"] != purpose or not account.is_active:
        raise LinkGone
    if not constant_time_compare(values["f"], _fingerprint(account, purpose)):
        raise LinkGone
    return account, values


def _fingerprint(account: Account, purpose: str) -> str:
    """Return what changes with the password and the address; for some links, by signing in, too.

    Whoever is about to prove an address may sign in meanwhile.
    """
    signed_in = "" if purpose in _OUTLIVE_SIGN_IN else account.last_login
    known = f"{purpose}|{account.pk}|{account.password}|{account.email}|{signed_in}"
    return salted_hmac(_SALT, known, algorithm="sha256").hexdigest()[:32]
