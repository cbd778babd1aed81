"""Tokens of every kind: issuing, verifying, revoking (protocol.md 5).

Only SHA-256 checksums are stored; a token can be read once, in the answer that issues it.
Verifying costs one indexed read. Every revocation ends the live connections made with the token.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet

from chatplatform import clock, ids
from chatplatform.domain_events import SessionsEnded, tell
from chatplatform.errors import (
    Authentication,
    Authorization,
    RequesterAwaitingApproval,
    RequesterSuspended,
    Validation,
)
from chatplatform.models import (
    AccessToken,
    Account,
    Agent,
    Application,
    Customer,
    CustomerToken,
    PersonalAccessToken,
    RefreshToken,
)
from chatplatform.requester import AgentRequester, CustomerRequester
from chatplatform.scopes import ALL, allowed, effective
from chatplatform.selectors import organizations

LIFETIME_SECONDS: Final = 28_800
"""How long a token lives unless something else is asked for."""
WORKSPACE_LIFETIME_SECONDS: Final = 3_600
MAX_CUSTOMER_LIFETIME_SECONDS: Final = 30 * 24 * 3_600
"""Longer wishes for a customer's token get this."""
MAX_PER_CLIENT_AND_ACCOUNT: Final = 25
REVOKED: Final = "access_token_revoked"
_NAME_LENGTH: Final = 180

_REGION = re.compile(r"^[a-z]{2,4}(-[a-z0-9]{1,4})?:")


class IssuedToken(NamedTuple):
    """A new token in the only moment it can be read; ``expires_in`` in seconds."""

    token: str
    expires_in: int


