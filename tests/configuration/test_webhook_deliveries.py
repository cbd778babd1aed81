"""What became of calls to webhooks, and having them sent again, by the API and by command."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chatplatform import clock
from chatplatform import ids as public_ids
from chatplatform.models import Agent, Application, Organization, WebhookDelivery, WebhookEndpoint
from chatplatform.services import deliveries, installations
from tests import make
from tests.configuration.registrations import URL, named
from tests.world import User, World


@pytest.fixture
def boss(world: World, seat: Agent, shop: Application) -> User:
    """Return an administrator who configures through the shop's application."""
    return world.as_agent(seat, application=shop).configuration


# --- what became of calls -------------------------------------------------------------------------


def test_deliveries_are_listed_with_their_attempts(
    boss: User, acme: Organization, shop: Application
) -> None:
    webhook = make.webhook(shop)
    made = make.delivery(
        acme, webhook, attempts=1, status=None, error="no answer in time", given_up="in vain"
    )
    answered = make.delivery(acme, webhook, state="delivered", status=200, answer="Thanks")
    moments = [clock.to_wire(one.attempts.get().started_at) for one in (answered, made)]

    listed = boss.call("list_webhook_deliveries", **named(shop))

    common = {"webhook_id": webhook.id, "action": "incoming_event"}
    assert listed == {
        "deliveries": [
            {
                **common,
                "id": public_ids.delivery_id(answered.pk),
                "state": "delivered",
                "attempts": [
                    {"started_at": moments[0], "seconds": 0.25, "status": 200, "answer": "Thanks"}
                ],
                "occurred_at": clock.to_wire(answered.occurred_at),
            },
            {
                **common,
                "id": public_ids.delivery_id(made.pk),
                "state": "failed",
                "attempts": [
                    {"started_at": moments[1], "seconds": 0.25, "error": "no answer in time"}
                ],
                "occurred_at": clock.to_wire(made.occurred_at),
                "given_up": "in vain",
            },
        ]
    }


def test_one_that_waits_says_until_when(boss: User, acme: Organization, shop: Application) -> None:
    webhook = make.webhook(shop)
    soon, late = (clock.now() + timedelta(minutes=minutes) for minutes in (1, 5))
    make.delivery(acme, webhook, state="waiting", due_at=soon)

    def next_attempt() -> Any:
        (one,) = boss.call("list_webhook_deliveries", **named(shop))["deliveries"]
        return one.get("next_attempt_at")

    assert next_attempt() == clock.to_wire(soon)
    WebhookEndpoint.objects.update(open_at=late)
    assert next_attempt() == clock.to_wire(late)
    WebhookEndpoint.objects.update(disabled_at=clock.now())
    assert next_attempt() is None


def test_deliveries_can_be_narrowed(boss: User, acme: Organization, shop: Application) -> None:
    first, second = make.webhook(shop), make.webhook(shop, "chat_deactivated")
    given_up, delivered = make.delivery(acme, first), make.delivery(acme, first, state="delivered")
    waiting = make.delivery(acme, second, state="waiting")

    def listed(**narrowed: str) -> list[str]:
        answer = boss.call("list_webhook_deliveries", **named(shop), **narrowed)
        return [one["id"] for one in answer["deliveries"]]

    def numbers(*rows: WebhookDelivery) -> list[str]:
        return [public_ids.delivery_id(row.pk) for row in rows]

    assert listed() == numbers(waiting, delivered, given_up)
    assert listed(webhook_id=first.id) == numbers(delivered, given_up)
    assert listed(state="failed") == numbers(given_up)
    assert listed(webhook_id=second.id, state="failed") == []
    other = make.webhook(make.application(acme))
    for bad, type_ in (
        ({"webhook_id": other.id}, "not_found"),
        ({"webhook_id": "nothing"}, "not_found"),
        ({"state": "lost"}, "validation"),
        ({"limit": 0}, "validation"),
        ({"limit": 101}, "validation"),
        ({"page_id": "nonsense"}, "validation"),
    ):
        assert boss.refused("list_webhook_deliveries", **named(shop), **bad) == type_


