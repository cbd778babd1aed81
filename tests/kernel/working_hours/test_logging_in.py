"""Agents with working hours who log in."""

from __future__ import annotations

import pytest

from chatplatform import clock
from chatplatform.models import Organization
from tests.kernel.working_hours.hours import (
    ACCEPTING,
    NOT_ACCEPTING,
    OFFICE,
    Travel,
    choose,
    row,
    status,
    work,
    works,
)
from tests.world import User, World


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
