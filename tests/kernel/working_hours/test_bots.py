"""Bots with working hours."""

from __future__ import annotations

from chatplatform.models import Chat, Organization
from chatplatform.services import bots
from tests import make
from tests.kernel.working_hours.hours import (
    ACCEPTING,
    NOT_ACCEPTING,
    OFFICE,
    Travel,
    bot_works,
    status,
    week,
    work,
)
from tests.webhooks.hooks import Hooks
from tests.world import User, World


def test_bots_need_no_connection_and_keep_their_chats(
    world: World, boss: User, robin: str, carl: User, travel: Travel
) -> None:
    bot_works(world, robin, OFFICE)
    travel("2026-03-04T09:00:00Z")

    with world.capture_pushes() as pushes:
        work(world)

    told = pushes.payload(boss, "routing_status_set")
    assert told == {"agent_id": robin, "status": ACCEPTING}
    chat_id = carl.call("start_chat")["chat_id"]
    travel("2026-03-04T17:00:00Z")

    work(world)

    assert status(robin) == NOT_ACCEPTING
    assert Chat.objects.get(id=chat_id).participants[robin]["present"] is True


def test_a_new_bot_is_offline_until_its_hours_begin(
    world: World, acme: Organization, travel: Travel
) -> None:
    travel("2026-03-04T12:00:00Z")
    owner = make.application(acme)
    made = bots.create_bot(owner, "Late", work_scheduler=week(OFFICE)).agent.public_id

    travel("2026-03-04T17:00:00Z")
    work(world)
    assert status(made) == "offline"

    travel("2026-03-11T09:00:00Z")
    work(world)
    assert status(made) == ACCEPTING


def test_webhooks_of_bots_listen_while_their_hours_have_brought_one_back(
    world: World, acme: Organization, boss: User, travel: Travel
) -> None:
    hooks = Hooks(acme)
    robin = bots.create_bot(hooks.application, "Robin").agent.public_id
    hooks.listen("tag_created", kind="bot")
    bot_works(world, robin, OFFICE)

    make.tag(acme, "early")
    travel("2026-03-04T09:00:00Z")
    work(world)
    make.tag(acme, "within")

    assert [payload["name"] for payload in hooks.payloads()] == ["within"]
