"""Delivering what the outbox owes: who may be called now, claims, and what became of each call.

Every waiting row is due at some moment. A worker that takes one moves that moment past its lease,
so that nobody else has it meanwhile, and that it is sent again should the worker die: at least
once. Endpoints are looked at one by one, each from its part of the index, so that what piles up at
one costs others nothing. What answers mean is decided by ``delivery_rules``; nothing here waits
for another machine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import structlog
from django.db import connection, transaction
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from chatplatform import clock
from chatplatform.errors import NotFound
from chatplatform.models import Webhook, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from chatplatform.records import Record
from chatplatform.services import delivery_rules, webhook_listeners
from chatplatform.services.delivery_rules import Fate, Verdict

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=60)
"""For how long a worker has what it took; longer than any call and its waiting for a turn."""
LATE: Final = timedelta(minutes=5)
"""How long overdue anything must be to say that too little is sent."""
LOOKED_AT: Final = 1_000
"""Endpoints found at a time."""
FAILED_AT_ONCE: Final = 5_000
"""Rows that one statement gives up."""
KEPT_ATTEMPTS: Final = len(delivery_rules.RETRIES) + 1
"""How many former attempts a delivery keeps that is sent again: those of one round."""
_REMEMBERED: Final = 0.8
"""The share of its former value that an answer leaves of the moving average."""
_NOTEWORTHY_SECONDS: Final = 0.1
"""Changes of the moving average that are not worth a write, where nothing else changed."""

State = WebhookDelivery.State


# --- who may be called ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """An endpoint that may be called now and has something due."""

    endpoint_id: int
    failures: int
    answer_seconds: float

    @property
    def is_probed(self) -> bool:
        """Whether it may be tried with one delivery only."""
        return self.failures >= delivery_rules.BREAKS_AFTER


WAITING: Final = """
WITH RECURSIVE waiting (endpoint_id) AS (
    SELECT min(endpoint_id) FROM chatplatform_webhookdelivery
    WHERE state = 'waiting' AND endpoint_id > %(after)s
    UNION ALL
    SELECT (SELECT min(endpoint_id) FROM chatplatform_webhookdelivery
        WHERE state = 'waiting' AND endpoint_id > waiting.endpoint_id)
    FROM waiting WHERE waiting.endpoint_id IS NOT NULL
)
"""
"""The endpoints anything waits for, each found by one step in the index, for either database."""

_READY: Final = (
    WAITING  # noqa: S608 - nothing of it comes from outside
    + """
SELECT endpoint.id, endpoint.failures, endpoint.answer_seconds
FROM waiting JOIN chatplatform_webhookendpoint AS endpoint ON endpoint.id = waiting.endpoint_id
WHERE endpoint.disabled_at IS NULL AND endpoint.open_at <= %(now)s AND EXISTS (
    SELECT 1 FROM chatplatform_webhookdelivery AS delivery
    WHERE delivery.state = 'waiting' AND delivery.endpoint_id = endpoint.id
        AND delivery.due_at <= %(now)s)
LIMIT %(limit)s
"""
)


def ready(after: int = 0, limit: int = LOOKED_AT) -> list[Ready]:
    """Return up to ``limit`` endpoints to call, with ids above ``after``."""
    now = connection.ops.adapt_datetimefield_value(clock.now())
    with connection.cursor() as cursor:
        cursor.execute(_READY, {"after": after, "now": now, "limit": limit})
        return [Ready(*row) for row in cursor.fetchall()]


def are_late() -> bool:
    """Tell whether anything waits for long where answers come, and come soon.

    Then workers are missing, or too few: it is no receiver's fault.
    """
    well = [one.endpoint_id for one in ready() if not one.failures and one.answer_seconds < 1]
    rows = WebhookDelivery.objects.filter(state=State.WAITING, endpoint_id__in=well)
    return rows.filter(due_at__lte=clock.now() - LATE).exists()


# --- claims ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row taken until ``until``; ``due_at`` is when it was due before."""

    delivery: WebhookDelivery
    due_at: datetime
    until: datetime