def test_deliveries_come_in_pages(boss: User, acme: Organization, shop: Application) -> None:
    webhook = make.webhook(shop)
    made = [make.delivery(acme, webhook) for _ in range(5)]
    make.delivery(acme, webhook, state="delivered")

    page = boss.call("list_webhook_deliveries", **named(shop), state="failed", limit=2)
    seen = [one["id"] for one in page["deliveries"]]
    while "next_page_id" in page:
        page_id = page["next_page_id"]
        page = boss.call("list_webhook_deliveries", **named(shop), page_id=page_id)
        seen += [one["id"] for one in page["deliveries"]]

    assert seen == [public_ids.delivery_id(one.pk) for one in reversed(made)]
    back = boss.call("list_webhook_deliveries", **named(shop), page_id=page["previous_page_id"])
    assert [one["id"] for one in back["deliveries"]] == seen[2:4]
    elsewhere = make.application(acme)
    assert (
        boss.refused("list_webhook_deliveries", **named(elsewhere), page_id=page_id) == "validation"
    )


def test_a_licence_sees_what_happened_on_it(
    boss: User, acme: Organization, shop: Application
) -> None:
    webhook = make.webhook(shop)
    beta = make.organization("Beta")
    installations.install(beta, shop)
    foreign = make.delivery(beta, webhook)

    assert boss.call("list_webhook_deliveries", **named(shop)) == {"deliveries": []}
    number = public_ids.delivery_id(foreign.pk)
    assert boss.refused("redeliver_webhook", id=number, **named(shop)) == "not_found"


# --- once more ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["failed", "delivered"])
def test_a_delivery_can_be_sent_again_under_its_id(
    boss: User, acme: Organization, shop: Application, state: str
) -> None:
    made = make.delivery(acme, make.webhook(shop), state=state, attempts=3, given_up="in vain")
    number = public_ids.delivery_id(made.pk)

    for _ in range(2):
        assert boss.call("redeliver_webhook", id=number, **named(shop)) == {}

    made.refresh_from_db()
    assert (made.state, made.attempts_count, made.finished_at) == ("waiting", 0, None)
    assert made.due_at <= clock.now()
    (listed,) = boss.call("list_webhook_deliveries", **named(shop))["deliveries"]
    assert (listed["id"], listed["state"], len(listed["attempts"])) == (number, "waiting", 3)
    assert "given_up" not in listed


def test_one_that_waits_is_left_alone(boss: User, acme: Organization, shop: Application) -> None:
    later = clock.now() + timedelta(hours=1)
    made = make.delivery(acme, make.webhook(shop), state="waiting", attempts=4, due_at=later)

    boss.call("redeliver_webhook", id=public_ids.delivery_id(made.pk), **named(shop))

    made.refresh_from_db()
    assert (made.attempts_count, made.due_at) == (4, later)


def test_nothing_is_sent_again_to_an_endpoint_that_is_gone(
    boss: User, acme: Organization, shop: Application
) -> None:
    made = make.delivery(acme, make.webhook(shop))
    WebhookEndpoint.objects.update(disabled_at=clock.now())

    number = public_ids.delivery_id(made.pk)
    assert boss.refused("redeliver_webhook", id=number, **named(shop)) == "not_allowed"


@pytest.mark.parametrize(
    "number", ["msg_00000000000000ff", "msg_ffffffffffffffff", "msg_", "5", "\x00", "x" * 64]
)
def test_what_is_no_delivery_of_ones_own_is_not_found(
    boss: User, acme: Organization, shop: Application, number: str
) -> None:
    other = make.delivery(acme, make.webhook(make.application(acme)))

    for wrong in (number, public_ids.delivery_id(other.pk)):
        refusal = boss.refused("redeliver_webhook", id=wrong, **named(shop))
        assert refusal in ("not_found", "validation")


@pytest.mark.parametrize("action", ["list_webhook_deliveries", "redeliver_webhook"])
@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6"])
def test_older_versions_have_none_of_it(
    boss: User, shop: Application, action: str, version: str
) -> None:
    boss.version = version

    assert boss.refused(action, id="msg_0000000000000001", **named(shop)) == "not_found"


# --- by command -----------------------------------------------------------------------------------


def redelivered(*arguments: str) -> list[str]:
    """Run the command; return the ids it printed."""
    output = StringIO()
    call_command("redeliver_webhooks", *arguments, stdout=output)
    *lines, last = output.getvalue().splitlines()
    assert last == f"Queued {len(lines)}"
    return [line.split()[0] for line in lines]


