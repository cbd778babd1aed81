"""Sending: from the commit of a change to what a receiver reads, and back into the record."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import quote

import pytest
from django.db import OperationalError, transaction
from pytest_django.fixtures import Settings

from chatplatform import clock, domain_events, ids, worker
from chatplatform.domain_events import Cause
from chatplatform.models import (
    Application,
    Group,
    Organization,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from chatplatform.services import deliveries, groups
from chatplatform.services.delivery_rules import BREAKS_AFTER
from tests import make
from tests.live import free_port
from tests.webhooks.receiver import (
    HOST,
    Receiver,
    after,
    raw,
    receiver,
    status,
    until,
)
from webhooks import calling, calls, sender
from webhooks.calling import ANSWER, printable
from webhooks.calls import Result
from webhooks.sender import Sender

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _local(settings: Settings) -> None:
    """Let receivers be on this machine."""
    settings.WEBHOOK_ALLOWED_HOSTS = [HOST]


@pytest.fixture
def there() -> Iterator[Receiver]:
    """A receiver."""
    with receiver() as made:
        yield made


@pytest.fixture
def app(acme: Organization) -> Application:
    """Whose webhooks these are."""
    return make.application(acme)


@pytest.fixture
def resting() -> Iterator[Sender]:
    """A sender that has not begun."""
    made = Sender()
    yield made
    made.stop()


@pytest.fixture
def sending(resting: Sender) -> Sender:
    """A sender at its work."""
    resting.start()
    return resting


@pytest.fixture
def stalling(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that answers nobody before the test is over, and is waited for all that time."""
    monkeypatch.setattr(calling, "ANSWER", replace(ANSWER, seconds=300))
    over = threading.Event()

    def stall(handler: BaseHTTPRequestHandler) -> None:
        over.wait()
        status(200)(handler)

    with receiver() as made:
        made.answer = stall
        yield made
        over.set()


def listen(app: Application, url: str, action: str = "group_created", **more: Any) -> Webhook:
    """Register a webhook."""
    return make.webhook(app, action, url=url, **more)


def change(acme: Organization, name: str = "Sales") -> Group:
    """Make a change that webhooks tell of."""
    return groups.create_group(acme, name)


def states() -> list[str]:
    """Return what became of everything that was owed, in order."""
    return list(WebhookDelivery.objects.order_by("id").values_list("state", flat=True))


def all_delivered() -> bool:
    """Tell whether everything was."""
    return set(states()) == {"delivered"}


# --- what arrives -----------------------------------------------------------------------------


def test_a_change_arrives_whole_and_signed(
    acme: Organization, app: Application, there: Receiver, sending: Sender
) -> None:
    webhook = listen(app, there.url, secret_key="my secret")

    group = change(acme)

    until(lambda: there.received)
    (call,) = there.received
    assert call.path == "/hook"
    assert call.body == {
        "webhook_id": webhook.id,
        "secret_key": "my secret",
        "action": "group_created",
        "organization_id": str(acme.id),
        "payload": {"id": group.number, "name": "Sales"} | call.body["payload"],
        "additional_data": {},
    }
    assert call.headers["content-type"] == "application/json"
    assert call.headers["user-agent"].startswith("ChatPlatform")
    assert call.id == ids.delivery_id(WebhookDelivery.objects.get().id)
    sent_at = call.headers["webhook-timestamp"]
    assert abs(int(sent_at) - time.time()) < 60
    signed = f"{call.id}.{sent_at}.".encode() + call.raw
    digest = hmac.digest(b"my secret", signed, hashlib.sha256)
    assert call.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_what_was_answered_is_on_record(
    acme: Organization, app: Application, there: Receiver, sending: Sender
) -> None:
    listen(app, there.url)
    there.answer = status(202, b"Thank you")

    change(acme)

    until(lambda: states() == ["delivered"])
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status, attempt.answer, attempt.error) == (202, "Thank you", "")
    assert 0 <= attempt.seconds < 5
    assert abs((clock.now() - attempt.started_at).total_seconds()) < 30


def test_of_an_answer_only_the_beginning_is_kept_and_only_what_can_be_read(
    acme: Organization, app: Application, there: Receiver, sending: Sender
) -> None:
    listen(app, there.url, secret_key="s3cr3t")
    there.answer = status(500, b"Not s3cr3t\x00\x1b[31m, but \xff long" + b"x" * 5_000)

    change(acme)

    until(lambda: WebhookAttempt.objects.exists())
    answer = WebhookAttempt.objects.get().answer
    assert answer.startswith("Not …[31m, but \N{REPLACEMENT CHARACTER} longxxx")
    assert len(answer) <= 1_024