_CLAIM: Final = """
WITH probed AS (
    UPDATE chatplatform_webhookendpoint SET open_at = %(until)s
    WHERE id = ANY(ARRAY(
        SELECT id FROM chatplatform_webhookendpoint
        WHERE id = ANY(%(probes)s::bigint[]) AND open_at <= %(now)s
        ORDER BY id FOR UPDATE SKIP LOCKED))
    RETURNING id
), wanted (endpoint_id, quota) AS (
    SELECT * FROM unnest(%(endpoints)s::bigint[], %(quotas)s::bigint[])
    UNION ALL SELECT id, 1 FROM probed
), picked AS MATERIALIZED (
    SELECT delivery.id, delivery.due_at FROM wanted CROSS JOIN LATERAL (
        SELECT id, due_at FROM chatplatform_webhookdelivery
        WHERE state = 'waiting' AND endpoint_id = wanted.endpoint_id AND due_at <= %(now)s
        ORDER BY due_at LIMIT wanted.quota FOR UPDATE SKIP LOCKED) AS delivery
), taken AS (
    UPDATE chatplatform_webhookdelivery AS delivery SET due_at = %(until)s
    WHERE delivery.id = ANY(ARRAY(SELECT id FROM picked))
    RETURNING id, organization_id, webhook_id, endpoint_id, action, event::text, cause::text,
        body::text, occurred_at, state, attempts_count
)
SELECT taken.*, picked.due_at FROM taken JOIN picked USING (id) ORDER BY picked.due_at, id
"""


def claim(quotas: Mapping[int, int], probes: Collection[int] = ()) -> list[Claimed]:
    """Take what is due for :data:`LEASE`: so many rows of each endpoint in ``quotas``.

    The oldest come first. Of an endpoint in ``probes`` one row is taken, and by one worker only.
    """
    if not (quotas or probes):
        return []
    if connection.vendor == "postgresql":
        return _claim_in_one_statement(quotas, probes)
    return _claim_in_transaction(quotas, probes)