def test_what_was_given_up_is_queued_again_by_webhook(
    acme: Organization, shop: Application
) -> None:
    webhook, other = make.webhook(shop), make.webhook(shop)
    failed = [make.delivery(acme, webhook) for _ in range(2)]
    make.delivery(acme, webhook, state="delivered")
    make.delivery(acme, webhook, state="waiting")
    make.delivery(acme, other)

    assert redelivered("--webhook", webhook.id) == [
        public_ids.delivery_id(one.pk) for one in failed
    ]
    assert redelivered("--webhook", webhook.id) == []
    states = WebhookDelivery.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["waiting", "waiting", "delivered", "waiting", "failed"]


def test_the_command_says_what_it_queued(acme: Organization, shop: Application) -> None:
    webhook = make.webhook(shop)
    made = make.delivery(acme, webhook)
    output = StringIO()

    call_command("redeliver_webhooks", "--webhook", webhook.id, stdout=output)

    moment = clock.to_wire(made.occurred_at)
    number = public_ids.delivery_id(made.pk)
    assert output.getvalue() == f"{number} {webhook.id} incoming_event {moment}\nQueued 1\n"


def test_deliveries_are_queued_again_by_id_whatever_became_of_them(
    acme: Organization, shop: Application
) -> None:
    webhook = make.webhook(shop)
    made = [make.delivery(acme, webhook, state=state) for state in ("failed", "delivered")]
    make.delivery(acme, webhook)
    numbers = [public_ids.delivery_id(one.pk) for one in made]

    assert redelivered("--delivery", *numbers) == numbers


def test_deliveries_are_queued_again_by_time(acme: Organization, shop: Application) -> None:
    webhook = make.webhook(shop)
    now = clock.now()
    hours = [
        make.delivery(acme, webhook, occurred_at=now - timedelta(hours=hours)) for hours in range(4)
    ]
    delivered = make.delivery(acme, webhook, state="delivered", occurred_at=now)

    since = clock.to_wire(now - timedelta(hours=2))
    until = clock.to_wire(now)
    assert redelivered("--since", since, "--until", until) == [
        public_ids.delivery_id(hours[index].pk) for index in (1, 2)
    ]
    assert redelivered("--since", until, "--all") == [
        public_ids.delivery_id(one.pk) for one in (hours[0], delivered)
    ]


def test_a_great_many_are_queued_in_batches(
    acme: Organization, shop: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatplatform.services.redelivery.BATCH", 2)
    webhook = make.webhook(shop)
    made = [make.delivery(acme, webhook) for _ in range(5)]

    assert redelivered("--webhook", webhook.id) == [public_ids.delivery_id(one.pk) for one in made]


def test_what_nobody_is_to_hear_of_is_passed_over(
    boss: User, acme: Organization, shop: Application
) -> None:
    gone, unregistered = make.webhook(shop, url=f"{URL}/gone"), make.webhook(shop)
    for webhook in (gone, unregistered):
        make.delivery(acme, webhook)
    deliveries.disable(gone.endpoint_id)
    boss.call("unregister_webhook", id=unregistered.id, **named(shop))

    assert redelivered("--since", "2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--all",),
        ("--since", "yesterday"),
        ("--since", "2030-01-01T00:00:00"),
        ("--delivery", "5"),
    ],
)
def test_the_command_asks_what_is_meant(db: None, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("redeliver_webhooks", *arguments, stdout=StringIO())


def test_what_waits_is_sent_now_by_webhook(acme: Organization, shop: Application) -> None:
    later = clock.now() + timedelta(hours=1)
    webhook, other = make.webhook(shop), make.webhook(shop, "tag_created")
    waits = make.delivery(acme, webhook, state="waiting", due_at=later)
    failed = make.delivery(acme, webhook)
    elsewhere = make.delivery(acme, other, state="waiting", due_at=later)
    out = StringIO()

    call_command("redeliver_webhooks", webhook=webhook.id, waiting=True, stdout=out)

    line, last = out.getvalue().splitlines()
    assert (line.split()[0], last) == (public_ids.delivery_id(waits.pk), "Queued 1")
    for one in (waits, failed, elsewhere):
        one.refresh_from_db()
    assert waits.due_at <= clock.now()
    assert elsewhere.due_at == later
    assert failed.state == "failed"