@pytest.mark.parametrize(
    "repeated",
    [
        'my/"söcret',
        json.dumps('my/"söcret'),
        json.dumps('my/"söcret').replace("/", "\\/"),
        html.escape('my/"söcret'),
        quote('my/"söcret', safe=""),
    ],
)
def test_the_secret_is_struck_out_however_an_answer_writes_it(repeated: str) -> None:
    shown = printable(f"You said {repeated}!".encode(), 'my/"söcret')

    assert shown.replace('"', "") == "You said …!"


@pytest.mark.parametrize("secret_key", ["0123456789", "éèêéèêéèêé"])
@pytest.mark.parametrize("bytes_of_it", range(1, 10))
def test_the_secret_is_struck_out_where_an_answer_is_cut(secret_key: str, bytes_of_it: int) -> None:
    beginning = b"." * (ANSWER.max_bytes - bytes_of_it)

    shown = printable(beginning + secret_key.encode()[:bytes_of_it], secret_key)

    assert shown.rstrip("…") == beginning.decode()


def test_a_secret_that_can_not_be_read_hides_nothing() -> None:
    assert printable(b"Hello", "\x01") == "Hello"


def test_nothing_is_sent_for_a_change_that_was_rolled_back(
    acme: Organization, app: Application, there: Receiver, sending: Sender
) -> None:
    listen(app, there.url)

    with transaction.atomic():
        change(acme, "Never")
        transaction.set_rollback(True)
    change(acme, "Always")

    until(lambda: there.received)
    time.sleep(0.2)
    assert [call.body["payload"]["name"] for call in there.received] == ["Always"]


def test_what_a_filter_keeps_back_is_neither_sent_nor_kept(
    acme: Organization, app: Application, there: Receiver, sending: Sender
) -> None:
    listen(app, there.url, filters={"source_type": ["my_client"]})

    change(acme)

    until(lambda: not WebhookDelivery.objects.exists())
    assert there.received == []


def test_what_lost_its_webhook_is_not_sent(
    acme: Organization, app: Application, there: Receiver
) -> None:
    lost, kept = listen(app, there.url), listen(app, there.url, "tag_created")
    change(acme)
    Webhook.objects.filter(id=lost.id).delete()
    sending = Sender()

    sending.start()

    until(lambda: not WebhookDelivery.objects.exists())
    sending.stop()
    assert there.received == []
    assert Webhook.objects.get() == kept


def test_a_repeated_call_says_the_same_under_the_same_id(
    acme: Organization, app: Application, there: Receiver, sending: Sender
) -> None:
    listen(app, there.url, secret_key="my secret")
    there.answer = status(503)
    change(acme)
    until(lambda: WebhookAttempt.objects.exists())
    there.answer = status(200)

    WebhookDelivery.objects.update(due_at=clock.now())

    until(all_delivered)
    first, second = there.received
    assert (first.id, first.body) == (second.id, second.body)
    assert second.body["secret_key"] == "my secret"
    assert "secret_key" not in (WebhookDelivery.objects.get().body or {})


# --- not arriving -----------------------------------------------------------------------------


def test_a_dead_endpoint_gets_few_calls_and_keeps_what_waits(
    acme: Organization, app: Application, sending: Sender
) -> None:
    listen(app, f"http://{HOST}:{free_port()}/")

    for number in range(40):
        change(acme, f"Group {number}")

    until(lambda: WebhookEndpoint.objects.get().failures >= 5)
    time.sleep(0.5)
    assert 5 <= WebhookAttempt.objects.count() <= 12
    assert set(states()) == {"waiting"}
    untouched = WebhookDelivery.objects.filter(attempts_count=0)
    assert untouched.exists()
    until(lambda: not untouched.filter(due_at__gt=clock.now()).exists())
    errors = set(WebhookAttempt.objects.values_list("error", flat=True))
    assert errors == {"it refused the connection or hung up"}


@pytest.mark.parametrize("host", ["localhost", "nowhere.invalid"])
def test_whether_an_address_is_inside_or_not_there_can_not_be_told(
    acme: Organization, app: Application, there: Receiver, sending: Sender, host: str
) -> None:
    listen(app, there.url.replace(HOST, host))

    change(acme)

    until(lambda: WebhookAttempt.objects.exists())
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status, attempt.error) == (None, "the address leads nowhere")
    assert (states(), there.received) == (["waiting"], [])