def _claim_in_one_statement(quotas: Mapping[int, int], probes: Collection[int]) -> list[Claimed]:
    now = clock.now()
    until = now + LEASE
    parameters: dict[str, Any] = {
        "now": now,
        "until": until,
        "probes": list(probes),
        "endpoints": list(quotas),
        "quotas": list(quotas.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, parameters)
        return [_claimed(row, until) for row in cursor.fetchall()]


def _claimed(row: Sequence[Any], until: datetime) -> Claimed:
    id_, organization_id, webhook_id, endpoint_id, action, event, cause, body, *others = row
    occurred_at, state, attempts_count, due_at = others
    delivery = WebhookDelivery(
        id=id_,
        organization_id=organization_id,
        webhook_id=webhook_id,
        endpoint_id=endpoint_id,
        action=action,
        event=orjson.loads(event),
        cause=orjson.loads(cause),
        body=orjson.loads(body) if body is not None else None,
        occurred_at=occurred_at,
        state=state,
        attempts_count=attempts_count,
        due_at=until,
    )
    return Claimed(delivery, due_at, until)


def _claim_in_transaction(quotas: Mapping[int, int], probes: Collection[int]) -> list[Claimed]:
    now = clock.now()
    until = now + LEASE
    picked: list[WebhookDelivery] = []
    with transaction.atomic():
        wanted = dict(quotas) | {
            endpoint_id: 1
            for endpoint_id in probes
            if WebhookEndpoint.objects.filter(id=endpoint_id, open_at__lte=now).update(
                open_at=until
            )
        }
        for endpoint_id, quota in wanted.items():
            due = WebhookDelivery.objects.filter(
                state=State.WAITING, endpoint_id=endpoint_id, due_at__lte=now
            )
            picked += due.order_by("due_at")[:quota]
        taken = WebhookDelivery.objects.filter(id__in=[one.id for one in picked])
        taken.update(due_at=until)
    picked.sort(key=lambda one: (one.due_at, one.id))
    return [Claimed(one, one.due_at, until) for one in picked]


def release(claimed: Iterable[Claimed]) -> None:
    """Give back rows nothing was sent of, so that they are due as before."""
    with transaction.atomic():
        for one in sorted(claimed, key=lambda one: one.delivery.id):
            WebhookDelivery.objects.filter(
                id=one.delivery.id, state=State.WAITING, due_at=one.until
            ).update(due_at=one.due_at)


def reopen(endpoint_ids: Collection[int]) -> None:
    """Let endpoints be probed again at once: of what was claimed for it, nothing was sent."""
    rows = WebhookEndpoint.objects.filter(id__in=endpoint_ids, disabled_at=None)
    with transaction.atomic():
        locked = rows.select_for_update(no_key=True).order_by("id").values_list("id", flat=True)
        WebhookEndpoint.objects.filter(id__in=list(locked)).update(open_at=clock.now())


def drop(delivery_ids: Collection[int], *, finished: bool = False) -> None:
    """Delete rows that nobody is to hear of: a filter keeps them back, or their webhook is gone.

    ``finished``: those that are old, unless they wait again meanwhile.
    """
    rows = WebhookDelivery.objects.filter(id__in=delivery_ids)
    if finished:
        rows = rows.exclude(state=State.WAITING)
    with transaction.atomic():
        ids = list(rows.select_for_update().order_by("id").values_list("id", flat=True))
        WebhookAttempt.objects.filter(delivery__in=ids).delete()
        WebhookDelivery.objects.filter(id__in=ids)._raw_delete(using="default")


# --- what became of calls -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt: the answer's status, beginning and ``Retry-After``, or why there was none.

    ``attempts`` counts this one, ``body`` is what was sent, without the secret. ``ours``: nothing
    was sent, for a reason of our own, so that it says nothing of the endpoint.
    """

    delivery_id: int
    endpoint_id: int
    attempts: int
    started_at: datetime
    seconds: float
    status: int | None = None
    answer: str = ""
    error: str = ""
    retry_after: str = ""
    body: Record | None = None
    ours: bool = False

    @property
    def wish(self) -> timedelta | None:
        """For how long the endpoint asks to be left alone."""
        return delivery_rules.wished(self.status, self.retry_after, clock.now())


def finish(outcomes: Sequence[Outcome]) -> None:
    """Write down many attempts, and what follows from them for deliveries and endpoints.

    ``outcomes`` in the order in which they ended. An endpoint that answered 410 is disabled: it
    listens no more, and what waits for it fails (:func:`disable`). Locks endpoints, then
    deliveries, by id.
    """
    if not outcomes:
        return
    judged = [(one, delivery_rules.verdict(one.status, one.attempts, one.wish)) for one in outcomes]
    with transaction.atomic():
        _note_endpoints([one for one in outcomes if not one.ours])
        if connection.vendor == "postgresql":
            _store_in_one_statement(judged)
        else:
            _store_one_by_one(judged)
    for endpoint_id in {one.endpoint_id for one in outcomes if one.status == delivery_rules.GONE}:
        disable(endpoint_id)


_STATES: Final = {
    Fate.DELIVERED: State.DELIVERED,
    Fate.AGAIN: State.WAITING,
    Fate.FAILED: State.FAILED,
}

_STORE: Final = """
WITH result AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(dues)s::timestamptz[],
        %(finished)s::timestamptz[], %(reasons)s::text[], %(bodies)s::text[],
        %(started)s::timestamptz[], %(seconds)s::float8[], %(statuses)s::smallint[],
        %(answers)s::text[], %(errors)s::text[])
    AS result (id, state, due_at, finished_at, given_up, body, started_at, seconds, status, answer,
        error)
), locked AS MATERIALIZED (
    SELECT id FROM chatplatform_webhookdelivery WHERE id = ANY(%(ids)s::bigint[])
    ORDER BY id FOR UPDATE
), known AS (
    UPDATE chatplatform_webhookdelivery AS delivery
    SET attempts_count = delivery.attempts_count + 1,
        state = result.state,
        due_at = coalesce(result.due_at, delivery.due_at),
        finished_at = result.finished_at,
        given_up = result.given_up,
        body = coalesce(delivery.body, result.body::jsonb)
    FROM result
    WHERE delivery.id = ANY(ARRAY(SELECT id FROM locked)) AND delivery.id = result.id
        AND (delivery.state = 'waiting' OR result.state = 'delivered')
    RETURNING delivery.id
)
INSERT INTO chatplatform_webhookattempt
    (delivery_id, started_at, seconds, status, answer, error)
