"""Claiming what is owed, and writing down what became of it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from chatplatform import clock
from chatplatform.errors import NotFound
from chatplatform.models import (
    Organization,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookListener,
)
from chatplatform.selectors.webhooks import page_of_deliveries
from chatplatform.services import deliveries, delivery_history
from chatplatform.services.deliveries import KEPT_ATTEMPTS, LEASE, Claimed, Outcome
from chatplatform.services.webhooks import unregister_webhook
from tests import make

ON_POSTGRESQL = connection.vendor == "postgresql"


@pytest.fixture
def hook(acme: Organization) -> Webhook:
    """A webhook."""
    return make.webhook(make.application(acme), url="https://one.example/")


@pytest.fixture
def other(acme: Organization) -> Webhook:
    """A webhook of another endpoint."""
    return make.webhook(make.application(acme), url="https://two.example/")


def owe(acme: Organization, hook: Webhook, *ages: float) -> list[int]:
    """Make deliveries that have been due for so many seconds, and return their ids."""
    now = clock.now()
    made = []
    for age in ages:
        due = now - timedelta(seconds=age)
        row = make.delivery(acme, hook, state="waiting", attempts=0, due_at=due, occurred_at=due)
        made.append(row.id)
    return made


def ready() -> list[int]:
    """Return the endpoints that may be called."""
    return [one.endpoint_id for one in deliveries.ready()]


def take(hook: Webhook, quota: int = 10) -> list[int]:
    """Claim deliveries of an endpoint and return their ids."""
    return [one.delivery.id for one in claim(hook, quota)]


def claim(hook: Webhook, quota: int = 10) -> list[Claimed]:
    """Claim deliveries of an endpoint."""
    return deliveries.claim({hook.endpoint_id: quota})


def ended(delivery_id: int, status: int | None = 200, **more: object) -> Outcome:
    """Return an attempt at a delivery that is there."""
    row = WebhookDelivery.objects.get(id=delivery_id)
    values: dict[str, object] = {
        "delivery_id": row.id,
        "endpoint_id": row.endpoint_id,
        "attempts": row.attempts_count + 1,
        "started_at": clock.now(),
        "seconds": 0.25,
        "status": status,
        "body": {"action": "incoming_event"},
    }
    return Outcome(**values | more)  # type: ignore[arg-type]


def fail(acme: Organization, hook: Webhook, times: int) -> None:
    """Let so many deliveries of an endpoint fail, one after another."""
    for delivery_id in owe(acme, hook, *[0] * times):
        deliveries.finish([ended(delivery_id, 500)])


def endpoint(hook: Webhook) -> WebhookEndpoint:
    """Return a webhook's endpoint as it is now."""
    return WebhookEndpoint.objects.get(id=hook.endpoint_id)


def row(delivery_id: int) -> WebhookDelivery:
    """Return a delivery as it is now."""
    return WebhookDelivery.objects.get(id=delivery_id)


# --- who may be called ------------------------------------------------------------------------


def test_an_endpoint_may_be_called_while_something_is_due_there(
    acme: Organization, hook: Webhook, other: Webhook
) -> None:
    owe(acme, hook, 1)
    owe(acme, other, -60)

    assert ready() == [hook.endpoint_id]


def test_a_disabled_endpoint_is_not_called(acme: Organization, hook: Webhook) -> None:
    owe(acme, hook, 1)
    WebhookEndpoint.objects.update(disabled_at=clock.now())

    assert ready() == []


def test_endpoints_are_found_in_parts(acme: Organization, hook: Webhook, other: Webhook) -> None:
    owe(acme, hook, 1)
    owe(acme, other, 1)

    first, second = sorted([hook.endpoint_id, other.endpoint_id])
    assert [one.endpoint_id for one in deliveries.ready(limit=1)] == [first]
    assert [one.endpoint_id for one in deliveries.ready(after=first)] == [second]


# --- claims -----------------------------------------------------------------------------------


def test_the_oldest_are_taken_first(acme: Organization, hook: Webhook) -> None:
    middle, oldest, newest, later = owe(acme, hook, 20, 30, 10, -10)

    assert take(hook, 2) == [oldest, middle]
    assert take(hook, 2) == [newest]
    assert row(later).due_at > clock.now()


