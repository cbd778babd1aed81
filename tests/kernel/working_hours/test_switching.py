"""Hours that begin and end: what the worker does of it, and at what cost (protocol.md 6.1)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext

from chatplatform import clock
from chatplatform.models import Agent, Chat, ConnectionLease, Organization
from chatplatform.services import agents, bots, routing, working_hours
from tests import make
from tests.kernel.working_hours.hours import (
    ACCEPTING,
    BEFORE,
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

# --- the worker -----------------------------------------------------------------------------------


def test_an_agent_accepts_chats_while_the_hours_last(
    world: World, boss: User, bob: User, travel: Travel
) -> None:
    works(world, bob, OFFICE)

    for moment, chosen, group in (
        ("2026-03-04T09:00:00Z", ACCEPTING, "accepting_chats"),
        ("2026-03-04T17:00:00Z", NOT_ACCEPTING, "offline"),
        ("2026-03-11T09:00:00Z", ACCEPTING, "accepting_chats"),
    ):
        travel(clock.to_wire(clock.from_wire(moment) - timedelta(microseconds=1)))
        with world.nothing_changes():
            work(world)
        travel(moment)

        with world.capture_pushes() as pushes:
            work(world)

        assert status(bob) == chosen
        told = [
            ("routing_status_set", {"agent_id": bob.id, "status": chosen}),
            ("groups_status_updated", {"groups": [{"id": 0, "status": group}]}),
        ]
        assert pushes.to(boss) == told
        assert pushes.to(bob) == told
        with world.nothing_changes():
            work(world)


def test_webhooks_hear_of_it_as_the_systems_doing(
    world: World, acme: Organization, bob: User, travel: Travel
) -> None:
    hooks = Hooks(acme)
    hooks.listen("routing_status_set", filters={"source_type": ["system"]})
    works(world, bob, OFFICE)

    travel("2026-03-04T09:00:00Z")
    work(world)

    assert hooks.payloads() == [{"agent_id": bob.id, "status": "accepting chats"}]


def test_clocks_that_jump_are_followed(world: World, bob: User, travel: Travel) -> None:
    travel("2026-03-28T12:00:00Z")
    works(world, bob, "sunday 02:30-09:00", timezone="Europe/Warsaw")

    travel("2026-03-29T00:59:59Z")
    work(world)
    assert status(bob) == NOT_ACCEPTING
    travel("2026-03-29T01:00:00Z")
    work(world)
    assert status(bob) == ACCEPTING
    travel("2026-03-29T07:00:00Z")
    work(world)
    assert status(bob) == NOT_ACCEPTING


def test_an_hour_that_comes_twice_begins_once(world: World, bob: User, travel: Travel) -> None:
    travel("2026-10-24T12:00:00Z")
    works(world, bob, "sunday 02:30-09:00", timezone="Europe/Warsaw")
    travel("2026-10-25T00:30:00Z")
    work(world)
    assert status(bob) == ACCEPTING
    choose(world, bob, NOT_ACCEPTING)

    travel("2026-10-25T01:30:00Z")
    with world.nothing_changes():
        work(world)

    assert status(bob) == NOT_ACCEPTING


def test_what_is_chosen_by_hand_holds_until_hours_next_begin_or_end(
    world: World, bob: User, travel: Travel
) -> None:
    works(world, bob, "wednesday 09:00-12:00", "wednesday 13:00-17:00")
    travel("2026-03-04T09:00:00Z")
    work(world)

    choose(world, bob, NOT_ACCEPTING)
    travel("2026-03-04T11:59:59Z")
    work(world)
    assert status(bob) == NOT_ACCEPTING

    travel("2026-03-04T12:00:00Z")
    work(world)
    choose(world, bob, ACCEPTING)
    travel("2026-03-04T12:59:59Z")
    work(world)
    assert status(bob) == ACCEPTING

    travel("2026-03-04T17:00:00Z")
    work(world)
    assert status(bob) == NOT_ACCEPTING


def test_a_worker_that_comes_late_does_not_undo_what_was_chosen_since(
    world: World, bob: User, travel: Travel
) -> None:
    works(world, bob, OFFICE)
    travel("2026-03-04T09:30:00Z")
    choose(world, bob, NOT_ACCEPTING)

    with world.nothing_changes():
        work(world)

    assert status(bob) == NOT_ACCEPTING


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-11T10:00:00Z", ACCEPTING),
        ("2026-03-11T18:00:00Z", NOT_ACCEPTING),
    ],
)
def test_a_worker_that_was_down_switches_once_to_what_holds_now(
    world: World, boss: User, bob: User, travel: Travel, moment: str, expected: str
) -> None:
    works(world, bob, OFFICE)
    other = NOT_ACCEPTING if expected == ACCEPTING else ACCEPTING
    Agent.objects.filter(public_id=bob.id).update(routing_status=other)
    travel(moment)

    with world.capture_pushes() as pushes:
        work(world)

    assert status(bob) == expected
    told = [payload for name, payload in pushes.to(boss) if name == "routing_status_set"]
    assert told == [{"agent_id": bob.id, "status": expected}]
    with world.nothing_changes():
        work(world)


def test_chats_that_wait_get_an_agent_when_hours_begin(
    world: World, bob: User, carl: User, travel: Travel
) -> None:
    works(world, bob, OFFICE)
    chat_id = carl.call("start_chat", continuous=True)["chat_id"]
    travel("2026-03-04T09:00:00Z")

    with world.capture_pushes() as pushes:
        work(world)

    assert "incoming_chat" in pushes.names["bob"]
    assert Chat.objects.get(id=chat_id).participants[bob.id]["present"] is True


def test_an_agent_keeps_chats_when_hours_end(
    world: World, bob: User, carl: User, travel: Travel
) -> None:
    works(world, bob, OFFICE)
    travel("2026-03-04T09:00:00Z")
    work(world)
    chat_id = carl.call("start_chat")["chat_id"]
    travel("2026-03-04T17:00:00Z")

    work(world)

    assert status(bob) == NOT_ACCEPTING
    assert Chat.objects.get(id=chat_id).participants[bob.id]["present"] is True


def test_an_agent_who_is_away_is_not_shown_as_accepting(
    world: World, boss: User, bob: User, travel: Travel
) -> None:
    works(world, bob, OFFICE)
    ConnectionLease.objects.filter(user_id=bob.id).update(away=True)
    travel("2026-03-04T09:00:00Z")

    with world.capture_pushes() as pushes:
        work(world)

    assert pushes.names == {}
    assert status(bob) == NOT_ACCEPTING
    assert row(bob).routing_status == ACCEPTING


@pytest.mark.parametrize("field", ["suspended", "awaiting_approval"])
def test_who_may_not_work_is_left_alone_and_costs_nothing_later(
    world: World, bob: User, travel: Travel, field: str
) -> None:
    works(world, bob, OFFICE)
    Agent.objects.filter(public_id=bob.id).update(**{field: True})
    travel("2026-03-04T09:00:00Z")

    with world.capture_pushes() as pushes:
        work(world)

    assert pushes.names == {}
    assert row(bob).routing_status == NOT_ACCEPTING
    assert row(bob).hours_change_at == clock.from_wire("2026-03-04T17:00:00Z")


def test_who_was_deleted_is_not_looked_at(
    world: World, acme: Organization, bob: User, robin: str, travel: Travel
) -> None:
    works(world, bob, OFFICE)
    bot_works(world, robin, OFFICE)
    world.act(lambda: agents.delete_agent(acme.pk, bob.id))
    world.act(lambda: bots.delete_bot(acme.pk, robin))
    travel("2026-03-04T09:00:00Z")

    with world.nothing_changes():
        work(world)

    assert not Agent.ever.filter(hours_change_at__isnull=False).exists()


def test_a_failure_with_one_agent_keeps_no_other_waiting(
    world: World, ann: User, bob: User, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(world, ann, NOT_ACCEPTING)
    for user in (ann, bob):
        works(world, user, OFFICE)
    travel("2026-03-04T09:00:00Z")
    set_status = routing.set_status

    def fail_with_ann(agent: Agent, chosen: str) -> None:
        set_status(agent, chosen)
        if agent.public_id == ann.id:
            raise OperationalError("canceling statement due to lock timeout")

    with monkeypatch.context() as broken:
        broken.setattr(routing, "set_status", fail_with_ann)
        work(world)

    assert [status(ann), status(bob)] == [NOT_ACCEPTING, ACCEPTING]
    work(world)
    assert [status(ann), status(bob)] == [ACCEPTING, ACCEPTING]


def test_one_call_switches_so_many_and_the_next_goes_on(
    world: World, ann: User, bob: User, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(world, ann, NOT_ACCEPTING)
    works(world, bob, "wednesday 08:30-17:00")
    works(world, ann, OFFICE)
    monkeypatch.setattr(working_hours, "AT_ONCE", 1)
    travel("2026-03-04T09:00:00Z")

    work(world)
    assert [status(ann), status(bob)] == [NOT_ACCEPTING, ACCEPTING]

    work(world)
    assert [status(ann), status(bob)] == [ACCEPTING, ACCEPTING]


# --- what it costs --------------------------------------------------------------------------------


def test_without_hours_nothing_happens(world: World, ann: User, bob: User, travel: Travel) -> None:
    for moment in ("2026-03-04T09:00:00Z", "2026-03-05T00:00:00Z", "2026-03-08T12:00:00Z"):
        travel(moment)
        with world.nothing_changes():
            work(world)


def test_a_look_costs_one_read_by_index_however_many_agents_there_are(
    world: World, acme: Organization, bob: User
) -> None:
    works(world, bob, OFFICE)
    for _ in range(20):
        make.agent(acme)

    with CaptureQueriesContext(connection) as queries:
        working_hours.switch_due()

    (asked,) = queries.captured_queries
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {asked['sql']}")
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {asked['sql']}")
        plan = " ".join(str(line) for line in cursor.fetchall())
    assert "agent_hours_due" in plan


def test_switching_costs_the_same_however_many_agents_have_no_hours(
    world: World, travel: Travel
) -> None:
    costs = []
    for size in (1, 20):
        organization = make.organization(f"Crowd of {size}")
        eve = world.agent(organization, "eve", online=True, accepting=False)
        for number in range(size):
            world.agent(organization, f"idle{number}", online=True, accepting=False)
        works(world, eve, OFFICE)
        travel("2026-03-04T09:00:00Z")
        with CaptureQueriesContext(connection) as queries:
            work(world)
        assert status(eve) == ACCEPTING
        costs.append(len(queries))
        travel(BEFORE)

    assert costs[0] == costs[1]


def test_logins_without_hours_read_nothing_more(
    world: World, acme: Organization, ann: User
) -> None:
    agent = row(ann)

    with CaptureQueriesContext(connection) as queries:
        within = working_hours.catch_up(agent)
        working_hours.follow(agent, within)
        assert within is None
        assert working_hours.status_at_login(agent) == agent.login_status

    assert len(queries) == 0


# --- several workers ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_once(travel: Travel) -> None:
    organization = make.organization("Acme")
    hooks = Hooks(organization)
    hooks.listen("routing_status_set")
    owner = make.application(organization)
    names = []
    for number in range(5):
        made = bots.create_bot(owner, f"Bot {number}", work_scheduler=week(OFFICE))
        names.append(made.agent.public_id)
    travel("2026-03-04T09:00:00Z")
    barrier = threading.Barrier(2)

    def run() -> None:
        barrier.wait()
        try:
            working_hours.switch_due()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(run) for _ in range(2)]:
            done.result()

    heard = [(payload["agent_id"], payload["status"]) for payload in hooks.payloads()]
    assert sorted(heard) == sorted((name, "accepting chats") for name in names)
