"""Working hours that are given, changed and taken away."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from chatplatform import clock
from chatplatform.models import Agent, Chat, Organization
from chatplatform.services import agents
from tests.kernel.working_hours.hours import (
    ACCEPTING,
    NOT_ACCEPTING,
    OFFICE,
    Travel,
    bot_works,
    choose,
    row,
    status,
    week,
    work,
    works,
)
from tests.webhooks.hooks import Hooks
from tests.world import User, World


def test_new_hours_take_effect_at_once(
    world: World, boss: User, bob: User, carl: User, travel: Travel
) -> None:
    chat_id = carl.call("start_chat", continuous=True)["chat_id"]
    now = week("wednesday 07:00-09:00")

    with world.capture_pushes() as pushes:
        boss.configuration.call("update_agent", id=bob.id, work_scheduler=now)

    assert [name for name, _ in pushes.to(boss)][:2] == ["agent_updated", "routing_status_set"]
    assert pushes.payload(boss, "routing_status_set") == {"agent_id": bob.id, "status": ACCEPTING}
    assert Chat.objects.get(id=chat_id).participants[bob.id]["present"] is True

    boss.configuration.call("update_agent", id=bob.id, work_scheduler=week(OFFICE))

    assert status(bob) == NOT_ACCEPTING
    travel("2026-03-04T09:00:00Z")
    work(world)
    assert status(bob) == ACCEPTING


def test_new_hours_of_a_bot_take_effect_at_once(world: World, robin: str) -> None:
    bot_works(world, robin, "wednesday 07:00-09:00")
    assert status(robin) == ACCEPTING

    bot_works(world, robin, OFFICE)
    assert status(robin) == NOT_ACCEPTING


def test_who_changes_hours_is_not_who_changes_the_status(
    world: World, acme: Organization, boss: User, bob: User
) -> None:
    hooks = Hooks(acme)
    for source in ("system", "other_clients"):
        hooks.listen("routing_status_set", filters={"source_type": [source]})
    now = week("wednesday 07:00-09:00")

    boss.configuration.call("update_agent", id=bob.id, work_scheduler=now)

    assert hooks.payloads() == [{"agent_id": bob.id, "status": "accepting chats"}]


def test_hours_that_say_the_same_of_now_leave_what_was_chosen(
    world: World, bob: User, travel: Travel
) -> None:
    works(world, bob, "wednesday 07:00-12:00")
    choose(world, bob, NOT_ACCEPTING)

    works(world, bob, "wednesday 07:00-09:00", "thursday 07:00-09:00")

    assert status(bob) == NOT_ACCEPTING
    assert row(bob).hours_change_at == clock.from_wire("2026-03-04T09:00:00Z")


def test_other_values_leave_what_was_chosen(world: World, boss: User, bob: User) -> None:
    works(world, bob, "wednesday 07:00-12:00")
    choose(world, bob, NOT_ACCEPTING)

    boss.configuration.call("update_agent", id=bob.id, job_title="Night watch")

    assert status(bob) == NOT_ACCEPTING


def test_hours_that_have_begun_unnoticed_are_not_lost_with_a_change(
    world: World, bob: User, travel: Travel
) -> None:
    works(world, bob, OFFICE)
    travel("2026-03-04T09:30:00Z")

    works(world, bob, "wednesday 09:00-18:00")

    assert status(bob) == ACCEPTING


@pytest.mark.parametrize("left", [[], ["wednesday 07:00-12:00 off"]], ids=["none", "disabled"])
def test_without_hours_the_status_stays_what_it_is(
    world: World, bob: User, travel: Travel, left: list[str]
) -> None:
    works(world, bob, "wednesday 07:00-12:00")

    works(world, bob, *left)

    assert status(bob) == ACCEPTING
    travel("2026-03-04T12:00:00Z")
    with world.nothing_changes():
        work(world)


def test_an_agent_is_made_with_hours(world: World, acme: Organization, travel: Travel) -> None:
    made = agents.create_agent(acme, "new@example.com", "New", work_scheduler=week(OFFICE))
    new = world.as_agent(made, online=True)
    travel("2026-03-04T09:00:00Z")

    work(world)

    assert status(new) == ACCEPTING


def test_hours_from_before_they_took_effect_are_followed(
    world: World, acme: Organization, bob: User, boss: User
) -> None:
    Agent.objects.filter(public_id=bob.id).update(work_scheduler=week("wednesday 07:00-09:00"))
    Agent.objects.filter(public_id=boss.id).update(work_scheduler=week("wednesday 07:00-09:00 off"))
    migration = import_module("chatplatform.migrations.0011_agents")

    migration.look_at_hours(apps, None)
    work(world)

    assert [status(bob), status(boss)] == [ACCEPTING, NOT_ACCEPTING]
    with world.nothing_changes():
        work(world)