def checksum(secret: str) -> str:
    """Return what is stored instead of ``secret``: its SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


# --- verifying --------------------------------------------------------------------------------


def authenticate_agent(credentials: str) -> AgentRequester:
    """Return the agent behind an Authorization header's value.

    ``Bearer <access token>`` or ``Basic base64(account_id:personal access token)``; the scheme in
    any case, a region prefix (``dal:``) before the token tolerated. Raise
    :class:`Authentication` for a value that is malformed, unknown, expired or revoked,
    :class:`RequesterSuspended` or :class:`RequesterAwaitingApproval` for an agent who may not
    work now.
    """
    scheme, value = _taken_apart(credentials)
    if scheme == "bearer":
        return _by_access_token(value)
    if scheme == "basic":
        return _by_personal_access_token(value)
    raise Authentication("the authorization scheme must be Bearer or Basic")


def authenticate_customer(credentials: str, query: dict[str, str]) -> CustomerRequester:
    """Return the customer behind ``Bearer <customer token>`` on the Customer API.

    ``query`` must hold the token's ``organization_id`` (protocol.md 4.1). Raise
    :class:`Validation` when it is absent or malformed, and :class:`Authentication` when the token
    is not valid, or not for this organisation: who has no token learns nothing about others.
    """
    wanted = _organization_id(query)
    requester = identify_customer(credentials)
    if requester.organization_id != wanted:
        raise Authentication("the token belongs to another organization")
    return requester


def identify_customer(credentials: str) -> CustomerRequester:
    """Return the customer behind ``Bearer <customer token>``, in whatever organisation.

    Raise :class:`Authentication` when the token is malformed, unknown, expired or revoked.
    """
    scheme, value = _taken_apart(credentials)
    if scheme != "bearer":
        raise Authentication("the authorization scheme must be Bearer")
    token_checksum = checksum(_without_region(value))
    row = (
        CustomerToken.objects.filter(checksum=token_checksum)
        .values(
            "customer_id",
            "organization_id",
            "organization__license_id",
            "application__client_id",
            "expires_at",
        )
        .first()
    )
    if row is None:
        raise Authentication("the access token is not valid")
    _refuse_expired(row["expires_at"])
    return CustomerRequester(
        organization_id=row["organization_id"],
        license_id=row["organization__license_id"],
        customer_id=row["customer_id"],
        client_id=row["application__client_id"],
        token_checksum=token_checksum,
        expires_at=row["expires_at"],
    )


_OF_ACCOUNT: Final = (
    "id",
    "is_active",
    "agent__id",
    "agent__public_id",
    "agent__customer_facing_id",
    "agent__name",
    "agent__role",
    "agent__suspended",
    "agent__awaiting_approval",
    "agent__organization_id",
    "agent__organization__license_id",
)
"""What a verification needs of an account; whole rows would cost several times the read."""


def _by_access_token(value: str) -> AgentRequester:
    token_checksum = checksum(_without_region(value))
    row = (
        AccessToken.objects.filter(token_checksum=token_checksum)
        .values("expires", "scope", "application__client_id", *_through("user"))
        .first()
    )
    if row is None:
        raise Authentication("the access token is not valid")
    _refuse_expired(row["expires"])
    carried = frozenset(row["scope"].split())
    client_id = row["application__client_id"] or ""
    return _requester(row, "user", client_id, carried, token_checksum, row["expires"])


def _by_personal_access_token(value: str) -> AgentRequester:
    account_id, token = _basic(value)
    token_checksum = checksum(_without_region(token))
    row = (
        PersonalAccessToken.objects.filter(checksum=token_checksum)
        .values("scopes", *_through("account"))
        .first()
    )
    if row is None or str(row["account__id"]) != account_id.lower():
        raise Authentication("the account id or the personal access token is not valid")
    return _requester(row, "account", "", frozenset(row["scopes"]), token_checksum, None)


def _through(relation: str) -> list[str]:
    return [f"{relation}__{name}" for name in _OF_ACCOUNT]


def _requester(
    row: dict[str, Any],
    relation: str,
    client_id: str,
    carried: frozenset[str],
    token_checksum: str,
    expires_at: datetime | None,
) -> AgentRequester:
    found = {name: row[f"{relation}__{name}"] for name in _OF_ACCOUNT}
    if found["agent__id"] is None or not found["is_active"]:
        raise Authentication("the account has no seat in a chat licence")
    if found["agent__suspended"]:
        raise RequesterSuspended
    if found["agent__awaiting_approval"]:
        raise RequesterAwaitingApproval
    return AgentRequester(
        organization_id=found["agent__organization_id"],
        license_id=found["agent__organization__license_id"],
        account_id=found["id"],
        agent_id=found["agent__id"],
        public_id=found["agent__public_id"],
        customer_facing_id=found["agent__customer_facing_id"],
        name=found["agent__name"],
        role=found["agent__role"],
        client_id=client_id,
        scopes=effective(found["agent__role"], carried),
        token_checksum=token_checksum,
        expires_at=expires_at,
    )


def _taken_apart(credentials: str) -> tuple[str, str]:
    scheme, _, value = credentials.strip().partition(" ")
    value = value.strip()
    if not value:
        raise Authentication("authorization needs a scheme and a token")
    return scheme.lower(), value


def _without_region(token: str) -> str:
    return _REGION.sub("", token)


def _basic(value: str) -> tuple[str, str]:
    try:
        account_id, separator, token = (
            base64.b64decode(value, validate=True).decode().partition(":")
        )
    except (binascii.Error, ValueError):
        raise Authentication("Basic authorization is base64 of account_id:token") from None
    if not separator:
        raise Authentication("Basic authorization is base64 of account_id:token")
    return account_id, token


def _refuse_expired(expires_at: datetime) -> None:
    if expires_at <= clock.now():
        raise Authentication("the access token has expired")


def _organization_id(query: dict[str, str]) -> UUID:
    try:
        return UUID(query["organization_id"])
    except KeyError:
        raise Validation("organization_id is required in the query") from None
    except ValueError:
        raise Validation("organization_id must be a UUID") from None


# --- agents' tokens ---------------------------------------------------------------------------


def _random(expires_at: datetime) -> str:
    return ids.secret()


def issue_access_token(
    account: Account,
    application: Application,
    scopes: Iterable[str],
    expires_in: int = LIFETIME_SECONDS,
    *,
    make: Callable[[datetime], str] = _random,
) -> IssuedToken:
    """Issue a Bearer token of ``account`` to ``application``, carrying these scopes.

    ``expires_in`` in seconds. ``make`` turns the moment of expiry into the token; only tokens
    that must be found again are not random. Of one client and account the 25 newest live; the
    oldest is revoked. Locks the account, so that parallel issues keep to that. Raise
    :class:`Validation` for an unknown scope, :class:`Authorization` for a client of another
    organisation.
    """
    expires_at = clock.now() + timedelta(seconds=expires_in)
    token = make(expires_at)
    _store(account, application, _known(scopes), token, expires_at)
    return IssuedToken(token, expires_in)


def issue_workspace_token(account: Account, session_key: str) -> IssuedToken:
    """Issue the token the workspace's script works with: one hour, every scope the role allows.

    It dies with the browser session ``session_key``: end the session first, then call
    :func:`revoke_workspace_tokens`. The session's row is locked meanwhile, so that no token
    outlives a sign-out at the same moment. Raise :class:`Authentication` when the session is gone
    and :class:`Authorization` for an account without a seat.
    """
    agent = Agent.objects.filter(account=account).select_related("organization").first()
    if agent is None:
        raise Authorization("the account has no seat in a chat licence")
    application = organizations.workspace_application(agent.organization)
    expires_at = clock.now() + timedelta(seconds=WORKSPACE_LIFETIME_SECONDS)
    token = ids.secret()
    with transaction.atomic():
        if Session.objects.select_for_update().filter(pk=session_key).first() is None:
            raise Authentication("the session has ended")
        scopes = allowed(agent.role)
        _store(account, application, scopes, token, expires_at, checksum(session_key))
    return IssuedToken(token, WORKSPACE_LIFETIME_SECONDS)


def revoke_workspace_tokens(session_key: str) -> int:
    """Revoke the tokens of a browser session that has ended, and return how many there were.

    Call it whenever a key ceases to be valid: on sign-out, and when signing in replaces it.
    """
    return _revoke(AccessToken.objects.filter(session_checksum=checksum(session_key)))


def revoke_access_token(token: str) -> bool:
    """Revoke an access token with its refresh token; return whether there was one."""
    own = checksum(_without_region(token))
    return _revoke(AccessToken.objects.filter(token_checksum=own)) > 0


@transaction.atomic
def _store(
    account: Account,
    application: Application,
    scopes: Iterable[str],
    token: str,
    expires_at: datetime,
    session_checksum: str = "",
) -> None:
    if account.organization_id != application.organization_id:
        raise Authorization("the application belongs to another organization")
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    row = AccessToken(
        user=account,
        application=application,
        token="",
        scope=" ".join(sorted(scopes)),
        expires=expires_at,
        session_checksum=session_checksum,
    )
    row._raw_token = token
    row.save()
    own = AccessToken.objects.filter(user=account, application=application)
    own.filter(expires__lte=clock.now(), refresh_token=None).delete()
    surplus = own.order_by("-pk").values_list("pk", flat=True)[MAX_PER_CLIENT_AND_ACCOUNT:]
    if pks := list(surplus):
        _revoke(own.filter(pk__in=pks))


@transaction.atomic
def _revoke(tokens: "QuerySet[AccessToken]") -> int:
    rows = list(tokens.select_for_update(of=("self",)).select_related("application"))
    RefreshToken.objects.filter(access_token__in=rows, revoked=None).update(
        revoked=clock.now(), updated=clock.now()
    )
    AccessToken.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        if row.application is not None:
            _end_sessions(row.application.organization_id, row.token_checksum)
    return len(rows)


def _end_sessions(organization_id: UUID, token_checksum: str) -> None:
    tell(
        SessionsEnded(
            organization_id=str(organization_id), reason=REVOKED, token_checksum=token_checksum
        )
    )


def _known(scopes: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(scopes)
    if unknown := sorted(wanted - ALL):
        raise Validation(f"there is no scope {unknown[0][:64]!r}")
    return wanted


# --- personal access tokens -------------------------------------------------------------------


def create_personal_access_token(
    account: Account,
    name: str,
    scopes: Iterable[str],
    token: str | None = None,
    created_at: datetime | None = None,
) -> str:
    """Store a personal access token of ``account`` and return it; its scopes never change.

    ``token`` and ``created_at`` are given only where the token must be found again. Raise
    :class:`Validation` for an unknown scope or an empty or too long name.
    """
    if not name.isprintable() or not 0 < len(name) <= _NAME_LENGTH:
        raise Validation(f"a token's name has 1 to {_NAME_LENGTH} printable characters")
    known = sorted(_known(scopes))
    token = token or ids.secret()
    PersonalAccessToken.objects.create(
        account=account,
        name=name,
        scopes=known,
        checksum=checksum(token),
        created_at=created_at or clock.now(),
    )
    return token


@transaction.atomic
def revoke_personal_access_token(token: str) -> bool:
    """Revoke a personal access token; return whether there was one."""
    rows = PersonalAccessToken.objects.filter(checksum=checksum(_without_region(token)))
    row = rows.select_for_update(of=("self",)).select_related("account").first()
    if row is None:
        return False
    row.delete()
    if row.account.organization_id is not None:
        _end_sessions(row.account.organization_id, row.checksum)
    return True


# --- customers' tokens ------------------------------------------------------------------------


def issue_customer_token(
    customer: Customer, application: Application, expires_in: int = LIFETIME_SECONDS
) -> IssuedToken:
    """Issue a Bearer token of ``customer`` to ``application``.

    ``expires_in`` in seconds; more than 30 days become 30 days. The customer's expired tokens are
    forgotten. Raise :class:`Authorization` for a client of another organisation.
    """
    if customer.organization_id != application.organization_id:
        raise Authorization("the application belongs to another organization")
    expires_in = min(expires_in, MAX_CUSTOMER_LIFETIME_SECONDS)
    now = clock.now()
    token = ids.secret()
    with transaction.atomic():
        CustomerToken.objects.filter(customer=customer, expires_at__lte=now).delete()
        CustomerToken.objects.create(
            customer=customer,
            organization_id=customer.organization_id,
            application=application,
            checksum=checksum(token),
            expires_at=now + timedelta(seconds=expires_in),
        )
    return IssuedToken(token, expires_in)


@transaction.atomic
def revoke_customer_token(token: str) -> bool:
    """Revoke a customer's token; return whether there was one."""
    rows = CustomerToken.objects.filter(checksum=checksum(_without_region(token)))
    row = rows.select_for_update().first()
    if row is None:
        return False
    row.delete()
    _end_sessions(row.organization_id, row.checksum)
    return True


# --- forgetting -------------------------------------------------------------------------------


def forget_expired(limit: int = 1_000) -> int:
    """Delete up to ``limit`` expired tokens of each kind and return how many went.

    For the worker's timers. A token with a live refresh token stays until that is used up.
    """
    now = clock.now()
    customers = CustomerToken.objects.filter(expires_at__lte=now)
    agents = AccessToken.objects.filter(expires__lte=now, refresh_token=None)
    return _delete_some(customers, limit) + _delete_some(agents, limit)


def _delete_some(rows: "QuerySet[CustomerToken] | QuerySet[AccessToken]", limit: int) -> int:
    pks = list(rows.values_list("pk", flat=True)[:limit])
    gone, _ = rows.model._default_manager.filter(pk__in=pks).delete()
    return gone
