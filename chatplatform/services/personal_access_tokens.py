"""Personal access tokens, as people make and revoke them (protocol.md 5.2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from chatplatform import clock, ids
from chatplatform.errors import Authorization, LimitReached, NotFound, Validation
from chatplatform.models import Account, PersonalAccessToken
from chatplatform.models.people import AgentRole
from chatplatform.requester import AgentRequester
from chatplatform.scopes import ALL, allowed, expand
from chatplatform.services import audit, tokens

MAX_PER_ACCOUNT: Final = 50
"""Personal access tokens one person has at most."""
MAX_NAME: Final = 180
"""The most characters a token's name has."""
_ENDING: Final = 4
"""So many characters of a token are kept for its owner to know it by."""


class NewToken(NamedTuple):
    """A new token in the only moment it can be read."""

    row: PersonalAccessToken
    token: str


def create(requester: AgentRequester, name: str, scopes: Iterable[str]) -> NewToken:
    """Make a token that acts as the person who asks, with these scopes, which never change.

    Raise :class:`Validation` for a name that is none, for no scopes, and for one the person's role
    does not allow; :class:`Authorization` for bots; :class:`LimitReached`; ``Authentication`` for
    an account that is no more. Locks the account.
    """
    wanted = frozenset(scopes)
    if not wanted:
        raise Validation("`scopes`: a token without any may do nothing")
    if beyond := sorted((wanted & ALL) - expand(allowed(requester.role))):
        raise Validation(f"`scopes`: the role {requester.role} does not allow {beyond[0]}")
    with transaction.atomic():
        account = tokens.lock_account(_account_id(requester))
        if PersonalAccessToken.objects.filter(account=account).count() >= MAX_PER_ACCOUNT:
            raise LimitReached(f"A person has {MAX_PER_ACCOUNT} personal access tokens at most")
        return issue(account, name, wanted)


@transaction.atomic
def issue(
    account: Account,
    name: str,
    scopes: Iterable[str],
    token: str | None = None,
    created_at: datetime | None = None,
) -> NewToken:
    """Store a personal access token of ``account``, whatever its role and however many it has.

    People make theirs with :func:`create`. ``token`` and ``created_at`` are given only where the
    token must be found again. Raise :class:`Validation` for an unknown scope or an empty or too
    long name.
    """
    name = name.strip()
    if not name.isprintable() or not 0 < len(name) <= MAX_NAME:
        raise Validation(f"`name`: a token's name has 1 to {MAX_NAME} printable characters")
    known = sorted(tokens.known_scopes(scopes))
    token = token or ids.secret()
    row = PersonalAccessToken.objects.create(
        account=account,
        name=name,
        scopes=known,
        checksum=tokens.checksum(token),
        ending=token[-_ENDING:],
        created_at=created_at or clock.now(),
    )
    _log(row, "create_personal_access_token", after=_record(row))
    return NewToken(row, token)


def revoke_own(requester: AgentRequester, key: int) -> None:
    """Revoke a token of the person who asks; raise :class:`NotFound` for anybody else's.

    Tells ``SessionsEnded``.
    """
    _revoke(PersonalAccessToken.objects.filter(pk=key, account_id=_account_id(requester)))


def revoke(requester: AgentRequester, key: int) -> None:
    """Revoke a token of one of the organisation's people.

    Raise :class:`NotFound`, and :class:`Authorization` for that of somebody who stands above who
    asks. Tells ``SessionsEnded``.
    """
    rows = PersonalAccessToken.objects.filter(account__organization_id=requester.organization_id)
    _revoke(rows.filter(pk=key), by=requester)


def may_revoke(requester: AgentRequester, row: PersonalAccessToken) -> bool:
    """Tell whether ``requester``'s role is enough for :func:`revoke`."""
    agent = getattr(row.account, "agent", None)
    return agent is None or not AgentRole(agent.role).stands_above(requester.role)


def _account_id(requester: AgentRequester) -> UUID:
    if requester.account_id is None:
        raise Authorization("bots have no personal access tokens")
    return requester.account_id


@transaction.atomic
def _revoke(rows: QuerySet[PersonalAccessToken], by: AgentRequester | None = None) -> None:
    row = rows.select_for_update(of=("self",)).select_related("account__agent").first()
    if row is None:
        raise NotFound("There is no such personal access token")
    if by is not None and not may_revoke(by, row):
        raise Authorization("Tokens of people with roles above one's own can not be revoked")
    _log(row, "revoke_personal_access_token", before=_record(row))
    if row.account.organization_id is not None:
        tokens.end_sessions(row.account.organization_id, row.checksum)
    row.delete()


def _record(row: PersonalAccessToken) -> dict[str, Any]:
    return {
        "account": row.account.email,
        "name": row.name,
        "scopes": row.scopes,
        "ending": row.ending,
    }


def _log(row: PersonalAccessToken, action: str, **change: Any) -> None:
    audit.record(row.account.organization_id, action, "personal_access_token", row.pk, **change)
