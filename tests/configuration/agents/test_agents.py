"""Agents: who has a seat, how it is configured, and who may change it (protocol.md 6.1)."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatplatform.models import Account, Agent, Group, Organization
from chatplatform.services import agents, bots
from tests import make
from tests.configuration.seats import WEEK, configured, narrowed, row
from tests.world import User, World

EVERYTHING = [
    "work_scheduler",
    "groups",
    "email_subscriptions",
    "notifications",
    "job_title",
    "mobile",
    "max_chats_count",
    "suspended",
    "awaiting_approval",
    "last_logout",
]


# --- create_agent ---------------------------------------------------------------------------------


def test_a_new_agent_has_an_account_and_what_was_chosen(ann: User, sales: Group) -> None:
    answer = ann.configuration.call(
        "create_agent",
        id="Smith@Example.com",
        name="Agent Smith",
        role="administrator",
        login_status="accepting chats",
        job_title="Support",
        mobile="+48123456789",
        max_chats_count=20,
        groups=[{"id": sales.number, "priority": "last"}],
        notifications=["new_visitor", "new_goal"],
        email_subscriptions=["weekly_summary"],
        work_scheduler=WEEK,
    )

    assert answer == {"id": "smith@example.com"}
    account = Account.objects.get(email="smith@example.com")
    assert not account.has_usable_password()
    assert configured(ann, "smith@example.com", *EVERYTHING) == {
        "id": "smith@example.com",
        "account_id": str(account.pk),
        "name": "Agent Smith",
        "role": "administrator",
        "avatar": "",
        "login_status": "accepting chats",
        "job_title": "Support",
        "mobile": "+48123456789",
        "max_chats_count": 20,
        "groups": [{"id": sales.number, "priority": "last"}],
        "notifications": ["new_visitor", "new_goal"],
        "email_subscriptions": ["weekly_summary"],
        "work_scheduler": WEEK,
        "suspended": False,
        "awaiting_approval": False,
    }


def test_a_new_agent_is_told_whole(ann: User) -> None:
    with ann.world.capture_pushes() as pushes:
        ann.configuration.call("create_agent", id="smith@example.com", name="Smith")

    account = Account.objects.get(email="smith@example.com")
    assert pushes.to(ann) == [
        (
            "agent_created",
            {
                "id": "smith@example.com",
                "account_id": str(account.pk),
                "name": "Smith",
                "role": "normal",
                "avatar": "",
                "job_title": "",
                "mobile": "",
                "max_chats_count": 6,
                "login_status": "not accepting chats",
                "awaiting_approval": False,
                "suspended": False,
                "groups": [],
                "notifications": [],
                "email_subscriptions": [],
                "work_scheduler": {"timezone": "", "schedule": []},
            },
        )
    ]


def created(user: User, **values: Any) -> bool:
    """Make an agent; return whether they await approval."""
    made = user.call("create_agent", id="smith@example.com", name="Smith", **values)
    return Agent.objects.get(public_id=made["id"]).awaiting_approval


def test_whom_a_normal_agent_makes_awaits_approval(bob: User) -> None:
    assert created(bob.configuration) is True


@pytest.mark.parametrize("scope", ["accounts--all:rw", "subscription.lc:rw"])
def test_who_may_admit_makes_agents_who_need_no_approval(oona: User, scope: str) -> None:
    assert created(narrowed(oona, scope)) is False


def test_who_may_admit_can_let_an_agent_wait(ann: User) -> None:
    assert created(ann.configuration, awaiting_approval=True) is True


def test_who_may_not_admit_can_not_spare_an_agent_the_wait(bob: User) -> None:
    asked = {"id": "smith@example.com", "name": "Smith", "awaiting_approval": False}

    assert bob.configuration.refused("create_agent", **asked) == "authorization"


def test_a_waiting_agent_may_do_nothing(world: World, bob: User) -> None:
    created(bob.configuration)
    smith = world.as_agent(Agent.objects.get(public_id="smith@example.com"))

    assert smith.refused("list_chats") == "requester_awaiting_approval"


@pytest.mark.parametrize("role", ["viceowner", "administrator"])
def test_a_higher_role_needs_the_scope_for_roles(oona: User, role: str) -> None:
    asked = {"id": "smith@example.com", "name": "Smith", "role": role}

    narrow = narrowed(oona, "accounts--all:rw", "subscription.lc:rw")
    assert narrow.refused("create_agent", **asked) == "authorization"
    assert oona.configuration.call("create_agent", **asked) == {"id": "smith@example.com"}


def test_nobody_gives_a_role_above_their_own(ann: User) -> None:
    asked = {"id": "smith@example.com", "name": "Smith", "role": "viceowner"}

    assert ann.configuration.refused("create_agent", **asked) == "authorization"


def test_an_address_is_taken_once_anywhere(ann: User, bob: User, world: World) -> None:
    elsewhere = world.agent(make.organization("Other"), "zoe")

    for taken in (bob.id, bob.id.upper(), elsewhere.id):
        asked = {"id": taken, "name": "Again"}
        assert ann.configuration.refused("create_agent", **asked) == "already_exists"


def test_who_comes_back_has_a_fresh_seat(ann: User, bob: User) -> None:
    agents.update_agent(row(bob).organization_id, bob.id, {"job_title": "Former"})
    ann.configuration.call("delete_agent", id=bob.id)

    ann.configuration.call("create_agent", id=bob.id, name="Bob again")

    shown = configured(ann, bob.id, "job_title")
    assert (shown["name"], shown["job_title"]) == ("Bob again", "")


def test_a_licence_has_so_many_agents(acme: Organization, ann: User, bob: User) -> None:
    """Suspended ones and those who wait count as well; bots do not."""
    Agent.objects.filter(public_id=bob.id).update(suspended=True)
    Organization.objects.filter(pk=acme.pk).update(properties={"limits": {"agents.base": 2}})
    asked = {"id": "smith@example.com", "name": "Smith"}

    assert ann.configuration.refused("create_agent", **asked) == "limit_reached"
    ann.configuration.call("delete_agent", id=bob.id)
    assert ann.configuration.call("create_agent", **asked) == {"id": "smith@example.com"}


BAD_VALUES: list[dict[str, Any]] = [
    {"id": "no address"},
    {"id": ""},
    {"id": "a" * 250 + "@example.com"},
    {"name": ""},
    {"name": "x" * 181},
    {"role": "owner"},
    {"role": "chief"},
    {"login_status": "accepting_chats"},
    {"login_status": "offline"},
    {"max_chats_count": 0},
    {"max_chats_count": 21},
    {"max_chats_count": "5"},
    {"job_title": "x" * 181},
    {"mobile": "x" * 65},
    {"groups": [{"id": 0}]},
    {"groups": [{"id": 0, "priority": "best"}]},
    {"groups": [{"id": -1, "priority": "normal"}]},
    {"notifications": ["post"]},
    {"email_subscriptions": ["hourly_summary"]},
    {"work_scheduler": {"timezone": "Mars/Olympus", "schedule": []}},
    {
        "work_scheduler": {
            "schedule": [{"day": "funday", "enabled": True, "start": "1", "end": "2"}]
        }
    },
    {"work_scheduler": {"funday": {"start": "08:00", "end": "09:00"}}},
    {"work_scheduler": {"monday": {"start": "09:00", "end": "08:00"}}},
    {"work_scheduler": {"monday": {"start": "08:00"}}},
    {"work_scheduler": {"monday": None}},
    {"work_scheduler": 5},
]


@pytest.mark.parametrize("bad", BAD_VALUES, ids=str)
def test_bad_values_make_no_agent(ann: User, bad: dict[str, Any]) -> None:
    asked = {"id": "smith@example.com", "name": "Smith", **bad}

    assert ann.configuration.refused("create_agent", **asked) == "validation"


def test_a_time_zone_is_not_looked_for_on_the_disk_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would be while everybody waits for the organisation."""
    agents.checked_scheduler(WEEK)

    def no_more(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a file is opened")

    with monkeypatch.context() as patched:
        patched.setattr("builtins.open", no_more)
        assert agents.checked_scheduler(WEEK) == WEEK


def test_a_group_that_is_not_there_makes_no_agent(ann: User) -> None:
    asked = {"id": "a@example.com", "name": "A", "groups": [{"id": 77, "priority": "first"}]}

    assert ann.configuration.refused("create_agent", **asked) == "group_not_found"


# --- get_agent, list_agents -----------------------------------------------------------------------


def test_an_agent_is_shown_with_the_base_fields_alone(ann: User, bob: User) -> None:
    assert configured(ann, bob.id) == {
        "id": bob.id,
        "account_id": str(row(bob).account_id),
        "name": "Bob",
        "role": "normal",
        "avatar": "",
        "login_status": "accepting chats",
    }


@pytest.mark.parametrize("field", EVERYTHING[:-1])
def test_a_field_is_shown_where_it_is_asked_for(ann: User, bob: User, field: str) -> None:
    extra = configured(ann, bob.id, field, field).keys() - configured(ann, bob.id).keys()

    assert extra == {field}


def test_the_last_logout_is_shown_once_there_was_one(ann: User, bob: User) -> None:
    bob.login()
    assert "last_logout" not in configured(ann, bob.id, "last_logout")

    with time_machine.travel("2026-03-04T05:06:07Z", tick=False):
        bob.rtm("logout")

    assert configured(ann, bob.id, "last_logout")["last_logout"] == "2026-03-04T05:06:07.000000Z"


def test_lost_connections_are_a_logout_too(ann: User, bob: User) -> None:
    bob.login()

    bob.lose_connections()

    assert "last_logout" in configured(ann, bob.id, "last_logout")


def test_one_of_several_sessions_ending_is_no_logout(ann: User, bob: User) -> None:
    bob.login()
    bob.login()

    bob.rtm("logout")

    assert "last_logout" not in configured(ann, bob.id, "last_logout")


def test_agents_are_listed_by_their_ids_with_the_documented_names(ann: User, bob: User) -> None:
    agents.update_agent(
        row(bob).organization_id,
        bob.id,
        {"avatar": "https://example.com/b.png", "email_subscriptions": ["daily_summary"]},
    )

    listed = ann.configuration.call("list_agents", fields=["email_subscriptions"])

    assert [agent["id"] for agent in listed] == sorted([ann.id, bob.id])
    (found,) = (agent for agent in listed if agent["id"] == bob.id)
    assert found == {
        "id": bob.id,
        "account_id": str(row(bob).account_id),
        "name": "Bob",
        "role": "normal",
        "avatar": "https://example.com/b.png",
        "avatar_path": "https://example.com/b.png",
        "login_status": "accepting chats",
        "email_subscriptions": ["daily_summary"],
        "summaries": ["daily_summary"],
    }


def test_a_list_narrows_to_groups_and_to_the_suspended(
    world: World, acme: Organization, ann: User, sales: Group, support: Group
) -> None:
    bob = world.agent(acme, "bob", groups=[sales, support])
    eve = world.agent(acme, "eve", groups=[support])
    Agent.objects.filter(public_id=eve.id).update(suspended=True)

    def ids(**filters: Any) -> set[str]:
        return {one["id"] for one in ann.configuration.call("list_agents", filters=filters)}

    everybody = {ann.id, bob.id, eve.id}
    assert ids() == everybody
    assert ids(group_ids=[]) == everybody
    assert ids(group_ids=[sales.number]) == {bob.id}
    assert ids(group_ids=[sales.number, support.number]) == {bob.id, eve.id}
    assert ids(group_ids=[0, sales.number]) == everybody
    assert ids(group_ids=[77]) == set()
    assert ids(suspended=True) == {eve.id}
    assert ids(suspended=False) == {ann.id, bob.id}
    assert ids(group_ids=[support.number], suspended=False) == {bob.id}


def test_bots_the_deleted_and_strangers_are_no_agents(
    world: World, acme: Organization, ann: User, bob: User
) -> None:
    stranger = world.agent(make.organization("Other"), "zoe")
    bot = bots.create_bot(make.application(acme), "Robbie", secret="s").agent.public_id
    ann.configuration.call("delete_agent", id=bob.id)

    assert [one["id"] for one in ann.configuration.call("list_agents")] == [ann.id]
    for other in (bob.id, stranger.id, bot, "nobody@example.com"):
        assert ann.configuration.refused("get_agent", id=other) == "not_found"


def test_a_token_for_oneself_reads_oneself_alone(ann: User, bob: User) -> None:
    narrow = narrowed(bob, "agents--my:ro")

    assert narrow.call("get_agent", id=bob.id)["id"] == bob.id
    assert narrow.refused("get_agent", id=ann.id) == "authorization"
    assert narrow.refused("get_agent", id="nobody@example.com") == "authorization"


def test_unknown_fields_can_not_be_asked_for(ann: User) -> None:
    assert ann.configuration.refused("get_agent", id=ann.id, fields=["password"]) == "validation"
    assert ann.configuration.refused("list_agents", fields=["password"]) == "validation"


# --- update_agent ---------------------------------------------------------------------------------


def test_what_is_changed_is_told_and_nothing_else(ann: User, bob: User, sales: Group) -> None:
    with ann.world.capture_pushes() as pushes:
        answer = ann.configuration.call(
            "update_agent",
            id=bob.id,
            job_title="Lead",
            login_status="not accepting chats",
            max_chats_count=6,
            groups=[{"id": sales.number, "priority": "supervisor"}],
        )

    assert answer == {}
    changed = {
        "job_title": "Lead",
        "login_status": "not accepting chats",
        "groups": [{"id": sales.number, "priority": "supervisor"}],
    }
    assert pushes.to(ann) == [("agent_updated", {"id": bob.id, **changed})]
    shown = configured(ann, bob.id, *EVERYTHING)
    assert {name: shown[name] for name in changed} == changed


def test_changing_nothing_is_not_told(ann: User, bob: User) -> None:
    with ann.world.capture_pushes() as pushes:
        assert ann.configuration.call("update_agent", id=bob.id) == {}
        assert ann.configuration.call("update_agent", id=bob.id, job_title="") == {}

    assert pushes.names == {}


def test_groups_replace_all_there_were(
    world: World, acme: Organization, ann: User, sales: Group, support: Group
) -> None:
    bob = world.agent(acme, "bob", groups=[sales])

    place = {"id": support.number, "priority": "first"}
    ann.configuration.call("update_agent", id=bob.id, groups=[place])

    assert configured(ann, bob.id, "groups")["groups"] == [place]


def test_more_room_is_used_at_once(world: World, acme: Organization, ann: User) -> None:
    ann.call("set_routing_status", status="not_accepting_chats")
    bob = world.agent(acme, "bob", limit=1, online=True)
    first, second = (world.customer(acme, name) for name in ("carl", "dora"))
    first.call("start_chat")
    waiting = second.call("start_chat")

    ann.configuration.call("update_agent", id=bob.id, max_chats_count=2)

    chat = bob.call("get_chat", chat_id=waiting["chat_id"])
    assert bob.id in chat["thread"]["user_ids"]


def test_another_role_ends_the_sessions_and_holds_at_once(ann: User, bob: User) -> None:
    bob.login()
    connection = bob.connections[-1]
    wide = narrowed(bob, "agents--all:rw")
    assert wide.refused("suspend_agent", id=bob.id) == "authorization"

    ann.configuration.call("update_agent", id=bob.id, role="administrator")

    assert connection.ended == "role_permissions_changed"
    assert wide.call("suspend_agent", id=bob.id) == {}


def test_working_hours_that_are_left_out_stay(ann: User, bob: User) -> None:
    ann.configuration.call("update_agent", id=bob.id, work_scheduler=WEEK)

    hours = {"day": "sunday", "enabled": True, "start": "10:00", "end": "24:00"}
    ann.configuration.call("update_agent", id=bob.id, work_scheduler={"schedule": [hours]})

    shown = configured(ann, bob.id, "work_scheduler")["work_scheduler"]
    assert shown == {"timezone": "Europe/Warsaw", "schedule": [hours]}


def test_working_hours_by_days_are_taken_as_newer_samples_show_them(ann: User, bob: User) -> None:
    week = {"monday": {"start": "08:30", "end": "12:30"}}

    ann.configuration.call("update_agent", id=bob.id, work_scheduler=week)

    hours = {"day": "monday", "enabled": True, "start": "08:30", "end": "12:30"}
    shown = configured(ann, bob.id, "work_scheduler")["work_scheduler"]
    assert shown == {"timezone": "", "schedule": [hours]}


def test_agents_change_themselves(bob: User) -> None:
    bob.configuration.call("update_agent", id=bob.id, mobile="+1", notifications=["ticket"])

    shown = configured(bob, bob.id, "mobile", "notifications")
    assert (shown["mobile"], shown["notifications"]) == ("+1", ["ticket"])


@pytest.mark.parametrize(
    "values", [{"role": "administrator"}, {"role": "normal"}, {"groups": []}], ids=str
)
def test_agents_decide_neither_their_role_nor_their_groups(
    bob: User, values: dict[str, Any]
) -> None:
    assert bob.configuration.refused("update_agent", id=bob.id, **values) == "authorization"


def test_agents_change_nobody_else(ann: User, bob: User) -> None:
    asked = {"id": ann.id, "job_title": "Nobody"}

    assert bob.configuration.refused("update_agent", **asked) == "authorization"
    assert narrowed(ann, "agents--my:rw").refused("update_agent", id=bob.id, mobile="1") == (
        "authorization"
    )


def test_a_token_for_roles_changes_roles_alone(ann: User, bob: User) -> None:
    narrow = narrowed(ann, "accounts.roles.lc--all:rw")

    assert narrow.call("update_agent", id=bob.id, role="administrator") == {}
    assert narrow.refused("update_agent", id=bob.id, role="normal", mobile="1") == "authorization"


def test_a_token_for_agents_changes_no_roles(ann: User, bob: User) -> None:
    narrow = narrowed(ann, "agents--all:rw")

    assert narrow.call("update_agent", id=bob.id, mobile="1") == {}
    assert narrow.refused("update_agent", id=bob.id, role="administrator") == "authorization"


def test_nobody_changes_who_stands_above_them(
    world: World, acme: Organization, ann: User, oona: User
) -> None:
    vice = world.agent(acme, "vic", role="viceowner")

    for above in (oona, vice):
        asked = {"id": above.id, "job_title": "Intern"}
        assert ann.configuration.refused("update_agent", **asked) == "authorization"
    assert vice.configuration.call("update_agent", id=ann.id, role="viceowner") == {}


def test_an_administrator_makes_nobody_more_than_that(ann: User, bob: User) -> None:
    asked = {"id": bob.id, "role": "viceowner"}

    assert ann.configuration.refused("update_agent", **asked) == "authorization"


def test_the_owners_role_goes_with_the_ownership(oona: User) -> None:
    asked = {"id": oona.id, "role": "administrator"}

    assert oona.configuration.refused("update_agent", **asked) == "ownership_transfer"


@pytest.mark.parametrize(
    "bad", [one for one in BAD_VALUES if "id" not in one and "name" not in one]
)
def test_bad_values_change_nothing(ann: User, bob: User, bad: dict[str, Any]) -> None:
    assert ann.configuration.refused("update_agent", **{"id": bob.id, **bad}) == "validation"


def test_a_group_that_is_not_there_changes_nothing(ann: User, bob: User) -> None:
    asked = {"id": bob.id, "mobile": "1", "groups": [{"id": 77, "priority": "first"}]}

    assert ann.configuration.refused("update_agent", **asked) == "group_not_found"


def test_many_groups_cost_as_little_as_one(acme: Organization, ann: User, bob: User) -> None:
    """Nobody gets a chat meanwhile."""
    numbers = [make.group(acme, f"Group {number}").number for number in range(25)]

    def place(priority: str, count: int) -> None:
        groups = [{"id": number, "priority": priority} for number in numbers[:count]]
        ann.configuration.call("update_agent", id=bob.id, groups=groups)

    with CaptureQueriesContext(connection) as one:
        place("first", 1)
    with CaptureQueriesContext(connection) as more:
        place("first", 25)
    with CaptureQueriesContext(connection) as others:
        place("last", 25)

    assert len(one) == len(more)
    assert len(others) <= len(one)
    places = [{"id": number, "priority": "last"} for number in numbers]
    assert configured(ann, bob.id, "groups")["groups"] == places


@pytest.mark.parametrize("nothing", [{}, {"name": "Rob"}, {"work_scheduler": None}], ids=str)
def test_changing_nothing_of_others_needs_the_scope_as_well(
    world: World, acme: Organization, bob: User, nothing: dict[str, Any]
) -> None:
    eve = world.agent(acme, "eve")
    narrow = narrowed(bob, "agents--my:rw")

    assert narrow.refused("update_agent", **{"id": eve.id, **nothing}) == "authorization"
    assert narrow.refused("update_agent", id="nobody@example.com") == "authorization"
    assert narrow.call("update_agent", **{"id": bob.id, **nothing}) == {}