def test_a_claim_brings_what_was_written_down(acme: Organization, hook: Webhook) -> None:
    (delivery_id,) = owe(acme, hook, 1)
    WebhookDelivery.objects.update(
        event={"is": "Ü"}, cause={"user_id": "ann"}, body={"a": [1]}, attempts_count=3
    )
    stored = row(delivery_id)

    (one,) = claim(hook)

    assert one.due_at == stored.due_at
    for field in WebhookDelivery._meta.concrete_fields:
        if field.attname not in ("due_at", "finished_at", "given_up"):
            name = field.attname
            assert getattr(one.delivery, name) == getattr(stored, name), name


def test_what_is_claimed_is_nobody_elses_until_the_lease_ends(
    acme: Organization, hook: Webhook
) -> None:
    claimed = owe(acme, hook, 2, 1)
    assert take(hook) == claimed

    assert (take(hook), ready()) == ([], [])
    with time_machine.travel(clock.now() + LEASE, tick=True):
        assert take(hook) == claimed


def test_each_endpoint_has_its_quota(acme: Organization, hook: Webhook, other: Webhook) -> None:
    first, second = owe(acme, hook, 9, 8, 7)[:2]
    third = owe(acme, other, 6, 5)[0]

    claimed = deliveries.claim({hook.endpoint_id: 2, other.endpoint_id: 1})

    assert [one.delivery.id for one in claimed] == [first, second, third]


def test_what_nothing_was_sent_of_is_given_back_as_it_was(
    acme: Organization, hook: Webhook
) -> None:
    owe(acme, hook, 9, 8)
    due = list(WebhookDelivery.objects.order_by("id").values_list("due_at", flat=True))
    claimed = claim(hook)

    deliveries.release(claimed)

    assert list(WebhookDelivery.objects.order_by("id").values_list("due_at", flat=True)) == due


def test_what_somebody_else_has_meanwhile_is_not_given_back(
    acme: Organization, hook: Webhook
) -> None:
    (delivery_id,) = owe(acme, hook, 9)
    claimed = claim(hook)
    with time_machine.travel(clock.now() + LEASE, tick=True):
        take(hook)
        due = row(delivery_id).due_at

        deliveries.release(claimed)

    assert row(delivery_id).due_at == due


@pytest.mark.django_db(transaction=True)
def test_no_two_workers_have_the_same(acme: Organization, hook: Webhook) -> None:
    expected = set(owe(acme, hook, *range(100)))
    taken: list[int] = []

    def work() -> None:
        while found := take(hook, 7):
            taken.extend(found)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(taken) == len(expected)
    assert set(taken) == expected


