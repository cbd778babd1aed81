"""The last calls of applications and of personal access tokens, for whoever develops with them.

Calls are noted in memory, a lock and an append each, and written down in bulk every couple of
seconds by whoever runs the process (:func:`flush`): none waits for it. Of each application, and of
the personal access tokens of an organisation, a process holds no more than it would keep anyway.
Nothing of what was sent or answered is noted. What customers call is not: a widget's traffic is no
developer's log; nor what the platform's own applications call.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

import structlog
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import CharField, Q

from chatplatform import clock
from chatplatform.models import ApiCall, Application, Organization, PersonalAccessToken
from chatplatform.requester import AgentRequester

log = structlog.get_logger(__name__)

KEPT: Final = 100
"""Calls kept of each application, and of the personal access tokens of each organisation."""
KEPT_DAYS: Final = 7
FLUSH_SECONDS: Final = 2.0
"""How often a process writes down what it noted."""
MAX_SOURCES: Final = 1_000
"""Applications of whose calls one process holds any between two flushes."""
USED_SECONDS: Final = 60
"""How often it is written down that a personal access token is in use."""
MAX_TOKENS: Final = 10_000
"""Tokens a process remembers to have written that down for."""

Noted = tuple[datetime, str, str, str, str, str, str, float]
"""A call as it lies in memory: ``_FIELDS``, in this order."""
_FIELDS: Final = ("at", "user_id", "api", "action", "version", "transport", "error", "seconds")
Source = tuple[UUID, str]
"""An organisation and a client id; an empty one stands for personal access tokens."""


@dataclass(slots=True)
class _Waiting:
    """What a process noted since its last flush."""

    calls: dict[Source, deque[Noted]] = field(default_factory=dict)
    used: dict[str, datetime] = field(default_factory=dict)


_lock = threading.Lock()
_noted = _Waiting()
_written: dict[str, float] = {}
"""When it was last written down that a token is in use, on the monotonic clock."""
_first_party: set[str] = set()
"""Client ids of the platform's own applications, as flushes learn of them."""


def note(
    requester: AgentRequester,
    *,
    api: str,
    action: str,
    version: str,
    transport: str,
    error: str,
    seconds: float,
) -> None:
    """Remember one call; ``error`` is the type of what refused it, empty where nothing did."""
    client_id = requester.client_id
    if client_id in _first_party:
        return
    call = (clock.now(), requester.public_id, api, action, version, transport, error, seconds)
    source = (requester.organization_id, client_id)
    with _lock:
        calls = _noted.calls.get(source)
        if calls is None:
            if len(_noted.calls) >= MAX_SOURCES:
                return
            calls = _noted.calls[source] = deque(maxlen=KEPT)
        calls.append(call)
        if not client_id:
            _noted.used[requester.token_checksum] = call[0]


def anything_noted() -> bool:
    """Tell whether there is anything to write down."""
    return bool(_noted.calls or _noted.used)


def flush() -> None:
    """Write down what was noted since the last time. Must run on a thread with a database.

    While the database is away it raises, and keeps what it would keep anyway for the next time.
    """
    global _noted
    with _lock:
        noted, _noted = _noted, _Waiting()
    try:
        _write(noted)
    except (InterfaceError, OperationalError):
        _put_back(noted)
        raise


def _write(noted: _Waiting) -> None:
    if noted.used:
        _write_used(noted.used)
    if noted.calls:
        try:
            _write_calls(noted.calls)
        except IntegrityError:
            # An organisation went while we wrote; so do the calls of these two seconds.
            log.info("calls not written down", sources=len(noted.calls))


def _put_back(noted: _Waiting) -> None:
    """Remember what could not be written down, before what was noted meanwhile."""
    with _lock:
        for source, calls in noted.calls.items():
            if source in _noted.calls or len(_noted.calls) < MAX_SOURCES:
                later = _noted.calls.get(source, ())
                _noted.calls[source] = deque([*calls, *later], maxlen=KEPT)
        _noted.used = {**noted.used, **_noted.used}


def forget() -> None:
    """Forget what was noted and is not written down yet."""
    global _noted
    with _lock:
        _noted = _Waiting()
        _written.clear()
        _first_party.clear()


def forget_old() -> None:
    """Delete calls of more than a week ago. For the worker's timers."""
    ApiCall.objects.filter(at__lt=clock.now() - timedelta(days=KEPT_DAYS)).delete()


def _write_calls(noted: Mapping[Source, Iterable[Noted]]) -> None:
    """Store calls and delete those of their sources that are beyond the newest."""
    wanted = _kept(noted)
    rows = [
        ApiCall(
            organization_id=organization_id,
            client_id=client_id,
            **{name: _fitting(name, value) for name, value in zip(_FIELDS, call, strict=True)},
        )
        for (organization_id, client_id), calls in wanted.items()
        for call in calls
    ]
    if not rows:
        return
    with transaction.atomic():
        ApiCall.objects.bulk_create(rows)
        for organization_id, client_id in wanted:
            _trim(organization_id, client_id)


def _kept(noted: Mapping[Source, Iterable[Noted]]) -> dict[Source, Iterable[Noted]]:
    """Leave out the platform's own applications, and what is of applications that are gone."""
    clients = {client_id for _, client_id in noted if client_id}
    purposes = dict(
        Application.objects.filter(client_id__in=clients).values_list("client_id", "purpose")
    )
    integration = Application.Purpose.INTEGRATION
    _first_party.update(one for one, purpose in purposes.items() if purpose != integration)
    organizations = {organization_id for organization_id, _ in noted}
    there = set(Organization.objects.filter(pk__in=organizations).values_list("pk", flat=True))
    return {
        (organization_id, client_id): calls
        for (organization_id, client_id), calls in noted.items()
        if organization_id in there and (not client_id or purposes.get(client_id) == integration)
    }


def _fitting(name: str, value: object) -> object:
    """Return what a client wrote as its column takes it."""
    if not isinstance(value, str):
        return value
    length = cast("CharField[str, str]", ApiCall._meta.get_field(name)).max_length
    return value[:length] if value.isprintable() else "?"


def _trim(organization_id: UUID, client_id: str) -> None:
    rows = ApiCall.objects.filter(organization_id=organization_id, client_id=client_id)
    beyond = rows.order_by("-id").values_list("id", flat=True)[KEPT : KEPT + 1].first()
    if beyond is not None:
        rows.filter(id__lte=beyond).delete()


def _write_used(used: Mapping[str, datetime]) -> None:
    """Note when personal access tokens were used, each at most once a minute."""
    moment = time.monotonic()
    due = {
        key: at
        for key, at in used.items()
        if moment - _written.get(key, -float(USED_SECONDS)) >= USED_SECONDS
    }
    if not due:
        return
    latest = max(due.values())
    unused = Q(last_used_at=None) | Q(last_used_at__lt=latest - timedelta(seconds=USED_SECONDS))
    PersonalAccessToken.objects.filter(unused, checksum__in=due).update(last_used_at=latest)
    if len(_written) + len(due) > MAX_TOKENS:
        _written.clear()
    _written.update(dict.fromkeys(due, moment))
