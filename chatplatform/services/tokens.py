"""What tokens of every kind have in common (protocol.md 5).

Only SHA-256 checksums are stored; a token can be read once, in the answer that issues it. Every
revocation ends the live connections made with the token. Each kind has a module: ``agent_tokens``,
``bot_tokens``, ``customer_tokens``, ``personal_access_tokens``; who a token stands for is told by
``authentication``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from chatplatform import clock
from chatplatform.domain_events import tell
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import Authentication, Authorization, Validation
from chatplatform.models import (
    AccessToken,
    Account,
    Application,
    BotToken,
    CustomerToken,
    Grant,
    Installation,
    RefreshToken,
)
from chatplatform.scopes import ALL

LIFETIME_SECONDS: Final = 28_800
"""How long a token lives unless something else is asked for."""
MAX_PER_CLIENT_AND_ACCOUNT: Final = 25
REVOKED: Final = "access_token_revoked"
REMEMBERED: Final = timedelta(days=30)
"""How long a revoked refresh token is known for what it was."""
_REGION = re.compile(r"^[a-z]{2,4}(-[a-z0-9]{1,4})?:")


class IssuedToken(NamedTuple):
    """A new token in the only moment it can be read; ``expires_in`` in seconds."""

    token: str
    expires_in: int


def checksum(secret: str) -> str:
    """Return what is stored instead of ``secret``: its SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def without_region(token: str) -> str:
    """Return a token without the region prefix (``dal:``) that clients may put before it."""
    return _REGION.sub("", token)


def lock_account(account_id: UUID) -> Account:
    """Lock the account tokens are issued to; raise :class:`Authentication` where it is no more."""
    account = Account.objects.select_for_update(no_key=True).filter(pk=account_id).first()
    if account is None:
        raise Authentication("the account is no more")
    return account


def lock_installation(application: Application, organization_id: UUID) -> None:
    """Keep an integration on a licence until commit; raise :class:`Authorization` off it.

    Whoever removes it locks the same row, and revokes what was issued before. First-party clients
    can not be removed.
    """
    if application.purpose != Application.Purpose.INTEGRATION:
        return
    installed = Installation.objects.select_for_update(no_key=True).filter(
        application=application, organization_id=organization_id, removed_at=None
    )
    if installed.first() is None:
        raise Authorization("the application is not installed on the licence")


def end_sessions(organization_id: UUID, token_checksum: str) -> None:
    """Tell that a token is revoked: its live connections end."""
    tell(
        SessionsEnded(
            organization_id=str(organization_id), reason=REVOKED, token_checksum=token_checksum
        )
    )


def known_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Return the scopes; raise :class:`Validation` where one does not exist."""
    wanted = frozenset(scopes)
    if unknown := sorted(wanted - ALL):
        raise Validation(f"there is no scope {unknown[0][:64]!r}")
    return wanted


def forget_expired(limit: int = 1_000) -> int:
    """Delete up to ``limit`` expired tokens of each kind and return how many went.

    For the worker's timers. Used codes and revoked refresh tokens are kept for a while, so that
    who comes with one again is known.
    """
    now = clock.now()
    customers = CustomerToken.objects.filter(expires_at__lte=now)
    agents = AccessToken.objects.filter(expires__lte=now)
    codes = Grant.objects.filter(expires__lte=now - timedelta(seconds=LIFETIME_SECONDS))
    rotated = RefreshToken.objects.filter(revoked__lte=now - REMEMBERED)
    bots = BotToken.objects.filter(expires_at__lte=now)
    return sum(_delete_some(rows, limit) for rows in (customers, agents, codes, rotated, bots))


def _delete_some(rows: QuerySet[Any], limit: int) -> int:
    pks = list(rows.values_list("pk", flat=True)[:limit])
    gone: int = rows.model._default_manager.filter(pk__in=pks).delete()[0]
    return gone