@pytest.mark.parametrize(
    ("answer", "state", "given_up"),
    [
        (status(302, location="http://127.0.0.1/"), "failed", "the endpoint answered 302"),
        (status(404), "failed", "the endpoint answered 404"),
        (status(500), "waiting", ""),
        (status(429, retry_after="30"), "waiting", ""),
        (raw(b"SSH-2.0-OpenSSH\r\n"), "waiting", ""),
        (raw(b"HTTP/1.1 200 OK\r\nX-Half"), "waiting", ""),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nhalf"), "delivered", ""),
        (raw(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1_000_000), "delivered", ""),
    ],
)
def test_what_becomes_of_odd_answers(
    acme: Organization,
    app: Application,
    there: Receiver,
    sending: Sender,
    answer: Any,
    state: str,
    given_up: str,
) -> None:
    listen(app, there.url)
    there.answer = answer

    change(acme)

    until(lambda: WebhookAttempt.objects.exists())
    row = WebhookDelivery.objects.get()
    assert (row.state, row.given_up) == (state, given_up)
    assert len(there.received) == 1


def test_what_a_filter_keeps_back_does_not_count_as_a_try_at_a_failing_endpoint(
    acme: Organization, app: Application, there: Receiver
) -> None:
    hook = listen(app, there.url, filters={"source_type": ["system"]})
    with domain_events.caused_by(Cause("someone", "", "elsewhere")):
        for number in range(3):
            change(acme, f"Kept back {number}")
    change(acme, "Told")
    WebhookEndpoint.objects.filter(id=hook.endpoint_id).update(failures=BREAKS_AFTER)

    sending = Sender()
    sending.start()

    until(lambda: there.received != [])
    sending.stop()
    assert [call.body["payload"]["name"] for call in there.received] == ["Told"]


def test_what_can_not_be_composed_waits_and_holds_up_nobody(
    acme: Organization, app: Application, there: Receiver
) -> None:
    bad, _ = listen(app, f"{there.url}/bad"), listen(app, f"{there.url}/good")

    def compose(rows: Any) -> dict[int, Result]:
        if any(row.webhook_id == bad.id for row in rows):
            raise LookupError("a mistake of ours")
        return calls.composed(rows)

    change(acme)
    sending = Sender(compose)
    sending.start()

    until(lambda: WebhookAttempt.objects.count() == 2)
    sending.stop()
    assert [call.path for call in there.received] == ["/hook/good"]
    row = WebhookDelivery.objects.get(webhook=bad)
    assert (row.state, row.attempts_count) == ("waiting", 1)
    assert row.attempts.get().error == "it could not be composed: LookupError"
    assert WebhookEndpoint.objects.get(id=bad.endpoint_id).failures == 0


# --- many -------------------------------------------------------------------------------------


