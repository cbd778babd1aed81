"""Access and refresh tokens of agents: issuing and revoking them (protocol.md 5.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from chatplatform import clock, ids
from chatplatform.errors import Authentication, Authorization
from chatplatform.models import (
    AccessToken,
    Account,
    Agent,
    Application,
    Grant,
    RefreshToken,
    StaffSession,
)
from chatplatform.scopes import allowed
from chatplatform.selectors import organizations
from chatplatform.services import tokens
from chatplatform.services.tokens import LIFETIME_SECONDS, IssuedToken
from chatplatform.session_store import stored_key

WORKSPACE_LIFETIME_SECONDS: Final = 3_600


def _random(expires_at: datetime) -> str:
    return ids.secret()


def issue_access_token(
    account: Account,
    application: Application,
    scopes: Iterable[str],
    expires_in: int = LIFETIME_SECONDS,
    *,
    make: Callable[[datetime], str] = _random,
    family: UUID | None = None,
) -> IssuedToken:
    """Issue a Bearer token of ``account`` to ``application``, carrying these scopes.

    ``expires_in`` in seconds. ``make`` turns the moment of expiry into the token; only tokens
    that must be found again are not random. ``family`` is the authorization it is of, where that
    has refresh tokens. Of one client and account the 25 newest live; the oldest is dropped, its
    refresh token stays. Locks the client's installation and the account, so that parallel issues
    keep to that. Raise :class:`Validation` for an unknown scope, :class:`Authorization` for a
    client of another organisation or one that is not installed, :class:`Authentication` for an
    account that was deleted meanwhile.
    """
    expires_at = clock.now() + timedelta(seconds=expires_in)
    token = make(expires_at)
    _store(account, application, tokens.known_scopes(scopes), token, expires_at, family=family)
    return IssuedToken(token, expires_in)


def issue_refresh_token(
    account: Account, application: Application, scopes: Iterable[str], family: UUID
) -> str:
    """Issue a refresh token of the authorization ``family``, good for at most these scopes.

    Of one client and account the 25 newest live; the oldest is revoked. Its access tokens stay.
    Call it in the transaction of the family's access token, which holds the locks.
    """
    token = ids.secret()
    row = RefreshToken(
        user=account,
        application=application,
        token="",
        token_family=family,
        scope=" ".join(sorted(tokens.known_scopes(scopes))),
    )
    row._raw_token = token
    row.save()
    living = RefreshToken.objects.filter(user=account, application=application, revoked=None)
    surplus = living.order_by("-pk").values_list("pk", flat=True)[
        tokens.MAX_PER_CLIENT_AND_ACCOUNT :
    ]
    if pks := list(surplus):
        living.filter(pk__in=pks).update(revoked=clock.now(), updated=clock.now())
    return token


def issue_workspace_token(account: Account, session_key: str) -> IssuedToken:
    """Issue the token the workspace's script works with: one hour, every scope the role allows.

    It dies with the browser session ``session_key``: end the session first, then call
    :func:`revoke_workspace_tokens`. The account is locked meanwhile, and the session's row after
    it, so that no token outlives a sign-out at the same moment. Raise :class:`Authentication` when
    the session or the account is gone and :class:`Authorization` for an account without a seat.
    """
    agent = Agent.objects.filter(account=account).select_related("organization").first()
    if agent is None:
        raise Authorization("the account has no seat in a chat licence")
    application = organizations.workspace_application(agent.organization)
    expires_at = clock.now() + timedelta(seconds=WORKSPACE_LIFETIME_SECONDS)
    token = ids.secret()
    with transaction.atomic():
        tokens.lock_account(account.pk)
        sessions = StaffSession.objects.select_for_update().filter(pk=stored_key(session_key))
        if sessions.first() is None:
            raise Authentication("the session has ended")
        scopes = allowed(agent.role)
        _store(account, application, scopes, token, expires_at, stored_key(session_key))
    return IssuedToken(token, WORKSPACE_LIFETIME_SECONDS)


def revoke_workspace_tokens(session_key: str) -> int:
    """Revoke the tokens of a browser session that has ended, and return how many there were.

    Call it whenever a key ceases to be valid: on sign-out, and when signing in replaces it.
    """
    return _revoke(AccessToken.objects.filter(session_checksum=stored_key(session_key)))


def revoke_tokens_of_sessions(session_checksums: Iterable[str]) -> int:
    """Revoke the tokens of browser sessions named by the checksums of their keys; count them."""
    return _revoke(AccessToken.objects.filter(session_checksum__in=list(session_checksums)))


@transaction.atomic
def revoke_tokens_of_account(account: Account) -> int:
    """Revoke every access and refresh token of ``account``, and every code on its way, whatever
    application has it; count the access tokens. Personal access tokens stay. Locks the account.
    """
    Account.objects.select_for_update(no_key=True).filter(pk=account.pk).first()
    count = _revoke(AccessToken.objects.filter(user=account))
    RefreshToken.objects.filter(user=account, revoked=None).update(
        revoked=clock.now(), updated=clock.now()
    )
    Grant.objects.filter(user=account).delete()
    return count


def revoke_access_token(token: str) -> bool:
    """Revoke an access token with all else of its authorization; return whether there was one.

    Locks its account.
    """
    own = tokens.checksum(tokens.without_region(token))
    return _revoke_found(AccessToken.objects.filter(token_checksum=own))


def revoke_refresh_token(token: str) -> bool:
    """Revoke a refresh token with all else of its authorization; return whether there was one.

    Locks its account.
    """
    own = tokens.checksum(tokens.without_region(token))
    return _revoke_found(RefreshToken.objects.filter(token_checksum=own, revoked=None))


@transaction.atomic
def _revoke_found(rows: QuerySet[AccessToken] | QuerySet[RefreshToken]) -> bool:
    row = rows.first()
    if row is None or row.user_id is None:
        return False
    tokens.lock_account(row.user_id)
    if isinstance(row, AccessToken):
        return _revoke(AccessToken.objects.filter(pk=row.pk)) > 0
    if row.token_family is not None:
        revoke_family(row.token_family)
    return True


@transaction.atomic
def revoke_family(family: UUID) -> None:
    """Revoke every access and refresh token of one authorization. The account is locked."""
    _drop(AccessToken.objects.filter(family=family))
    RefreshToken.objects.filter(token_family=family, revoked=None).update(
        revoked=clock.now(), updated=clock.now()
    )


@transaction.atomic
def _store(
    account: Account,
    application: Application,
    scopes: Iterable[str],
    token: str,
    expires_at: datetime,
    session_checksum: str = "",
    family: UUID | None = None,
) -> None:
    if account.organization_id != application.organization_id:
        raise Authorization("the application belongs to another organization")
    tokens.lock_installation(application, application.organization_id)
    tokens.lock_account(account.pk)
    row = AccessToken(
        user=account,
        application=application,
        token="",
        scope=" ".join(sorted(scopes)),
        expires=expires_at,
        session_checksum=session_checksum,
        family=family,
    )
    row._raw_token = token
    row.save()
    own = AccessToken.objects.filter(user=account, application=application)
    own.filter(expires__lte=clock.now()).delete()
    surplus = own.order_by("-pk").values_list("pk", flat=True)[tokens.MAX_PER_CLIENT_AND_ACCOUNT :]
    if pks := list(surplus):
        _drop(own.filter(pk__in=pks))


@transaction.atomic
def _revoke(found: QuerySet[AccessToken]) -> int:
    rows = _drop(found)
    for family in {row.family for row in rows if row.family is not None}:
        revoke_family(family)
    return len(rows)


def _drop(found: QuerySet[AccessToken]) -> list[AccessToken]:
    """Delete access tokens and end their sessions; what else is of their authorizations stays."""
    locked = found.select_for_update(of=("self",)).select_related("application").order_by("pk")
    rows = list(locked)
    AccessToken.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        if row.application is not None:
            tokens.end_sessions(row.application.organization_id, row.token_checksum)
    return rows
