"""Webhooks come and go while bots do, and while everybody talks."""

import threading
from typing import Any

import pytest

from chatplatform.models import (
    Application,
    Organization,
    Webhook,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookListener,
)
from chatplatform.services import bots, deliveries
from tests import make
from tests.concurrency.together import at_once
from tests.world import User, World

pytestmark = pytest.mark.django_db(transaction=True)


def registration(shop: Application, kind: str = "license") -> dict[str, Any]:
    return {
        "action": "incoming_event",
        "url": "https://hooks.example.com/",
        "secret_key": "secret",
        "type": kind,
        "owner_client_id": shop.client_id,
    }


def listening() -> set[str]:
    return set(WebhookListener.objects.values_list("webhook_id", flat=True))


def test_three_webhooks_of_an_action_are_registered_however_many_ask(
    boss: User, shop: Application
) -> None:
    register = lambda: boss.web("register_webhook", registration(shop))  # noqa: E731
    answers = at_once(*[register] * 8)

    assert [answer for answer in answers if isinstance(answer, str)] == ["limit_reached"] * 5
    assert Webhook.objects.count() == WebhookListener.objects.count() == 3
    assert WebhookEndpoint.objects.count() == 1


def test_whoever_asks_at_once_a_webhook_is_taken_away_once(boss: User, shop: Application) -> None:
    payload = {"id": make.webhook(shop).id, "owner_client_id": shop.client_id}

    unregister = lambda: boss.web("unregister_webhook", payload)  # noqa: E731
    answers = at_once(*[unregister] * 4)

    assert sorted(map(str, answers)) == ["not_found"] * 3 + ["{}"]
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize("status", ["not_accepting_chats", "offline"])
@pytest.mark.parametrize("_attempt", range(3))
def test_a_webhook_registered_while_a_bot_comes_or_goes_knows_it(
    world: World, acme: Organization, boss: User, shop: Application, status: str, _attempt: int
) -> None:
    first = make.webhook(shop, kind="bot")
    robin = bots.create_bot(shop, "Robin").agent.public_id
    agent = User(world, "agent", boss.credentials, acme.id)
    before = "offline" if status != "offline" else "not_accepting_chats"
    agent.web("set_routing_status", {"status": before, "agent_id": robin})

    answer, _ = at_once(
        lambda: boss.web("register_webhook", registration(shop, "bot")),
        lambda: agent.web("set_routing_status", {"status": status, "agent_id": robin}),
    )

    assert listening() == ({first.id, answer["id"]} if status != "offline" else set())


def test_whatever_decides_who_listens_changes_at_once(
    world: World, acme: Organization, boss: User, shop: Application
) -> None:
    robin = bots.create_bot(shop, "Robin").agent.public_id
    agent = User(world, "agent", boss.credentials, acme.id)
    gone = make.webhook(shop, url="https://gone.example.com/")
    leaving = [make.webhook(shop, "chat_deactivated", kind="bot") for _ in range(3)]
    owner = {"owner_client_id": shop.client_id}

    def switch() -> None:
        for action in ("disable_license_webhooks", "enable_license_webhooks") * 5:
            boss.web(action)

    def work() -> None:
        for status in ("accepting_chats", "offline") * 5 + ("accepting_chats",):
            agent.web("set_routing_status", {"status": status, "agent_id": robin})

    def leave() -> None:
        for webhook in leaving:
            boss.web("unregister_webhook", {"id": webhook.id, **owner})

    def come() -> list[str]:
        return [
            boss.web("register_webhook", registration(shop, kind))["id"]
            for kind in ("bot", "license")
        ]

    *_, made = at_once(switch, work, leave, lambda: deliveries.disable(gone.endpoint_id), come)

    assert listening() == set(made)


def test_no_message_fails_or_is_lost_while_webhooks_come_and_go(
    boss: User, shop: Application, talk: tuple[User, User, str], settings: Any
) -> None:
    settings.RATE_LIMIT_BURST = 1_000_000
    ann, carl, chat_id = talk
    stays = make.webhook(shop)
    settled = threading.Event()

    def say(user: User) -> list[str]:
        sent: list[str] = []
        while len(sent) < 10 or not settled.is_set():
            event = make.message(f"{user.name} {len(sent)}")
            sent.append(user.rtm("send_event", {"chat_id": chat_id, "event": event})["event_id"])
        return sent

    def come_and_go() -> None:
        try:
            for _ in range(5):
                made = boss.web("register_webhook", registration(shop))["id"]
                boss.web("unregister_webhook", {"id": made, "owner_client_id": shop.client_id})
        finally:
            settled.set()

    by_ann, by_carl, _ = at_once(lambda: say(ann), lambda: say(carl), come_and_go)

    rows = WebhookDelivery.objects.filter(webhook=stays, action="incoming_event")
    assert sorted(row.event["event"]["id"] for row in rows) == sorted([*by_ann, *by_carl])
    assert Webhook.objects.get() == stays