def test_a_backlog_at_one_endpoint_costs_others_nothing(
    acme: Organization, hook: Webhook, other: Webhook
) -> None:
    """Everything is found by steps in the index, however much waits."""
    now = clock.now()
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            organization=acme,
            webhook=hook,
            endpoint_id=hook.endpoint_id,
            action="incoming_event",
            event={},
            occurred_at=now,
            due_at=now,
        )
        for _ in range(5_000)
    )
    owe(acme, other, 1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    with CaptureQueriesContext(connection) as captured:
        assert set(ready()) == {hook.endpoint_id, other.endpoint_id}
        assert len(deliveries.claim({other.endpoint_id: 5})) == 1

    for query in captured:
        if not query["sql"].lstrip().startswith(("WITH", "SELECT")):
            continue
        with connection.cursor() as cursor:
            prefix = "EXPLAIN" if ON_POSTGRESQL else "EXPLAIN QUERY PLAN"
            cursor.execute(f"{prefix} {query['sql']}".replace("%", "%%"))
            plan = str(cursor.fetchall())
        assert "Seq Scan on chatplatform_webhookdelivery" not in plan
        assert "SCAN chatplatform_webhookdelivery" not in plan


# --- what became of calls ---------------------------------------------------------------------


def test_a_success_ends_it(acme: Organization, hook: Webhook) -> None:
    (delivery_id,) = owe(acme, hook, 1)
    take(hook)
    began = clock.now()

    deliveries.finish([ended(delivery_id, 204, answer="Thanks", started_at=began)])

    found = row(delivery_id)
    assert (found.state, found.attempts_count, found.body) == ("delivered", 1, None)
    assert found.finished_at is not None
    assert list(found.attempts.values("started_at", "seconds", "status", "answer", "error")) == [
        {"started_at": began, "seconds": 0.25, "status": 204, "answer": "Thanks", "error": ""}
    ]


def test_a_failure_is_tried_again_and_says_the_same(acme: Organization, hook: Webhook) -> None:
    (delivery_id,) = owe(acme, hook, 1)
    take(hook)

    deliveries.finish([ended(delivery_id, None, error="it took too long", body={"n": 1})])
    deliveries.finish([ended(delivery_id, 500, body={"n": 2})])

    found = row(delivery_id)
    assert (found.state, found.attempts_count, found.body) == ("waiting", 2, {"n": 1})
    assert found.finished_at is None
    wait = found.due_at - clock.now()
    assert timedelta(seconds=12) < wait < timedelta(seconds=18)
    attempts = list(found.attempts.order_by("id").values_list("status", "error"))
    assert attempts == [(None, "it took too long"), (500, "")]


def test_a_refusal_is_final(acme: Organization, hook: Webhook) -> None:
    (delivery_id,) = owe(acme, hook, 1)
    take(hook)

    deliveries.finish([ended(delivery_id, 404)])

    found = row(delivery_id)
    assert (found.state, found.given_up) == ("failed", "the endpoint answered 404")
    assert found.finished_at is not None


def test_many_are_written_down_at_once(acme: Organization, hook: Webhook, other: Webhook) -> None:
    delivered, again = owe(acme, hook, 2, 1)
    (failed,) = owe(acme, other, 1)
    outcomes = [ended(delivered), ended(again, 503), ended(failed, 400)]

    with CaptureQueriesContext(connection) as captured:
        deliveries.finish(outcomes)

    assert [row(one).state for one in (delivered, again, failed)] == [
        "delivered",
        "waiting",
        "failed",
    ]
    assert WebhookAttempt.objects.count() == 3
    if ON_POSTGRESQL:
        assert sum("webhookdelivery" in query["sql"] for query in captured) == 1


def test_a_late_failure_takes_no_success_back(acme: Organization, hook: Webhook) -> None:
    """Two workers had it, because the lease of one ran out."""
    (delivery_id,) = owe(acme, hook, 1)
    late = ended(delivery_id, 500)
    deliveries.finish([ended(delivery_id)])

    deliveries.finish([late])

    assert (row(delivery_id).state, row(delivery_id).attempts_count) == ("delivered", 1)


def test_what_was_deleted_meanwhile_holds_up_nothing(acme: Organization, hook: Webhook) -> None:
    gone, there = owe(acme, hook, 2, 1)
    outcomes = [ended(gone), ended(there)]
    deliveries.drop([gone])

    deliveries.finish(outcomes)

    assert row(there).state == "delivered"
    assert WebhookAttempt.objects.count() == 1


# --- endpoints --------------------------------------------------------------------------------


def test_five_failures_in_a_row_open_the_breaker(acme: Organization, hook: Webhook) -> None:
    owe(acme, hook, 60)
    fail(acme, hook, 4)
    assert ready() == [hook.endpoint_id]

    fail(acme, hook, 1)

    assert (endpoint(hook).failures, ready()) == (5, [])
    assert endpoint(hook).failing_since is not None


def test_a_success_between_them_keeps_it_closed(acme: Organization, hook: Webhook) -> None:
    fail(acme, hook, 4)
    deliveries.finish([ended(owe(acme, hook, 0)[0])])
    fail(acme, hook, 4)
    owe(acme, hook, 1)

    assert ready() == [hook.endpoint_id]


def test_after_a_pause_one_worker_tries_one_delivery(acme: Organization, hook: Webhook) -> None:
    oldest = owe(acme, hook, 900, 800, 700)[0]
    fail(acme, hook, 5)
    with time_machine.travel(clock.now() + timedelta(seconds=6), tick=True):
        (found,) = deliveries.ready()
        assert found.is_probed

        claimed = deliveries.claim({}, [hook.endpoint_id])
        again = deliveries.claim({}, [hook.endpoint_id])

        assert [one.delivery.id for one in claimed] == [oldest]
        assert (again, ready()) == ([], [])


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_tries(acme: Organization, hook: Webhook) -> None:
    owe(acme, hook, *range(20))
    fail(acme, hook, 5)
    WebhookEndpoint.objects.update(open_at=clock.now())
    begin = threading.Barrier(4)
    claimed: list[Claimed] = []

    def work() -> None:
        begin.wait()
        claimed.extend(deliveries.claim({}, [hook.endpoint_id]))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(claimed) == 1


def test_pauses_grow_while_probes_fail(acme: Organization, hook: Webhook) -> None:
    fail(acme, hook, 5)
    pauses = []
    with time_machine.travel(clock.now(), tick=False) as traveller:
        for _ in range(8):
            pause = endpoint(hook).open_at - clock.now()
            pauses.append(round(pause.total_seconds(), -1))
            traveller.shift(pause)
            fail(acme, hook, 1)

    assert pauses == sorted(pauses)
    assert pauses[-1] == 300


def test_a_probe_that_succeeds_lets_the_backlog_flow(acme: Organization, hook: Webhook) -> None:
    waiting = owe(acme, hook, 900, 800, 700)
    fail(acme, hook, 5)
    WebhookEndpoint.objects.update(open_at=clock.now())
    (probe,) = deliveries.claim({}, [hook.endpoint_id])

    deliveries.finish([ended(probe.delivery.id)])

    found = endpoint(hook)
    assert (found.failures, found.failing_since) == (0, None)
    assert ready() == [hook.endpoint_id]
    assert take(hook) == waiting[1:]


def test_an_endpoint_is_left_alone_for_as_long_as_it_asks(
    acme: Organization, hook: Webhook
) -> None:
    (delivery_id,) = owe(acme, hook, 1)
    owe(acme, hook, 1)

    deliveries.finish([ended(delivery_id, 429, retry_after="120")])

    assert ready() == []
    for moment in (endpoint(hook).open_at, row(delivery_id).due_at):
        assert timedelta(seconds=115) < moment - clock.now() <= timedelta(seconds=120)


def test_how_long_answers_take_is_a_moving_average(acme: Organization, hook: Webhook) -> None:
    ids = owe(acme, hook, 3, 2, 1)

    deliveries.finish([ended(ids[0], seconds=5.0)])
    deliveries.finish([ended(ids[1], seconds=5.0), ended(ids[2], seconds=0.0)])

    assert endpoint(hook).answer_seconds == pytest.approx(1.44)


def test_what_fails_for_our_reasons_says_nothing_of_the_endpoint(
    acme: Organization, hook: Webhook
) -> None:
    ids = owe(acme, hook, *range(6))

    deliveries.finish([ended(one, None, error="no body", ours=True) for one in ids])

    assert endpoint(hook).failures == 0
    assert row(ids[0]).state == "waiting"
    assert row(ids[0]).due_at > clock.now()


def test_an_endpoint_that_is_gone_is_not_called_again(
    acme: Organization, hook: Webhook, other: Webhook
) -> None:
    asked, waiting = owe(acme, hook, 2, 1)
    (elsewhere,) = owe(acme, other, 1)

    deliveries.finish([ended(asked, 410)])

    assert endpoint(hook).disabled_at is not None
    assert list(WebhookListener.objects.values_list("webhook", flat=True)) == [other.id]
    assert (row(asked).state, row(asked).given_up) == ("failed", "the endpoint answered 410")
    assert (row(waiting).state, row(waiting).given_up) == ("failed", "the endpoint is gone")
    assert row(elsewhere).state == "waiting"


def test_of_what_waits_for_it_so_much_fails_at_once_that_nobody_waits(
    acme: Organization, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "FAILED_AT_ONCE", 2)
    asked, *waiting = owe(acme, hook, 9, 8, 7, 6, 5)

    deliveries.finish([ended(asked, 410)])
    assert [row(one).state for one in waiting] == ["failed", "failed", "waiting", "waiting"]

    delivery_history.trim()
    assert {row(one).state for one in waiting} == {"failed"}


def test_what_waits_where_it_was_registered_again_meanwhile_does_not_fail(
    acme: Organization, hook: Webhook
) -> None:
    deliveries.disable(hook.endpoint_id)
    make.webhook(hook.application, "chat_deactivated", url=hook.endpoint.url)
    (waiting,) = owe(acme, hook, 1)

    deliveries.give_up_gone(hook.endpoint_id)

    assert row(waiting).state == "waiting"


def test_a_webhook_registered_there_again_makes_it_live(acme: Organization, hook: Webhook) -> None:
    deliveries.finish([ended(owe(acme, hook, 2)[0], 410)])

    again = make.webhook(hook.application, "chat_deactivated", url=hook.endpoint.url)

    assert again.endpoint_id == hook.endpoint_id
    assert WebhookListener.objects.filter(webhook=hook).exists()
    owe(acme, hook, 1)
    assert ready() == [hook.endpoint_id]


# --- once more --------------------------------------------------------------------------------


def test_a_delivery_can_be_sent_once_more(acme: Organization, hook: Webhook) -> None:
    (delivery_id,) = owe(acme, hook, 1)
    deliveries.finish([ended(delivery_id, 404, body={"n": 1})])

    deliveries.redeliver([delivery_id])

    found = row(delivery_id)
    assert (found.state, found.attempts_count, found.given_up) == ("waiting", 0, "")
    assert (found.finished_at, found.body) == (None, {"n": 1})
    assert take(hook) == [delivery_id]


def test_sent_again_and_again_it_keeps_no_more_attempts_than_a_round_has(
    acme: Organization, hook: Webhook
) -> None:
    delivery_id, other_id = owe(acme, hook, 0, 0)
    for _ in range(KEPT_ATTEMPTS + 3):
        deliveries.finish([ended(delivery_id, 404)])
        deliveries.redeliver([delivery_id])
    deliveries.finish([ended(other_id, 404)])

    deliveries.redeliver([delivery_id, other_id])

    kept = WebhookAttempt.objects.filter(delivery=delivery_id)
    assert kept.count() == KEPT_ATTEMPTS
    assert kept.latest("id") == WebhookAttempt.objects.exclude(delivery=other_id).latest("id")
    assert WebhookAttempt.objects.filter(delivery=other_id).count() == 1


def test_but_not_one_that_lost_its_webhook(acme: Organization, hook: Webhook) -> None:
    (delivery_id,) = owe(acme, hook, 1)
    deliveries.finish([ended(delivery_id, 404)])
    unregister_webhook(hook.application, hook.id)

    with pytest.raises(NotFound):
        deliveries.redeliver([delivery_id])

    assert row(delivery_id).state == "failed"


# --- sooner -----------------------------------------------------------------------------------


def test_what_waits_for_a_later_try_can_be_had_now(
    acme: Organization, hook: Webhook, other: Webhook
) -> None:
    late, elsewhere = owe(acme, hook, -3_600), owe(acme, other, -3_600)
    endpoint = hook.endpoint
    WebhookEndpoint.objects.update(failures=9, open_at=clock.now() + timedelta(minutes=5))

    assert deliveries.hurry(late) == late

    assert ready() == [endpoint.pk]
    assert row(late[0]).due_at <= clock.now() < row(elsewhere[0]).due_at


def test_what_waits_behind_the_pause_of_its_endpoint_can_be_had_now(
    acme: Organization, hook: Webhook
) -> None:
    (first, second) = owe(acme, hook, 20, 10)
    WebhookEndpoint.objects.update(failures=9, open_at=clock.now() + timedelta(minutes=5))

    assert deliveries.hurry([second]) == [second]

    assert [one.delivery.id for one in deliveries.claim({}, [hook.endpoint_id])] == [first]


def test_what_is_in_hand_is_not_sent_twice(acme: Organization, hook: Webhook) -> None:
    owed = owe(acme, hook, 1)
    assert take(hook) == owed

    assert deliveries.hurry(owed) == []

    assert take(hook) == []


# --- bounds -----------------------------------------------------------------------------------


def test_the_oldest_give_way_where_too_many_wait(
    acme: Organization, hook: Webhook, other: Webhook, settings: Settings
) -> None:
    settings.WEBHOOK_WAITING_MAX = 3
    waiting = owe(acme, hook, 50, 40, 30, 20, 10)
    elsewhere = owe(acme, other, 50, 40, 30)

    delivery_history.trim()

    states = [row(one).state for one in waiting]
    assert states == ["failed", "failed", "waiting", "waiting", "waiting"]
    assert row(waiting[0]).given_up == "too many others waited"
    assert {row(one).state for one in elsewhere} == {"waiting"}


def test_nothing_waits_for_ever(acme: Organization, hook: Webhook) -> None:
    old, newer = owe(acme, hook, 4 * 86_400, 2 * 86_400)

    delivery_history.trim()

    assert (row(old).state, row(newer).state) == ("failed", "waiting")
    assert row(old).given_up == "nothing could be sent for days"


def test_nothing_waits_for_an_endpoint_that_is_gone(acme: Organization, hook: Webhook) -> None:
    """A change that was under way while it was disabled still wrote something down."""
    deliveries.disable(hook.endpoint_id)
    (late,) = owe(acme, hook, 1)

    delivery_history.trim()

    assert row(late).state == "failed"


def test_what_lost_its_webhook_is_cleared(
    acme: Organization, hook: Webhook, other: Webhook
) -> None:
    """As above, while the webhook was taken away."""
    owe(acme, hook, 1, -3_600)
    (kept,) = owe(acme, other, 1)
    Webhook.objects.filter(id=hook.id).delete()

    delivery_history.trim()

    assert list(WebhookDelivery.objects.values_list("id", flat=True)) == [kept]


def test_what_is_done_is_kept_for_its_days(
    acme: Organization, hook: Webhook, settings: Settings
) -> None:
    settings.WEBHOOK_DELIVERED_DAYS, settings.WEBHOOK_FAILED_DAYS = 3, 30
    delivered, failed, waiting = owe(acme, hook, 1, 1, -90 * 86_400)
    deliveries.finish([ended(delivered), ended(failed, 404)])

    def left_after(days: float) -> set[int]:
        with time_machine.travel(clock.now() + timedelta(days=days)):
            delivery_history.trim()
        return set(WebhookDelivery.objects.values_list("id", flat=True))

    assert left_after(2.9) == {delivered, failed, waiting}
    assert left_after(3.1) == {failed, waiting}
    assert WebhookAttempt.objects.count() == 1
    assert left_after(30.1) == {waiting}
    assert WebhookAttempt.objects.count() == 0


def test_what_is_sent_again_while_old_ones_are_cleared_is_not_lost(
    acme: Organization, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = owe(acme, hook, 1)
    deliveries.finish([ended(old, 404)])
    clear = deliveries.drop

    def redelivered_meanwhile(delivery_ids: list[int], **more: bool) -> None:
        deliveries.redeliver(delivery_ids)
        clear(delivery_ids, **more)

    monkeypatch.setattr(deliveries, "drop", redelivered_meanwhile)
    with time_machine.travel(clock.now() + timedelta(days=31)):
        delivery_history.trim()

    assert row(old).state == "waiting"


def test_old_ones_are_found_by_an_index(acme: Organization, hook: Webhook) -> None:
    old = WebhookDelivery.objects.filter(
        state="delivered", finished_at__isnull=False, finished_at__lte=clock.now()
    )
    finish_many(acme, hook)

    assert "delivery_finished" in old.order_by("finished_at")[:10].explain()


@pytest.mark.parametrize("state", ["failed", None])
def test_a_list_reads_its_own_webhooks_part_of_an_index(
    acme: Organization, hook: Webhook, other: Webhook, state: str | None
) -> None:
    finish_many(acme, hook)

    with CaptureQueriesContext(connection) as queries:
        quiet = page_of_deliveries(acme.id, other.application, state=state, limit=10)

    assert quiet == []
    (asked,) = [query["sql"] for query in queries if "AS slice" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"{connection.ops.explain_query_prefix()} {asked}")
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "delivery_history" in plan
    assert "Seq Scan" not in plan
    assert "SCAN chatplatform" not in plan


def finish_many(acme: Organization, hook: Webhook) -> None:
    """Make so many finished deliveries that a database takes an index where there is one."""
    now = clock.now()
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            organization=acme,
            webhook=hook,
            endpoint_id=hook.endpoint_id,
            action="incoming_event",
            event={},
            state="failed" if number % 2 else "delivered",
            finished_at=now,
        )
        for number in range(2_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
