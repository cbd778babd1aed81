"""Working hours of agents and bots: when they begin and end, and what follows (protocol.md 6.1)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext

from chatplatform import clock
from chatplatform.models import Agent, Chat, ConnectionLease, Organization
from chatplatform.selectors import people
from chatplatform.services import agents, bots, routing, working_hours
from chatplatform.working_hours import DAYS, situation
from tests import make
from tests.webhooks.hooks import Hooks
from tests.world import User, World

Travel = Callable[[str], None]

BEFORE = "2026-03-04T08:00:00Z"
"""A Wednesday, an hour before work begins."""
ACCEPTING, NOT_ACCEPTING = "accepting_chats", "not_accepting_chats"
OFFICE = "wednesday 09:00-17:00"


@pytest.fixture(autouse=True)
def travel() -> Iterator[Travel]:
    """Return a function that moves on to a moment, at which every connection still lives.

    It is Wednesday at eight, in UTC, until then.
    """
    with time_machine.travel(BEFORE, tick=False) as traveller:

        def to(moment: str) -> None:
            traveller.move_to(moment)
            later = clock.now() + timedelta(days=1)
            ConnectionLease.objects.update(expires_at=later)

        yield to


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """Return an administrator, connected but not accepting, without working hours."""
    return world.agent(acme, "boss", role="administrator", online=True, accepting=False)


@pytest.fixture
def robin(acme: Organization) -> str:
    """Return the id of a bot."""
    return bots.create_bot(make.application(acme), "Robin").agent.public_id


def week(*intervals: str, timezone: str = "") -> dict[str, Any]:
    """Return working hours: ``day HH:MM-HH:MM``, with ``off`` behind what is not enabled."""
    schedule = []
    for text in intervals:
        day, hours, *off = text.split()
        start, end = hours.split("-")
        schedule.append({"day": day, "enabled": not off, "start": start, "end": end})
    return {"timezone": timezone, "schedule": schedule}


def works(world: World, user: User, *intervals: str, timezone: str = "") -> None:
    """Give an agent working hours."""
    values: Any = {"work_scheduler": week(*intervals, timezone=timezone)}
    world.act(lambda: agents.update_agent(row(user).organization_id, user.id, values))


def bot_works(world: World, bot_id: str, *intervals: str) -> None:
    """Give a bot working hours."""
    values: Any = {"work_scheduler": week(*intervals)}
    organization_id = Agent.objects.get(public_id=bot_id).organization_id
    world.act(lambda: bots.update_bot(organization_id, bot_id, values))


def row(user: User) -> Agent:
    return Agent.objects.get(public_id=user.id)


def status(user: User | str) -> str:
    """Return what others see of an agent, or of a bot by its id."""
    wanted = user if isinstance(user, str) else user.id
    organization_id = Agent.objects.get(public_id=wanted).organization_id
    (found,) = (
        one["status"]
        for one in people.routing_statuses(organization_id, [])
        if one["agent_id"] == wanted
    )
    return str(found)


def choose(world: World, user: User, chosen: str) -> None:
    """Let an agent choose a status by hand, with a token that has not expired."""
    world.as_agent(row(user)).call("set_routing_status", agent_id=user.id, status=chosen)


def work(world: World) -> None:
    """Let the worker look once."""
    world.act(working_hours.switch_due)


# --- when hours begin and end ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("intervals", "moment", "within", "changes_at"),
    [
        pytest.param(["wednesday 09:00-17:00"], "04T08:59:59", False, "04T09:00", id="before"),
        pytest.param(["wednesday 09:00-17:00"], "04T09:00:00", True, "04T17:00", id="begun"),
        pytest.param(["wednesday 09:00-17:00"], "04T16:59:59", True, "04T17:00", id="almost over"),
        pytest.param(["wednesday 09:00-17:00"], "04T17:00:00", False, "11T09:00", id="next week"),
        pytest.param(["tuesday 09:00-17:00"], "04T12:00:00", False, "10T09:00", id="another day"),
        pytest.param(
            ["wednesday 13:00-17:00", "wednesday 09:00-12:00"],
            "04T12:30:00",
            False,
            "04T13:00",
            id="between two of a day",
        ),
        pytest.param(
            ["wednesday 09:00-12:00", "wednesday 12:00-17:00"],
            "04T10:00:00",
            True,
            "04T17:00",
            id="two that touch are one",
        ),
        pytest.param(
            ["wednesday 09:00-14:00", "wednesday 10:00-11:00", "wednesday 13:00-17:00"],
            "04T10:30:00",
            True,
            "04T17:00",
            id="those that overlap are one",
        ),
        pytest.param(
            ["wednesday 22:00-24:00", "thursday 00:00-06:00"],
            "04T23:30:00",
            True,
            "05T06:00",
            id="over midnight",
        ),
        pytest.param(
            ["wednesday 22:00-23:59", "thursday 00:00-06:00"],
            "04T23:59:30",
            True,
            "05T06:00",
            id="the last minute is midnight",
        ),
        pytest.param(
            ["wednesday 00:00-24:00"], "04T23:59:59", True, "05T00:00", id="until midnight"
        ),
        pytest.param(["sunday 20:00-24:00"], "08T21:00:00", True, "09T00:00", id="end of a week"),
        pytest.param(
            ["wednesday 09:00-17:00 off", "thursday 09:00-17:00"],
            "04T12:00:00",
            False,
            "05T09:00",
            id="what is not enabled is only kept",
        ),
        pytest.param(
            [f"{day} 00:00-24:00" for day in DAYS], "04T12:00:00", True, None, id="always"
        ),
        pytest.param(
            [f"{day} 00:00-23:59" for day in DAYS], "04T23:59:30", True, None, id="always, too"
        ),
    ],
)
def test_hours_of_a_week(
    intervals: list[str], moment: str, within: bool, changes_at: str | None
) -> None:
    found = situation(week(*intervals), "", clock.from_wire(f"2026-03-{moment}Z"))

    assert found is not None
    assert found.within is within
    expected = clock.from_wire(f"2026-03-{changes_at}Z") if changes_at else None
    assert found.changes_at == expected


@pytest.mark.parametrize("intervals", [[], ["wednesday 09:00-17:00 off"]])
def test_without_an_enabled_interval_there_are_no_hours(intervals: list[str]) -> None:
    assert situation(week(*intervals), "", clock.now()) is None
    assert situation({}, "", clock.now()) is None


@pytest.mark.parametrize(
    ("own", "chosen", "begins_at"),
    [
        ("", "", "2026-03-04T09:00:00Z"),
        ("Europe/Warsaw", "", "2026-03-11T08:00:00Z"),
        ("Asia/Tokyo", "America/New_York", "2026-03-04T14:00:00Z"),
        ("", "Asia/Kolkata", "2026-03-11T03:30:00Z"),
        ("", "Pacific/Kiritimati", "2026-03-10T19:00:00Z"),
        ("Mars/Olympus", "", "2026-03-04T09:00:00Z"),
        ("../../etc/passwd", "", "2026-03-04T09:00:00Z"),
        ("Europe", "", "2026-03-04T09:00:00Z"),
    ],
)
def test_hours_are_in_the_schedules_zone_else_in_the_agents_else_in_utc(
    own: str, chosen: str, begins_at: str
) -> None:
    moment = clock.from_wire("2026-03-04T08:30:00Z")
    only_hour = week("wednesday 09:00-09:30", timezone=chosen)

    found = situation(only_hour, own, moment)

    assert found is not None
    assert found.changes_at is not None
    if found.within:
        found = situation(only_hour, own, found.changes_at)
        assert found is not None
    assert found.changes_at == clock.from_wire(begins_at)


SPRING, AUTUMN = "2026-03-29", "2026-10-25"
"""Sundays on which clocks in Warsaw jump from 2:00 to 3:00, and from 3:00 back to 2:00."""


@pytest.mark.parametrize(
    ("day", "hours", "begins_at", "ends_at"),
    [
        pytest.param(SPRING, "01:00-09:00", "00:00", "07:00", id="an hour less"),
        pytest.param(AUTUMN, "01:00-09:00", "23:00", "08:00", id="an hour more"),
        pytest.param(SPRING, "02:30-09:00", "01:00", "07:00", id="begins when clocks jump"),
        pytest.param(SPRING, "01:00-02:30", "00:00", "01:00", id="ends when clocks jump"),
        pytest.param(SPRING, "03:00-09:00", "01:00", "07:00", id="begins right after the jump"),
        pytest.param(SPRING, "01:00-02:00", "00:00", "01:00", id="ends right before the jump"),
        pytest.param(AUTUMN, "02:30-09:00", "00:30", "08:00", id="begins the first time"),
        pytest.param(AUTUMN, "01:00-02:30", "23:00", "00:30", id="ends the first time"),
        pytest.param(AUTUMN, "02:00-03:00", "00:00", "02:00", id="both of the hour"),
    ],
)
def test_clocks_that_are_changed(day: str, hours: str, begins_at: str, ends_at: str) -> None:
    midnight = clock.from_wire(f"{day}T00:00:00Z")
    sunday = week(f"sunday {hours}", timezone="Europe/Warsaw")

    before = situation(sunday, "", midnight - timedelta(hours=2))

    assert before is not None
    assert not before.within
    assert before.changes_at is not None
    within = situation(sunday, "", before.changes_at)
    assert within is not None
    assert within.within
    assert within.changes_at is not None
    assert (f"{before.changes_at:%H:%M}", f"{within.changes_at:%H:%M}") == (begins_at, ends_at)
    assert within.changes_at.date() == midnight.date()
    after = situation(sunday, "", within.changes_at)
    assert after is not None
    assert not after.within


def test_hours_in_what_clocks_leave_out_are_none() -> None:
    night = week("sunday 02:15-02:45", timezone="Europe/Warsaw")

    found = situation(night, "", clock.from_wire("2026-03-22T12:00:00Z"))

    assert found is not None
    assert not found.within
    assert found.changes_at == clock.from_wire("2026-04-05T00:15:00Z")


def test_a_day_that_a_country_leaves_out() -> None:
    friday = week("friday 09:00-17:00", timezone="Pacific/Apia")

    found = situation(friday, "", clock.from_wire("2011-12-29T12:00:00Z"))

    assert found is not None
    assert not found.within
    assert found.changes_at == clock.from_wire("2012-01-05T19:00:00Z")


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


# --- logging in -----------------------------------------------------------------------------------


@pytest.mark.parametrize("login_status", [ACCEPTING, NOT_ACCEPTING])
@pytest.mark.parametrize("moment", ["2026-03-04T08:59:59Z", "2026-03-04T09:00:00Z"])
def test_a_first_login_follows_the_login_status_within_hours_only(
    world: World, acme: Organization, travel: Travel, moment: str, login_status: str
) -> None:
    dan = world.agent(acme, "dan", accepting=login_status == ACCEPTING)
    works(world, dan, OFFICE)
    travel(moment)

    profile = dan.login()["my_profile"]
    work(world)

    expected = login_status if moment.endswith("09:00:00Z") else NOT_ACCEPTING
    assert profile["routing_status"] == expected
    assert status(dan) == expected


def test_another_session_outside_hours_changes_nothing(
    world: World, ann: User, travel: Travel
) -> None:
    works(world, ann, OFFICE)
    choose(world, ann, ACCEPTING)

    ann.login()

    assert status(ann) == ACCEPTING


def test_who_reconnects_finds_what_hours_have_brought(
    world: World, bob: User, travel: Travel
) -> None:
    works(world, bob, OFFICE)
    bob.lose_connections()
    travel("2026-03-04T09:00:00Z")
    with world.capture_pushes() as pushes:
        work(world)
    assert pushes.names == {}
    assert status(bob) == "offline"

    profile = bob.login(reconnect=True)["my_profile"]

    assert profile["routing_status"] == ACCEPTING


def test_who_reconnects_before_the_worker_looks_finds_it_too(
    world: World, bob: User, travel: Travel
) -> None:
    works(world, bob, OFFICE)
    bob.lose_connections()
    travel("2026-03-04T09:00:00Z")

    profile = bob.login(reconnect=True)["my_profile"]

    assert profile["routing_status"] == ACCEPTING
    with world.nothing_changes():
        work(world)


def test_hours_follow_the_zone_of_the_agents_client(world: World, bob: User, boss: User) -> None:
    works(world, bob, OFFICE)

    with world.capture_pushes() as pushes:
        bob.login(timezone="Europe/Warsaw")

    told = [payload for name, payload in pushes.to(boss) if name == "routing_status_set"]
    assert told == [{"agent_id": bob.id, "status": ACCEPTING}]
    assert row(bob).hours_change_at == clock.from_wire("2026-03-04T16:00:00Z")


def test_hours_with_a_zone_of_their_own_do_not(world: World, bob: User) -> None:
    works(world, bob, OFFICE, timezone="UTC")

    bob.login(timezone="Europe/Warsaw")

    assert status(bob) == NOT_ACCEPTING
    assert row(bob).hours_change_at == clock.from_wire("2026-03-04T09:00:00Z")


# --- bots -----------------------------------------------------------------------------------------


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


# --- other hours ----------------------------------------------------------------------------------


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
