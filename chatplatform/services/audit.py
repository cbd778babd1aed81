"""The audit log: one row for each change of the configuration, and for each sign-in.

Services write it, in the transaction of the change, so that every door is covered and nothing is
logged that did not happen. Who did it, and from where, is the cause of what is being told
(``domain_events.caused_by``). :func:`record` keeps of an object what differs, and never a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import orjson

from chatplatform import clock, domain_events
from chatplatform.models import AuditEntry

Record = Mapping[str, Any]

HIDDEN: Final = "[hidden]"
"""Stands where a secret was; one that changed shows as another (:data:`HIDDEN_NEW`)."""
HIDDEN_NEW: Final = "[hidden, changed]"
SECRETS: Final = frozenset(
    {
        "access_token",
        "client_secret",
        "code",
        "password",
        "refresh_token",
        "secret",
        "secret_key",
        "token",
    }
)
"""Names of fields, at whatever depth, whose values are never written down."""
MAX_BYTES: Final = 64 * 1024
"""Of what was and of what is, as JSON; more is left out, and said to be."""
LEFT_OUT: Final = {"left_out": "too large"}
_USER_AGENT_LENGTH: Final = 255


def record(
    organization_id: UUID | None,
    action: str,
    subject_type: str,
    subject_id: object,
    *,
    before: Record | None = None,
    after: Record | None = None,
) -> None:
    """Write down one change. Call it inside the change's transaction.

    ``action`` is the protocol's name for it (``update_tag``), or one in its manner;
    ``subject_type`` the noun (``tag``), ``subject_id`` what people know it by. ``before`` and
    ``after`` are the whole object in plain JSON data, ``None`` where there was or is none. Of an
    update only the fields that differ are kept; one that changed nothing is not written down.
    """
    if before is not None and after is not None:
        before, after = _differing(before, after)
        if not before and not after:
            return
    AuditEntry.objects.create(
        organization_id=organization_id,
        at=clock.now(),
        action=action,
        subject_type=subject_type,
        subject_id=str(subject_id)[:255],
        before=_kept(before),
        after=_kept(after),
        **_who(),
    )


def _differing(before: Record, after: Record) -> tuple[Record, Record]:
    absent = object()
    names = [
        name for name in {**before, **after} if before.get(name, absent) != after.get(name, absent)
    ]
    was = {name: before[name] for name in names if name in before}
    now = {
        name: HIDDEN_NEW if name in SECRETS and after[name] else after[name]
        for name in names
        if name in after
    }
    return was, now


def _kept(found: Record | None) -> Any:
    if found is None:
        return None
    shown = without_secrets(found)
    return shown if len(orjson.dumps(shown, default=str)) <= MAX_BYTES else LEFT_OUT


def without_secrets(value: Any) -> Any:
    """Return plain data with :data:`HIDDEN` in the place of every secret that is not empty."""
    if isinstance(value, Mapping):
        return {
            name: _hidden(one) if name in SECRETS else without_secrets(one)
            for name, one in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [without_secrets(one) for one in value]
    return value


def _hidden(value: Any) -> Any:
    if not value or value == HIDDEN_NEW:
        return value
    return HIDDEN


def _who() -> dict[str, Any]:
    cause = domain_events.cause()
    if cause is None:
        return {}
    return {
        "user_id": cause.user_id,
        "account_id": cause.account_id or None,
        "client_id": cause.client_id,
        "door": cause.door or AuditEntry.Door.SYSTEM,
        "address": cause.address or None,
        "user_agent": cause.user_agent[:_USER_AGENT_LENGTH],
    }