SELECT id, started_at, seconds, status, answer, error FROM result
WHERE id = ANY(ARRAY(SELECT id FROM known))
"""

_Judged = Sequence[tuple[Outcome, Verdict]]


def _store_in_one_statement(judged: _Judged) -> None:
    now = clock.now()
    parameters: dict[str, list[Any]] = {
        "ids": [one.delivery_id for one, _ in judged],
        "states": [str(_STATES[verdict.fate]) for _, verdict in judged],
        "dues": [_due(verdict, now) for _, verdict in judged],
        "finished": [_finished(verdict, now) for _, verdict in judged],
        "reasons": [verdict.reason for _, verdict in judged],
        "bodies": [_kept_body(one, verdict) for one, verdict in judged],
        "started": [one.started_at for one, _ in judged],
        "seconds": [one.seconds for one, _ in judged],
        "statuses": [one.status for one, _ in judged],
        "answers": [one.answer for one, _ in judged],
        "errors": [one.error for one, _ in judged],
    }
    with connection.cursor() as cursor:
        cursor.execute(_STORE, parameters)


def _due(verdict: Verdict, now: datetime) -> datetime | None:
    return now + verdict.wait if verdict.fate is Fate.AGAIN else None


def _finished(verdict: Verdict, now: datetime) -> datetime | None:
    return None if verdict.fate is Fate.AGAIN else now


def _kept_body(outcome: Outcome, verdict: Verdict) -> str | None:
    if verdict.fate is Fate.DELIVERED or outcome.body is None:
        return None
    return orjson.dumps(outcome.body).decode()


def _store_one_by_one(judged: _Judged) -> None:
    now = clock.now()
    for one, verdict in judged:
        rows = WebhookDelivery.objects.filter(id=one.delivery_id)
        delivered = verdict.fate is Fate.DELIVERED
        known = (rows if delivered else rows.filter(state=State.WAITING)).update(
            attempts_count=F("attempts_count") + 1,
            state=_STATES[verdict.fate],
            due_at=_due(verdict, now) or F("due_at"),
            finished_at=_finished(verdict, now),
            given_up=verdict.reason,
        )
        if not known:
            continue
        if not delivered and one.body is not None:
            rows.filter(body__isnull=True).update(body=one.body)
        WebhookAttempt.objects.create(
            delivery_id=one.delivery_id,
            started_at=one.started_at,
            seconds=one.seconds,
            status=one.status,
            answer=one.answer,
            error=one.error,
        )


# --- endpoints ------------------------------------------------------------------------------------


def _note_endpoints(outcomes: Iterable[Outcome]) -> None:
    """Keep how endpoints answer: their failures in a row, their pause, their moving average."""
    by_endpoint: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        by_endpoint.setdefault(outcome.endpoint_id, []).append(outcome)
    known = WebhookEndpoint.objects.in_bulk(by_endpoint)
    changed = {
        endpoint_id: own
        for endpoint_id, own in by_endpoint.items()
        if endpoint_id in known and _is_noteworthy(known[endpoint_id], own)
    }
    if not changed:
        return
    rows = WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True)
    for endpoint in rows.filter(id__in=changed).order_by("id"):
        for outcome in changed[endpoint.id]:
            _note(endpoint, outcome)
        endpoint.save(update_fields=["failures", "failing_since", "open_at", "answer_seconds"])


def _is_noteworthy(endpoint: WebhookEndpoint, outcomes: Iterable[Outcome]) -> bool:
    if endpoint.failures or any(not _succeeded(one) for one in outcomes):
        return True
    average = endpoint.answer_seconds
    for one in outcomes:
        average = _averaged(average, one)
    return abs(average - endpoint.answer_seconds) > _NOTEWORTHY_SECONDS


def _note(endpoint: WebhookEndpoint, outcome: Outcome) -> None:
    now = clock.now()
    endpoint.answer_seconds = _averaged(endpoint.answer_seconds, outcome)
    if _succeeded(outcome):
        endpoint.failures, endpoint.failing_since, endpoint.open_at = 0, None, now
        return
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or outcome.started_at
    pause = delivery_rules.pause(endpoint.failures, now - endpoint.failing_since)
    if outcome.wish is not None:
        pause = max(pause, min(outcome.wish, delivery_rules.LONGEST_PAUSE))
    endpoint.open_at = now + pause


def _succeeded(outcome: Outcome) -> bool:
    return outcome.status is not None and 200 <= outcome.status < 300


def _averaged(average: float, outcome: Outcome) -> float:
    return average * _REMEMBERED + outcome.seconds * (1 - _REMEMBERED)


def disable(endpoint_id: int) -> None:
    """Send nothing to an endpoint that is gone until a webhook is registered there again.

    Of what waits for it some fails now; for all of a long backlog, others would wait. The worker
    clears the rest (``delivery_history``).
    """
    with transaction.atomic():
        # Not against keys: whoever works out who listens has the locks below, and refers to this.
        found = WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True).filter(
            id=endpoint_id, disabled_at=None
        )
        endpoint = found.select_related("application").first()
        if endpoint is not None:
            endpoint.disabled_at = clock.now()
            endpoint.save(update_fields=["disabled_at"])
            webhook_listeners.refresh(endpoint.application)
            log.warning("webhook endpoint disabled", endpoint=endpoint_id)
    give_up_gone(endpoint_id)


def give_up_gone(endpoint_id: int) -> bool:
    """Fail some of what waits for an endpoint if it is disabled; tell whether there may be more.

    Locks the endpoint, so that nothing fails that waits for one which is live again.
    """
    rows = WebhookDelivery.objects.filter(state=State.WAITING, endpoint_id=endpoint_id)
    gone = WebhookEndpoint.objects.filter(id=endpoint_id, disabled_at__isnull=False)
    with transaction.atomic():
        if gone.select_for_update(no_key=True).first() is None:
            return False
        return _give_up_oldest(rows, "the endpoint is gone") == FAILED_AT_ONCE


def give_up_waiting(endpoint_id: int, reason: str, *, until: datetime) -> int:
    """Fail what waits for an endpoint and is due at ``until`` at the latest; return how many."""
    rows = WebhookDelivery.objects.filter(
        state=State.WAITING, endpoint_id=endpoint_id, due_at__lte=until
    )
    count = 0
    while True:
        given_up = _give_up_oldest(rows, reason)
        count += given_up
        if given_up < FAILED_AT_ONCE:
            return count


def _give_up_oldest(rows: QuerySet[WebhookDelivery], reason: str) -> int:
    with transaction.atomic():
        oldest = rows.select_for_update(skip_locked=True).order_by("due_at")
        ids = list(oldest.values_list("id", flat=True)[:FAILED_AT_ONCE])
        WebhookDelivery.objects.filter(id__in=ids).update(
            state=State.FAILED, finished_at=clock.now(), given_up=reason
        )
    return len(ids)


# --- once more ------------------------------------------------------------------------------------


def redeliver(delivery_ids: Collection[int]) -> None:
    """Let finished deliveries be sent once more, now, under the ids they had.

    What still waits is made due. Of former attempts the newest are kept. Raise :class:`NotFound`
    when one is not there or its webhook is gone; nothing is changed then.
    """
    wanted = set(delivery_ids)
    with transaction.atomic():
        rows = WebhookDelivery.objects.select_for_update(of=("self",)).filter(id__in=wanted)
        found = dict(rows.order_by("id").values_list("id", "webhook_id"))
        registered = Webhook.objects.filter(id__in=set(found.values())).count()
        if found.keys() != wanted or registered < len(set(found.values())):
            raise NotFound("the delivery or its webhook is gone")
        _forget_attempts(wanted)
        WebhookDelivery.objects.filter(id__in=wanted).update(
            state=State.WAITING,
            attempts_count=0,
            due_at=clock.now(),
            finished_at=None,
            given_up="",
        )


def hurry(delivery_ids: Collection[int]) -> list[int]:
    """Have what waits for a later try tried at once; return which of these that brings forward.

    The pauses of their endpoints end as well. What is due within :data:`LEASE` is left alone: a
    worker may have it in hand, and it would be sent twice; so is what an endpoint wishes not to be
    called for. Locks endpoints, then deliveries, by id.
    """
    rows = WebhookDelivery.objects.filter(id__in=delivery_ids, state=State.WAITING)
    with transaction.atomic():
        now = clock.now()
        soon = now + LEASE
        wanted = set(rows.values_list("endpoint_id", flat=True))
        endpoints = WebhookEndpoint.objects.filter(id__in=wanted, disabled_at=None)
        locked = endpoints.select_for_update(no_key=True).order_by("id")
        open_at = dict(locked.values_list("id", "open_at"))
        waiting = rows.filter(endpoint_id__in=open_at).select_for_update().order_by("id")
        later = [
            (id_, endpoint_id)
            for id_, endpoint_id, due_at in waiting.values_list("id", "endpoint_id", "due_at")
            if max(due_at, open_at[endpoint_id]) > soon
        ]
        ids = [id_ for id_, _ in later]
        WebhookDelivery.objects.filter(id__in=ids, due_at__gt=soon).update(due_at=now)
        paused = {endpoint_id for _, endpoint_id in later if open_at[endpoint_id] > soon}
        WebhookEndpoint.objects.filter(id__in=paused).update(open_at=now)
    return ids


def _forget_attempts(delivery_ids: Collection[int]) -> None:
    """Delete the oldest attempts of locked deliveries, so that no wish adds to them for ever."""
    newest_first = Window(RowNumber(), partition_by=[F("delivery_id")], order_by=F("id").desc())
    own = WebhookAttempt.objects.filter(delivery__in=delivery_ids)
    old = own.annotate(place=newest_first).filter(place__gt=KEPT_ATTEMPTS)
    WebhookAttempt.objects.filter(id__in=list(old.values_list("id", flat=True))).delete()
