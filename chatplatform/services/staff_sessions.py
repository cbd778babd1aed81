"""Browser sessions of people who signed in: noted, listed, and ended.

Whoever ends a session ends the workspace tokens that were issued in it, and with them the live
connections. Sessions are named by their public id; nothing here knows a key but of the session
that is looking.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from chatplatform import clock
from chatplatform.errors import NotFound
from chatplatform.models import Account, StaffSession
from chatplatform.services import agent_tokens, audit

NOTED_EVERY: Final = timedelta(minutes=1)
_USER_AGENT_LENGTH: Final = 255


def note(row: StaffSession, address: str, user_agent: str) -> None:
    """Write down that a session is used, unless that was done a moment ago.

    ``row`` is the session as it was read for this request. One that was ended stays so.
    """
    if row.account_id is None:
        return
    now, agent, place = clock.now(), user_agent[:_USER_AGENT_LENGTH], address or None
    known = (row.address, row.user_agent) == (place, agent)
    if known and now - row.last_seen_at < NOTED_EVERY:
        return
    StaffSession.objects.filter(pk=row.pk).update(last_seen_at=now, address=place, user_agent=agent)


def opened(stored_key: str, address: str, user_agent: str) -> None:
    """Write down from where and with what a session was just begun."""
    StaffSession.objects.filter(pk=stored_key).update(
        address=address or None, user_agent=user_agent[:_USER_AGENT_LENGTH]
    )


def living(account: Account) -> QuerySet[StaffSession]:
    """Return the account's sessions, the one used last first."""
    rows = StaffSession.objects.filter(account=account, expire_date__gt=clock.now())
    return rows.order_by("-last_seen_at")


def end_one(account: Account, public_id: str) -> None:
    """End one of the account's sessions; raise :class:`NotFound` for any other."""
    if not _end(living(account).filter(public_id=public_id)):
        raise NotFound("Session not found")


def end_all(account: Account, *, but: str | None = None) -> int:
    """End all of the account's sessions, except the one stored as ``but``; count them."""
    rows = StaffSession.objects.filter(account=account)
    return _end(rows.exclude(pk=but) if but else rows)


@transaction.atomic
def _end(rows: QuerySet[StaffSession]) -> int:
    """End sessions: no token can be issued in them any more, then those there are go."""
    ended = list(rows.order_by("pk").select_for_update(of=("self",)).select_related("account"))
    StaffSession.objects.filter(pk__in=[row.pk for row in ended]).delete()
    agent_tokens.revoke_tokens_of_sessions(row.pk for row in ended)
    for row in ended:
        assert row.account is not None  # only sessions of accounts are ended here
        audit.record(
            row.account.organization_id,
            "end_session",
            "session",
            row.account.email,
            before={"address": row.address, "user_agent": row.user_agent},
        )
    return len(ended)


def clear_expired(limit: int = 10_000) -> None:
    """Forget up to ``limit`` sessions that ran out. For the worker's timers."""
    old = StaffSession.objects.filter(expire_date__lte=clock.now())
    StaffSession.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()