def test_no_endpoint_gets_more_than_four_calls_at_a_time(
    acme: Organization, app: Application, there: Receiver, resting: Sender
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        until(lambda: there.most > 1)
        after(0.1)(handler)

    listen(app, there.url)
    there.answer = answer
    for number in range(12):
        change(acme, f"Group {number}")

    resting.start()

    until(all_delivered)
    assert 1 < there.most <= 4
    assert len(set(there.ids())) == len(there.ids()) == 12


def test_a_slow_receiver_delays_no_other(
    acme: Organization,
    app: Application,
    there: Receiver,
    resting: Sender,
    stalling: Receiver,
) -> None:
    listen(app, stalling.url)
    listen(app, there.url)
    for number in range(20):
        change(acme, f"Group {number}")

    resting.start()

    until(lambda: len(there.received) == 20)
    assert len(stalling.received) <= 4


def test_many_that_stall_at_once_delay_no_other(
    acme: Organization,
    app: Application,
    there: Receiver,
    resting: Sender,
    stalling: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They took calls a moment before, and what waits for them fills the sender's hands."""
    monkeypatch.setattr(sender, "PROVEN_IN_HAND", 10)
    monkeypatch.setattr(sender, "FAST_ALTOGETHER", 20)
    stall, stalling.answer = stalling.answer, status(200)
    for number in range(2):
        listen(app, f"{stalling.url}/{number}")
    for number in range(15):
        change(acme, f"Group {number}")
    WebhookDelivery.objects.update(due_at=clock.now() + timedelta(hours=1))
    change(acme, "First")
    resting.start()
    until(lambda: states().count("delivered") == 2)
    stalling.answer = stall
    waiting = WebhookDelivery.objects.filter(state="waiting")
    waiting.update(due_at=clock.now())
    until(lambda: waiting.filter(due_at__gt=clock.now()).count() == 20)
    listen(app, there.url)

    change(acme, "Last")

    until(lambda: there.received)


def test_endpoints_behind_many_slow_ones_are_reached(
    acme: Organization,
    app: Application,
    there: Receiver,
    resting: Sender,
    stalling: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All that is looked at together is slow, and finds no room."""
    monkeypatch.setattr(deliveries, "LOOKED_AT", 3)
    monkeypatch.setattr(deliveries, "ready", partial(deliveries.ready, limit=3))
    monkeypatch.setattr(sender, "SLOW_ALTOGETHER", 2)
    for application in (make.application(acme), make.application(acme)):
        for number in range(3):
            listen(application, f"{stalling.url}/{number}")
    WebhookEndpoint.objects.update(answer_seconds=5)
    listen(app, there.url)
    for number in range(4):
        change(acme, f"Group {number}")

    resting.start()

    until(lambda: len(there.received) == 4)
    until(lambda: stalling.most == 2)


def test_two_senders_send_nothing_twice(
    acme: Organization, app: Application, there: Receiver, sending: Sender
) -> None:
    other = Sender()
    other.start()
    listen(app, there.url)

    for number in range(60):
        change(acme, f"Group {number}")

    until(all_delivered)
    other.stop()
    assert len(set(there.ids())) == len(there.ids()) == 60


def test_more_than_fits_into_memory_flows_too(
    acme: Organization,
    app: Application,
    there: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "PROVEN_IN_HAND", 2)
    monkeypatch.setattr(sender, "FAST_ALTOGETHER", 3)
    for number in range(4):
        listen(app, f"{there.url}/{number}", ("group_created", "tag_created")[number > 2])
    for number in range(10):
        change(acme, f"Group {number}")
    sending = Sender()

    sending.start()

    until(all_delivered)
    sending.stop()
    assert len(set(there.ids())) == len(there.ids()) == 30


# --- beginning and ending ---------------------------------------------------------------------


def test_what_is_under_way_is_finished_before_the_end(
    acme: Organization, app: Application, there: Receiver, sending: Sender
) -> None:
    listen(app, there.url)
    there.answer = after(0.5)
    change(acme)
    until(lambda: there.received)

    sending.stop()

    assert states() == ["delivered"]


def test_what_takes_too_long_for_the_end_is_left_to_others_at_once(
    acme: Organization,
    app: Application,
    there: Receiver,
    sending: Sender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "STOP_SECONDS", 0.2)
    listen(app, there.url)
    there.answer = after(20)
    change(acme)
    until(lambda: there.received)
    began = time.monotonic()

    sending.stop()

    assert time.monotonic() - began < 5
    assert WebhookDelivery.objects.get().due_at <= clock.now()
    assert (states(), WebhookAttempt.objects.count()) == (["waiting"], 0)


def test_what_the_database_does_not_take_is_written_down_later(
    acme: Organization,
    app: Application,
    there: Receiver,
    sending: Sender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finish, failed = deliveries.finish, [1, 2]

    def seldom(outcomes: Any) -> None:
        if outcomes and failed:
            failed.pop()
            raise OperationalError("the database is away")
        finish(outcomes)

    monkeypatch.setattr(deliveries, "finish", seldom)
    listen(app, there.url)

    change(acme)

    until(all_delivered)
    assert (len(there.received), WebhookAttempt.objects.count(), failed) == (1, 1, [])


def test_what_is_written_down_is_not_written_again(
    acme: Organization,
    app: Application,
    there: Receiver,
    sending: Sender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listen(app, there.url)
    give_back = deliveries.release
    fails = iter([True])

    def release(claimed: Any) -> None:
        if next(fails, False):
            raise OperationalError("away")
        give_back(claimed)

    monkeypatch.setattr(deliveries, "release", release)

    change(acme)

    until(all_delivered)
    time.sleep(0.5)
    assert WebhookAttempt.objects.count() == 1


def test_what_can_not_be_written_down_holds_up_nobody(
    acme: Organization, app: Application, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = listen(app, f"{there.url}/bad"), listen(app, f"{there.url}/good")
    finish = deliveries.finish

    def picky(outcomes: Any) -> None:
        if any(one.endpoint_id == bad.endpoint_id for one in outcomes):
            raise OverflowError("a mistake of ours")
        finish(outcomes)

    monkeypatch.setattr(deliveries, "finish", picky)
    change(acme)
    sending = Sender()
    sending.start()

    until(lambda: len(there.received) == 2)
    until(lambda: WebhookAttempt.objects.exists())
    sending.stop()
    assert WebhookAttempt.objects.get().delivery.webhook_id == good.id
    assert WebhookDelivery.objects.get(webhook=bad).state == "waiting"


def test_it_runs_with_the_worker(acme: Organization, app: Application, there: Receiver) -> None:
    listen(app, there.url)

    worker.start()
    change(acme)
    until(all_delivered)
    worker.stop()
    change(acme, "Afterwards")

    time.sleep(0.3)
    assert len(there.received) == 1


def test_it_can_begin_again(acme: Organization, app: Application, there: Receiver) -> None:
    listen(app, there.url)
    sending = Sender()
    for number in range(2):
        sending.start()
        change(acme, f"Group {number}")
        until(all_delivered)
        sending.stop()

    assert len(there.received) == 2
